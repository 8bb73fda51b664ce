"""Who of the cameras asked for is granted, and by which rule not: pure.

Source: domain.md 2 (delivery modes), 2.2 (VideoSession), 8 (police never close, purpose creep).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How a link gets its list of cameras."""

    AUTOMATIC = "automatic"
    REQUEST = "request"


class Rule(StrEnum):
    """What refuses a camera; the value is on the wire."""

    SUSPENDED = "suspended"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    KIND = "kind_not_allowed"
    PURPOSE = "purpose_not_allowed"
    BASIS = "basis_not_allowed"
    NOT_LISTED = "not_in_list"
    OUT_OF_RADIUS = "out_of_radius"
    TOO_MANY = "too_many"


# What live pictures of a case may be asked for. Recordings have their own way, by letter.
PURPOSES = frozenset({"SCENE", "RESCUE", "PURSUIT", "SEARCH"})


@dataclass(frozen=True)
class Terms:
    """What the agreement of the link allows; without a legal basis for video, `bases` is empty."""

    mode: Mode = Mode.AUTOMATIC
    radius_m: float = 500.0
    camera_limit: int = 5
    bases: frozenset[str] = frozenset()
    suspended: bool = False


@dataclass(frozen=True)
class Asked:
    """A request for video as it came."""

    cameras: tuple[int, ...]
    purpose: str
    basis: str


@dataclass(frozen=True)
class Decision:
    granted: tuple[int, ...]
    denied: tuple[tuple[int, Rule], ...]


def whole_rule(terms: Terms, asked: Asked, standing: str) -> Rule | None:
    """Say which rule refuses the request as a whole; `standing` is what the sequence refuses by."""
    if terms.suspended:
        return Rule.SUSPENDED
    if standing:
        return Rule(standing)
    if asked.purpose not in PURPOSES:
        return Rule.PURPOSE
    if asked.basis not in terms.bases:
        return Rule.BASIS
    return None


def decide(
    *,
    terms: Terms,
    asked: Asked,
    standing: str,
    listed: Mapping[int, float],
    held: Collection[int] = (),
) -> Decision:
    """Grant or refuse each camera once, in the order asked.

    `listed` gives the distance of each camera of the newest list; `held` are those granted now,
    which are extended or repeated and count towards the limit.
    """
    refused = whole_rule(terms, asked, standing)
    granted: list[int] = []
    denied: list[tuple[int, Rule]] = []
    open_now = set(held)
    for camera in dict.fromkeys(asked.cameras):
        rule = refused or _camera_rule(terms, camera, listed, open_now)
        if rule is None:
            granted.append(camera)
            open_now.add(camera)
        else:
            denied.append((camera, rule))
    return Decision(tuple(granted), tuple(denied))


def _camera_rule(
    terms: Terms, camera: int, listed: Mapping[int, float], open_now: Collection[int]
) -> Rule | None:
    if camera not in listed:
        return Rule.NOT_LISTED
    if listed[camera] > terms.radius_m:
        return Rule.OUT_OF_RADIUS
    if camera not in open_now and len(open_now) >= terms.camera_limit:
        return Rule.TOO_MANY
    return None
