"""The road network: where cameras stand along a way, and how long the way takes."""
