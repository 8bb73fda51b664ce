"""Alarms that nobody acknowledges climb, once per step."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from controlroom.journal.models import Entry
from incidents import lifecycle, tasks
from incidents.choices import Priority, Service
from incidents.models import Incident, IncidentEvent, Kind, PriorityRule, Report
from incidents.timers import due_step, escalate_overdue
from tests.conftest import make_municipality
from tests.incidents.conftest import make_incident, taken


def after(incident, seconds):
    return escalate_overdue(now=incident.rings_since + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("age_s", "level"), [(0, None), (29.9, None), (30, 1), (59, 1), (60, 2), (119, 2), (600, 3)]
)
def test_the_step_of_an_age(age_s, level):
    step = due_step(age_s)
    assert (step.level if step else None) == level


def test_an_unseen_alarm_climbs_at_30_60_and_120_seconds(city, robbery, rule):
    incident = make_incident(city, robbery)
    assert [after(incident, s) for s in (29, 30, 31, 60, 61, 120, 121, 9999)] == [
        0, 1, 0, 1, 0, 1, 0, 0,
    ]  # fmt: skip
    said = incident.events.filter(verb="escalate").values_list("data", flat=True)
    assert [(data["level"], data["to"]) for data in said] == [
        (1, "operators"), (2, "supervisor"), (3, "telephone"),
    ]  # fmt: skip
    fact = Entry.objects.filter(kind="incident.escalate").order_by("number").last()
    assert fact.data["incident"]["escalation_level"] == 3
    assert fact.data["incident"]["version"] == 4


def test_a_clock_that_stood_still_goes_to_the_last_step_at_once(city, robbery, rule):
    incident = make_incident(city, robbery)
    assert after(incident, 300) == 1
    incident.refresh_from_db()
    assert incident.escalation_level == 3


def test_what_is_acknowledged_ended_or_normal_does_not_climb(city, robbery, rule, haneul):
    seen, ended = make_incident(city, robbery), make_incident(city, robbery)
    make_incident(city, robbery, urgency="3")
    lifecycle.acknowledge(incident=seen, by=haneul)
    lifecycle.cancel(incident=ended, agent="police112")
    assert after(seen, 600) == 0


def test_what_rings_again_climbs_from_the_start(city, robbery, rule):
    incident = taken(city).incident
    after(incident, 300)
    taken(city, version=2, state="cancel")
    again = taken(city, version=3, state="update").incident
    assert again.escalation_level == 0
    assert again.rings_since > incident.rings_since
    assert after(again, 30) == 1


def test_a_report_raised_to_an_alarm_rings_from_then(city, robbery, rule):
    first = taken(city, urgency="3").incident
    raised = taken(city, version=2, state="update", urgency="1").incident
    assert raised.rings_since > first.rings_since


def test_the_task_runs_and_the_beat_knows_it(db):
    tasks.escalate_overdue()
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.escalate_overdue.name in names


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_escalate_once():
    city = make_municipality("90010", "한빛시", 127.3, 36.3)
    kind = Kind.objects.create(service=Service.CITY, code="x", name_ko="x", name_en="x")
    PriorityRule.objects.create(service=Service.CITY, priority=Priority.P1)
    incident = make_incident(city, kind)

    def tick(_number):
        try:
            return after(incident, 45)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tick, range(8))) == 1
    assert IncidentEvent.objects.filter(verb="escalate").count() == 1


@pytest.mark.parametrize("model", [IncidentEvent, Report])
def test_history_and_reports_are_only_added(city, robbery, model):
    taken(city)
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
        model.objects.update(municipality=city)
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
        model.objects.all().delete()
    assert Incident.objects.count() == 1
