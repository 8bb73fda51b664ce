"""Who carries a camera's pictures to its viewers: the built-in relay, or a media server beside us."""
