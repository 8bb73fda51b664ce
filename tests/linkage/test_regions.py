"""One link may serve several municipalities; each case belongs to one of them and is seen there."""

import pytest

from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident, Kind
from linkage import backlog, delivery, inbox, links, mapping, settling, transport
from linkage.choices import LinkState, OutboxState, Outcome
from linkage.envelopes import cloud_event
from linkage.models import Alarm, Case, FiledReport, InboxMessage, Link, OutboxMessage
from linkage.models_regions import Region
from tests.conftest import make_member, make_municipality
from tests.linkage.conftest import envelope

JSON = "application/json"

HERE = {"lon": 127.4, "lat": 36.4, "error_radius_m": 5, "method": "gps"}
THERE = {"lon": 128.4, "lat": 35.4, "error_radius_m": 5, "method": "gps"}
THERE_PLACE = {"lon": 128.4, "lat": 35.4}
NOWHERE = {"lon": 126.0, "lat": 33.0, "error_radius_m": 5, "method": "gps"}


@pytest.fixture
def regional(link, city, other_city) -> Link:
    region = Region.objects.create(code="chungnam", name_ko="충남 광역")
    region.members.set([city, other_city])
    link.region = region
    link.save()
    return link


def test_a_message_goes_to_the_member_that_it_names(regional, post, other_city):
    said = envelope(place=HERE) | {"municipality_code": other_city.code}
    assert post(said).status_code == 201
    assert Incident.objects.get().municipality == other_city
    assert Case.objects.get().municipality == other_city
    assert InboxMessage.objects.get().municipality == other_city


@pytest.mark.parametrize(
    ("place", "code"), [(HERE, "90010"), (THERE, "90020"), (NOWHERE, "90010"), (None, "90010")]
)
def test_a_message_without_a_name_is_placed_or_goes_to_the_keeper(regional, post, place, code):
    said = envelope(place=place)
    if place is None:
        del said["payload"]["place"]
    assert post(said).status_code == 201
    assert Incident.objects.get().municipality.code == code


def test_a_stranger_to_the_region_is_refused(regional, post):
    refused = post(envelope() | {"municipality_code": "11110"})
    assert refused.status_code == 409
    assert refused.json()["code"] == "wrong_receiver"


def test_later_messages_stay_with_the_case_wherever_it_moves(regional, post, other_city):
    post(envelope(place=THERE))
    post(envelope(place=HERE, version=2))
    assert Incident.objects.count() == 1
    incident = Incident.objects.get()
    assert incident.municipality == other_city
    assert incident.location.x == HERE["lon"]
    post(envelope("STATUS_UPDATE", status="DISPATCHED"))
    assert set(InboxMessage.objects.values_list("municipality", flat=True)) == {other_city.pk}


def test_a_cancel_that_overtakes_its_report_follows_it_to_the_member(regional, post, other_city):
    assert post(envelope("CANCEL", version=2)).status_code == 202
    post(envelope(place=THERE))
    assert Incident.objects.get().status == "cancelled"
    assert set(InboxMessage.objects.values_list("municipality", flat=True)) == {other_city.pk}


def test_each_member_sees_the_link_and_only_its_own_cases(
    regional, post, haneul, stranger, client, other_city
):
    post(envelope(place=HERE))
    post(envelope(place=THERE, receipt_no="20261122-000002"))
    for user, code in ((haneul, "90010"), (stranger, "90020")):
        assert Link.objects.visible_to(user).get() == regional
        seen = Incident.objects.visible_to(user)
        assert [row.municipality.code for row in seen] == [code]
        assert [row.municipality.code for row in Case.objects.visible_to(user)] == [code]
        assert [row.municipality.code for row in InboxMessage.objects.visible_to(user)] == [code]
    own = Incident.objects.get(municipality=other_city)
    client.force_login(haneul)
    assert client.get(f"/m/90010/incidents/{own.pk}/").status_code == 404


def test_what_we_owe_names_the_member_and_its_state_is_told_to_all(
    regional, post, stranger, city, other_city
):
    post(envelope(place=THERE))
    lifecycle.acknowledge(incident=Incident.objects.get(), by=stranger)
    message = OutboxMessage.objects.get()
    event = cloud_event(message)
    assert message.municipality == other_city
    assert event["data"]["municipality_code"] == "90020"
    assert event["source"].startswith("/municipalities/90020/")
    Link.objects.update(push_url="https://police.example/")
    (claim,) = delivery.claim(link_id=regional.pk)
    receipt = transport.Receipt(Outcome.TEMPORARY, 503, "closed")
    settling.settle(ended=[settling.Ended(claim, receipt, message.created_at)])
    told = Entry.objects.filter(kind="link.state").values_list("municipality", flat=True)
    assert set(told) == {city.pk, other_city.pk}


def test_who_belongs_to_no_member_sees_nothing(regional, post):
    third = make_municipality("90030", "노을시", 129.0, 34.0)
    outsider = make_member("outsider", third, "operator", "administrator")
    post(envelope(place=HERE))
    assert not Link.objects.visible_to(outsider).exists()
    assert not Incident.objects.visible_to(outsider).exists()


@pytest.fixture
def their_supervisor(other_city):
    return make_member("their_supervisor", other_city, "supervisor")


@pytest.fixture
def outsider(db):
    return make_member("outsider", make_municipality("90030", "노을시", 129.0, 34.0), "supervisor")


def test_a_member_sees_the_light_the_row_and_its_own_messages_alone(
    regional, post, client, their_supervisor, outsider
):
    post(envelope(place=HERE, msg_id="of-the-keeper"))
    post(envelope(place=THERE, receipt_no="20261122-000002", msg_id="of-the-member"))
    client.force_login(their_supervisor)
    (light,) = client.get("/m/90020/linkage/links/").json()["links"]
    assert (light["code"], light["state"]) == (regional.code, "up")
    (row,) = client.get("/m/90020/linkage/console/").json()["links"]
    assert (row["code"], row["kept_by"]) == (regional.code, "한빛시")
    assert (row["directions"][1]["waiting"], row["use"]["triggered"]) == (1, 1)
    base = f"/m/90020/linkage/console/{regional.code}/messages/"
    (message,) = client.get(base, {"direction": "in"}).json()["messages"]
    assert message["id"] == "of-the-member"
    strange = InboxMessage.objects.get(message_id="of-the-keeper")
    for path in (f"{base}in/{strange.pk}/", f"/m/90010/linkage/console/{regional.code}/messages/"):
        assert client.get(path).status_code == 404
    asked = {"reason": "보고 싶어서"}
    shown = client.post(f"{base}in/{strange.pk}/content/", asked, content_type=JSON)
    assert shown.status_code == 404
    csv = client.get("/m/90020/linkage/console/use.csv")
    assert regional.code in b"".join(csv.streaming_content).decode("utf-8-sig")
    client.force_login(outsider)
    assert client.get("/m/90030/linkage/console/").json()["links"] == []
    assert client.get(f"/m/90030/linkage/console/{regional.code}/messages/").status_code == 404


def test_the_keeper_reads_no_message_of_another_member(regional, post, client, haneul):
    post(envelope(place=THERE))
    client.force_login(haneul)
    base = f"/m/90010/linkage/console/{regional.code}/messages/"
    assert client.get(base, {"direction": "in"}).json()["messages"] == []
    assert client.get(f"{base}in/{InboxMessage.objects.get().pk}/").status_code == 404


def test_a_member_tests_the_line_and_leaves_its_pause_to_the_keeper(
    regional, client, their_supervisor, supervisor, other_city
):
    base = f"/m/90020/linkage/console/{regional.code}/"
    client.force_login(their_supervisor)
    assert client.post(f"{base}test/").status_code == 201
    assert OutboxMessage.objects.get().municipality == other_city
    assert Record.objects.get(action="link.tested").municipality_id == other_city.pk
    for deed in ("pause", "resume"):
        refused = client.post(f"{base}{deed}/", {"reason": "점검"}, content_type=JSON)
        assert (refused.status_code, "한빛시" in refused.json()["detail"]) == (403, True)
    client.force_login(supervisor)
    kept = f"/m/90010/linkage/console/{regional.code}/pause/"
    assert client.post(kept, {"reason": "점검"}, content_type=JSON).status_code == 200


def test_a_member_sends_again_what_it_was_given_up_and_no_more(
    regional, post, client, their_supervisor, stranger, haneul
):
    post(envelope(place=HERE))
    post(envelope(place=THERE, receipt_no="20261122-000002"))
    for incident, by in zip(
        Incident.objects.order_by("municipality__code"), (haneul, stranger), strict=True
    ):
        lifecycle.acknowledge(incident=incident, by=by)
    OutboxMessage.objects.update(state=OutboxState.DEAD, is_offered=False)
    backlog.report(regional)
    given_up = Alarm.objects.standing().filter(kind=backlog.KIND)
    assert [row.detail["given_up"] for row in given_up] == [1, 1]
    client.force_login(their_supervisor)
    path = f"/m/90020/linkage/links/{regional.code}/replay/"
    ids = [str(uid) for uid in OutboxMessage.objects.values_list("uid", flat=True)]
    done = client.post(path, {"ids": ids, "reason": "회선 복구"}, content_type=JSON).json()
    assert (done["replayed"], len(done["refused"])) == (1, 1)
    assert OutboxMessage.objects.get(state=OutboxState.QUEUED).municipality.code == "90020"
    assert [row.municipality.code for row in given_up.all()] == ["90010"]


def test_a_member_reports_over_the_line_and_the_answer_comes_back_to_it(
    regional, post, client, stranger, outsider, other_city
):
    kind = Kind.objects.get_or_create(
        service="police112", code="201", defaults={"name_ko": "폭력", "kind_class": "crime"}
    )[0]
    said = {"to": regional.code, "kind": kind.code, "text": "다투는 사람들", "place": THERE_PLACE}
    client.force_login(outsider)
    assert client.post("/m/90030/linkage/reports/", said, content_type=JSON).status_code == 400
    client.force_login(stranger)
    made = client.post("/m/90020/linkage/reports/", said, content_type=JSON)
    assert made.status_code == 201, made.json()
    report = FiledReport.objects.get()
    assert report.municipality == report.incident.municipality == other_city
    assert report.message.municipality == other_city
    offered = client.get(f"/m/90020/linkage/incidents/{report.incident_id}/reports/").json()
    assert [row["code"] for row in offered["links"]] == [regional.code]
    answer = envelope("ACK", receipt_no="112-7", report_no=str(report.uid))
    assert post(answer).status_code == 201
    assert Case.objects.get().municipality == other_city
    assert InboxMessage.objects.get().municipality == other_city
    post(envelope("STATUS_UPDATE", receipt_no="112-7", status="DISPATCHED"))
    assert set(InboxMessage.objects.values_list("municipality", flat=True)) == {other_city.pk}


def test_what_befalls_the_line_is_told_to_every_member(regional, supervisor, city, other_city):
    both = {city.pk, other_city.pk}
    links.set_state(link=regional, state=LinkState.MAINTENANCE, by=supervisor, reason="점검")
    mapping.note_unmapped(source=regional.code, code="Z77", name="모르는 것")
    inbox.report_conflict(link=regional, message_id="twice")
    for kind in ("link.state", "link.unmapped_code", "alarm.raised"):
        told = Entry.objects.filter(kind=kind).values_list("municipality", flat=True)
        assert set(told) == both, kind
    standing = Alarm.objects.standing().filter(kind="link.conflict")
    assert set(standing.values_list("municipality", flat=True)) == both
