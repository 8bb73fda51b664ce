"""Recorded video for an agency: asked for, judged by two, masked, released, destroyed."""
