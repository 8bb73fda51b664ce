"""What a disaster room may say and when: every type of message in every state of its case."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.errors import Conflict, NotAllowed
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage.models import Case, OutboxMessage
from linkage.models_alarm import Alarm
from linkage.models_disaster import OnwardContact, OnwardNotice, Situation
from linkage.services.disaster import situations
from tests.linkage.conftest import envelope
from tests.linkage.services.disaster.conftest import SQUARE, notify


def status(**payload):
    return envelope("STATUS_UPDATE", receipt_no="NDMS-1", text="수위 상승", **payload)


def cancel(version=2):
    return envelope("CANCEL", receipt_no="NDMS-1", version=version)


def close():
    return envelope("CLOSE", receipt_no="NDMS-1", text="호우 특보 해제")


def close_ack():
    return envelope("CLOSE_ACK", receipt_no="NDMS-1")


def asks(**changes):
    said = {"purpose": "SCENE", "basis": "ACT-DISASTER", "ground": "WEATHER_REPORT"} | changes
    return envelope("STREAM_REQUEST", receipt_no="NDMS-1", **said)


BEFORE = {
    "nothing": [],
    "open": [notify],
    "closed": [notify, close],
    "cancelled": [notify, cancel],
    "newer": [lambda: notify(version=3)],
}
# state of the case, message -> HTTP status, result, whether a situation stands after it
SEQUENCE = [
    ("nothing", notify, 201, "applied", True),
    ("nothing", status, 202, "filed", None),
    ("nothing", cancel, 202, "filed", None),
    ("nothing", close, 202, "filed", None),
    ("open", lambda: notify(version=2, level=4), 201, "applied", True),
    ("open", notify, 201, "unchanged", True),
    ("open", status, 201, "applied", True),
    ("open", cancel, 201, "applied", False),
    ("open", close, 201, "applied", False),
    ("nothing", close_ack, 202, "filed", None),
    # The room has ended its situation; the incident here is still open.
    ("open", close_ack, 202, "filed", True),
    ("closed", close_ack, 202, "filed", False),
    ("cancelled", close_ack, 201, "applied", False),
    ("closed", status, 201, "applied", False),
    ("closed", close, 201, "unchanged", False),
    ("closed", cancel, 201, "applied", False),
    ("closed", lambda: notify(version=2), 201, "applied", True),
    ("cancelled", status, 201, "applied", False),
    ("cancelled", close, 201, "unchanged", False),
    ("cancelled", cancel, 201, "unchanged", False),
    ("cancelled", lambda: notify(version=3), 201, "applied", True),
    ("nothing", asks, 202, "filed", None),
    ("open", asks, 201, "applied", True),
    ("closed", asks, 201, "applied", False),
    ("cancelled", asks, 201, "applied", False),
    ("open", lambda: asks(ground=None), 400, None, True),
    ("newer", notify, 201, "stale", True),
    ("newer", lambda: cancel(version=2), 201, "stale", True),
]


@pytest.mark.parametrize(("before", "message", "code", "result", "stands"), SEQUENCE)
def test_each_message_in_each_state(send, before, message, code, result, stands):
    for earlier in BEFORE[before]:
        assert send(earlier()).status_code == 201
    answer = send(message())
    assert (answer.status_code, answer.data.get("result")) == (code, result), answer.data
    found = Situation.objects.first()
    assert (found is not None and found.ended_at is None) == bool(stands)


@pytest.mark.parametrize("kind", ["ACK", "HEARTBEAT", "UNIT_POSITION", "TRANSFER", "CAP_ALERT"])
def test_what_is_not_in_the_contract_is_refused(send, kind):
    assert send({**notify(), "msg_type": kind}).status_code == 400


def test_a_filed_close_ends_the_situation_that_it_overtook(send):
    send(close())
    send(notify())
    assert Situation.objects.get().ended_at is not None


def test_a_situation_has_area_level_and_cycle(send, city):
    OnwardContact.objects.create(municipality=city, whom="부시장", from_level=2)
    OnwardContact.objects.create(municipality=city, whom="도지사", from_level=4)
    assert send(notify(report_every_min=15)).status_code == 201
    situation = Situation.objects.get()
    incident = Incident.objects.get()
    assert situation.area.contains(incident.location)
    assert (situation.level, situation.report_every_min) == (2, 15)
    assert list(situation.notices.values_list("whom", flat=True)) == ["부시장"]
    send(notify(version=2, level=4))
    assert OnwardNotice.objects.count() == 2
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert {"disaster.declared", "disaster.changed"} <= kinds
    assert Case.objects.get().version == 2


def test_an_area_whose_ring_is_left_open_is_closed(send):
    answer = send(notify(area={"type": "Polygon", "coordinates": [SQUARE[:-1]]}))
    assert answer.status_code == 201, answer.data
    assert Situation.objects.get().area.contains(Incident.objects.get().location)


@pytest.mark.parametrize(
    "area",
    [
        {"type": "Polygon", "coordinates": [SQUARE[:3]]},
        {"type": "Polygon", "coordinates": [[SQUARE]]},
        {"type": "MultiPolygon", "coordinates": [SQUARE]},
        {"type": "Polygon", "coordinates": [[[0.0, 0.0]]]},
    ],
)
def test_an_area_that_is_none_is_refused_and_leaves_nothing(send, area):
    answer = send(notify(area=area))
    assert answer.status_code == 400, answer.data
    assert not Incident.objects.exists()


def test_an_overdue_report_is_an_alarm_until_it_is_filed(send, haneul):
    send(notify())
    late = timezone.now() - timedelta(minutes=1)
    Situation.objects.update(next_report_at=late)
    assert situations.watch_cycles() == 1
    alarm = Alarm.objects.get(kind="disaster.report_overdue")
    assert alarm.cleared_at is None
    situations.report(situation=Situation.objects.get(), text="인명피해 없음", by=haneul)
    alarm.refresh_from_db()
    assert alarm.cleared_at is not None
    assert situations.watch_cycles() == 0


def test_the_checklist_keeps_who_was_told_and_who_understood(send, haneul):
    send(notify())
    situation = Situation.objects.get()
    notice = situations.add_notice(
        situation=situation, whom="중앙동 통장", channel="phone", number="042-000-0000", by=haneul
    )
    with pytest.raises(Conflict):
        situations.mark_acknowledged(notice=notice, name="김", by=haneul)
    situations.mark_told(notice=notice, by=haneul)
    told = situations.mark_acknowledged(notice=notice, name="통장", by=haneul)
    assert told.told_by == haneul
    assert told.told_at <= told.acknowledged_at
    kinds = list(Entry.objects.values_list("kind", flat=True))
    assert kinds.count("disaster.told") == kinds.count("disaster.told_acknowledged") == 1


def test_an_ended_situation_takes_no_more_verbs(send, haneul):
    send(notify())
    situation = situations.end(situation=Situation.objects.get(), by=haneul)
    with pytest.raises(Conflict):
        situations.set_level(situation=situation, level=4, by=haneul)


def test_a_situation_ends_with_its_incident_and_its_public_alert_too(send, haneul):
    send(notify())
    situation = situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    Situation.objects.update(next_report_at=timezone.now() - timedelta(minutes=1))
    situations.watch_cycles()
    incident = lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    incident = lifecycle.claim(incident=incident, by=haneul)
    lifecycle.close(incident=incident, by=haneul, result="resolved", text="특보 해제")
    situation.refresh_from_db()
    assert situation.ended_at is not None
    assert situation.issues.latest("pk").msg_type == "Cancel"
    assert not Alarm.objects.filter(cleared_at=None).exists()


def test_a_stranger_and_an_auditor_change_nothing(send, stranger, bada):
    send(notify())
    situation = Situation.objects.get()
    for person in (stranger, bada):
        with pytest.raises(NotAllowed):
            situations.set_level(situation=situation, level=4, by=person)


def test_a_close_is_answered_by_a_close_acknowledged(send):
    send(notify())
    send(close())
    assert OutboxMessage.objects.get().message_type == "CLOSE_ACK"


def test_a_message_of_another_service_is_told_so(send):
    answer = send(envelope())
    assert (answer.status_code, answer.data["code"]) == (409, "wrong_receiver")
    assert "police112" in answer.data["errors"]["service_code"]
