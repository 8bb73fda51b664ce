"""Probable duplicates: which incidents are suggested together, how fast they come, no merge."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from incidents import lifecycle
from incidents.choices import KindClass, Service
from incidents.clusters import MOST_MEMBERS, MOST_SHOWN, cluster_of, growth, probable_duplicates
from incidents.models import Incident, Kind
from incidents.statuses import Status
from tests.incidents.conftest import PLACE, make_incident

# One metre of longitude at this latitude.
METRE = 1 / 89_800


def east(metres):
    return Point(PLACE.x + metres * METRE, PLACE.y, srid=4326)


@pytest.fixture
def put(city, robbery):
    """Make an incident so many metres east and so many seconds after the first."""
    start = timezone.now() - timedelta(hours=5)

    def make(metres=0, after_s=0, kind=robbery, error_radius_m=0, **changes):
        made = make_incident(
            city, kind, place=east(metres), error_radius_m=error_radius_m, **changes
        )
        Incident.objects.filter(pk=made.pk).update(received_at=start + timedelta(seconds=after_s))
        made.refresh_from_db()
        return made

    return make


def found(incident):
    return set(probable_duplicates(incident))


def test_an_incident_alone_has_no_cluster(put):
    assert cluster_of(put()) is None


@pytest.mark.parametrize(("metres", "together"), [(0, True), (95, True), (105, False)])
def test_within_a_hundred_metres(put, metres, together):
    first, second = put(), put(metres)
    assert (second in found(first)) is together
    assert (first in found(second)) is together


@pytest.mark.parametrize(("after_s", "together"), [(0, True), (299, True), (301, False)])
def test_within_five_minutes(put, after_s, together):
    first, second = put(), put(after_s=after_s)
    assert (second in found(first)) is together
    assert (first in found(second)) is together


@pytest.mark.parametrize(
    ("mine_m", "other_m", "together"),
    [(400, 400, True), (400, 250, False), (250, 400, False), (300, 310, True)],
)
def test_farther_apart_only_when_each_is_inside_the_others_error_circle(
    put, mine_m, other_m, together
):
    first = put(error_radius_m=mine_m)
    second = put(290, error_radius_m=other_m)
    assert (second in found(first)) is together


def test_another_kind_of_the_same_class_belongs_and_another_class_does_not(put, robbery):
    same = Kind.objects.create(
        service=Service.FIRE119, code="s", name_ko="s", name_en="s",
        kind_class=robbery.kind_class,
    )  # fmt: skip
    other = Kind.objects.create(
        service=Service.POLICE112, code="o", name_ko="o", name_en="o", kind_class=KindClass.FIRE
    )
    first, second, third = put(), put(kind=same), put(kind=other)
    assert found(first) == {first, second}
    assert found(third) == {third}


def test_a_drill_is_no_duplicate_of_the_real_thing(put):
    assert len(found(put())) == len(found(put(is_drill=True))) == 1


def test_another_city_is_not_looked_at(put, other_city, robbery):
    elsewhere = make_incident(other_city, robbery)
    Incident.objects.update(received_at=timezone.now())
    assert found(put()) == {Incident.objects.exclude(pk=elsewhere.pk).get()}


def test_a_chain_of_near_ones_is_one_cluster(put):
    chain = [put(metres=80 * step, after_s=200 * step) for step in range(8)]
    assert found(chain[0]) == found(chain[-1]) == set(chain)


def test_what_was_nothing_is_left_out_and_what_was_linked_stays(put, haneul):
    first, cancelled, linked = put(), put(), put()
    lifecycle.cancel(incident=cancelled, agent="police112")
    lifecycle.mark_duplicate(incident=linked, by=haneul, of=first)
    assert found(first) == {first, linked}


def test_an_incident_without_a_place_stands_alone(put, city, robbery):
    put()
    assert cluster_of(make_incident(city, robbery, place=None)) is None


def test_the_card_tells_count_rate_and_acceleration(put):
    for after_s in (0, 250, 400, 450, 500, 520, 540):
        last = put(after_s=after_s)
    card = cluster_of(last)
    assert (card["count"], card["recent"], card["before"]) == (7, 6, 1)
    assert card["rate_per_min"] == 1.2
    assert card["accelerating"] is True
    assert [member["number"][-1] for member in card["members"]] == list("1234567")


def test_nothing_is_merged_by_a_suggestion(put):
    first, second = put(), put()
    cluster_of(first)
    second.refresh_from_db()
    assert (second.status, second.duplicate_of) == (Status.RECEIVED, None)
    assert first.events.count() == 1


def test_a_burst_of_hundreds_is_counted_with_few_queries(put, django_assert_max_num_queries):
    for number in range(60):
        last = put(metres=number % 9, after_s=number)
    with django_assert_max_num_queries(4):
        card = cluster_of(last)
    assert card["count"] == 60
    assert len(card["members"]) == MOST_SHOWN
    assert card["members"][-1]["id"] == str(last.pk)
    assert MOST_MEMBERS >= 500


@pytest.mark.parametrize(
    ("ages_s", "recent", "before", "accelerates"),
    [
        ([], 0, 0, False),
        ([0], 1, 0, False),
        ([0, 10], 2, 0, False),
        ([0, 10, 299], 3, 0, True),
        ([0, 10, 20, 300, 301, 302], 3, 3, False),
        ([0, 10, 20, 30, 300, 599, 600], 4, 2, True),
    ],
)
def test_growth_compares_the_last_five_minutes_with_the_five_before(
    ages_s, recent, before, accelerates
):
    now = timezone.now()
    grown = growth([now - timedelta(seconds=age) for age in ages_s])
    assert (grown.recent, grown.before, grown.is_accelerating) == (recent, before, accelerates)
