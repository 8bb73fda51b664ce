"""States that no delivery shows: maintenance by window, and links that nobody uses."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.journal.models import Entry
from incidents import catalogue
from linkage import circuit, link_states, links
from linkage.choices import LinkState, Outcome
from linkage.demo.link import room_link
from linkage.links import create_link
from linkage.models import Agency, InboxMessage, Link
from linkage.models_agreements import MaintenanceWindow
from linkage.models_city import Feed
from linkage.services.city import feeds
from linkage.services.city.adapters import utic_events
from tests.linkage.city.answers import UTIC_ROW, utic_answer
from tests.linkage.conftest import api_client, envelope

pytestmark = pytest.mark.django_db


@pytest.fixture
def fire_link(city):
    agency = Agency.objects.create(kind="fire", organisation_code="1661000", name_ko="소방본부")
    return create_link(
        municipality=city, agency=agency, service="fire119", code="fire119-90010"
    ).link


def age(*rows: Link, days: int = 60) -> None:
    Link.objects.filter(pk__in=[row.pk for row in rows]).update(
        created_at=timezone.now() - timedelta(days=days)
    )


def state_of(link: Link) -> str:
    return Link.objects.get(pk=link.pk).state


def told(link: Link) -> list[str]:
    entries = Entry.objects.filter(kind="link.state", subject_id=link.code).order_by("number")
    return [entry.data["state"] for entry in entries]


def test_a_window_makes_the_link_maintained_and_is_measured_back_after(link):
    now = timezone.now()
    MaintenanceWindow.objects.create(
        link=link, starts_at=now, ends_at=now + timedelta(hours=1), reason="회선 공사"
    )
    later = MaintenanceWindow.objects.create(
        link=link,
        starts_at=now + timedelta(hours=5),
        ends_at=now + timedelta(hours=6),
        reason="회선 공사",
    )
    links.windows_changed(link=link)
    assert link_states.measure(now=now + timedelta(minutes=1)) == [link.code]
    assert state_of(link) == LinkState.MAINTENANCE
    assert link_states.measure(now=now + timedelta(minutes=2)) == []
    assert link_states.measure(now=now + timedelta(hours=2)) == [link.code]
    assert state_of(link) == LinkState.UP
    assert Link.objects.get(pk=link.pk).maintenance_from == later.starts_at
    assert told(link) == ["maintenance", "up"]


def test_after_a_window_a_link_that_fails_is_measured_as_failing(link):
    now = timezone.now()
    MaintenanceWindow.objects.create(
        link=link, starts_at=now, ends_at=now + timedelta(hours=1), reason="r"
    )
    links.windows_changed(link=link)
    link_states.measure(now=now)
    Link.objects.update(failures=circuit.DOWN_AFTER)
    link_states.measure(now=now + timedelta(hours=2))
    assert state_of(link) == LinkState.DOWN


@pytest.mark.parametrize("state", [LinkState.SUSPENDED, LinkState.MAINTENANCE])
def test_what_a_person_set_is_not_measured_away(link, administrator, state):
    links.set_state(link=link, state=state, by=administrator)
    link_states.measure()
    assert state_of(link) == state


def test_a_link_without_a_real_case_is_dormant_while_its_peers_have_some(link, fire_link, post):
    age(link, fire_link)
    assert link_states.measure() == []
    post(envelope())
    assert link_states.measure() == [fire_link.code]
    assert state_of(fire_link) == LinkState.DORMANT
    assert state_of(link) == LinkState.UP
    assert told(fire_link) == ["dormant"]


def test_the_same_service_of_another_city_is_a_peer_too(link, other_link, post):
    age(link, other_link)
    post(envelope())
    assert link_states.measure() == [other_link.code]


def test_a_drill_is_no_use_and_a_new_link_is_given_its_days(link, fire_link, post):
    age(link)
    post(envelope() | {"is_drill": True})
    assert link_states.measure() == []
    post(envelope(receipt_no="real-1"))
    assert link_states.measure() == []
    age(fire_link, days=29)
    assert link_states.measure() == []
    Link.objects.filter(pk=fire_link.pk).update(dormant_after_days=20)
    assert link_states.measure() == [fire_link.code]


def test_a_dormant_link_stays_so_through_deliveries_and_wakes_by_a_case(link, other_link, post):
    age(link, other_link)
    api_client(other_link).post(
        f"/api/v1/links/{other_link.code}/messages",
        envelope(place={"lon": 128.4, "lat": 35.4, "error_radius_m": 5, "method": "gps"}),
        format="json",
    )
    assert link_states.measure() == [link.code]
    circuit.note(link_id=link.pk, outcomes=[Outcome.ACKED], now=timezone.now())
    assert state_of(link) == LinkState.DORMANT
    post(envelope())
    assert link_states.measure() == [link.code]
    assert state_of(link) == LinkState.UP
    InboxMessage.objects.filter(link=link).update(received_at=timezone.now() - timedelta(days=31))
    assert link_states.measure() == [link.code]


@pytest.fixture
def asked(city) -> Link:
    """A link of the city's systems that only is asked: two traffic feeds."""
    catalogue.install()
    link = room_link("city", municipality=city).link
    for adapter in ("its_events", "utic_events"):
        Feed.objects.create(municipality=city, link=link, adapter=adapter, url="http://x.example/")
    return link


def test_a_link_whose_source_lists_events_is_used_without_a_single_message(asked, link, post):
    age(asked, link)
    post(envelope())
    assert link_states.measure() == [asked.code]
    assert state_of(asked) == LinkState.DORMANT
    later = (timezone.localtime() + timedelta(hours=1)).strftime("%Y%m%d%H%M%S")
    reading = utic_events(utic_answer(UTIC_ROW | {"endDate": later}))
    feeds.take(feed=Feed.objects.get(adapter="utic_events"), reading=reading)
    assert link_states.measure() == [asked.code]
    assert state_of(asked) == LinkState.UP


def test_failing_sources_degrade_their_link_and_all_of_them_take_it_down(asked):
    Feed.objects.filter(adapter="its_events").update(failures=9)
    assert link_states.measure() == [asked.code]
    assert state_of(asked) == LinkState.DEGRADED
    Feed.objects.update(failures=circuit.DOWN_AFTER)
    assert link_states.measure() == [asked.code]
    assert state_of(asked) == LinkState.DOWN
    # A delivery that succeeds says nothing of the sources.
    circuit.note(link_id=asked.pk, outcomes=[Outcome.ACKED], now=timezone.now())
    assert state_of(asked) == LinkState.DOWN
    Feed.objects.filter(adapter="its_events").update(is_active=False)
    Feed.objects.filter(adapter="utic_events").update(failures=0)
    assert link_states.measure() == [asked.code]
    assert told(asked) == ["degraded", "down", "up"]
