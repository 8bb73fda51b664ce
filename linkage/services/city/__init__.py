"""The city's own systems: traffic information, emergency bells, level sensors."""
