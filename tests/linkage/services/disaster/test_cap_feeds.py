"""Another office's index is asked over HTTP: only what is new, each entry once, failures told."""

import threading
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from incidents.models import Incident
from linkage import transport
from linkage.cap.errors import CapRefused
from linkage.models_alarm import Alarm
from linkage.models_cap import CapAlert, CapFeedEntry, CapSource
from linkage.models_disaster import Situation
from linkage.services.disaster import cap_feeds
from tests.linkage.cap.alerts import alert, references

SENT = timezone.localtime().replace(microsecond=0) - timedelta(minutes=10)
FIRST = alert(identifier="A-1", sent=SENT.isoformat())


class Office(BaseHTTPRequestHandler):
    """Serves `pages` by path, with a mark of each content, and says "not modified" to who has it.

    `pages` and `asked` are the class's: one class for each test.
    """

    def do_GET(self):
        type(self).asked.append(self.path)
        body = self.pages.get(self.path)
        mark = f'"{sha256(body or b"").hexdigest()[:16]}"'
        same = body is not None and self.headers["If-None-Match"] == mark
        self.send_response(404 if body is None else 304 if same else 200)
        self.send_header("ETag", mark)
        self.send_header("Content-Length", "0" if same else str(len(body or b"")))
        self.end_headers()
        if body and not same:
            self.wfile.write(body)

    def log_message(self, *_args):
        pass


def index(*entries: tuple[str, str, str]) -> bytes:
    """Write an Atom index, newest first, of (id, address, time of change)."""
    lines = "".join(
        f"<entry><id>{name}</id><title>x</title><updated>{changed}</updated>"
        f'<link rel="alternate" type="application/cap+xml" href="{href}"/></entry>'
        for name, href, changed in reversed(entries)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id>{lines}</feed>'.encode()


@pytest.fixture
def office():
    kind = type("AnOffice", (Office,), {"asked": [], "pages": {}})
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kind.url = f"http://127.0.0.1:{server.server_address[1]}/index.atom"
    yield kind
    transport.hang_up()
    server.shutdown()
    server.server_close()


@pytest.fixture
def source(room, office):
    return CapSource.objects.create(link=room, feed_url=office.url, allow_private_address=True)


def ask(source) -> int | None:
    CapSource.objects.update(next_fetch_at=timezone.now())
    assert cap_feeds.due(timezone.now()) == [source.pk]
    taken = cap_feeds.poll(source_id=source.pk)
    # Another worker that was told the same finds nothing to do.
    assert cap_feeds.poll(source_id=source.pk) is None
    return taken


def standing(kind: str) -> bool:
    return Alarm.objects.filter(kind=kind, cleared_at=None).exists()


def test_each_entry_comes_in_once_and_again_when_it_was_changed(source, office):
    office.pages |= {"/index.atom": index(("e1", "a1.xml", "1")), "/a1.xml": FIRST}
    assert ask(source) == 1
    assert Situation.objects.get().level == 3
    assert ask(source) == 0
    assert office.asked == ["/index.atom", "/a1.xml", "/index.atom"]
    after = references(("cap.agency.example", "A-1", SENT.isoformat()))
    later = (SENT + timedelta(minutes=1)).isoformat()
    cancel = alert(identifier="A-2", sent=later, msg_type="Cancel", after=after, infos="")
    office.pages |= {
        "/index.atom": index(("e1", "a1.xml", "1"), ("e2", "a2.xml", "2")),
        "/a2.xml": cancel,
    }
    assert ask(source) == 1
    assert office.asked[3:] == ["/index.atom", "/a2.xml"]
    assert Incident.objects.get().status == "cancelled"
    assert CapAlert.objects.count() == CapFeedEntry.objects.count() == 2


def test_what_is_refused_is_told_while_the_index_names_it_and_keeps_nothing_back(source, office):
    office.pages |= {
        "/index.atom": index(
            ("bad", "bad.xml", "1"),
            ("elsewhere", "http://other.example/a.xml", "1"),
            ("gone", "gone.xml", "1"),
            ("e1", "a1.xml", "1"),
        ),
        "/bad.xml": alert(identifier="a,b"),
        "/a1.xml": FIRST,
    }
    assert ask(source) == 1
    assert standing("cap.feed_refused")
    refused = dict(CapFeedEntry.objects.exclude(refusal="").values_list("name", "refusal"))
    assert refused == {"bad": "cap_meaning", "elsewhere": "address", "gone": "gone"}
    assert ask(source) == 0
    assert office.asked.count("/bad.xml") == 1
    assert standing("cap.feed_refused")
    office.pages["/index.atom"] = index(("e1", "a1.xml", "1"))
    ask(source)
    assert not standing("cap.feed_refused")


def test_a_second_failure_in_a_row_is_told_until_it_answers_again(source, office):
    office.pages |= {"/index.atom": b"<html/>", "/a1.xml": FIRST}
    assert ask(source) is None
    assert not standing("cap.feed_failing")
    assert ask(source) is None
    assert standing("cap.feed_failing")
    source.refresh_from_db()
    assert source.next_fetch_at > timezone.now() + timedelta(seconds=source.interval_s)
    office.pages["/index.atom"] = index(("e1", "a1.xml", "1"))
    assert ask(source) == 1
    assert not standing("cap.feed_failing")


def test_a_slow_office_is_left_after_a_while_and_asked_for_the_rest_the_next_time(
    source, office, monkeypatch
):
    monkeypatch.setattr(cap_feeds, "LONGEST_ROUND_S", 0.0)
    second = alert(identifier="A-2", sent=SENT.isoformat())
    office.pages |= {
        "/index.atom": index(("e1", "a1.xml", "1"), ("e2", "a2.xml", "1")),
        "/a1.xml": FIRST,
        "/a2.xml": second,
    }
    assert [ask(source), ask(source), ask(source)] == [1, 1, 0]


def test_a_private_address_is_asked_only_where_it_is_allowed(source, office):
    CapSource.objects.update(allow_private_address=False)
    assert ask(source) is None
    assert office.asked == []


def test_the_indexes_of_the_public_collection_are_read_and_lead_to_no_alert_twice(real_data):
    found = {}
    for path in sorted((real_data / "cap").iterdir()):
        try:
            entries = cap_feeds.read_index(path.read_bytes(), "https://office.example/index")
        except CapRefused:
            continue
        found[path.name] = len(entries)
        assert len({entry.digest for entry in entries}) == len(entries)
        assert all(entry.href.startswith("http") for entry in entries)
    assert found
    assert max(found.values()) > 1
