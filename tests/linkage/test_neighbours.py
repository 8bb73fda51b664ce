"""An incident near the border reaches the neighbour: both agreed, in time, agreed fields only."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.errors import DomainError
from controlroom.journal.models import Entry
from incidents import catalogue, lifecycle
from incidents.choices import Result
from incidents.models import Incident, Report
from linkage import neighbours
from linkage.choices import NeighbourField
from linkage.models_regions import NeighbourAgreement, NeighbourTelling
from tests.conftest import make_member, make_municipality
from tests.linkage.conftest import envelope

pytestmark = pytest.mark.django_db

# The city's eastern border is at 127.5 degrees; 0.001 degrees are about 90 m here.
INSIDE = {"lon": 127.497, "lat": 36.4, "error_radius_m": 20, "method": "gps"}
FAR = {"lon": 127.40, "lat": 36.4, "error_radius_m": 20, "method": "gps"}
ALL = list(NeighbourField.values)


@pytest.fixture
def next_door(city):
    return make_municipality("90040", "이웃시", 127.5, 36.3)


@pytest.fixture
def keeper_there(next_door):
    return make_member("keeper-there", next_door, "administrator")


@pytest.fixture
def agree(city, next_door, administrator, keeper_there):
    catalogue.install()

    def make(fields=ALL, *, signed=("here", "there"), **options) -> NeighbourAgreement:
        now = timezone.now()
        row = NeighbourAgreement.objects.create(
            **{
                "municipality": city,
                "neighbour": next_door,
                "fields": fields,
                "valid_from": now - timedelta(days=1),
                "valid_until": now + timedelta(days=30),
                **options,
            }
        )
        if "here" in signed:
            neighbours.accept(agreement=row, by=administrator)
        if "there" in signed:
            neighbours.accept(agreement=row, by=keeper_there)
        return row

    return make


def tell_all() -> None:
    for agreement_id, incident_id in neighbours.untold():
        neighbours.tell(agreement_id=agreement_id, incident_id=incident_id)


def there(next_door):
    return Incident.objects.filter(municipality=next_door)


def test_an_incident_near_the_border_is_told_once_with_the_neighbours_own_life(
    agree, post, next_door, city
):
    agree()
    post(envelope(place=INSIDE))
    tell_all()
    tell_all()
    copy = there(next_door).get()
    origin = Incident.objects.get(municipality=city)
    assert (copy.summary, copy.kind, copy.location.x) == (origin.summary, origin.kind, 127.497)
    assert copy.number != ""
    assert copy.status == "received"
    assert Report.objects.get(incident=copy).source == "neighbour:90010"
    live = Entry.objects.filter(municipality=next_door, kind="incident.open")
    assert live.count() == 1
    assert NeighbourTelling.objects.filter(told_at=None).count() == 0


def test_only_the_fields_agreed_are_told(agree, post, next_door):
    agree([NeighbourField.PLACE])
    post(envelope(place=INSIDE))
    tell_all()
    copy = there(next_door).get()
    assert (copy.summary, copy.address, copy.urgency) == ("", "", "")
    assert (copy.service, copy.kind.code) == ("city", "N00")
    report = Report.objects.get(incident=copy)
    assert set(report.raw) == {"place", "occurred_at", "is_drill", "is_taken_back"}
    assert NeighbourTelling.objects.exclude(told={}).get().told == report.raw
    written = str(Entry.objects.filter(municipality=next_door).values_list("data", flat=True))
    assert "주점" not in written
    assert "중앙로" not in written


@pytest.mark.parametrize(
    ("place", "reach_m", "told"),
    [
        (INSIDE, 500, True),
        (INSIDE, 100, False),
        ({**INSIDE, "error_radius_m": 400}, 0, True),
        (FAR, 500, False),
        (FAR, 20_000, True),
    ],
)
def test_reach_counts_from_the_error_circle_to_the_boundary(
    agree, post, next_door, place, reach_m, told
):
    agree(reach_m=reach_m)
    post(envelope(place=place))
    tell_all()
    assert there(next_door).exists() is told


@pytest.mark.parametrize(
    "options",
    [
        {"signed": ()},
        {"signed": ("here",)},
        {"signed": ("there",)},
        {"valid_until": timezone.now() - timedelta(hours=1)},
        {"valid_from": timezone.now() + timedelta(days=5)},
    ],
    ids=["unsigned", "one side", "other side", "expired", "not yet"],
)
def test_without_both_sides_and_the_time_nothing_is_told(agree, post, next_door, options):
    agree(**options)
    post(envelope(place=INSIDE))
    tell_all()
    assert not there(next_door).exists()
    assert not NeighbourTelling.objects.exists()


def test_changes_follow_and_a_move_away_is_still_told(agree, post, next_door, haneul, city):
    agree()
    post(envelope(place=INSIDE))
    tell_all()
    origin = Incident.objects.get(municipality=city)
    lifecycle.move(
        incident=origin, by=haneul, place=Point(127.4, 36.4, srid=4326), error_radius_m=5
    )
    tell_all()
    copy = there(next_door).get()
    assert (copy.location.x, copy.error_radius_m) == (127.4, 5)
    lifecycle.acknowledge(incident=origin, by=haneul)
    tell_all()
    words = copy.events.filter(verb="note").values_list("text", flat=True)
    assert any("한빛시" in text for text in words)


def test_what_the_neighbour_may_not_know_makes_no_word(agree, post, next_door, haneul, city):
    agree([NeighbourField.PLACE])
    post(envelope(place=INSIDE))
    tell_all()
    lifecycle.acknowledge(incident=Incident.objects.get(municipality=city), by=haneul)
    lifecycle.add_note(incident=Incident.objects.get(municipality=city), by=haneul, text="비밀")
    tell_all()
    copy = there(next_door).get()
    assert Report.objects.filter(incident=copy).count() == 1
    assert not copy.events.filter(verb="note").exists()


def test_a_report_taken_back_is_taken_back_there_too(agree, post, next_door):
    agree([NeighbourField.PLACE])
    post(envelope(place=INSIDE))
    tell_all()
    post(envelope("CANCEL", version=2))
    tell_all()
    assert there(next_door).get().status == "cancelled"


def test_an_incident_that_ended_before_it_was_told_alarms_nobody(
    agree, post, next_door, haneul, city
):
    agree()
    post(envelope(place=INSIDE))
    origin = Incident.objects.get(municipality=city)
    lifecycle.acknowledge(incident=origin, by=haneul)
    lifecycle.claim(incident=origin, by=haneul)
    lifecycle.close(incident=origin, by=haneul, result=Result.RESOLVED, text="")
    tell_all()
    assert not there(next_door).exists()


def test_revoked_between_fact_and_word_nothing_more_is_told(agree, post, next_door, keeper_there):
    row = agree()
    post(envelope(place=INSIDE))
    neighbours.revoke(agreement=row, by=keeper_there)
    tell_all()
    assert not there(next_door).exists()
    assert NeighbourTelling.objects.filter(told={}, told_at__isnull=False).exists()


def test_two_cities_that_tell_each_other_make_no_echo(
    agree, post, next_door, city, administrator, keeper_there
):
    agree()
    agree(municipality=next_door, neighbour=city)
    post(envelope(place=INSIDE))
    tell_all()
    tell_all()
    assert Incident.objects.count() == 2
    assert set(NeighbourTelling.objects.values_list("municipality", flat=True)) == {city.pk}


def test_a_drill_stays_a_drill(agree, post, next_door):
    agree([NeighbourField.PLACE])
    post(envelope(place=INSIDE) | {"is_drill": True})
    tell_all()
    assert there(next_door).get().is_drill


def test_nobody_accepts_for_the_other_side(agree, administrator, stranger, city, next_door):
    row = agree(signed=())
    with pytest.raises(DomainError):
        neighbours.accept(agreement=row, by=stranger)
    row = neighbours.accept(agreement=row, by=administrator)
    assert row.accepted_by == administrator
    assert row.neighbour_accepted_at is None
    assert Record.objects.filter(action="neighbour.accepted").count() == 1


def test_changed_terms_need_both_acceptances_again(agree, client, administrator, keeper_there):
    row = agree([NeighbourField.PLACE])
    address = reverse("admin:linkage_neighbouragreement_change", args=[row.pk])
    client.force_login(administrator)
    day = timezone.localdate()
    terms = {
        "fields_told": ["place", "summary"],
        "reach_m": 300,
        "valid_from_0": str(day),
        "valid_from_1": "00:00:00",
        "valid_until_0": str(day + timedelta(days=10)),
        "valid_until_1": "00:00:00",
    }
    assert client.get(address).status_code == 200
    response = client.post(address, terms)
    assert response.status_code == 302, response.context["errors"]
    row.refresh_from_db()
    assert (row.fields, row.accepted_at, row.neighbour_accepted_at) == (
        ["place", "summary"],
        None,
        None,
    )
    client.force_login(keeper_there)
    assert client.get(address).status_code == 200
    assert client.post(address, terms).status_code == 403
    listed = reverse("admin:linkage_neighbouragreement_changelist")
    client.post(listed, {"action": "accept", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.neighbour_accepted_by == keeper_there
