"""The files of one relay, by which all processes of this machine tell each other what they want."""

import contextlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from cctv import relay_beside

# A player asks once a second, or once a piece; longer silence than this on top, and nobody watches.
WATCHED_S = 3.0
# Whoever was asked to give way has done so long before this, or will not.
CLAIM_S = 1.0
_RHYTHM = re.compile(r"#EXT-X-TARGETDURATION:([0-9]+)")


@dataclass(frozen=True)
class Folder:
    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def wanted(self) -> Path:
        """Its time is that until which the picture is wanted, asked for or not."""
        return self.path / "wanted"

    @property
    def asked(self) -> Path:
        return self.path / "asked"

    @property
    def claim(self) -> Path:
        return self.path / "claim"

    @property
    def retired(self) -> Path:
        return self.path / "retired"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def beside(self) -> relay_beside.Note:
        return relay_beside.Note(self.path)

    def want(self, for_s: float = 0.0) -> None:
        """Note that somebody wants the picture now, and for so long; a longer wish stands."""
        self.asked.touch()
        until = time.time() + for_s
        if self.age_s(self.wanted) > -for_s:
            self.wanted.touch()
            os.utime(self.wanted, (until, until))

    def age_s(self, file: Path) -> float:
        """Seconds since the file was touched; endless when it never was."""
        try:
            return time.time() - file.stat().st_mtime
        except FileNotFoundError:
            return float("inf")

    def is_watched(self) -> bool:
        """Say whether anybody looks at the picture now, which is more than to want it soon."""
        silent_s = min(self.age_s(self.asked), self.beside.unwanted_s())
        return silent_s < WATCHED_S + self._rhythm_s()

    def _rhythm_s(self) -> int:
        """Say how rarely a player may ask for the play list: once for its longest piece."""
        for file in self.path.glob("*.m3u8"):
            with contextlib.suppress(FileNotFoundError):
                if found := _RHYTHM.search(file.read_text(encoding="utf-8")):
                    return int(found[1])
        return 0

    def ask_way(self) -> bool:
        """Ask the owner to end this relay for another; False when somebody else has done so."""
        if self.age_s(self.claim) > CLAIM_S:
            self.claim.unlink(missing_ok=True)
        try:
            self.claim.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def gives_way(self) -> bool:
        """Say whether another needs this relay's place and nobody watches this one."""
        return self.age_s(self.claim) < CLAIM_S and not self.is_watched()

    def sweep(self, *, keep: str = "") -> None:
        """Remove pictures of runs other than this one."""
        for pattern in ("*.m4s", "*.mp4", "*.m3u8", "*.tmp"):
            for file in self.path.glob(pattern):
                if not (keep and file.name.startswith(keep)):
                    file.unlink(missing_ok=True)

    def write_state(self, body: dict[str, object]) -> None:
        waiting = self.state.with_suffix(".tmp")
        waiting.write_text(json.dumps(body), encoding="utf-8")
        waiting.replace(self.state)
