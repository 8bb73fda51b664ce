"""A level begins at its threshold, ends below its hysteresis, and a silent sensor is an alarm."""

import json
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlroom.audit.models import Record
from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import LinkState
from linkage.models import Alarm, Link
from linkage.models_city import Sensor, SensorReading
from linkage.models_raw import RawIntake
from linkage.services.city import sensors
from linkage.services.city.levels import level_of

HOUR = timedelta(hours=1)
THRESHOLDS = (1.0, 1.5, 2.0, 2.5)


@pytest.fixture
def sensor(link):
    return Sensor.objects.create(
        municipality=link.municipality,
        link=link,
        code="underpass-1",
        name="중앙지하차도",
        kind="water_level",
        unit="m",
        location=Point(127.4, 36.4, srid=4326),
        attention_from=1.0,
        caution_from=1.5,
        alert_from=2.0,
        severe_from=2.5,
        hysteresis=0.2,
    )


@pytest.fixture
def push(systems, link):
    start = timezone.now() - timedelta(minutes=30)

    def send(*values, minute=0, **more):
        readings = [
            {
                "sensor": "underpass-1",
                "at": (start + timedelta(minutes=minute + n)).isoformat(),
                "value": value,
            }
            | more
            for n, value in enumerate(values)
        ]
        url = f"/api/v1/links/{link.code}/readings"
        return systems.post(url, {"readings": readings}, format="json")

    return send


@pytest.mark.parametrize(
    ("value", "before", "level"),
    [(0.9, 0, 0), (1.0, 0, 1), (2.7, 0, 4), (0.85, 1, 1), (0.79, 1, 0), (1.9, 3, 3), (1.6, 3, 2)],
)
def test_levels(value, before, level):
    assert level_of(value, thresholds=THRESHOLDS, hysteresis=0.2, before=before) == level


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=st.floats(-5, 5),
    hysteresis=st.floats(0, 2),
    before=st.integers(0, 4),
    thresholds=st.lists(st.floats(-3, 3), min_size=4, max_size=4, unique=True).map(sorted),
)
def test_hysteresis_only_ever_holds_a_level_and_a_level_once_found_stays(
    value, hysteresis, before, thresholds
):
    def found(from_level):
        return level_of(value, thresholds=thresholds, hysteresis=hysteresis, before=from_level)

    level = found(before)
    assert found(0) <= level <= max(before, found(0))
    assert found(level) == level


def test_rising_water_is_one_event_that_changes_and_ends(push, sensor):
    assert push(0.5, 1.1).data["events"] == 1
    incident = Incident.objects.get()
    assert (incident.kind.code, incident.urgency) == ("C09", "1")
    push(2.6, minute=2)
    incident.refresh_from_db()
    assert (incident.urgency, incident.priority) == ("4", 1)
    assert "심각" in incident.summary
    # It trembles around the threshold: no event.
    assert push(2.4, 2.6, 2.4, minute=3).data["events"] == 0
    push(0.3, minute=6)
    incident.refresh_from_db()
    assert incident.status == "cancelled"
    push(1.2, minute=7)
    assert Incident.objects.count() == 2


def test_the_same_batch_again_changes_nothing(push, sensor):
    first, again = push(0.5, 1.1, 1.7), push(0.5, 1.1, 1.7)
    assert (first.status_code, first.data["taken"]) == (201, 3)
    assert (again.data["taken"], again.data["repeated"], again.data["events"]) == (0, 3, 0)
    assert SensorReading.objects.count() == 3
    assert Incident.objects.get().reports.count() == 2


def test_a_late_reading_is_kept_and_changes_no_level(push, sensor):
    push(1.2, minute=10)
    push(9.0, minute=5)
    sensor.refresh_from_db()
    assert (sensor.level, sensor.value, sensor.readings.count()) == (1, 1.2, 2)


def test_a_rise_after_people_closed_it_rings_anew(push, sensor, haneul):
    push(1.2)
    incident = Incident.objects.get()
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.close(incident=incident, by=haneul, result="resolved")
    push(2.2, minute=1)
    assert Incident.objects.filter(status="received").count() == 1


def test_a_bad_reading_stops_no_other(push, sensor):
    answer = push(1.2, 1.3, sensor="nobody")
    assert [item["index"] for item in answer.data["refused"]] == [0, 1]
    late = (timezone.now() + timedelta(hours=1)).isoformat()
    assert push(1.2, at=late).data["refused"][0]["index"] == 0
    assert push(1.2).data["taken"] == 1
    assert push("x").status_code == 400
    assert push().status_code == 400


def test_a_silent_sensor_is_an_alarm_until_it_speaks(push, sensor):
    assert sensors.watch() == 1
    assert Alarm.objects.standing().get().kind == "sensor.silent"
    push(0.5, minute=29)
    assert sensors.watch() == 0
    assert not Alarm.objects.standing().exists()
    assert sensors.watch(timezone.now() + timedelta(hours=1)) == 1


def test_another_value_for_a_known_time_is_refused_aloud_and_stops_no_other(push, sensor, link):
    assert push(0.5).data["taken"] == 1
    answer = push(0.9, 1.1)
    assert (answer.status_code, answer.data["code"]) == (409, "reading_conflict")
    assert list(answer.data["errors"]) == ["readings[0].value"]
    values = sensor.readings.order_by("at").values_list("value", flat=True)
    assert list(values) == [0.5, 1.1]
    alarm = Alarm.objects.standing().get(kind="link.conflict")
    assert (alarm.subject_id, "underpass-1" in alarm.detail["message_id"]) == (link.code, True)
    assert Record.objects.filter(action="link.message_conflict").count() == 1
    # Twice in one batch it is the same.
    stamp = timezone.now().isoformat()
    assert push(1.3, 1.4, at=stamp).status_code == 409
    assert sensor.readings.get(at=stamp).value == 1.3


def test_each_batch_is_kept_byte_for_byte_and_the_same_one_is_only_counted(push, sensor, link):
    for _ in range(2):
        push(0.5, 1.1)
    push(7.0, minute=5)
    first, second = RawIntake.objects.filter(link=link).order_by("pk")
    assert (first.times, second.times) == (2, 1)
    assert json.loads(bytes(first.raw))["readings"][1]["value"] == 1.1


@pytest.mark.parametrize(
    "change",
    [
        {"state": LinkState.MAINTENANCE},
        {"state": LinkState.SUSPENDED},
        {"maintenance_from": timezone.now(), "maintenance_until": timezone.now() + HOUR},
    ],
    ids=["paused", "suspended", "planned"],
)
def test_planned_silence_is_no_alarm_and_ends_one(sensor, link, change):
    assert sensors.watch() == 1
    Link.objects.filter(pk=link.pk).update(**change)
    assert sensors.watch() == 0
    assert not Alarm.objects.standing().exists()


def test_a_sensor_out_of_use_leaves_no_alarm_behind(sensor):
    sensors.watch()
    Sensor.objects.update(is_active=False)
    assert sensors.watch() == 0
    assert not Alarm.objects.standing().exists()
