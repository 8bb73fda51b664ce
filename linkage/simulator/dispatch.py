"""A real dispatch log as two rooms would send it, moved in place and time; no Django.

The log is public notices of an American city (docs/dispatch-replay.md): its kinds are put into our
codes where they have one, its places are moved so that its middle lies on ours, its days are moved
by whole days, hours of the day and distances stay as they were.
"""

import csv
import gzip
import hashlib
import json
import math
import random
import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

KST = timezone(timedelta(hours=9))
POLICE, FIRE = "police112", "fire119"
_SERVICES = {"PD": POLICE, "FIRE_EMS": FIRE}
_M_PER_DEG = 111_320.0
# What the robot that kept the log saw change between its polls, all months together.
LATE = {"coordinates": 47, "text": 26, "moved": 12, "time": 2, "kind": 2}
LATE_AFTER = timedelta(hours=3)

# Their kind -> our code; every other one goes out under its own name and arrives as unmapped.
_KINDS: dict[str, dict[str, str]] = {
    POLICE: {
        "ACCIDENT": "401",
        "LEAVING THE SCENE ACCIDENT": "403",
        "DWI": "404",
        "C&I DRIVING": "405",
        "TRAFFIC HAZARD": "406",
        "STALLED VEHICLE": "406",
        "TRAFFIC STOP": "407",
        "CHECK TRAFFIC LIGHTS": "408",
        "ASSAULT": "201",
        "ROBBERY": "102",
        "LARCENY": "104",
        "AUTO THEFT": "104",
        "SHOPLIFTING": "104",
        "FRAUD": "204",
        "VANDALISM": "207",
        "BURGLARY": "208",
        "DISTURBANCE": "303",
        "PEACE DISTURBANCE": "303",
        "MISSING PERSON": "502",
        "ARSON": "113",
        "ASSIST FIRE": "508",
        "ASSIST MEDICS": "507",
    },
    FIRE: {
        "MOTOR VEHICLE COLLISION": "R01",
        "VEHICLE COLLISION": "R01",
        "VEHICLE COLLISION WITH INJURIES": "R01",
        "VEHICLE COLLISION FLUID LEAK": "R01",
        "EXTRICATION/ENTRAPPED": "R01",
        "RESIDENTIAL STRUCTURE FIRE": "F01",
        "STRUCTURE FIRE": "F01",
        "VEHICLE FIRE": "F03",
        "OUTSIDE FIRE": "F05",
        "EXPLOSION": "F06",
        "ELEVATOR/ESCALATOR RESCUE": "R02",
        "WATER RESCUE": "R03",
        "GAS LEAK/GAS ODOR": "R07",
        "MEDICAL RESPONSE": "E03",
    },
}


@dataclass(frozen=True)
class Record:
    """One case as the log writes it; `ts` is the local time there, without a zone."""

    service: str
    number: str
    ts: datetime
    kind: str
    place_text: str
    lat: float | None
    lon: float | None


@dataclass(frozen=True)
class Said:
    """A record as it was seen at some moment, the how-manieth form of its case this is."""

    at: datetime
    record: Record
    version: int


@dataclass(frozen=True)
class Move:
    """From the middle of the log to the middle of a city, and by so many days."""

    from_lon: float
    from_lat: float
    to_lon: float
    to_lat: float
    days: int

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Keep the metres east and north of the middle, to about a decimetre."""
        east = (lon - self.from_lon) * math.cos(math.radians(self.from_lat))
        east /= math.cos(math.radians(self.to_lat))
        return round(self.to_lon + east, 6), round(self.to_lat + lat - self.from_lat, 6)

    def time(self, local: datetime) -> datetime:
        return (local + timedelta(days=self.days)).replace(tzinfo=KST)


def read_polls(folder: Path) -> list[list[Record]]:
    """Read the kept polls of the feed, oldest first."""
    return [
        [_record(row, row["datetime"], row["type"]) for row in json.loads(path.read_bytes())]
        for path in sorted(folder.glob("*.json"))
    ]


def read_log(path: Path) -> list[Record]:
    """Read the whole log: the last form of every case, in the order of their times."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = [_record(row, row["datetime"], row["type"]) for row in csv.DictReader(lines)]
    return sorted(rows, key=lambda record: (record.ts, record.service, record.number))


def _record(row: dict[str, Any], ts: str, kind: str) -> Record:
    lat, lon = row.get("lat"), row.get("lon")
    known = lat not in {None, ""} and lon not in {None, ""}
    return Record(
        service=_SERVICES[row["service"]],
        number=row["incident"],
        ts=datetime.strptime(ts, "%m/%d/%Y %I:%M:%S %p"),  # noqa: DTZ007 - local time there
        kind=" ".join(kind.split()),
        place_text=" ".join(row["location_txt"].split()),
        lat=float(lat) if known else None,  # type: ignore[arg-type]  # checked above
        lon=float(lon) if known else None,  # type: ignore[arg-type]
    )


def said_in_polls(polls: Iterable[list[Record]]) -> Iterator[Said]:
    """Say everything that every poll holds, repeats included; what changed is a next version."""
    forms: dict[tuple[str, str], list[Record]] = {}
    for poll in polls:
        seen_at = max(record.ts for record in poll)
        for record in sorted(poll, key=lambda one: (one.ts, one.service, one.number)):
            known = forms.setdefault((record.service, record.number), [])
            if not known or known[-1] != record:
                known.append(record)
            yield Said(seen_at, record, len(known))


def said_in_log(log: list[Record], *, seed: int = 3) -> list[Said]:
    """Say the log as it happened: each case once, and the late updates as their second version.

    The log keeps only the last form of a case, so the first form of the cases that changed is
    made: as many of each sort as the robot saw (LATE), which of them is drawn by `seed`.
    """
    placed = [n for n, record in enumerate(log) if record.lat is not None]
    count = min(sum(LATE.values()), len(placed))
    drawn = random.Random(seed).sample(placed, count)
    sorts = [sort for sort, times in LATE.items() for _ in range(times)]
    late = dict(zip(drawn, sorts, strict=False))
    said = []
    for n, record in enumerate(log):
        if n in late:
            said.append(Said(record.ts, _before(record, late[n]), 1))
            said.append(Said(record.ts + LATE_AFTER, record, 2))
        else:
            said.append(Said(record.ts, record, 1))
    return sorted(said, key=lambda one: one.at)


def _before(record: Record, sort: str) -> Record:
    """Give a record as it may have looked before its late update."""
    if sort == "coordinates":
        return replace(record, lat=None, lon=None)
    if sort == "text":
        return replace(record, place_text=f"NEAR {record.place_text}")
    if sort == "moved":
        return replace(record, lat=(record.lat or 0) + 0.002)
    if sort == "time":
        return replace(record, ts=record.ts - timedelta(minutes=4))
    return replace(record, kind="UNKNOWN PROBLEM")


def middle(records: Iterable[Record]) -> tuple[float, float]:
    """Give the median longitude and latitude."""
    placed = [(one.lon, one.lat) for one in records if one.lon is not None and one.lat is not None]
    return statistics.median(lon for lon, _ in placed), statistics.median(lat for _, lat in placed)


def days_to(records: Iterable[Record], *, last_day: date) -> int:
    """Count the days from the last case to this day."""
    return (last_day - max(record.ts for record in records).date()).days


def message(said: Said, move: Move, *, is_drill: bool, fields: Iterable[str]) -> dict[str, Any]:
    """Write the report that the room sends; the same form of a case is always the same message.

    `fields` are those that the service's contract knows.
    """
    record = said.record
    occurred_at = move.time(record.ts).isoformat()
    code = _code(record)
    payload: dict[str, Any] = {
        "receipt_no": record.number,
        "version": said.version,
        "kind_code": code,
        "kind_name": record.kind[:60],
        "urgency": "2",
        "address": record.place_text[:200],
        "summary": record.kind,
        "received_at": occurred_at,
    }
    if record.lon is not None and record.lat is not None:
        lon, lat = move.place(record.lon, record.lat)
        payload["place"] = {"lon": lon, "lat": lat, "error_radius_m": 50, "method": "address"}
    payload = {name: value for name, value in payload.items() if name in set(fields)}
    content = json.dumps([occurred_at, is_drill, payload], sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return {
        "msg_id": f"log-{record.number}-{said.version}-{digest}",
        "msg_type": "EVENT_NOTIFY",
        "schema_ver": "1.0",
        "occurred_at": occurred_at,
        "sent_at": datetime.now(UTC).isoformat(),
        "is_drill": is_drill,
        "payload": payload,
    }


def _code(record: Record) -> str:
    known = _KINDS[record.service].get(record.kind.upper())
    return known or re.sub(r"[^0-9A-Z]+", "-", record.kind.upper()).strip("-")[:30] or "NONE"
