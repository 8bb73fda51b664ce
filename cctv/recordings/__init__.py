"""Recorded video: kept where a policy says so, encrypted, destroyed in time, played and extracted."""
