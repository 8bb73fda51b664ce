"""One link may serve several municipalities; each case belongs to one of them and is seen there."""

import pytest

from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage import delivery, settling, transport
from linkage.choices import Outcome
from linkage.envelopes import cloud_event
from linkage.models import Case, InboxMessage, Link, OutboxMessage
from linkage.models_regions import Region
from tests.conftest import make_member, make_municipality
from tests.linkage.conftest import envelope

HERE = {"lon": 127.4, "lat": 36.4, "error_radius_m": 5, "method": "gps"}
THERE = {"lon": 128.4, "lat": 35.4, "error_radius_m": 5, "method": "gps"}
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
