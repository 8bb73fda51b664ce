"""Requests for recorded video, from the draft to the destruction."""
