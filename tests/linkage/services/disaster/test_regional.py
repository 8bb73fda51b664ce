"""A warning over a province's line reaches every city that its area touches, and no other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import lifecycle
from incidents.models import Incident
from linkage.envelopes import cloud_event
from linkage.models import Case, InboxMessage, OutboxMessage
from linkage.models_cap import CapAlert
from linkage.models_disaster import Situation
from linkage.models_regions import Region
from tests.conftest import make_municipality
from tests.linkage.cap.alerts import alert, info, references
from tests.linkage.conftest import api_client
from tests.linkage.services.disaster.conftest import SQUARE, make_link, notify

WIDE = [[127.35, 35.35], [128.45, 35.35], [128.45, 36.45], [127.35, 36.45], [127.35, 35.35]]
# The first city and its eastern neighbour; the third lies far off.
PAIR = [[127.4, 36.35], [127.6, 36.35], [127.6, 36.45], [127.4, 36.45], [127.4, 36.35]]
SENT = (timezone.localtime() - timedelta(minutes=10)).replace(microsecond=0)
FIRST = ("cap.agency.example", "A-1", SENT.isoformat())


def area(ring) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def neighbour(db):
    return make_municipality("90030", "노을시", 127.5, 36.3)


@pytest.fixture
def province(city, neighbour, other_city):
    region = Region.objects.create(code="province", name_ko="도")
    region.members.set([city, neighbour, other_city])
    link = make_link(city)
    link.region = region
    link.save()
    return link


@pytest.fixture
def tell(province):
    room = api_client(province, scope="disaster")

    def sent(document, **named):
        path = f"/api/v1/links/{province.code}/messages"
        return room.post(path, document | named, format="json")

    return sent


@pytest.fixture
def put(province):
    room = api_client(province, scope="disaster")

    def sent(raw: bytes):
        path = f"/api/v1/links/{province.code}/cap"
        return room.post(path, raw, content_type="application/xml")

    return sent


def codes(rows) -> list[str]:
    return sorted(row.municipality.code for row in rows)


def cap(identifier="A-1", *, ring=WIDE, minutes=0, **changed) -> bytes:
    corners = " ".join(f"{lat},{lon}" for lon, lat in ring)
    drawn = f"<area><areaDesc>도 전역</areaDesc><polygon>{corners}</polygon></area>"
    said = {"infos": info(more="", area=drawn)} | changed
    sent = SENT + timedelta(minutes=minutes)
    return alert(identifier=identifier, sent=sent.isoformat(), **said)


def test_a_situation_reaches_each_member_that_its_area_touches(tell, province, haneul, stranger):
    answer = tell(notify(area=area(WIDE)))
    assert answer.status_code == 201, answer.data
    assert codes(Incident.objects.all()) == codes(Case.objects.all()) == ["90010", "90020", "90030"]
    assert codes(Situation.objects.all()) == codes(InboxMessage.objects.all())
    told = {row["municipality_code"]: row["incident"] for row in answer.data["municipalities"]}
    assert sorted(told) == ["90010", "90020", "90030"]
    for incident in Incident.objects.select_related("municipality"):
        assert told[incident.municipality.code]["number"] == incident.number
        assert incident.municipality.boundary.contains(incident.location)
    for person, code in ((haneul, "90010"), (stranger, "90020")):
        assert codes(Incident.objects.visible_to(person)) == [code]
        assert codes(InboxMessage.objects.visible_to(person)) == [code]


def test_each_member_answers_for_itself_and_the_agency_can_tell_them_apart(tell, stranger, city):
    tell(notify(area=area(WIDE)))
    theirs = Incident.objects.get(municipality__code="90020")
    lifecycle.acknowledge(incident=theirs, by=stranger)
    message = OutboxMessage.objects.get()
    assert cloud_event(message)["data"]["municipality_code"] == "90020"
    assert message.payload["incident_number"] == theirs.number


def test_the_same_again_changes_nothing_and_is_answered_alike(tell):
    document = notify(area=area(WIDE))
    first, again = tell(document), tell(document)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    assert Incident.objects.count() == InboxMessage.objects.count() == 3


def test_a_growing_area_reaches_who_it_comes_to_and_a_cancel_reaches_all(tell):
    tell(notify(area=area(SQUARE)))
    assert codes(Incident.objects.all()) == ["90010"]
    tell(notify(area=area(PAIR), version=2))
    assert codes(Incident.objects.all()) == ["90010", "90030"]
    tell({**notify(), "msg_type": "CANCEL", "payload": {"receipt_no": "NDMS-1", "version": 3}})
    assert set(Incident.objects.values_list("status", flat=True)) == {"cancelled"}
    assert not Situation.objects.filter(ended_at=None).exists()


def test_a_cancel_that_overtakes_its_report_is_applied_in_every_city(tell):
    gone = {**notify(), "msg_type": "CANCEL", "payload": {"receipt_no": "NDMS-1", "version": 2}}
    assert tell(gone).status_code == 202
    assert tell(notify(area=area(WIDE))).data["incident"]["status"] == "cancelled"
    assert list(Incident.objects.values_list("status", flat=True)) == ["cancelled"] * 3
    assert not InboxMessage.objects.filter(result="filed").exists()


def test_who_is_named_alone_gets_it_alone(tell):
    tell(notify(area=area(WIDE)), municipality_code="90030")
    assert codes(Incident.objects.all()) == ["90030"]


def test_the_codes_of_an_area_reach_their_cities(tell):
    said = notify(area_codes=["9002000000", "9003000000"])
    del said["payload"]["area"]
    tell(said)
    assert codes(Incident.objects.all()) == ["90020", "90030"]


def test_an_area_drawn_as_one_city_is_not_its_neighbours(tell):
    ring = [[127.3, 36.3], [127.5, 36.3], [127.5, 36.5], [127.3, 36.5], [127.3, 36.3]]
    tell(notify(area=area(ring)))
    assert codes(Incident.objects.all()) == ["90010"]


def test_an_agency_reads_and_corrects_its_case_by_city(tell, province):
    tell(notify(area=area(WIDE)))
    room = api_client(province, scope="disaster")
    path = "/api/v1/incidents/NDMS-1"
    several = room.get(path)
    assert (several.status_code, list(several.data["errors"])) == (409, ["municipality"])
    found = room.get(path, {"municipality": "90030"})
    assert found.data["municipality_code"] == "90030"
    corrected = room.patch(
        f"{path}?municipality=90030",
        {"level": 4},
        format="json",
        headers={"If-Match": found.headers["ETag"]},
    )
    assert corrected.status_code == 201, corrected.data
    assert list(Situation.objects.values_list("level", flat=True)) == [4, 4, 4]


def test_a_cap_alert_reaches_every_member_that_its_area_touches(put):
    answer = put(cap())
    assert answer.status_code == 201, answer.data
    rows = {row["municipality_code"]: row for row in answer.data["alerts"]}
    assert {code: row["result"] for code, row in rows.items()} == dict.fromkeys(
        ["90010", "90020", "90030"], "applied"
    )
    assert codes(CapAlert.objects.all()) == codes(Incident.objects.all())
    assert put(cap()).headers["Idempotency-Replayed"] == "true"
    assert CapAlert.objects.count() == Incident.objects.count() == 3


def test_an_alert_that_moves_on_ends_where_it_left_and_opens_where_it_comes(put):
    put(cap(ring=SQUARE))
    assert codes(Incident.objects.all()) == ["90010"]
    put(cap("A-2", ring=PAIR, minutes=1, msg_type="Update", after=references(FIRST)))
    assert codes(Incident.objects.all()) == ["90010", "90030"]
    east = [[127.6, 36.35], [127.65, 36.35], [127.65, 36.45], [127.6, 36.35]]
    put(cap("A-3", ring=east, minutes=2, msg_type="Update", after=references(FIRST)))
    left, stands = Incident.objects.order_by("municipality__code")
    assert (left.status, stands.status) == ("cancelled", "received")
    put(cap("A-4", minutes=3, msg_type="Cancel", after=references(FIRST), infos=""))
    assert set(Incident.objects.values_list("status", flat=True)) == {"cancelled"}


def test_a_cap_cancel_that_overtakes_its_alert_is_applied_in_every_city(put):
    early = put(cap("A-2", minutes=3, msg_type="Cancel", after=references(FIRST), infos=""))
    assert early.status_code == 202
    put(cap())
    assert list(Incident.objects.values_list("status", flat=True)) == ["cancelled"] * 3
    assert codes(CapAlert.objects.filter(msg_type="Cancel")) == ["90010", "90020", "90030"]


def test_an_alert_that_concerns_no_member_is_kept_by_the_keeper(put):
    far = [[126.0, 33.0], [126.2, 33.0], [126.2, 33.2], [126.0, 33.0]]
    assert put(cap(ring=far)).data["alerts"][0]["route"] == "elsewhere"
    assert codes(CapAlert.objects.all()) == ["90010"]
    assert not Incident.objects.exists()
