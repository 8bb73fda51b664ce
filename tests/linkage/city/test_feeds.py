"""A feed is asked, its events come in once in each of their forms, and end when they end."""

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from controlroom.sealing import seal
from incidents import lifecycle
from incidents.models import Incident, Kind, Report
from incidents.statuses import Status
from linkage.models_agreements import KindMapping
from linkage.models_city import Feed, FeedItem
from linkage.models_raw import RawIntake
from linkage.services.city import feeds
from linkage.services.city.adapters import its_events, utic_events
from linkage.services.city.records import MAX_BYTES
from tests.linkage.city.answers import ITS_ROW, UTIC_ROW, its_answer, utic_answer

NOW = datetime(2026, 11, 22, 0, 40, tzinfo=UTC)


@pytest.fixture
def feed(link):
    return Feed.objects.create(
        municipality=link.municipality,
        link=link,
        adapter="utic_events",
        url="http://127.0.0.1/guide/imsOpenData.do",
        allow_private_address=True,
    )


@pytest.fixture
def its(link):
    return Feed.objects.create(
        municipality=link.municipality, link=link, adapter="its_events", url="http://x.example/"
    )


def take(feed, *rows, now=NOW):
    return feeds.take(feed=feed, reading=utic_events(utic_answer(*rows)), now=now).counts


def test_an_accident_becomes_an_incident_of_the_city_with_its_report_kept(feed):
    assert take(feed, UTIC_ROW)["new"] == 1
    incident = Incident.objects.get()
    assert (incident.service, incident.kind.code) == ("city", "C07")
    assert incident.address == "한빛시 중앙로 12"
    assert Report.objects.get().raw == UTIC_ROW
    assert Report.objects.get().external_id == "utic:L932817"


def test_the_same_answer_again_changes_nothing(feed):
    take(feed, UTIC_ROW)
    version = Incident.objects.get().version
    assert take(feed, UTIC_ROW)["unchanged"] == 1
    assert Incident.objects.get().version == version
    assert Report.objects.count() == 1


def test_a_newer_update_changes_the_incident_and_an_older_one_does_not(feed):
    take(feed, UTIC_ROW)
    newer = UTIC_ROW | {"updateDate": "20261122093900", "incidentTitle": "2차 사고"}
    assert take(feed, newer)["changed"] == 1
    assert "2차 사고" in Incident.objects.get().summary
    assert take(feed, UTIC_ROW)["stale"] == 1
    assert "2차 사고" in Incident.objects.get().summary


def test_an_event_ends_when_its_end_time_passes(feed):
    take(feed, UTIC_ROW)
    counts = take(feed, UTIC_ROW, now=NOW + timedelta(hours=2))
    assert counts["ended"] == 1
    assert Incident.objects.get().status == Status.CANCELLED
    assert FeedItem.objects.get().ended_by == "over"
    assert take(feed, UTIC_ROW, now=NOW + timedelta(hours=2))["unchanged"] == 1


def test_one_answer_without_it_is_no_end_and_two_are(feed):
    take(feed, UTIC_ROW)
    assert take(feed)["ended"] == 0
    assert Incident.objects.get().status == Status.RECEIVED
    assert take(feed)["ended"] == 1
    assert Incident.objects.get().status == Status.CANCELLED
    assert FeedItem.objects.get().ended_by == "dropped"


def test_an_event_that_comes_back_rings_again(feed):
    take(feed, UTIC_ROW)
    take(feed)
    take(feed)
    assert take(feed, UTIC_ROW)["changed"] == 1
    assert Incident.objects.get().status == Status.RECEIVED
    assert FeedItem.objects.get().ended_at is None


def test_a_record_that_cannot_be_read_any_more_is_not_taken_for_ended(feed):
    take(feed, UTIC_ROW)
    for _ in range(3):
        assert take(feed, UTIC_ROW | {"locationDataX": "?"})["ended"] == 0
    assert Incident.objects.get().status == Status.RECEIVED


def test_an_owned_incident_stays_open_and_its_owner_is_told(feed, haneul):
    take(feed, UTIC_ROW)
    lifecycle.claim(incident=Incident.objects.get(), by=haneul)
    take(feed)
    take(feed)
    incident = Incident.objects.get()
    assert incident.status == Status.ACCEPTED
    assert incident.events.filter(verb="note", agent=feed.link.code).exists()


def test_what_lies_in_another_city_is_left_to_it_and_the_border_belongs_to_both(feed):
    far = UTIC_ROW | {"incidentId": "far", "locationDataX": "128.0"}
    # 0.005 degrees beyond the limit are about 450 m.
    near = UTIC_ROW | {"incidentId": "near", "locationDataX": "127.505"}
    counts = take(feed, far, near)
    assert (counts["elsewhere"], counts["new"]) == (1, 1)
    assert FeedItem.objects.get().source_id == "near"


def test_a_kind_outside_the_agreement_is_known_but_makes_no_incident(feed):
    feed.link.allowed_kinds = ["C07"]
    works = UTIC_ROW | {"incidentId": "works", "incidenteTypeCd": "2"}
    assert take(feed, UTIC_ROW, works)["outside the agreement"] == 1
    assert Incident.objects.get().kind.code == "C07"


def test_its_and_utic_of_one_link_never_share_a_case(feed, its):
    take(feed, UTIC_ROW)
    feeds.take(feed=its, reading=its_events(its_answer(ITS_ROW)), now=NOW)
    assert Incident.objects.count() == 2


class _Source(BaseHTTPRequestHandler):
    answer, status, asked = b"", 200, []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_args):
        pass


@pytest.fixture
def source(feed):
    server = HTTPServer(("127.0.0.1", 0), type("Source", (_Source,), {"asked": []}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    feed.url = f"http://127.0.0.1:{server.server_address[1]}/guide/imsOpenData.do"
    feed.key, feed.key_parameter = seal("a-secret-key"), "key"
    feed.save()
    yield server.RequestHandlerClass
    server.shutdown()
    server.server_close()


def test_a_due_feed_is_asked_over_http_with_its_key_and_once(feed, source):
    later = (timezone.localtime() + timedelta(hours=1)).strftime("%Y%m%d%H%M%S")
    source.answer = utic_answer(UTIC_ROW | {"endDate": later})
    assert feeds.due(timezone.now()) == [feed.pk]
    assert feeds.poll(feed_id=feed.pk).counts["new"] == 1
    assert feeds.poll(feed_id=feed.pk) is None
    assert source.asked == ["/guide/imsOpenData.do?key=a-secret-key"]
    feed.refresh_from_db()
    assert (feed.last_result["new"], feed.failures, feed.last_error) == (1, 0, "")
    assert feeds.due(timezone.now()) == []


def test_every_answer_is_kept_byte_for_byte_once_in_each_content(feed, source):
    def ask(answer):
        source.answer = answer
        Feed.objects.update(next_poll_at=timezone.now())
        feeds.poll(feed_id=feed.pk)

    first, second = utic_answer(UTIC_ROW), b"<html>"
    for answer in (first, first, second, first):
        ask(answer)
    rows = RawIntake.objects.filter(feed=feed).order_by("pk")
    assert [(bytes(row.raw), row.times) for row in rows] == [(first, 2), (second, 1), (first, 1)]


def test_a_code_that_means_nothing_here_yet_is_taken_in_whatever_the_agreement_names(feed):
    feed.link.allowed_kinds = ["C07"]
    assert take(feed, UTIC_ROW | {"incidenteTypeCd": "9"})["new"] == 1
    assert Incident.objects.get().kind.is_mapped is False


def test_a_code_that_the_links_table_maps_to_an_allowed_kind_is_no_reason_to_leave_it_out(feed):
    feed.link.allowed_kinds = ["C07"]
    kind = Kind.objects.get(service="city", code="C07")
    KindMapping.objects.create(link=feed.link, code="UTIC-9", kind=kind)
    assert take(feed, UTIC_ROW | {"incidenteTypeCd": "9"})["new"] == 1
    assert Incident.objects.get().kind == kind


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (500, b"", "HTTP 500"),
        (302, b"", "HTTP 302"),
        (200, b"<html>", "not_xml"),
        (200, b"x" * (MAX_BYTES + 1), "too large"),
    ],
)
def test_a_source_that_fails_ends_nothing_and_is_asked_later(feed, source, status, answer, error):
    take(feed, UTIC_ROW)
    source.status, source.answer = status, answer
    for _ in range(3):
        Feed.objects.update(next_poll_at=timezone.now())
        assert feeds.poll(feed_id=feed.pk) is None
    feed.refresh_from_db()
    assert feed.failures == 3
    assert error in feed.last_error
    assert "a-secret-key" not in feed.last_error
    assert feed.next_poll_at > timezone.now() + timedelta(seconds=200)
    assert Incident.objects.get().status == Status.RECEIVED


def test_a_private_address_is_refused_unless_the_feed_allows_it(feed, source):
    Feed.objects.update(allow_private_address=False)
    assert feeds.poll(feed_id=feed.pk) is None
    assert source.asked == []
    feed.refresh_from_db()
    assert "not an allowed address" in feed.last_error
