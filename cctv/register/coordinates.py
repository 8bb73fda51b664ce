"""What a pair of written coordinates can mean, before any map is asked: pure arithmetic."""

import re
from dataclasses import dataclass

# Korea with its sea and islands; the stated municipality decides the rest.
SOUTH, NORTH, WEST, EAST = 32.5, 39.0, 124.0, 132.0
# Both coordinates at two decimals or fewer: a kilometre or more is missing.
TRUNCATED_DECIMALS = 2
DMS_MIN_DECIMALS = 4

_NUMBER = re.compile(r"[+-]?\d{1,4}(?:\.\d+)?")
_SIGNS = re.compile(
    r"(\d{1,3})\s*[°도]\s*(\d{1,2})\s*['′분]\s*(\d{1,2}(?:\.\d+)?)\s*(?:\"|″|''|초)?\s*[NEne북동]?"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A pair as stated, the code of what is wrong with it, and its reading as packed degrees,
    minutes and seconds (36.193542 = 36°19'35.42"), where the digits allow that.
    """

    code: str
    lon: float | None = None
    lat: float | None = None
    dms_lon: float | None = None
    dms_lat: float | None = None


def number(text: str) -> float | None:
    """Read a decimal, or degrees, minutes and seconds written with their signs."""
    if _NUMBER.fullmatch(text):
        return float(text)
    signs = _SIGNS.fullmatch(text)
    if not signs:
        return None
    minutes, seconds = float(signs[2]), float(signs[3])
    if minutes >= 60 or seconds >= 60:
        return None
    return float(signs[1]) + minutes / 60 + seconds / 3600


def decimals(text: str) -> int:
    return len(text.partition(".")[2])


def packed_dms(text: str) -> float | None:
    """Read 36.193542 as 36°19'35.42"; None where the digits cannot be minutes and seconds.

    A file that drops trailing zeros turns 30" into 3: digits are filled up with zeros.
    """
    whole, point, digits = text.partition(".")
    if not point or not whole.isdecimal() or not digits.isdecimal() or not digits.isascii():
        return None
    if len(digits) < DMS_MIN_DECIMALS:
        return None
    digits = digits.ljust(4, "0")
    minutes, seconds = int(digits[:2]), float(f"{digits[2:4]}.{digits[4:] or 0}")
    if minutes >= 60 or seconds >= 60:
        return None
    return int(whole) + minutes / 60 + seconds / 3600


def in_korea(lon: float, lat: float) -> bool:
    return SOUTH <= lat <= NORTH and WEST <= lon <= EAST


def read(lat_text: str, lon_text: str) -> Reading:
    """Read a pair; the code is "ok" where only the map can object."""
    if not lat_text and not lon_text:
        return Reading("no_place")
    lat, lon = number(lat_text), number(lon_text)
    if lat is None or lon is None:
        return Reading("not_a_number")
    code = _objection(lon, lat, lon_text, lat_text)
    dms_lat, dms_lon = packed_dms(lat_text), packed_dms(lon_text)
    if code != "ok" or dms_lat is None or dms_lon is None:
        return Reading(code, lon, lat)
    return Reading(code, lon, lat, dms_lon, dms_lat)


def _objection(lon: float, lat: float, lon_text: str, lat_text: str) -> str:
    if lat == 0 or lon == 0:
        return "zero_place"
    if not in_korea(lon, lat):
        return "out_of_korea"
    if _NUMBER.fullmatch(lat_text) and max(decimals(lat_text), decimals(lon_text)) <= (
        TRUNCATED_DECIMALS
    ):
        return "truncated"
    return "ok"
