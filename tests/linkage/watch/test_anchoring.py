"""The heads of the audit chains leave every minute; that they do not, or no longer fit, rings."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from django.db import connection

from controlroom.audit import anchors
from controlroom.audit.anchors import Head, public_key
from controlroom.audit.chain import record
from controlroom.audit.models import ChainLink, ChainState
from linkage.models import Alarm
from linkage.watch import anchoring
from linkage.watch.anchoring import Anchoring
from linkage.watch.rounds import Auditor

pytestmark = pytest.mark.django_db


class Place(BaseHTTPRequestHandler):
    """Somebody outside who takes anchors, or does not."""

    taken: ClassVar[list[str]] = []
    status = 200

    def do_POST(self) -> None:
        self.taken.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Be quiet."""


@pytest.fixture
def outside(settings) -> Iterator[type[Place]]:
    Place.taken, Place.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Place)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.AUDIT_ANCHOR_URL = f"http://127.0.0.1:{server.server_address[1]}/anchors"
    yield Place
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    settings.AUDIT_ANCHOR_DIR = str(tmp_path / "anchors")
    return tmp_path / "anchors"


def note(city) -> None:
    record(action="viewed", subject_kind="camera", subject_id=1, municipality_id=city.pk)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def past_the_rules(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


def exported(folder: Path, settings) -> list[list[Head]]:
    read = anchors.read(path=folder, keys=[public_key(settings.AUDIT_KEY)])
    found = list(read)
    assert all(anchor.is_genuine for anchor in found)
    return [list(anchor.heads) for anchor in found]


def standing(kind: str) -> list[Alarm]:
    return list(Alarm.objects.standing().filter(kind=kind))


def test_heads_are_signed_and_only_what_moved_leaves_again(
    city, other_city, folder, outside, settings
):
    note(city)
    note(other_city)
    own = Anchoring()
    own.export()
    own.export()
    note(city)
    own.export()
    first, second = exported(folder, settings)
    assert {(head.chain, head.number) for head in first} == {(city.pk, 1), (other_city.pk, 1)}
    assert second == [anchors.heads()[city.pk]]
    assert "".join(f"{line}\n" for line in outside.taken) == next(folder.iterdir()).read_text()
    assert ChainState.objects.get(chain=city.pk).anchored_number == 2


def test_a_changed_line_is_not_genuine(city, folder, settings):
    note(city)
    Anchoring().export()
    (file,) = folder.iterdir()
    said = json.loads(file.read_text())
    said["heads"][0]["number"] = 7
    file.write_text(json.dumps(said))
    (anchor,) = anchors.read(path=file, keys=[public_key(settings.AUDIT_KEY)])
    assert not anchor.is_genuine


def test_it_is_done_once_a_minute_and_at_once_again_when_it_failed(city, outside):
    note(city)
    outside.status = 503
    own = Anchoring()
    own.turn()
    outside.status = 200
    own.turn()
    own.turn()
    assert len(outside.taken) == 2
    assert ChainState.objects.get(chain=city.pk).anchored_number == 1


def test_what_was_not_exported_for_five_minutes_rings_until_it_is(city, outside):
    note(city)
    auditor = Auditor()
    outside.status = 503
    assert auditor.round()
    assert standing(anchoring.UNANCHORED) == []
    past_the_rules("UPDATE audit_chainlink SET sealed_at = sealed_at - interval '6 minutes'")
    auditor.round()
    (alarm,) = standing(anchoring.UNANCHORED)
    assert alarm.municipality == city
    assert alarm.detail["waiting_s"] >= 300
    outside.status = 200
    auditor.round()
    assert standing(anchoring.UNANCHORED) == []


def test_without_any_place_it_rings_too(city):
    note(city)
    past_the_rules("UPDATE audit_chainlink SET sealed_at = sealed_at - interval '6 minutes'")
    Auditor().round()
    assert len(standing(anchoring.UNANCHORED)) == 1


@pytest.mark.parametrize("is_new", [False, True])
def test_a_chain_that_lost_what_was_exported_rings(city, folder, is_new):
    """Also for an auditor that began anew: it believes its folder, not the database."""
    note(city)
    note(city)
    auditor = Auditor()
    auditor.round()
    past_the_rules("DELETE FROM audit_chainlink WHERE number = 2")
    past_the_rules("UPDATE audit_chainstate SET anchored_number = 1")
    auditor = Auditor() if is_new else auditor
    auditor._anchoring._due = float("-inf")
    auditor.round()
    (alarm,) = standing(anchoring.BROKEN)
    assert alarm.municipality == city
    assert ChainLink.objects.count() == 1
