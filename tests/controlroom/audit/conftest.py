"""The link to 112, for what is given out over it."""

from tests.linkage.conftest import link, police, post

__all__ = ["link", "police", "post"]
