"""What goes over the socket: frames of consecutive entries, thinned without losing a fact.

No Django. An entry that carries its whole subject (its data holds a value under the subject's
kind, as incident facts hold the incident) makes an earlier such entry of the same subject
superfluous: whoever applies the last one stands where all of them lead.
"""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

WireEntry = dict[str, Any]


def encode(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def whole_subject(entry: WireEntry) -> tuple[str, str] | None:
    """Name the subject that this entry carries entirely, None when it carries less."""
    subject = entry["subject"]
    return (subject["kind"], subject["id"]) if subject["kind"] in entry["data"] else None


def thinned(entries: Iterable[WireEntry]) -> list[WireEntry]:
    """Keep the last of the entries that carry the same whole subject, and every other one."""
    kept: dict[Any, WireEntry] = {}
    for entry in entries:
        key = whole_subject(entry) or entry["number"]
        kept.pop(key, None)
        kept[key] = entry
    return list(kept.values())


class Frame:
    """The entries of one scope after `prev` up to `to`; encoded once for all its receivers."""

    def __init__(self, *, prev: int, to: int, entries: list[WireEntry]) -> None:
        self.prev = prev
        self.to = to
        self.entries = entries

    @classmethod
    def of(cls, entries: list[WireEntry]) -> "Frame":
        """Make a frame of consecutive entries of a scope, at least one."""
        return cls(prev=entries[0]["prev"], to=entries[-1]["number"], entries=thinned(entries))

    @classmethod
    def merged(cls, frames: list["Frame"]) -> "Frame":
        """Make one frame of frames that follow each other."""
        return cls(
            prev=frames[0].prev,
            to=frames[-1].to,
            entries=thinned(entry for frame in frames for entry in frame.entries),
        )

    def after(self, number: int) -> "Frame":
        """Give the part that a reader who already has this number still needs."""
        if number <= self.prev:
            return self
        later = [entry for entry in self.entries if entry["number"] > number]
        return Frame(prev=number, to=self.to, entries=later)

    @cached_property
    def text(self) -> str:
        return encode({"type": "events", "prev": self.prev, "to": self.to, "events": self.entries})
