"""The places that all processes of this machine share for their relays: taken, and given away.

A place is a file that the kernel keeps locked for whoever holds it; in it stands whose it is. Where
all are taken, a relay that nobody watches any more gives its own away: whoever needs one leaves a
claim in that relay's folder, and its owner, who looks five times a second, ends it unless somebody
has come back meanwhile. Each who waits claims another one, so that none waits for the next.
"""

import fcntl
import time
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
            if lock := self.take_one(number, folder):
                return number, lock
        return None

    def take_one(self, number: int, folder: Folder) -> IO[str] | None:
        lock = take_lock(self._at / str(number))
        if lock:
            lock.truncate(0)
            lock.write(str(folder.path.relative_to(self.root)))
            lock.flush()
        return lock

    def holder(self, number: int) -> Folder:
        """Say which relay has taken this place last."""
        return Folder(self.root / (self._at / str(number)).read_text(encoding="utf-8"))

    def unwatched(self) -> list[tuple[int, Folder]]:
        """Give the relays that nobody watches, those first that were wanted longest ago.

        Those come last that are to be ready for somebody who will watch soon.
        """
        holders = () if self.are_lasting else range(self.limit)
        found = [(number, self.holder(number)) for number in holders]
        # For a moment a place is taken and names nobody yet.
        found = [each for each in found if each[1].path != self.root and not each[1].is_watched()]
        return sorted(found, key=lambda each: each[1].age_s(each[1].wanted), reverse=True)

    @property
    def _at(self) -> Path:
        return self.root / self.name


class Seat:
    """A relay's way to its place; one thread at a time uses it."""

    def __init__(self, places: Places, folder: Folder) -> None:
        self._places = places
        self._folder = folder
        self._taken: tuple[int, IO[str]] | None = None
        # Whose place it is that this one waits for.
        self._claimed: tuple[int, Folder] | None = None
        self._claimed_at = 0.0

    def look(self) -> int | None:
        """Take a place and give its number, or have another relay give its own away.

        Raises: RelaysBusy when each of them is watched.
        """
        if self._taken is None:
            self._taken = self._take_claimed() if self._claimed else None
        if self._taken is None and self._claimed is None:
            self._taken = self._places.take(self._folder)
            if self._taken is None:
                self._claim()
        return self._taken[0] if self._taken else None

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
        # Where others have claimed all of these, one of them may yet leave its own alone.
        self._claimed = next((each for each in unwatched if each[1].ask_way()), None)
        self._claimed_at = time.monotonic()

    def _take_claimed(self) -> tuple[int, IO[str]] | None:
        """Take the place that was claimed if it is free, and no longer wait for it in vain."""
        assert self._claimed  # noqa: S101  # asked by look
        number, folder = self._claimed
        if lock := self._places.take_one(number, self._folder):
            self._claimed = None
            return number, lock
        is_late = time.monotonic() - self._claimed_at > CLAIM_S
        if is_late or folder.is_watched() or self._places.holder(number) != folder:
            self._withdraw()
        return None

    def _withdraw(self) -> None:
        claimed, self._claimed = self._claimed, None
        if claimed:
            claimed[1].claim.unlink(missing_ok=True)
