"""Recorded video for an agency: asked for, judged by two, masked, released for a time, destroyed."""
