"""A growing cluster rings until a person says what it is, and the supervisor hears of it."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from controlroom.errors import Conflict, Invalid, NotAllowed
from controlroom.journal.models import Entry
from incidents import cluster_alarms, lifecycle
from incidents.models import ClusterAlarm, Incident
from tests.incidents.conftest import make_incident


def reports(city, kind, count: int) -> list[Incident]:
    return [make_incident(city, kind) for _ in range(count)]


def facts() -> list[str]:
    return list(
        Entry.objects.filter(subject_kind="cluster").order_by("pk").values_list("kind", flat=True)
    )


@pytest.fixture
def alarm(city, robbery) -> ClusterAlarm:
    reports(city, robbery, 3)
    assert cluster_alarms.look() == 1
    return ClusterAlarm.objects.get()


def test_two_reports_do_not_ring_and_three_do(city, robbery):
    reports(city, robbery, 2)
    assert cluster_alarms.look() == 0
    reports(city, robbery, 1)
    assert cluster_alarms.look() == 1
    assert len(ClusterAlarm.objects.get().members) == 3
    assert facts() == ["cluster.raised"]


def test_looking_again_rings_nothing_twice(alarm):
    assert cluster_alarms.look() == 0
    assert facts() == ["cluster.raised"]


def test_reports_of_different_places_do_not_ring(city, robbery):
    for north in range(4):
        make_incident(city, robbery, place=Point(127.38, 36.31 + north / 50, srid=4326))
    assert cluster_alarms.look() == 0


def test_it_grows_as_one_alarm(alarm, city, robbery):
    reports(city, robbery, 2)
    cluster_alarms.look()
    alarm.refresh_from_db()
    assert len(alarm.members) == 5
    assert ClusterAlarm.objects.count() == 1


def test_acknowledging_needs_a_judgement_and_keeps_it(alarm, haneul):
    with pytest.raises(Invalid):
        cluster_alarms.acknowledge(alarm=alarm, by=haneul, assessment="")
    row = cluster_alarms.acknowledge(
        alarm=alarm, by=haneul, assessment="watching", note="카메라 3번으로 확인 중"
    )
    assert (row.acknowledged_by, row.acknowledged_count) == (haneul, 3)
    assert facts()[-1] == "cluster.acknowledged"


def test_who_only_reads_cannot_acknowledge(alarm, bada):
    with pytest.raises(NotAllowed):
        cluster_alarms.acknowledge(alarm=alarm, by=bada, assessment="no_danger")


def test_of_two_one_acknowledges(alarm, haneul, nari):
    cluster_alarms.acknowledge(alarm=alarm, by=haneul, assessment="watching")
    with pytest.raises(Conflict):
        cluster_alarms.acknowledge(alarm=alarm, by=nari, assessment="no_danger")


def test_nobody_acknowledges_and_the_supervisor_is_told_once_then_the_telephone(alarm):
    rang = alarm.rings_since
    assert cluster_alarms.escalate(now=rang + timedelta(seconds=59)) == 0
    assert cluster_alarms.escalate(now=rang + timedelta(seconds=61)) == 1
    assert cluster_alarms.escalate(now=rang + timedelta(seconds=62)) == 0
    assert cluster_alarms.escalate(now=rang + timedelta(seconds=121)) == 1
    told = Entry.objects.filter(kind="cluster.escalated").order_by("pk")
    assert [entry.data["to"] for entry in told] == ["supervisor", "telephone"]


def test_an_acknowledged_one_rings_again_when_it_doubles(alarm, haneul, city, robbery):
    cluster_alarms.acknowledge(alarm=alarm, by=haneul, assessment="no_danger")
    reports(city, robbery, 2)
    assert cluster_alarms.look() == 0
    reports(city, robbery, 1)
    assert cluster_alarms.look() == 1
    alarm.refresh_from_db()
    assert alarm.acknowledged_at is None
    assert facts()[-1] == "cluster.rings_again"


def test_it_ends_when_acknowledged_and_quiet_and_never_before(alarm, haneul):
    later = timezone.now() + timedelta(minutes=11)
    assert cluster_alarms.end_quiet(now=later) == 0
    cluster_alarms.acknowledge(alarm=alarm, by=haneul, assessment="one_event")
    assert cluster_alarms.end_quiet(now=later) == 1


def test_the_console_lists_and_acknowledges_it(alarm, client, haneul, city):
    client.force_login(haneul)
    (row,) = client.get(f"/m/{city.code}/clusters/").json()["clusters"]
    assert (row["count"], row["acknowledged_at"]) == (3, None)
    path = f"/m/{city.code}/clusters/{alarm.pk}/acknowledge/"
    assert client.post(path, {}, content_type="application/json").status_code == 400
    body = {"assessment": "acting"}
    answer = client.post(path, body, content_type="application/json")
    assert answer.json()["acknowledged_by"]["id"] == haneul.pk


def test_a_stranger_sees_no_cluster(alarm, client, stranger, city):
    client.force_login(stranger)
    assert client.get(f"/m/{city.code}/clusters/").status_code == 404


def test_a_cancelled_report_says_nothing(city, robbery):
    for incident in reports(city, robbery, 3)[:1]:
        lifecycle.cancel(incident=incident, agent="police112")
    assert cluster_alarms.look() == 0
