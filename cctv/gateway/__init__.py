"""Who carries a camera's pictures to viewers: the built-in relay, or a media server beside us."""
