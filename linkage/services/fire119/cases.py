"""Keeps the rows of a 119 case: its state, its time stamps, its engines; no incident is touched."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.journal import log
from linkage.errors import TimeOutOfRange
from linkage.models import Case, Engine, FireCase, FireTime
from linkage.models_fire119 import FireStep
from linkage.services.fire119.measures import Stamp
from linkage.services.fire119.sequence import CaseState
from linkage.wire import Message, moment_of

# Beyond these a clock is wrong: a position of tomorrow would hide every later one.
AHEAD_AT_MOST = timedelta(minutes=5)
BEHIND_AT_MOST = timedelta(days=366)
# Positions come every second from every engine: the consoles hear of them this often.
ANNOUNCE_EVERY = timedelta(seconds=2)


def fire_case_of(case: Case | None) -> FireCase | None:
    found: FireCase | None = FireCase.objects.filter(case=case).first() if case else None
    return found


def opened(case: Case) -> FireCase:
    """Give the 119 side of a case; one bound to a report of ours has had no report to open it."""
    fire: FireCase
    fire, _created = FireCase.objects.get_or_create(
        case=case, defaults={"municipality_id": case.municipality_id}
    )
    return fire


def state_of(fire: FireCase | None) -> CaseState:
    return CaseState(fire.state) if fire else CaseState.UNKNOWN


def is_credible(at: datetime, now: datetime) -> bool:
    return now - BEHIND_AT_MOST <= at <= now + AHEAD_AT_MOST


def check_times(told: dict[str, datetime]) -> None:
    """Refuse stamps that no right clock can have made, by the name of each field.

    Raises: TimeOutOfRange.
    """
    now = timezone.now()
    if wrong := [name for name, at in told.items() if not is_credible(at, now)]:
        reason = _("must not be in the future nor over a year ago")
        raise TimeOutOfRange(
            _("the clocks differ too much"), fields={name: [reason] for name in wrong}
        )


def take_up(case: Case, message: Message) -> None:
    """Keep what the newest report says of the case: it is open, these engines are meant."""
    fire = opened(case)
    if fire.state != CaseState.OPEN:
        fire.state, fire.ended_at, fire.closing_code = CaseState.OPEN, None, ""
        fire.save(update_fields=["state", "ended_at", "closing_code"])
    units = {unit["unit"]: unit.get("vehicle", "") for unit in message.payload.get("units", [])}
    _engines(case, units)
    keep_received(case, message)


def keep_received(case: Case, message: Message) -> None:
    """Keep when the report reached 119, also from a report that came late and is not applied."""
    if received := message.payload.get("received_at"):
        stamp = Stamp(FireStep.RECEIVED.value, moment_of(received))
        keep_stamps(case, [stamp], told_at=message.sent_at)


def end(fire: FireCase, state: CaseState, *, closing_code: str = "") -> None:
    fire.state, fire.closing_code, fire.ended_at = state, closing_code, timezone.now()
    fire.save(update_fields=["state", "closing_code", "ended_at"])


def keep_stamps(case: Case, stamps: Iterable[Stamp], *, told_at: datetime) -> None:
    """Keep every stamp as told; the same one again only counts as told later."""
    for stamp in stamps:
        row, created = FireTime.objects.get_or_create(
            case=case,
            unit=stamp.unit,
            step=stamp.step,
            at=stamp.at,
            defaults={"municipality_id": case.municipality_id, "told_at": told_at},
        )
        if not created and row.told_at < told_at:
            row.told_at = told_at
            row.save(update_fields=["told_at"])
    _engines(case, {stamp.unit: "" for stamp in stamps if stamp.unit})


def stamps_of(case: Case) -> list[Stamp]:
    """Give the stamp that counts for each unit and step, earliest first."""
    counting: dict[tuple[str, str], FireTime] = {}
    for row in FireTime.objects.filter(case=case).order_by("told_at", "pk"):
        counting[row.unit, row.step] = row
    rows = sorted(counting.values(), key=lambda row: row.at)
    return [Stamp(row.step, row.at, row.unit) for row in rows]


def place_engines(case: Case, positions: Iterable[dict[str, Any]]) -> bool:
    """Put the engines where they were last; say whether any place was news."""
    told = list(positions)
    known = _engines(case, {one["unit"]: one.get("vehicle", "") for one in told})
    now = timezone.now()
    moved = {}
    for one in sorted(told, key=lambda one: moment_of(one["at"])):
        engine, at = known[one["unit"]], moment_of(one["at"])
        is_older = engine.located_at is not None and at <= engine.located_at
        if is_older or not is_credible(at, now):
            continue
        engine.location = Point(one["lon"], one["lat"], srid=4326)
        engine.speed_kmh, engine.heading_deg = one.get("speed_kmh"), one.get("heading_deg")
        engine.located_at, engine.received_at = at, now
        moved[engine.call_sign] = engine
    if moved:
        fields = ["location", "speed_kmh", "heading_deg", "located_at", "received_at"]
        Engine.objects.bulk_update(moved.values(), fields)
    return bool(moved)


def _engines(case: Case, vehicles: dict[str, str]) -> dict[str, Engine]:
    """Find the engines of these call signs, new ones added, a vehicle learnt later put on."""
    known = {row.call_sign: row for row in Engine.objects.filter(case=case)}
    new = [
        Engine(municipality_id=case.municipality_id, case=case, call_sign=name, vehicle=vehicle)
        for name, vehicle in vehicles.items()
        if name not in known
    ]
    known |= {row.call_sign: row for row in Engine.objects.bulk_create(new)}
    for name, vehicle in vehicles.items():
        if vehicle and known[name].vehicle != vehicle:
            known[name].vehicle = vehicle
            known[name].save(update_fields=["vehicle"])
    return known


def announce_positions(fire: FireCase, incident_id: Any) -> None:
    """Tell the consoles that engines moved, once in a while; they look by themselves besides."""
    now = timezone.now()
    if fire.announced_at is not None and now - fire.announced_at < ANNOUNCE_EVERY:
        return
    fire.announced_at = now
    fire.save(update_fields=["announced_at"])
    announce("fire119.positions", fire.municipality_id, incident_id)


def announce(kind: str, municipality_id: int, incident_id: Any) -> None:
    log.append(
        municipality_id=municipality_id,
        kind=kind,
        subject_kind="incident",
        subject_id=str(incident_id),
        data={"incident_id": str(incident_id)},
    )
