"""The verbs of an incident's life: what each leaves behind, and what it refuses."""

import pytest
from django.contrib.gis.geos import Point

from controlroom.errors import Conflict, Invalid, NotAllowed
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.choices import Result, Service
from incidents.errors import OwnedByAnother, TransitionNotAllowed, VersionConflict
from incidents.events import fact_recorded
from incidents.features import incident_feature
from incidents.models import CameraChoice, Incident, IncidentEvent
from incidents.statuses import Status
from tests.conftest import make_municipality
from tests.incidents.conftest import OCCURRED_AT, PLACE, make_camera, make_incident


def verbs_of(incident):
    return list(incident.events.values_list("verb", flat=True))


def test_a_new_incident_is_received_with_priority_cameras_and_number(city, robbery, rule):
    camera = make_camera(city, 127.3801, 36.35)
    incident = make_incident(city, robbery)
    assert incident.status == Status.RECEIVED
    assert incident.priority == 1
    assert incident.number.endswith("-000001")
    assert [pick["id"] for pick in incident.camera_choices.get().picks] == [camera.pk]
    assert verbs_of(incident) == ["open"]


def test_numbers_count_up_within_a_city_and_apart_between_cities(city, other_city, robbery):
    numbers = [make_incident(c, robbery).number[-6:] for c in (city, city, other_city)]
    assert numbers == ["000001", "000002", "000001"]


def test_every_fact_is_in_history_and_journal_with_its_feature(incident, haneul):
    row = lifecycle.acknowledge(incident=incident, by=haneul)
    entry = Entry.objects.get(kind="incident.acknowledge")
    assert entry.data == {"incident": incident_feature(row)}
    assert entry.subject_id == str(incident.pk)
    assert entry.actor == haneul
    event = incident.events.last()
    assert (event.from_status, event.to_status, event.actor) == ("received", "acknowledged", haneul)


def test_a_failing_receiver_takes_the_fact_back(incident, haneul):
    def refuse(**_kwargs):
        raise RuntimeError("cannot plan")

    fact_recorded.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            lifecycle.acknowledge(incident=incident, by=haneul)
    finally:
        fact_recorded.disconnect(refuse)
    incident.refresh_from_db()
    assert incident.status == Status.RECEIVED
    assert verbs_of(incident) == ["open"]


def test_acknowledging_gives_no_owner(incident, haneul):
    row = lifecycle.acknowledge(incident=incident, by=haneul)
    assert (row.acknowledged_by, row.owner, row.ended_at) == (haneul, None, None)


def test_acknowledging_twice_is_refused_and_names_what_is_allowed(incident, haneul):
    lifecycle.acknowledge(incident=incident, by=haneul)
    with pytest.raises(TransitionNotAllowed) as refusal:
        lifecycle.acknowledge(incident=incident, by=haneul)
    assert "claim" in refusal.value.fields["allowed"]
    assert "update" not in refusal.value.fields["allowed"]


def test_closing_needs_a_claim(incident, haneul):
    lifecycle.acknowledge(incident=incident, by=haneul)
    with pytest.raises(TransitionNotAllowed):
        lifecycle.close(incident=incident, by=haneul, result=Result.RESOLVED)


@pytest.mark.parametrize("result", ["", "whatever"])
def test_closing_needs_a_known_result_code(incident, haneul, result):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(Invalid):
        lifecycle.close(incident=incident, by=haneul, result=result)


def test_closing_records_the_result_and_the_end(incident, haneul):
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.respond(incident=incident, by=haneul)
    row = lifecycle.close(incident=incident, by=haneul, result=Result.ARREST, text="검거")
    assert (row.status, row.result) == (Status.CLOSED, Result.ARREST)
    assert row.ended_at is not None
    assert row.owner == haneul
    assert verbs_of(row) == ["open", "acknowledge", "claim", "respond", "close"]


def test_only_the_owner_or_a_supervisor_closes(incident, haneul, nari, supervisor):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(OwnedByAnother) as refusal:
        lifecycle.close(incident=incident, by=nari, result=Result.RESOLVED)
    assert refusal.value.fields["owner"] == ["haneul"]
    row = lifecycle.close(incident=incident, by=supervisor, result=Result.RESOLVED)
    assert row.status == Status.CLOSED


def test_a_reader_works_on_nothing(incident, bada):
    with pytest.raises(NotAllowed):
        lifecycle.acknowledge(incident=incident, by=bada)


def test_a_stranger_works_on_nothing(incident, stranger):
    with pytest.raises(NotAllowed):
        lifecycle.add_note(incident=incident, by=stranger, text="x")


def test_an_older_version_is_refused(incident, haneul):
    lifecycle.acknowledge(incident=incident, by=haneul, expected_version=1)
    with pytest.raises(VersionConflict) as refusal:
        lifecycle.claim(incident=incident, by=haneul, expected_version=1)
    assert refusal.value.fields["version"] == [2]


def test_notes_are_written_in_every_status_and_never_empty(incident, haneul):
    lifecycle.cancel(incident=incident, agent="police112")
    row = lifecycle.add_note(incident=incident, by=haneul, text=" 통화함 ")
    assert row.events.last().text == "통화함"
    assert row.status == Status.CANCELLED
    with pytest.raises(Invalid):
        lifecycle.add_note(incident=incident, by=haneul, text="  ")


def test_moving_chooses_cameras_anew_and_keeps_the_older_choice(city, incident, haneul):
    near = make_camera(city, 127.401, 36.36)
    there = Point(127.4, 36.36, srid=4326)
    row = lifecycle.move(incident=incident, by=haneul, place=there, error_radius_m=5)
    assert CameraChoice.objects.filter(incident=row).count() == 2
    assert [camera["id"] for camera in incident_feature(row)["cameras"]] == [near.pk]
    assert row.events.last().data == {"from": [127.38, 36.35], "to": [127.4, 36.36]}


def test_a_false_alarm_needs_somebody_to_have_looked(incident, haneul):
    with pytest.raises(TransitionNotAllowed):
        lifecycle.mark_false_alarm(incident=incident, by=haneul)
    lifecycle.acknowledge(incident=incident, by=haneul)
    row = lifecycle.mark_false_alarm(incident=incident, by=haneul)
    assert (row.status, row.result) == (Status.FALSE_ALARM, Result.FALSE_ALARM)


def test_an_agency_cancels_what_nobody_has_seen(incident):
    row = lifecycle.cancel(incident=incident, agent="police112")
    assert (row.status, row.result) == (Status.CANCELLED, Result.CANCELLED)
    assert row.events.last().agent == "police112"


def test_a_person_cancels_only_with_a_reason(incident, haneul):
    with pytest.raises(Invalid):
        lifecycle.cancel(incident=incident, by=haneul)
    assert lifecycle.cancel(incident=incident, by=haneul, text="112 전화 취소").ended_at


def test_transferring_names_the_receiver_and_the_reason(incident, haneul):
    with pytest.raises(Invalid) as refusal:
        lifecycle.transfer(incident=incident, by=haneul, to="", reason="")
    assert set(refusal.value.fields) == {"to", "reason"}
    row = lifecycle.transfer(incident=incident, by=haneul, to="새벽시", reason="관할 밖")
    assert row.status == Status.TRANSFERRED
    assert row.events.last().data == {"to": "새벽시"}
    assert verbs_of(row) == ["open", "acknowledge", "transfer"]


def test_reopening_needs_a_reason_and_starts_without_owner_and_result(incident, haneul):
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.close(incident=incident, by=haneul, result=Result.NO_TRACE)
    with pytest.raises(Invalid):
        lifecycle.reopen(incident=incident, by=haneul, reason=" ")
    row = lifecycle.reopen(incident=incident, by=haneul, reason="다시 신고됨")
    assert (row.status, row.owner, row.result, row.ended_at) == ("acknowledged", None, "", None)
    assert row.events.last().data == {"result": "no_trace"}


def test_a_duplicate_is_linked_and_kept(city, robbery, incident, haneul):
    again = make_incident(city, robbery)
    row = lifecycle.mark_duplicate(incident=again, by=haneul, of=incident)
    assert (row.status, row.duplicate_of) == (Status.DUPLICATE, incident)
    assert Incident.objects.count() == 2
    assert lifecycle.reopen(incident=row, by=haneul, reason="다른 사건").duplicate_of is None


def test_nothing_is_a_duplicate_of_itself_of_a_duplicate_or_of_another_city(
    city, robbery, incident, haneul
):
    with pytest.raises(Invalid):
        lifecycle.mark_duplicate(incident=incident, by=haneul, of=incident)
    elsewhere = make_incident(make_municipality("90030", "먼시", 126.1, 35.1), robbery)
    with pytest.raises(Invalid):
        lifecycle.mark_duplicate(incident=incident, by=haneul, of=elsewhere)
    second, third = make_incident(city, robbery), make_incident(city, robbery)
    lifecycle.mark_duplicate(incident=second, by=haneul, of=incident)
    with pytest.raises(Conflict):
        lifecycle.mark_duplicate(incident=third, by=haneul, of=second)
    with pytest.raises(Conflict):
        lifecycle.mark_duplicate(incident=incident, by=haneul, of=third)


def test_an_incident_opened_by_hand_is_acknowledged_at_once(city, robbery, haneul):
    incident = make_incident(city, robbery, by=haneul)
    assert incident.status == Status.ACKNOWLEDGED
    assert verbs_of(incident) == ["open", "acknowledge"]


def test_a_reader_opens_nothing(city, robbery, bada):
    with pytest.raises(NotAllowed):
        make_incident(city, robbery, by=bada)


def test_a_kind_of_another_service_is_refused(city, robbery):
    with pytest.raises(Invalid):
        lifecycle.open_incident(
            municipality=city,
            service=Service.FIRE119,
            kind=robbery,
            place=PLACE,
            occurred_at=OCCURRED_AT,
        )


def test_an_incident_without_a_place_has_no_cameras(city, robbery):
    incident = make_incident(city, robbery, place=None)
    assert not incident.camera_choices.exists()
    assert incident_feature(incident)["lon"] is None


def test_each_verb_raises_the_version_by_one(incident, haneul):
    row = lifecycle.acknowledge(incident=incident, by=haneul)
    assert row.version == 2
    assert lifecycle.add_note(incident=row, by=haneul, text="x").version == 3
    assert IncidentEvent.objects.count() == 3
