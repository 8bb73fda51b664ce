"""An alert of ours goes to every disaster link that it is routed to, once, and is answered."""

import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from incidents.models import Incident
from linkage import outbox, phone
from linkage.cap import reading
from linkage.cap.alert import GEOCODE_R1, Alert, Area, Info
from linkage.choices import Direction, LinkState, OutboxState, PhoneState
from linkage.links import signing_secrets
from linkage.models import Link, OutboxMessage, PhoneTask, Region
from linkage.models_cap import CapIssue, CapPush
from linkage.models_disaster import Situation
from linkage.services.disaster import routes, situations
from tests.linkage.conftest import drain
from tests.linkage.services.conftest import valid
from tests.linkage.services.disaster.conftest import make_link, notify
from tests.linkage.services.disaster.test_cap import reply_to


def pushed() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(message_type="CAP_ALERT").order_by("pk"))


@pytest.fixture
def publish(send, haneul):
    def published(**payload) -> Situation:
        assert send(notify(**payload)).status_code == 201
        return situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)

    return published


@pytest.fixture
def put(client, room):
    def sent(raw):
        address = f"/api/v1/links/{room.code}/cap"
        return client.post(address, raw, content_type="application/xml")

    return sent


def test_each_alert_is_owed_once_to_each_link_word_for_word_as_the_index_gives_it(
    publish, haneul, city, room, other_city
):
    second = make_link(city, "disaster-second", "1741001")
    make_link(other_city)
    situation = publish()
    situations.set_level(situation=situation, level=4, by=haneul)
    situations.end(situation=situation, by=haneul)
    issues = list(CapIssue.objects.order_by("pk"))
    rows = pushed()
    assert [(row.link_id, row.payload["msg_type"]) for row in rows] == [
        (link.pk, kind) for kind in ("Alert", "Update", "Cancel") for link in (room, second)
    ]
    assert all(valid(row) for row in rows)
    for row, issue in zip(rows, [one for one in issues for _link in range(2)], strict=True):
        said = row.payload
        served = Client().get(f"/cap/{city.code}/{issue.identifier}.xml").content
        assert said["xml"].encode() == served
        assert said["sha256"] == hashlib.sha256(served).hexdigest()
        (read,) = reading.read(served, now=timezone.now(), profile_required=True)
        assert (said["identifier"], said["sender"]) == (read.identifier, read.sender)
        assert said["references"] == [str(one) for one in read.references]
        assert row.incident == situation.incident
    assert rows[2].payload["references"][0].split(",")[1] == issues[0].identifier
    assert list(situation.incident.events.filter(verb="cap-issue").values_list("actor", flat=True))
    with pytest.raises(IntegrityError), transaction.atomic():
        CapPush.objects.create(issue=issues[0], link=room, message=rows[5])


@pytest.mark.parametrize("closed", [{"state": LinkState.SUSPENDED}, {"direction": Direction.IN}])
def test_it_is_issued_all_the_same_where_a_link_is_told_nothing(send, haneul, room, closed):
    send(notify())
    Link.objects.filter(pk=room.pk).update(**closed)
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    assert CapIssue.objects.count() == 1
    assert not pushed()


def test_a_drill_is_an_exercise_for_links_with_drills_and_on_no_index(
    send, haneul, city, room, client
):
    plain = make_link(city, "disaster-plain", "1741001")
    Link.objects.filter(pk=plain.pk).update(allows_drills=False)
    Link.objects.filter(pk=room.pk).update(allows_drills=True)
    assert send({**notify(), "is_drill": True}).status_code == 201
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    (row,) = pushed()
    assert (row.link_id, row.is_drill, row.payload["status"]) == (room.pk, True, "Exercise")
    (read,) = reading.read(row.payload["xml"].encode(), now=timezone.now(), profile_required=True)
    assert read.status == "Exercise"
    issue = CapIssue.objects.get()
    assert b"<entry" not in Client().get(f"/cap/{city.code}/index.atom").content
    assert Client().get(f"/cap/{city.code}/{issue.identifier}.xml").status_code == 404


def test_a_link_of_the_region_is_told_of_each_of_its_cities(publish, city, other_city):
    region = Region.objects.create(code="R1", name_ko="권역")
    region.members.set([city, other_city])
    regional = make_link(other_city, "disaster-region", "1741009")
    Link.objects.filter(pk=regional.pk).update(region=region)
    publish()
    assert {row.link.code for row in pushed()} == {"disaster-90010", "disaster-region"}


def our_alert(city, scope, **options) -> Alert:
    area = Area("어딘가", geocodes=((GEOCODE_R1, f"{city.code:0<10}"[:10]),))
    info = Info("호우", ("Met",), "Immediate", "Severe", "Observed", areas=(area,))
    return Alert("n", "s", timezone.now(), "Actual", "Alert", scope, infos=(info,), **options)


@pytest.mark.parametrize(
    ("scope", "options", "own_city", "reaches"),
    [
        ("Public", {}, True, True),
        ("Public", {}, False, False),
        ("Restricted", {}, True, False),
        ("Restricted", {"restriction": "재난안전상황실 소방"}, True, True),
        ("Restricted", {"restriction": "재난안전상황실"}, False, False),
        ("Restricted", {"restriction": "소방", "addresses": "1741000"}, True, True),
        ("Private", {"addresses": '"재난안전상황실" other'}, True, True),
        ("Private", {"addresses": "other"}, True, False),
        ("Private", {"restriction": "재난안전상황실", "addresses": "other"}, True, False),
        ("Private", {"addresses": "1741000"}, False, False),
    ],
)
def test_it_is_routed_by_the_korean_profile(
    room, city, other_city, scope, options, own_city, reaches
):
    alert = our_alert(city if own_city else other_city, scope, **options)
    assert routes.reaches(room, alert, None) is reaches


def test_a_public_alert_without_an_area_goes_nowhere(room, city):
    alert = our_alert(city, "Public")
    info = alert.infos[0]
    empty = Info(info.event, info.category, info.urgency, info.severity, info.certainty)
    bare = Alert("n", "s", timezone.now(), "Actual", "Alert", "Public", infos=(empty,))
    assert not routes.reaches(room, bare, None)


@pytest.mark.parametrize(("kind", "note"), [("Ack", "000"), ("Error", "220")])
def test_their_reply_answers_the_message_and_the_console_shows_it(
    publish, put, client, city, room, haneul, kind, note
):
    situation = publish()
    (row,) = pushed()
    page = client.get(f"/api/v1/links/{room.code}/outbound").data["messages"]
    assert page[-1]["event"]["data"]["payload"]["xml"] == row.payload["xml"]
    client.post(f"/api/v1/links/{room.code}/outbound/{row.uid}/ack")
    row.refresh_from_db()
    assert row.state == OutboxState.ACKED
    assert put(reply_to(CapIssue.objects.get(), kind, note)).status_code == 201
    row.refresh_from_db()
    assert (row.state, bool(row.answered_at)) == (OutboxState.ANSWERED, True)
    client.credentials()
    client.force_login(haneul)
    address = f"/m/{city.code}/linkage/incidents/{situation.incident_id}/disaster/"
    (shown,) = client.get(address).data["issued"]
    (push,) = shown["pushes"]
    assert (push["link"], push["state"], push["name"]) == (room.code, "answered", "재난안전상황실")
    assert [one["msg_type"] for one in shown["replies"]] == [kind]


def test_an_urgent_alert_without_an_answer_is_telephoned_until_it_is_answered(
    send, put, haneul, room
):
    send(notify())
    Incident.objects.update(priority=1)
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    (row,) = pushed()
    outbox.acknowledge(link=room, uid=row.uid)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    # It arrived, and nobody there has said a word.
    assert (phone.open_due(), phone.open_due()) == (1, 0)
    task = PhoneTask.objects.get()
    assert phone.task_item(task)["message"]["type"] == "CAP_ALERT"
    assert put(reply_to(CapIssue.objects.get(), "Ack", "000")).status_code == 201
    task.refresh_from_db()
    assert task.state == PhoneState.WITHDRAWN


def test_after_the_call_the_rooms_own_word_reconciles_it(send, put, haneul, room):
    send(notify())
    Incident.objects.update(priority=1)
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    (row,) = pushed()
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    phone.open_due()
    # The line's own acknowledgement withdraws no call.
    outbox.acknowledge(link=room, uid=row.uid)
    task = PhoneTask.objects.get()
    assert task.state == PhoneState.OPEN
    phone.done(task=task, by=haneul, who="김 주무관", at=timezone.now(), said="경보 알림")
    assert put(reply_to(CapIssue.objects.get(), "Ack", "000")).status_code == 201
    row.refresh_from_db()
    task.refresh_from_db()
    assert (row.state, task.state) == (OutboxState.RECONCILED, PhoneState.RECONCILED)


@pytest.mark.django_db(transaction=True)
def test_it_is_pushed_as_a_signed_webhook_like_any_other(publish, room, agency, monkeypatch):
    monkeypatch.setattr("linkage.tasks.nudge", lambda _link: None)
    Link.objects.filter(pk=room.pk).update(
        push_url=agency.url, push_host="127.0.0.1", allow_private_address=True
    )
    room.refresh_from_db()
    agency._webhook = Webhook(signing_secrets(room)[0])
    publish()
    (row,) = pushed()
    assert drain(room) >= 1
    event = agency.effects[str(row.uid)]
    body = bytes(CapIssue.objects.get().body)
    assert event["data"]["payload"]["xml"].encode() == body
