"""The witness of bin/faults, and a short run of it."""
