"""The places that all processes of this machine share for their relays: taken, and given away.

A place is a file that the kernel keeps locked for whoever holds it; in it stands whose it is. Where
all are taken, a relay that nobody watches any more gives its own away: whoever needs one leaves a
claim in that relay's folder, and its owner, who looks five times a second, ends it unless somebody
has come back meanwhile. Each who waits claims another one, so that none waits for the next.
"""

import fcntl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from cctv.errors import RelaysBusy
from cctv.relay_folder import CLAIM_S, Folder


def take_lock(path: Path) -> IO[str] | None:
    """Take a lock that the kernel gives back when this process dies; None when it is taken."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@dataclass(frozen=True)
class Places:
    """How many relays may be run for one sort of use, of those under `root`."""

    root: Path
    name: str
    limit: int
    # Whoever records asks again late when a disk is slow, and must not lose its place for that.
    are_lasting: bool = False

    def take(self, folder: Folder) -> tuple[int, IO[str]] | None:
        """Take a free place for this relay."""
        self._at.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(self.limit):
            if lock := take_lock(self._at / str(number)):
                lock.truncate(0)
                lock.write(str(folder.path.relative_to(self.root)))
                lock.flush()
                return number, lock
        return None

    def unwatched(self) -> list[Folder]:
        """Give the relays that nobody watches, those first that were wanted longest ago.

        Those come last that are to be ready for somebody who will watch soon.
        """
        holders = () if self.are_lasting else self._holders()
        found = [folder for folder in holders if not folder.is_watched()]
        return sorted(found, key=lambda folder: folder.age_s(folder.wanted), reverse=True)

    @property
    def _at(self) -> Path:
        return self.root / self.name

    def _holders(self) -> Iterator[Folder]:
        for number in range(self.limit):
            # Empty for the moment between taking a place and naming oneself.
            if name := (self._at / str(number)).read_text(encoding="utf-8"):
                yield Folder(self.root / name)


class Seat:
    """A relay's way to its place; one thread at a time uses it."""

    def __init__(self, places: Places, folder: Folder) -> None:
        self._places = places
        self._folder = folder
        self._taken: tuple[int, IO[str]] | None = None
        self._claimed: Folder | None = None
        self._claimed_at = 0.0

    def look(self) -> int | None:
        """Take a free place and give its number, or have another relay give its own away.

        Raises: RelaysBusy when each of them is watched.
        """
        self._taken = self._taken or self._places.take(self._folder)
        if self._taken:
            self._withdraw()
            return self._taken[0]
        if self._claimed and self._is_refused(self._claimed):
            self._withdraw()
        if self._claimed is None:
            self._claim()
        return None

    def close(self) -> None:
        """Give the place back, or wait for none any more."""
        self._withdraw()
        if self._taken:
            self._taken[1].close()
        self._taken = None

    def _claim(self) -> None:
        unwatched = self._places.unwatched()
        if not unwatched:
            raise RelaysBusy(_("too many cameras are open on this server"))
        # None of them left for this one: each was claimed by somebody else, who may not need it.
        self._claimed = next((folder for folder in unwatched if folder.ask_way()), None)
        self._claimed_at = time.monotonic()

    def _is_refused(self, claimed: Folder) -> bool:
        return time.monotonic() - self._claimed_at > CLAIM_S or claimed.is_watched()

    def _withdraw(self) -> None:
        """Leave the claimed relay alone, if it has not ended yet."""
        claimed, self._claimed = self._claimed, None
        if claimed:
            claimed.claim.unlink(missing_ok=True)
