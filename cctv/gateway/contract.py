"""What every carrier of live pictures does, whatever it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from cctv.choices import Quality
from cctv.sources import Source
from cctv.streams import Seen


@dataclass(frozen=True)
class Entry:
    """Where a player gets the pictures of one view, and what it shows there."""

    playlist: str
    # For the Authorization header; never in an address.
    authorization: str = field(repr=False)


class Gateway(Protocol):
    """A view is admitted by our ticket alone, and ends here within five seconds of its end."""

    def want(self, camera_id: int, source: Source | None, quality: Quality) -> None:
        """Say that somebody wants this stream now.

        Raises: Unavailable.
        """

    def seen(self, camera_id: int, quality: Quality) -> Seen:
        """Say what the stream does now."""

    def addresses(self, camera_id: int, quality: Quality) -> dict[str, str]:
        """Name `state`, and `playlist` or the `entry` that gives one, for a ticket's holder."""

    def kick(self, view_ids: Iterable[int]) -> None:
        """Send these views nothing more."""

    def retire(self, camera_id: int) -> None:
        """Take the camera's sources up anew."""
