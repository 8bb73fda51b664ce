"""A camera that speaks ONVIF over real HTTP and UDP, with faults on demand: tests and demo."""
