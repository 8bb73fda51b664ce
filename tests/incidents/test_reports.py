"""Reports: the same again, newer and late versions, cancels, unknown kinds, a hundred at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection

from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.choices import Result
from incidents.features import incident_feature
from incidents.models import Incident, Kind, Report
from incidents.statuses import Status
from tests.conftest import make_municipality
from tests.incidents.conftest import make_camera, report, taken


def verbs_of(incident):
    return list(incident.events.values_list("verb", flat=True))


def test_a_report_opens_an_incident_and_is_kept_raw(city, robbery, rule):
    made = taken(city)
    assert (made.created, made.changed) == (True, True)
    kept = Report.objects.get()
    assert kept.raw == {"접수번호": "112-1"}
    assert (kept.incident, kept.is_opening, kept.is_applied) == (made.incident, True, True)
    event = made.incident.events.get()
    assert event.agent == "police112"
    assert (event.data["external_id"], event.data["rule"]) == ("112-1", rule.pk)


def test_the_same_report_again_changes_nothing(city, robbery):
    first = taken(city)
    again = taken(city)
    assert (again.incident, again.created, again.changed) == (first.incident, False, False)
    assert (Report.objects.count(), Entry.objects.count()) == (1, 1)


def test_the_same_case_number_of_another_link_is_another_incident(city, other_city, robbery):
    taken(city)
    taken(other_city)
    assert Incident.objects.count() == 2


def test_reports_without_a_case_number_each_open_one(city, robbery):
    taken(city, external_id="")
    taken(city, external_id="")
    assert Incident.objects.count() == 2


def test_a_newer_version_moves_the_incident_and_chooses_cameras_anew(city, robbery, rule):
    near = make_camera(city, 127.4001, 36.36)
    first = taken(city)
    again = taken(
        city, version=2, state="update", place=Point(127.4, 36.36, srid=4326), error_radius_m=10
    )
    assert (again.created, again.changed) == (False, True)
    row = Incident.objects.get()
    assert (row.location.x, row.location.y, row.error_radius_m) == (127.4, 36.36, 10)
    assert row.camera_choices.count() == 2
    assert [camera["id"] for camera in incident_feature(row)["cameras"]] == [near.pk]
    changed = row.events.last().data["changed"]
    assert changed == {"place": [[127.38, 36.35], [127.4, 36.36]], "error_radius_m": [30, 10]}
    assert row.version == first.incident.version + 1


def test_an_update_in_place_keeps_the_cameras(city, robbery):
    taken(city)
    taken(city, version=2, state="update", summary="흉기 소지")
    assert Incident.objects.get().camera_choices.count() == 1
    assert Incident.objects.get().summary == "흉기 소지"


def test_what_an_update_leaves_empty_stays(city, robbery):
    taken(city)
    taken(city, version=2, state="update", place=None, address="", summary="")
    row = Incident.objects.get()
    assert (row.location.x, row.address, row.summary) == (127.38, "한빛시 중앙로 1", "편의점 강도")


def test_an_update_raises_the_priority_by_the_rules(city, robbery, rule):
    made = taken(city, urgency="3")
    assert made.incident.priority == 3
    taken(city, version=2, state="update", urgency="1")
    row = Incident.objects.get()
    assert row.priority == 1
    assert row.events.last().data["changed"]["priority"] == [3, 1]


def test_a_late_older_version_is_kept_and_not_applied(city, robbery):
    taken(city, version=3, summary="셋")
    late = taken(city, version=2, summary="둘")
    assert (late.created, late.changed) == (False, False)
    assert Incident.objects.get().summary == "셋"
    assert list(Report.objects.order_by("version").values_list("version", "is_applied")) == [
        (2, False),
        (3, True),
    ]
    assert Entry.objects.count() == 1


def test_an_update_of_an_unknown_case_opens_it(city, robbery):
    assert taken(city, version=4, state="update").created


def test_a_cancel_ends_an_open_incident(city, robbery, haneul):
    made = taken(city)
    lifecycle.claim(incident=made.incident, by=haneul)
    ended = taken(city, version=2, state="cancel")
    assert (ended.incident.status, ended.incident.result) == (Status.CANCELLED, Result.CANCELLED)
    assert ended.changed


def test_a_cancel_that_overtakes_its_report_wins(city, robbery):
    taken(city, version=2, state="cancel")
    late = taken(city, version=1)
    assert late.incident.status == Status.CANCELLED
    assert not late.changed
    assert verbs_of(late.incident) == ["open", "cancel"]


def test_a_cancel_of_a_closed_incident_is_noted_and_leaves_it_closed(city, robbery, haneul):
    made = taken(city)
    lifecycle.claim(incident=made.incident, by=haneul)
    lifecycle.close(incident=made.incident, by=haneul, result=Result.ARREST)
    after = taken(city, version=2, state="cancel")
    assert (after.incident.status, after.incident.result) == (Status.CLOSED, Result.ARREST)
    assert after.incident.events.last().data["state"] == "cancel"


def test_a_report_after_a_cancel_rings_again(city, robbery, haneul):
    made = taken(city)
    lifecycle.claim(incident=made.incident, by=haneul)
    taken(city, version=2, state="cancel")
    again = taken(city, version=3, state="update").incident
    assert (again.status, again.owner, again.acknowledged_at, again.result, again.ended_at) == (
        Status.RECEIVED, None, None, "", None,
    )  # fmt: skip
    assert verbs_of(again)[-2:] == ["revive", "update"]


def test_an_unknown_kind_is_taken_in_visibly_unmapped(city, db):
    made = taken(city, kind_code="Z99", kind_name="드론 출몰")
    kind = Kind.objects.get(code="Z99")
    assert (made.incident.kind, kind.is_mapped, kind.name_ko) == (kind, False, "드론 출몰")
    assert made.incident.priority == 3
    assert taken(city, external_id="112-2", kind_code="Z99").incident.kind == kind


def test_nothing_is_refused_for_its_length_or_for_a_nul(city, robbery):
    made = taken(city, summary="가" * 900, address="나\x00다", raw={"a\x00": ["b\x00", {"c": 1}]})
    row = Incident.objects.get(pk=made.incident.pk)
    assert (len(row.summary), row.address) == (500, "나다")
    assert Report.objects.get().raw == {"a": ["b", {"c": 1}]}


def test_the_database_keeps_a_case_to_one_incident(city, robbery):
    made = taken(city)
    other = taken(city, external_id="112-2").incident
    twin = Report.objects.get(incident=made.incident)
    twin.pk, twin.version, twin.incident = None, 9, other
    with pytest.raises(IntegrityError):
        twin.save(force_insert=True)


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_a_hundred_identical_reports_at_once_make_one_incident():
    city = make_municipality("90010", "한빛시", 127.3, 36.3)

    def post(_number):
        try:
            return taken(city, kind_code="new-kind")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(post, range(100)))
    assert Incident.objects.count() == Report.objects.count() == Entry.objects.count() == 1
    assert sum(result.created for result in results) == 1
    assert {result.incident.pk for result in results} == {Incident.objects.get().pk}


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_numbers_of_a_hundred_reports_at_once_have_no_gap():
    city = make_municipality("90010", "한빛시", 127.3, 36.3)

    def post(number):
        try:
            return taken(city, external_id=f"112-{number}").incident.number
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        numbers = sorted(pool.map(post, range(100)))
    assert [int(number[-6:]) for number in numbers] == list(range(1, 101))


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_of_all_versions_at_once_the_newest_stands():
    city = make_municipality("90010", "한빛시", 127.3, 36.3)

    def post(version):
        try:
            return taken(city, version=version, state="update", summary=f"v{version}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(1, 25)))
    assert Incident.objects.get().summary == "v24"
    assert Report.objects.count() == 24


def test_the_message_is_a_value(city):
    assert report() == report()
