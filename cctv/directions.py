"""What 촬영방면정보 says about where a camera looks; whatever is not sure stays unknown.

Source: the 965 different texts of the Daejeon register of 2026: most name a shop or a crossing,
some say 360도 전방면 or 360°, and "45°" means a bearing to one writer and a view to another.
"""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Direction:
    """Units: degrees; the bearing is clockwise from north; None means unknown."""

    bearing_deg: float | None = None
    field_of_view_deg: float | None = None


UNKNOWN = Direction()
ALL_ROUND = Direction(field_of_view_deg=360.0)

_POINTS = {
    "북": 0.0,
    "북북동": 22.5,
    "북동": 45.0,
    "동북": 45.0,
    "동북동": 67.5,
    "동": 90.0,
    "동남동": 112.5,
    "남동": 135.0,
    "동남": 135.0,
    "남남동": 157.5,
    "남": 180.0,
    "남남서": 202.5,
    "남서": 225.0,
    "서남": 225.0,
    "서남서": 247.5,
    "서": 270.0,
    "서북서": 292.5,
    "북서": 315.0,
    "서북": 315.0,
    "북북서": 337.5,
    "n": 0.0,
    "nne": 22.5,
    "ne": 45.0,
    "ene": 67.5,
    "e": 90.0,
    "ese": 112.5,
    "se": 135.0,
    "sse": 157.5,
    "s": 180.0,
    "ssw": 202.5,
    "sw": 225.0,
    "wsw": 247.5,
    "w": 270.0,
    "wnw": 292.5,
    "nw": 315.0,
    "nnw": 337.5,
    "north": 0.0,
    "northeast": 45.0,
    "east": 90.0,
    "southeast": 135.0,
    "south": 180.0,
    "southwest": 225.0,
    "west": 270.0,
    "northwest": 315.0,
}
_WORDS = "|".join(sorted(_POINTS, key=len, reverse=True))
_DEGREES = r"(\d{1,3}(?:\.\d+)?)\s*(?:도|°|˚|º|deg)"
_ALL_ROUND = re.compile(
    r"(?<![\d.])360\s*(?:도|°|˚|º|deg|$)|전\s*방위|전\s*방향|사\s*방(?:면|향)?$|모든\s*방향"
)
# 대동방향 and 서대전 are places: the word must stand alone and be called a direction.
_COMPASS = re.compile(
    rf"(?<![가-힣a-z0-9])({_WORDS})\s*(?:방향|방면|방위|쪽|측|향)(?![가-힣a-z])", re.IGNORECASE
)
_ALONE = re.compile(rf"\(?\s*({_WORDS})\s*\)?", re.IGNORECASE)
_AZIMUTH = re.compile(rf"(?:방위각?|azimuth|bearing)\s*[:=]?\s*{_DEGREES}?", re.IGNORECASE)
_VIEW = re.compile(rf"(?:화각|시야각|fov)\s*[:=]?\s*{_DEGREES}", re.IGNORECASE)
_SEVERAL = re.compile(r"양\s*방향|양쪽|양측|좌우|[동서남북]\s*[,·/~\-]\s*[동서남북]")


@lru_cache(maxsize=4096)
def parse(text: str) -> Direction:
    """Read a direction; several directions in one text are as good as none."""
    plain = " ".join(text.split()).lower()
    if not plain:
        return UNKNOWN
    if _ALL_ROUND.search(plain):
        return ALL_ROUND
    view = _field_of_view(plain)
    if _SEVERAL.search(plain):
        return Direction(field_of_view_deg=view)
    return Direction(_bearing(plain), view)


def _field_of_view(plain: str) -> float | None:
    found = _VIEW.search(plain)
    value = float(found.group(1)) if found else 0.0
    return value if 1 <= value <= 360 else None


def _bearing(plain: str) -> float | None:
    azimuth = _AZIMUTH.search(plain)
    if azimuth and azimuth.group(1) is not None:
        value = float(azimuth.group(1))
        return value % 360 if value <= 360 else None
    alone = _ALONE.fullmatch(plain)
    words = {alone.group(1)} if alone else set(_COMPASS.findall(plain))
    bearings = {_POINTS[word] for word in words}
    return bearings.pop() if len(bearings) == 1 else None
