"""The demonstration city: everything in it is generated, nothing is a real place or person."""
