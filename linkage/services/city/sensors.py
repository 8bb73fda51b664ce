"""Take readings of level sensors in; crossing a threshold is an event, falling back its end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.choices import Service
from incidents.reports import ReportIn, take_report
from incidents.statuses import OPEN
from linkage import alarms, life, raw_intakes
from linkage.choices import Direction
from linkage.models import Alarm, Link
from linkage.models_city import Sensor, SensorKind, SensorReading
from linkage.services.city.endings import end_incident
from linkage.services.city.levels import level_of
from linkage.wire import moment_of

FUTURE = timedelta(minutes=5)
SILENT = "sensor.silent"
_KINDS = {SensorKind.WATER_LEVEL: "C09", SensorKind.SLOPE: "C17"}
# As the centre's people write it on the timeline.
_LEVELS = ("정상", "관심", "주의", "경계", "심각")


@dataclass
class TakenReadings:
    taken: int = 0
    repeated: int = 0
    events: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    # Places in the batch whose sensor and time came before with another value; "sensor at".
    conflicts: dict[int, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "conflicts"}


@dataclass(frozen=True)
class _Good:
    index: int
    sensor: Sensor
    at: datetime
    value: float


@transaction.atomic
def take_readings(*, link: Link, readings: list[dict[str, Any]], raw: bytes) -> TakenReadings:
    """Take a batch in: each sensor and time once, in the order of time; a bad one stops no other.

    The batch itself is kept byte for byte. What is older than the newest reading of its sensor is
    kept and changes no level. Another value for a known sensor and time is taken for none: the
    first stands, and the caller must refuse it aloud (`conflicts`). An event is of the city that
    the sensor stands in.
    Locks: the sensors named, in the order of their ids; then what the incident verbs lock, city
    by city.
    """
    done = TakenReadings()
    raw_intakes.keep(link=link, raw=raw)
    named = {reading["sensor"] for reading in readings}
    rows = Sensor.objects.filter(link=link, code__in=named, is_active=True).order_by("pk")
    rows = rows.select_related("municipality")
    sensors = {sensor.code: sensor for sensor in rows.select_for_update(of=("self",))}
    latest = timezone.now() + FUTURE
    good: list[_Good] = []
    for index, reading in enumerate(readings):
        sensor, at = sensors.get(reading["sensor"]), moment_of(reading["at"])
        if sensor is None:
            done.refused.append({"index": index, "reason": _("no such sensor on this link")})
        elif at > latest:
            done.refused.append({"index": index, "reason": _("must not be in the future")})
        else:
            good.append(_Good(index, sensor, at, float(reading["value"])))
    for one in sorted(good, key=lambda one: (one.sensor.municipality_id, one.at)):
        _take(link, one, done)
    for sensor in sensors.values():
        sensor.save()
    return done


def _take(link: Link, one: _Good, done: TakenReadings) -> None:
    sensor, at, value = one.sensor, one.at, one.value
    is_newest = sensor.measured_at is None or at > sensor.measured_at
    before = sensor.level
    level = _level(sensor, value) if is_newest else before
    row, is_new = SensorReading.objects.get_or_create(
        sensor=sensor, at=at, defaults={"value": value, "level": level}
    )
    if not is_new:
        if row.value == value:
            done.repeated += 1
        else:
            done.conflicts[one.index] = f"{sensor.code} {at.isoformat()}"
        return
    done.taken += 1
    if not is_newest:
        return
    sensor.value, sensor.measured_at, sensor.level = value, at, level
    if level != before:
        done.events += 1
        _tell(link, sensor, before)


def _level(sensor: Sensor, value: float) -> int:
    thresholds = (
        sensor.attention_from,
        sensor.caution_from,
        sensor.alert_from,
        sensor.severe_from,
    )
    return level_of(value, thresholds=thresholds, hysteresis=sensor.hysteresis, before=sensor.level)


def _tell(link: Link, sensor: Sensor, before: int) -> None:
    """Open, change or end the event of the sensor; a rise after people ended it rings anew."""
    text = f"{sensor.name} {sensor.value:g} {sensor.unit}: {_LEVELS[sensor.level]}"
    incident = sensor.incident
    if sensor.level == 0:
        if incident is not None:
            end_incident(incident=incident, agent=link.code, text=text)
        return
    if incident is not None:
        incident.refresh_from_db(fields=["status"])
    stands = incident is not None and incident.status in OPEN
    if before == 0 or (not stands and sensor.level > before):
        sensor.episode += 1
        sensor.episode_version = 0
    sensor.episode_version += 1
    taken = take_report(
        municipality=sensor.municipality,
        source=link.code,
        message=ReportIn(
            service=Service.CITY,
            external_id=f"sensor:{sensor.code[:36]}:{sensor.episode}",
            version=sensor.episode_version,
            kind_code=_KINDS[SensorKind(sensor.kind)],
            urgency=str(sensor.level),
            place=sensor.location,
            address=sensor.address,
            summary=text,
            occurred_at=sensor.measured_at or timezone.now(),
            raw={"sensor": sensor.code, "value": sensor.value, "level": sensor.level},
        ),
    )
    sensor.incident = taken.incident


def silent(now: datetime) -> list[Sensor]:
    """Give the sensors in use that are silent: the workers and the auditor look alike.

    Nobody expects to hear one whose link is suspended or in maintenance.
    """
    rows = Sensor.objects.filter(is_active=True).exclude(link__direction=Direction.OUT)
    return [
        sensor
        for sensor in rows.select_related("municipality", "link").order_by("pk")
        if not life.is_excused(sensor.link, now) and _is_silent(sensor, now)
    ]


def _is_silent(sensor: Sensor, now: datetime) -> bool:
    limit = timedelta(seconds=sensor.stale_after_s)
    return sensor.measured_at is None or now - sensor.measured_at > limit


def silence_detail(sensor: Sensor) -> dict[str, Any]:
    return {"code": sensor.code, "name": sensor.name}


def watch(now: datetime | None = None) -> int:
    """Let an alarm stand for each silent sensor and for no other; give how many there are."""
    found = silent(now or timezone.now())
    for sensor in found:
        alarms.raise_(
            kind=SILENT,
            municipality=sensor.municipality,
            subject_kind="sensor",
            subject_id=sensor.pk,
            detail=silence_detail(sensor),
        )
    still = [str(sensor.pk) for sensor in found]
    standing = Alarm.objects.standing().filter(kind=SILENT).exclude(subject_id__in=still)
    for alarm in standing.select_related("municipality"):
        alarms.clear(
            kind=SILENT,
            municipality=alarm.municipality,
            subject_kind=alarm.subject_kind,
            subject_id=alarm.subject_id,
        )
    return len(found)
