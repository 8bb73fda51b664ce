"""What the auditor says of links and people's waiting: it stands, and ends with its cause."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from incidents import cluster_alarms
from incidents.models import ClusterAlarm, Incident
from incidents.models_clusters import Assessment
from linkage import circuit, link_states, neighbours
from linkage.choices import LinkState
from linkage.links import create_link
from linkage.models import Agency, Alarm, InboxMessage, Link
from linkage.models_agreements import KindMapping
from linkage.models_regions import NeighbourAgreement, NeighbourTelling
from linkage.watch.rounds import Auditor
from tests.conftest import make_municipality
from tests.linkage.conftest import envelope

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def look(db):
    auditor = Auditor()

    def make(kind: str) -> list[Alarm]:
        assert auditor.round()
        return list(Alarm.objects.standing().filter(kind=kind))

    return make


@pytest.fixture
def cluster(post, link, city) -> ClusterAlarm:
    post(envelope())
    lead = Incident.objects.get()
    return ClusterAlarm.objects.create(
        municipality=city,
        lead=lead,
        kind_class="order",
        members=[lead.pk],
        centre=Point(127.4, 36.4, srid=4326),
        recent=3,
        before=0,
        rings_since=timezone.now() - HOUR,
    )


def test_a_cluster_that_nobody_judged_stands_until_somebody_does(look, cluster, haneul):
    (alarm,) = look("cluster.unacknowledged")
    assert (alarm.municipality, alarm.subject_id) == (cluster.municipality, str(cluster.pk))
    assert alarm.severity == 1
    cluster_alarms.acknowledge(alarm=cluster, by=haneul, assessment=Assessment.WATCHING)
    assert look("cluster.unacknowledged") == []


def test_a_cluster_that_has_just_begun_to_ring_is_nobodys_failure(look, cluster):
    ClusterAlarm.objects.update(rings_since=timezone.now())
    assert look("cluster.unacknowledged") == []


def test_a_link_whose_breaker_is_open_is_down_until_a_delivery_succeeds(look, link):
    Link.objects.update(failures=circuit.DOWN_AFTER, state=LinkState.DOWN)
    (alarm,) = look("link.down")
    assert (alarm.subject_id, alarm.detail) == (link.code, {"failures": circuit.DOWN_AFTER})
    Link.objects.update(failures=0)
    assert look("link.down") == []


def test_the_auditor_itself_measures_the_states_of_links(look, link, monkeypatch):
    Link.objects.update(failures=circuit.DOWN_AFTER)
    assert len(look("link.down")) == 1
    assert Link.objects.get().state == LinkState.DOWN
    Link.objects.update(
        failures=0,
        maintenance_from=timezone.now() - HOUR,
        maintenance_until=timezone.now() + HOUR,
    )
    assert look("link.down") == []
    assert Link.objects.get().state == LinkState.MAINTENANCE
    assert link_states.measure() == []


def test_a_link_that_nobody_uses_while_its_peers_are_is_said(look, post, link, city):
    agency = Agency.objects.create(kind="fire", organisation_code="1661000", name_ko="소방본부")
    idle = create_link(
        municipality=city, agency=agency, service="fire119", code="fire119-90010"
    ).link
    Link.objects.update(created_at=timezone.now() - timedelta(days=60))
    assert look("link.dormant") == []
    post(envelope())
    (alarm,) = look("link.dormant")
    assert alarm.subject_id == idle.code


def sent(link, *, ahead_s: float) -> dict:
    at = (timezone.now() + timedelta(seconds=ahead_s)).isoformat()
    return envelope(receipt_no="20261123-000009") | {"sent_at": at}


@pytest.mark.parametrize("ahead_s", [20, -20])
def test_a_clock_that_differs_by_more_than_five_seconds_is_said(look, post, link, ahead_s):
    assert post(sent(link, ahead_s=ahead_s)).status_code == 201
    (alarm,) = look("link.clock_skew")
    assert alarm.subject_id == link.code
    assert abs(alarm.detail["skew_s"] - ahead_s) < 5
    InboxMessage.objects.update(skew_ms=100)
    assert look("link.clock_skew") == []


@pytest.mark.parametrize("ahead_s", [600, -600])
def test_a_clock_so_wrong_that_its_messages_are_refused_is_said_too(look, post, link, ahead_s):
    assert post(sent(link, ahead_s=ahead_s)).status_code == 409
    assert not InboxMessage.objects.exists()
    assert len(Alarm.objects.standing().filter(kind="link.clock_skew")) == 1
    (alarm,) = look("link.clock_skew")
    assert abs(alarm.detail["skew_s"] - ahead_s) < 5
    post(envelope())
    assert look("link.clock_skew") == []


def test_a_clock_in_time_is_no_alarm(look, post, link):
    post(envelope())
    assert look("link.clock_skew") == []


def test_a_code_that_nobody_mapped_stands_until_somebody_does(look, link):
    KindMapping.objects.create(link=link, code="Z99", name="모르는 종별", seen_count=3)
    KindMapping.objects.create(link=link, code="Z98", seen_count=0)
    (alarm,) = look("link.unmapped_code")
    assert (alarm.subject_id, alarm.detail) == (link.code, {"codes": ["Z99"], "reports": 3})
    KindMapping.objects.all().delete()
    assert look("link.unmapped_code") == []


def test_a_number_used_twice_is_said_for_an_hour(look, post, link):
    first = envelope(msg_id="m-twice")
    post(first)
    assert post({**first, "payload": {**first["payload"], "summary": "다른 말"}}).status_code == 409
    (alarm,) = look("link.conflict")
    assert alarm.detail["message_id"] == "m-twice"
    alarm.detail["at"] = (timezone.now() - HOUR).isoformat()
    alarm.save()
    assert look("link.conflict") == []


def test_a_neighbour_that_no_worker_told_is_said_until_it_is_told(look, post, city, link):
    next_door = make_municipality("90040", "이웃시", 127.5, 36.3)
    now = timezone.now()
    agreement = NeighbourAgreement.objects.create(
        municipality=city,
        neighbour=next_door,
        fields=["place"],
        valid_from=now - HOUR,
        valid_until=now + HOUR,
        accepted_at=now,
        neighbour_accepted_at=now,
    )
    post(envelope())
    incident = Incident.objects.get()
    NeighbourTelling.objects.create(
        municipality=city,
        agreement=agreement,
        incident=incident,
        event=incident.events.first(),
        created_at=now,
    )
    assert look("neighbour.untold") == []
    NeighbourTelling.objects.update(created_at=now - HOUR)
    (alarm,) = look("neighbour.untold")
    assert alarm.detail == {"incidents": 1, "neighbour": "90040"}
    neighbours.tell(agreement_id=agreement.pk, incident_id=incident.pk)
    assert look("neighbour.untold") == []
