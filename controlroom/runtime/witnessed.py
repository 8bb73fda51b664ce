"""The process that watches a run of faults, as its other end sees it."""

import contextlib
import subprocess
import threading
from typing import Self

from controlroom.runtime import packages
from controlroom.runtime.places import CHECKOUT

# Words between the two ends, not for people.
PRIVATE = ("watching", "ended ")


class Witness:
    """Told what to do by lines, it prints its own, ends with a code."""

    def __init__(self, env: dict[str, str]) -> None:
        self.verdict: int | None = None
        self._heard: set[str] = set()
        self.process = subprocess.Popen(
            [str(packages.PYTHON), "-m", "tests.faults.witness"],
            # What it cannot reach meanwhile is what the run is about.
            env=env | {"CONTROLROOM_LOG_LEVEL": "ERROR"},
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was asked for above
        for line in self.process.stdout:
            word = line.strip()
            self._heard.add(word)
            if not word.startswith(PRIVATE):
                print(f"  {line.rstrip()}", flush=True)
        self.verdict = self.process.wait()

    def said(self, word: str) -> bool:
        """Say whether it said this, or will say nothing more."""
        return word in self._heard or self.verdict is not None

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it was asked for above
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
