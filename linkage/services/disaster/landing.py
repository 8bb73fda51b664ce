"""Where a disaster text message belongs: by its reception areas, its issuer, its text; no Django.

A name that several places bear is decided by what else the message says, or left to a person with
its candidates: never by a guess.
"""

import re
from dataclasses import dataclass

from linkage.services.disaster.gazetteer import ALIASES, Gazetteer

PLACED, AMBIGUOUS, UNPLACED = "placed", "ambiguous", "unplaced"
NATION = "00"
_SPLIT = re.compile(r"[,/]")
# 광주시 is a city in Gyeonggi; the metropolis writes so too.
_DOUBLE = {"광주시": "29"}
_PROVINCE_TAIL = re.compile(r"^(|청|도청|교육청|경찰청|소방본부|재난안전대책본부|교통공사)$")


@dataclass(frozen=True)
class Landed:
    outcome: str
    rule: str
    codes: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


def land(places: Gazetteer, *, agency: str, text: str, regions: str = "") -> Landed:
    """Give the codes (5 digits, 2 for a whole province, 00 for the nation) or the candidates."""
    if regions.strip():
        return _by_regions(places, regions)
    return _by_agency(places, agency, text) or _by_text(places, text)


def _by_regions(places: Gazetteer, regions: str) -> Landed:
    codes: set[str] = set()
    for region in filter(None, (one.strip() for one in regions.split(","))):
        if region.startswith("전국"):
            codes.add(NATION)
            continue
        province, rest = _province(region.replace(" ", ""))
        _name, found = places.starting(rest, province)
        if found and (province or len(found) == 1):
            codes |= found
        elif province and rest in {"", "전체"}:
            codes.add(province)
    if not codes:
        return Landed(UNPLACED, "regions")
    return Landed(PLACED, "regions", tuple(sorted(codes)))


def _province(text: str) -> tuple[str, str]:
    """Split a province's name off the front of a text without blanks."""
    short = {"29": ("광주",), "50": ("제주",)}
    for code, aliases in ALIASES.items():
        for alias in (*aliases, *short.get(code, ())):
            if text.startswith(alias):
                return code, text[len(alias) :].rstrip(".")
    return "", text


def _by_agency(places: Gazetteer, agency: str, text: str) -> Landed | None:
    parts = [part.replace(" ", "") for part in _SPLIT.split(agency) if part.strip()]
    named: list[set[str]] = []
    for part in parts:
        name, direct = places.starting(part)
        province, rest = _province(part)
        _inner, within = places.starting(rest, province) if province else ("", set())
        if name in _DOUBLE:
            direct = direct | {_DOUBLE[name]}
        if within or direct:
            named.append(within or direct)
        elif province and _PROVINCE_TAIL.match(rest):
            return _in_province(places, province, text)
    if not named:
        return _by_stem(places, parts)
    candidates = min(named, key=len)
    if len(candidates) == 1:
        return Landed(PLACED, "agency", tuple(candidates))
    return _decide(places, candidates, text)


def _decide(places: Gazetteer, candidates: set[str], text: str) -> Landed:
    """Choose among places of one name by the provinces and the parts that the text names."""
    provinces = places.provinces_in(text)
    by_province = {code for code in candidates if code[:2] in provinces}
    by_part = places.parts_in(text, {code for code in candidates if len(code) == 5})
    for rule, found in (("agency+part", by_part), ("agency+province", by_province)):
        if len(found) == 1 and (not by_province or found <= by_province or rule[-1] == "e"):
            return Landed(PLACED, rule, tuple(found))
    return Landed(AMBIGUOUS, "agency", (), tuple(sorted(candidates)))


def _by_stem(places: Gazetteer, parts: list[str]) -> Landed | None:
    """Read a local office by the city in its name: 진도소방서, 의정부경전철."""
    for part in parts:
        for stem in sorted(places.stems, key=len, reverse=True):
            if part.startswith(stem) and len(places.stems[stem]) == 1:
                return Landed(PLACED, "agency-stem", tuple(places.stems[stem]))
    return None


def _in_province(places: Gazetteer, province: str, text: str) -> Landed:
    """Land on the cities that the text names there, or else on the whole province."""
    cities = {code for code in places.cities_in(text) if code.startswith(province)}
    if cities:
        return Landed(PLACED, "province+text", tuple(sorted(cities)))
    return Landed(PLACED, "province", (province,))


def _by_text(places: Gazetteer, text: str) -> Landed:
    """Read an issuer of the whole country by the places that its text names."""
    provinces = places.provinces_in(text)
    listed = places.stems_in(text, provinces | set(ALIASES))
    cities = places.cities_in(text)
    certain = {code for code in cities if code[:2] in provinces} | listed
    sure, unsure = set(certain), set()
    for code in cities - certain:
        same = {
            one for one in cities if places.names[one].split()[-1] == places.names[code].split()[-1]
        }
        if len(same) == 1:
            sure.add(code)
        elif not same & certain:
            unsure |= same
    if unsure:
        return Landed(AMBIGUOUS, "text", tuple(sorted(sure)), tuple(sorted(unsure)))
    bare = {one for one in provinces if not any(code.startswith(one) for code in sure)}
    found = sure | bare
    if found:
        return Landed(PLACED, "text", tuple(sorted(found)))
    if "전국" in text:
        return Landed(PLACED, "nation", (NATION,))
    return Landed(UNPLACED, "text")
