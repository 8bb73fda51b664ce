"""The policy matrix as a new installation has it: one row a service, kinds of case and access.

No Django. A municipality changes rows by linkage.policy_changes, with two people; every row can be
changed by its code. Sources: domain.md 2 (seven crimes, 500 m, five nearest), 3.1-3.11, 5.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from linkage.policy.words import Access, Ground, Rule, VideoPurpose, Word


@dataclass(frozen=True)
class Row:
    """What one service may have of the cameras in cases of these kinds.

    `kinds` are our codes; empty means every kind that no other row of the service names, an
    unmapped one too. `refusal` says why where the word is REFUSED.
    Units: radius in metres, times in minutes and seconds.
    """

    code: str
    service: str
    access: Access
    word: Word
    kinds: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    # Where not empty, the request must name one of them.
    grounds: frozenset[str] = frozenset()
    radius_m: int = 500
    cameras: int = 5
    # For one grant or extension, and with all of its extensions.
    minutes: int = 120
    total_minutes: int = 480
    # Given with the report, where the link's agreement says automatic.
    unasked: bool = False
    # How long a request may wait for the operator's word.
    answer_s: int = 180
    refusal: Rule = Rule.RIGHT


# What a municipality may change of a row; what it is for stays.
CHANGEABLE = (
    "word",
    "kinds",
    "bases",
    "purposes",
    "grounds",
    "radius_m",
    "cameras",
    "minutes",
    "total_minutes",
    "unasked",
    "answer_s",
)
SETS = frozenset({"kinds", "bases", "purposes", "grounds"})

LIVE, RECORDED, PTZ = Access.LIVE, Access.RECORDED, Access.PTZ
AUTOMATIC, OPERATOR, REFUSED = Word.AUTOMATIC, Word.OPERATOR, Word.REFUSED


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_POLICE = _set("ACT-112 PIPA-18-2-3")
_FIRE = _set("ACT-119 PIPA-18-2-3")
_INVESTIGATION = _set("PIPA-18-2-7")
_PURPOSES = frozenset(VideoPurpose)
_RESCUE = _PURPOSES - {VideoPurpose.PURSUIT}
_GROUNDS = frozenset(Ground)


def _police(code: str, word: Word, kinds: str = "", **own: Any) -> Row:
    usual: dict[str, Any] = {"access": LIVE, "bases": _POLICE, "purposes": _PURPOSES}
    return Row(f"police112.{code}", "police112", word=word, kinds=_set(kinds), **(usual | own))


def _fire(code: str, word: Word, kinds: str = "", **own: Any) -> Row:
    usual: dict[str, Any] = {"access": LIVE, "bases": _FIRE, "purposes": _RESCUE, "radius_m": 1000}
    return Row(f"fire119.{code}", "fire119", word=word, kinds=_set(kinds), **(usual | own))


def _disaster(code: str, word: Word, kinds: str = "", **own: Any) -> Row:
    usual: dict[str, Any] = {
        "access": LIVE,
        "bases": _set("ACT-DISASTER"),
        "purposes": _RESCUE,
        "grounds": _GROUNDS,
        "radius_m": 3000,
        "cameras": 9,
        "minutes": 360,
        "total_minutes": 2880,
    }
    return Row(f"disaster.{code}", "disaster", word=word, kinds=_set(kinds), **(usual | own))


def _none(service: str, access: Access, refusal: Rule = Rule.RIGHT) -> Row:
    return Row(f"{service}.{access}", service, access, REFUSED, refusal=refusal)


def _by_letter(service: str, bases: frozenset[str]) -> Row:
    """Recordings are asked for by an official letter, and two people decide."""
    return Row(
        f"{service}.recorded",
        service,
        RECORDED,
        REFUSED,
        bases=bases,
        purposes=_PURPOSES,
        refusal=Rule.LETTER,
    )


DEFAULTS: tuple[Row, ...] = (
    # The seven crimes of the agreement of 2015.
    _police("crimes", AUTOMATIC, "101 102 103 104 105 106 107"),
    # Life and body are in danger now (개인정보 보호법 제18조제2항제3호).
    _police(
        "danger",
        AUTOMATIC,
        "108 109 110 111 112 113 201 212 308 402 403 501 502 504 506 508 509 510",
    ),
    _police("other", OPERATOR),
    _by_letter("police112", _INVESTIGATION),
    _police("ptz", OPERATOR, access=PTZ),
    _fire("fire", AUTOMATIC, "F01 F02 F03 F04 F05 F06 F07 F08"),
    _fire("rescue", AUTOMATIC, "R01 R02 R03 R04 R05 R06 R07 R09 R10 R11 R12 E01 E02"),
    # Ambulance calls mostly lead into homes.
    _fire("other", OPERATOR),
    _by_letter("fire119", _INVESTIGATION),
    _fire("ptz", OPERATOR, access=PTZ),
    _disaster(
        "danger",
        AUTOMATIC,
        "D01 D02 D03 D04 D05 D06 D09 D10 D11 D12 D13 D14 D15 D16",
    ),
    _disaster("other", OPERATOR),
    _by_letter("disaster", _INVESTIGATION),
    _disaster("ptz", OPERATOR, access=PTZ),
    # The city's own systems report; whoever sits before them has an account here.
    Row(
        "city.live",
        "city",
        LIVE,
        OPERATOR,
        bases=_set("AGREEMENT"),
        purposes=frozenset({VideoPurpose.SCENE}),
        minutes=60,
        total_minutes=240,
    ),
    _none("city", RECORDED),
    _none("city", PTZ),
    # Services that have no link yet: what they get on the day that they have one.
    Row(
        "vulnerable.live",
        "vulnerable",
        LIVE,
        OPERATOR,
        bases=_set("PIPA-18-2-3"),
        purposes=frozenset({VideoPurpose.SEARCH, VideoPurpose.RESCUE}),
        minutes=60,
        total_minutes=240,
    ),
    _none("vulnerable", RECORDED),
    _none("vulnerable", PTZ),
    # A hit carries its own still; nobody follows a car live by default.
    _none("wanted", LIVE),
    _none("wanted", RECORDED, Rule.LETTER),
    _none("wanted", PTZ),
    # 전자발찌: the device was damaged, curfew, banned zone, a protected person is near. No others.
    Row(
        "anklet.violations",
        "anklet",
        LIVE,
        AUTOMATIC,
        kinds=_set("DAMAGE CURFEW BANNED_ZONE APPROACH"),
        bases=_set("ACT-ANKLET"),
        purposes=frozenset({VideoPurpose.PURSUIT, VideoPurpose.SEARCH}),
    ),
    _none("anklet", RECORDED, Rule.LETTER),
    _none("anklet", PTZ),
    # 안심귀가: a trip is nobody's to watch until the person calls for help.
    Row(
        "safe_return.emergency",
        "safe_return",
        LIVE,
        AUTOMATIC,
        kinds=_set("EMERGENCY"),
        bases=_set("PIPA-18-2-3"),
        purposes=_RESCUE,
        minutes=60,
        total_minutes=240,
    ),
    _none("safe_return", RECORDED, Rule.LETTER),
    _none("safe_return", PTZ),
    # Pictures come from the firm to us and never the other way.
    _none("security", LIVE, Rule.ONE_WAY),
    _none("security", RECORDED, Rule.ONE_WAY),
    _none("security", PTZ, Rule.ONE_WAY),
    # The central network carries what others are given and watches nothing itself.
    _none("central", LIVE, Rule.ONE_WAY),
    _none("central", RECORDED, Rule.ONE_WAY),
    _none("central", PTZ, Rule.ONE_WAY),
)
BY_CODE: Mapping[str, Row] = {row.code: row for row in DEFAULTS}
SERVICES = tuple(dict.fromkeys(row.service for row in DEFAULTS))


def row_for(rows: Iterable[Row], *, service: str, kind: str, access: Access) -> Row | None:
    """Find the row that names the kind, else the one for all other kinds; None: nothing may be."""
    of_service = [row for row in rows if row.service == service and row.access is access]
    for row in of_service:
        if kind and kind in row.kinds:
            return row
    return next((row for row in of_service if not row.kinds), None)


def changed(row: Row, values: Mapping[str, Any]) -> Row:
    """Give the row with the values that a municipality keeps for it, as JSON holds them."""
    return replace(
        row,
        **{name: _read(name, value) for name, value in values.items() if name in CHANGEABLE},
    )


def _read(name: str, value: Any) -> Any:
    if name in SETS:
        return frozenset(value)
    return Word(value) if name == "word" else value


def values_of(row: Row) -> dict[str, Any]:
    """Give what may be changed of a row as JSON keeps it."""
    said = {field.name: getattr(row, field.name) for field in fields(row)}
    return {name: sorted(said[name]) if name in SETS else said[name] for name in CHANGEABLE}


def faults(values: Mapping[str, Any]) -> dict[str, str]:
    """Name the fields of a row's values that no row may have, with what is wrong."""
    wrong = {name: "unknown" for name in values if name not in CHANGEABLE}
    wrong |= {
        name: f"{least}..{most}"
        for name, (least, most) in LIMITS.items()
        if name in values and not _is_within(values[name], least, most)
    }
    wrong |= {name: "codes" for name in SETS & set(values) if not _are_codes(values[name])}
    if values.get("word", Word.REFUSED) not in set(Word):
        wrong["word"] = ", ".join(Word)
    if not isinstance(values.get("unasked", False), bool):
        wrong["unasked"] = "true, false"
    return wrong or _together(values)


def _is_within(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _are_codes(value: Any) -> bool:
    return all(isinstance(one, str) and 1 <= len(one) <= LONGEST_CODE for one in value)


def _together(values: Mapping[str, Any]) -> dict[str, str]:
    """Name what is wrong only beside another field."""
    wrong = {}
    if "total_minutes" in values and values["total_minutes"] < values.get("minutes", 0):
        wrong["total_minutes"] = "minutes"
    if values.get("unasked") and values.get("word") != Word.AUTOMATIC:
        wrong["unasked"] = str(Word.AUTOMATIC)
    return wrong


LONGEST_CODE = 40
LIMITS = {
    "radius_m": (10, 50_000),
    "cameras": (1, 50),
    "minutes": (1, 10_080),
    "total_minutes": (1, 43_200),
    "answer_s": (10, 3600),
}
