"""Take disaster text messages in, a stream at a time, each once, onto the cities they concern."""

import csv
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from controlroom.journal import log
from controlroom.municipalities.models import Municipality
from incidents.features import moment
from linkage.models_messages import DisasterMessage, DisasterMessagePlace
from linkage.services.disaster import text_incidents
from linkage.services.disaster.gazetteer import ALIASES, Gazetteer
from linkage.services.disaster.landing import NATION, Landed, land

BATCH = 500
# The names of the file's columns and of the ministry's interface, for each thing said.
COLUMNS = {
    "number": ("SN", "message_id"),
    "issued_at": ("CRT_DT", "issued_at"),
    "text": ("MSG_CN", "message_content"),
    "regions": ("RCPTN_RGN_NM", "regions"),
    "step": ("EMRG_STEP_NM", "emergency_level"),
    "category": ("DST_SE_NM", "dm_ntype"),
    "agency": ("ISSU_INST_NM", "issuing_agency"),
}
_SEOUL = ZoneInfo("Asia/Seoul")


@dataclass
class Figures:
    """What an import did."""

    read: int = 0
    new: int = 0
    refused: list[str] = field(default_factory=list)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    places: int = 0
    ours: int = 0


def legal_codes(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Read the ministry's table of legal codes; abolished ones are left out."""
    rows = csv.reader(line.lstrip("\ufeff") for line in lines)
    return [(row[0], row[1]) for row in rows if len(row) >= 3 and row[2] == "존재"]


def own_gazetteer() -> Gazetteer:
    """Build one of the municipalities that this installation knows."""
    known = Municipality.objects.values_list("code", "province_ko", "name_ko")
    cities = [(f"{code:0<10}", f"{province} {name}".strip()) for code, province, name in known]
    provinces = [(f"{code}00000000", names[0]) for code, names in ALIASES.items()]
    return Gazetteer([*provinces, *cities])


def take_in(*, rows: Iterator[dict[str, str]], places: Gazetteer) -> Figures:
    """Take rows in by batches, each in its own transaction; a number that is known is left."""
    figures = Figures()
    cities = {city.code: city for city in Municipality.objects.defer("boundary")}
    while batch := list(islice(rows, BATCH)):
        figures.read += len(batch)
        _take_batch(batch, places, cities, figures)
        # After the batch: an incident may not wait for a number while the batch holds a journal.
        text_incidents.open_due()
    return figures


@transaction.atomic
def _take_batch(
    batch: list[dict[str, str]],
    places: Gazetteer,
    cities: dict[str, Municipality],
    figures: Figures,
) -> None:
    read: dict[int, tuple[DisasterMessage, Landed]] = {}
    for row in batch:
        try:
            message, landed = _message(row, places)
        except ValueError as error:
            figures.refused.append(f"{_value(row, 'number') or '?'}: {error}")
            continue
        figures.rules[landed.outcome, landed.rule] += 1
        read.setdefault(message.number, (message, landed))
    known = set(DisasterMessage.objects.filter(number__in=read).values_list("number", flat=True))
    fresh = [pair for number, pair in read.items() if number not in known]
    DisasterMessage.objects.bulk_create([message for message, _landed in fresh])
    landings = [
        DisasterMessagePlace(message=message, code=code, municipality=cities.get(code))
        for message, landed in fresh
        for code in _spread(landed, cities)
    ]
    DisasterMessagePlace.objects.bulk_create(landings)
    figures.new += len(fresh)
    figures.places += len(landings)
    figures.ours += sum(1 for place in landings if place.municipality is not None)
    placed = [(place.message, place.municipality) for place in landings if place.municipality]
    perhaps = [
        (message, city)
        for message, landed in fresh
        for city in cities.values()
        if {city.code, city.code[:2]} & set(landed.candidates)
    ]
    _tell([*placed, *perhaps])


def _spread(landed: Landed, cities: dict[str, Municipality]) -> list[str]:
    """Give the codes, and for a whole province or the nation each city of ours in it too."""
    codes = set(landed.codes)
    for code in landed.codes:
        if code == NATION or len(code) == 2:
            codes |= {own for own in cities if code == NATION or own.startswith(code)}
    return sorted(codes)


def _message(row: dict[str, str], places: Gazetteer) -> tuple[DisasterMessage, Landed]:
    """Raises: ValueError for a row without number or time."""
    text, agency = _value(row, "text"), _value(row, "agency")
    regions = _value(row, "regions")
    landed = land(places, agency=agency, text=text, regions=regions)
    message = DisasterMessage(
        number=int(_value(row, "number")),
        issued_at=_time(_value(row, "issued_at")),
        agency=agency[:100],
        regions=regions[:2000],
        category=_value(row, "category")[:40],
        step=_value(row, "step")[:20],
        text=text,
        landing=landed.outcome,
        rule=landed.rule,
        candidates=list(landed.candidates),
        candidate_names=[_name_of(places, code) for code in landed.candidates],
    )
    return message, landed


def _name_of(places: Gazetteer, code: str) -> str:
    return places.names.get(code) or next(iter(ALIASES.get(code, ())), code)


def _value(row: dict[str, str], name: str) -> str:
    return next((row[column] for column in COLUMNS[name] if row.get(column)), "").strip()


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("/", "-"))
    return found if found.tzinfo else found.replace(tzinfo=_SEOUL)


def _tell(concerned: Iterable[tuple[DisasterMessage, Municipality]]) -> None:
    """Let the cities concerned, or perhaps concerned, hear of what was issued just now."""
    now = timezone.now()
    # One order for the counters of several cities: two imports must not wait for each other.
    for message, city in sorted(concerned, key=lambda pair: pair[1].pk):
        if now - message.issued_at > text_incidents.NEWS:
            continue
        log.append(
            municipality_id=city.pk,
            kind="disaster.message",
            subject_kind="disaster_message",
            subject_id=message.number,
            data={"message": feature(message)},
        )


def feature(message: DisasterMessage) -> dict[str, Any]:
    return {
        "number": message.number,
        "issued_at": moment(message.issued_at),
        "agency": message.agency,
        "category": message.category,
        "step": message.step,
        "text": message.text,
        "landing": str(message.landing),
        "rule": message.rule,
        "candidates": [
            {"code": code, "name": name}
            for code, name in zip_longest(message.candidates, message.candidate_names)
        ],
    }


def sample(*, count: int, seed: int) -> list[DisasterMessage]:
    """Give placed messages to be checked by hand: the same ones for the same seed."""
    numbers = list(
        DisasterMessage.objects.filter(landing="placed")
        .order_by("number")
        .values_list("number", flat=True)
    )
    # For a check by people, not for a secret.
    chosen = random.Random(seed).sample(numbers, min(count, len(numbers)))  # noqa: S311
    found = DisasterMessage.objects.filter(number__in=chosen).prefetch_related("places")
    return list(found.order_by("number"))
