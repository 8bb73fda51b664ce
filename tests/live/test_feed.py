"""The live socket from outside: a real web process, a real log, real clients."""

import json
import re
import socket as socket_module
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from controlroom.journal import log
from controlroom.journal.models import Stream
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from tests.live.conftest import until

pytestmark = pytest.mark.live


def say(city: Any, subject_id: str = "a", state: int = 1, **more: Any) -> Any:
    with transaction.atomic():
        return log.append(
            municipality_id=city.pk,
            kind="incident.noted",
            subject_kind="incident",
            subject_id=subject_id,
            data={"incident": {"id": subject_id, "state": state}},
            **more,
        )


def open_socket(web: Any, cookie: str, *, cursor: Any = None, **more: Any) -> ClientConnection:
    query = "" if cursor is None else f"?cursor={cursor}"
    return connect(
        f"ws://{web.host}/ws/m/90010/live{query}",
        **{"origin": web.url, "additional_headers": {"Cookie": cookie}} | more,
    )


def heard(socket: ClientConnection, *kinds: str, within_s: float = 8) -> dict[str, Any]:
    """Give the next frame, of the kinds if any are named."""
    while True:
        frame = json.loads(socket.recv(timeout=within_s))
        if not kinds or frame["type"] in kinds:
            return frame


def test_a_socket_is_greeted_and_hears_a_fact(web, city, haneul):
    with open_socket(web, web.cookie_of(haneul)) as socket:
        hello = heard(socket)
        assert hello["type"] == "hello"
        assert hello["mode"] == "snapshot"
        assert (hello["municipality"], hello["heartbeat_s"]) == ("90010", 5)
        assert hello["user"] == {"id": haneul.pk, "name": "haneul"}
        entry = say(city)
        frame = heard(socket, "events")
        assert (frame["prev"], frame["to"]) == (0, entry.number)
        (event,) = frame["events"]
        assert event["data"] == entry.data
        assert event["subject"] == {"kind": "incident", "id": "a"}
        assert (event["number"], event["prev"], event["kind"]) == (1, 0, "incident.noted")


def test_what_was_missed_is_replayed_from_the_cursor(web, city, haneul):
    for index in range(5):
        say(city, str(index))
    with open_socket(web, web.cookie_of(haneul), cursor=2) as socket:
        hello = heard(socket)
        assert (hello["mode"], hello["cursor"], hello["head"]) == ("replay", 2, 5)
        frame = heard(socket, "events")
        assert (frame["prev"], frame["to"]) == (2, 5)
        assert [event["number"] for event in frame["events"]] == [3, 4, 5]
        say(city)
        frame = heard(socket, "events")
        assert (frame["prev"], frame["to"]) == (5, 6)


def test_a_cursor_too_far_back_or_from_elsewhere_asks_for_a_snapshot(web, city, haneul):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_stream (municipality_id, head) VALUES (%s, 5001)", [city.pk]
        )
    cookie = web.cookie_of(haneul)
    for given, mode in ((0, "snapshot"), (1, "replay"), (5001, "replay"), (5002, "snapshot")):
        with open_socket(web, cookie, cursor=given) as socket:
            assert heard(socket)["mode"] == mode
            number = say(city).number
            assert heard(socket, "events")["to"] == number
        Stream.objects.update(head=5001)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE journal_entry DISABLE TRIGGER journal_entry_no_edit")
            cursor.execute("DELETE FROM journal_entry")
            cursor.execute("ALTER TABLE journal_entry ENABLE TRIGGER journal_entry_no_edit")


def read_on(socket: ClientConnection, *, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while True:
        socket.recv(timeout=max(0.0, deadline - time.monotonic()))


def closed_with(socket: ClientConnection, *, within_s: float) -> int:
    """Read until the server closes; gives the code."""
    with pytest.raises(ConnectionClosed) as closed:
        read_on(socket, within_s=within_s)
    assert closed.value.rcvd is not None, "dropped without a closing frame"
    return closed.value.rcvd.code


@pytest.mark.parametrize("cursor", ["x", "-1", "", "1" * 30])
def test_a_cursor_that_is_no_number_closes_with_4409(web, haneul, cursor):
    with open_socket(web, web.cookie_of(haneul), cursor=cursor) as socket:
        assert closed_with(socket, within_s=5) == 4409


def test_who_may_not_listen_learns_the_code(web, city, haneul, bada, stranger):
    codes = []
    for cookie in ("none=1", web.cookie_of(bada), web.cookie_of(stranger)):
        with open_socket(web, cookie) as socket:
            codes.append(closed_with(socket, within_s=5))
    assert codes == [4401, 4403, 4403]


@pytest.mark.parametrize("origin", ["http://evil.example", None])
def test_a_foreign_page_is_refused_and_logged(web, haneul, origin):
    with (
        pytest.raises(InvalidStatus) as refused,
        open_socket(web, web.cookie_of(haneul), origin=origin),
    ):
        pass
    assert refused.value.response.status_code == 403
    until(lambda: "socket_origin_refused" in web.log())
    assert (origin or '"origin": ""') in web.log()


def test_an_unknown_address_is_refused(web, haneul):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(
            f"ws://{web.host}/ws/other",
            origin=web.url,
            additional_headers={"Cookie": web.cookie_of(haneul)},
        ),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_the_socket_takes_no_commands(web, haneul):
    cookie = web.cookie_of(haneul)
    with open_socket(web, cookie) as socket:
        heard(socket)
        socket.send('{"type":"acknowledge"}')
        assert closed_with(socket, within_s=5) == 1008, web.log()
    with open_socket(web, cookie) as socket:
        heard(socket)
        socket.send("x" * 100_000)
        assert closed_with(socket, within_s=5) == 1009


def test_a_heartbeat_comes_every_five_seconds_with_head_and_time(web, city, haneul):
    say(city)
    with open_socket(web, web.cookie_of(haneul)) as socket:
        heard(socket)
        say(city)
        first = heard(socket, "hb")
        assert first["head"] == 2
        assert first["server_time"]
        began = time.monotonic()
        heard(socket, "hb")
        assert 4 < time.monotonic() - began < 6.5


def test_an_administrator_hears_administration_only(web, city, administrator):
    with open_socket(web, web.cookie_of(administrator)) as socket:
        heard(socket)
        say(city)
        number = say(city, audience="administration").number
        say(city)
        frame = heard(socket, "events")
        assert (frame["prev"], frame["to"]) == (0, number)
        assert heard(socket, "hb")["head"] == number


def leave_by_logout(client, _user):
    client.logout()


def leave_by_deactivation(_client, user):
    user.is_active = False
    user.save()


def leave_by_password(_client, user):
    user.set_password("another")
    user.save()


def leave_by_demotion(_client, user):
    membership = user.memberships.get()
    membership.role = Role.AUDITOR
    membership.save()


def leave_by_removal(_client, user):
    user.memberships.get().delete()


WAYS_OUT = {
    leave_by_logout: 4401,
    leave_by_deactivation: 4401,
    leave_by_password: 4401,
    leave_by_demotion: 4403,
    leave_by_removal: 4403,
}


@pytest.fixture
def signed_in(client, haneul):
    client.force_login(haneul)
    haneul.refresh_from_db()
    return f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"


def test_who_loses_access_is_out_within_seconds(web, city, client, haneul, signed_in):
    for leave, code in WAYS_OUT.items():
        with open_socket(web, signed_in) as socket:
            heard(socket)
            began = time.monotonic()
            leave(client, haneul)
            assert closed_with(socket, within_s=6) == code, leave.__name__
            assert time.monotonic() - began < 4
        haneul.is_active = True
        haneul.save()
        haneul.memberships.all().delete()
        Membership.objects.create(user=haneul, municipality=city, role=Role.OPERATOR)
        client.force_login(haneul)
        signed_in = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"


def test_without_any_nudge_they_are_out_within_thirty_seconds(
    web, city, client, haneul, supervisor, signed_in
):
    """Changes behind the program's back: no signal, no bell."""
    cookie = web.cookie_of(supervisor)
    with open_socket(web, signed_in) as one, open_socket(web, cookie) as other:
        heard(one)
        heard(other)
        began = time.monotonic()
        Session.objects.filter(session_key=client.session.session_key).update(
            expire_date=timezone.now()
        )
        supervisor.memberships.update(role=Role.STATISTICS)
        assert closed_with(one, within_s=30) == 4401
        assert closed_with(other, within_s=30) == 4403
        assert time.monotonic() - began < 30


def test_others_stay_when_one_leaves(web, city, client, haneul, supervisor, signed_in):
    with open_socket(web, signed_in) as one, open_socket(web, web.cookie_of(supervisor)) as other:
        heard(one)
        heard(other)
        client.logout()
        assert closed_with(one, within_s=6) == 4401
        say(city)
        assert heard(other, "events")["to"] == 1


def test_a_stopping_server_says_come_back(web, haneul):
    with open_socket(web, web.cookie_of(haneul)) as socket:
        heard(socket)
        web.process.terminate()
        web.process.wait()
        assert closed_with(socket, within_s=5) == 1012
    assert web.process.wait(15) == 0


def test_sockets_outlive_lost_database_connections(web, city, haneul):
    with open_socket(web, web.cookie_of(haneul)) as socket:
        heard(socket)
        say(city)
        assert heard(socket, "events")["to"] == 1
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        for _ in range(3):
            say(city)
        at = 1
        while at < 4:
            frame = heard(socket, "events")
            assert frame["prev"] == at
            at = frame["to"]
        assert heard(socket, "hb")["head"] == 4


def say_much(city: Any, *, entries: int) -> None:
    with transaction.atomic():
        for index in range(entries):
            log.append(
                municipality_id=city.pk,
                kind="incident.noted",
                subject_kind="incident",
                subject_id=str(index),
                data={"incident": {"id": str(index), "summary": "가" * 4000}},
            )


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def test_who_stops_reading_is_closed_and_the_others_hear_everything(web, city, haneul, supervisor):
    """A client with a tiny window that reads nothing: its queue is bounded, its socket closed."""
    deaf = plain_socket(web, web.cookie_of(haneul))
    try:
        with open_socket(web, web.cookie_of(supervisor), max_size=None) as quick:
            heard(quick)
            say_much(city, entries=100)
            at = 0
            while at < 100:
                at = heard(quick, "events")["to"]
            before = memory_mb(web.process.pid)
            for _ in range(10):
                say_much(city, entries=100)
            while at < 1100:
                frame = heard(quick, "events")
                assert frame["prev"] == at
                at = frame["to"]
            # A hundred subjects thin to a hundred entries; a fresh thousand do not.
            with transaction.atomic():
                for index in range(1000):
                    log.append(
                        municipality_id=city.pk,
                        kind="k",
                        subject_kind="s",
                        subject_id=str(index),
                        data={"text": "가" * 2000},
                    )
            while at < 2100:
                at = heard(quick, "events")["to"]
            until(lambda: reset_or_ended(deaf), within_s=10, what="the deaf socket is closed")
            assert memory_mb(web.process.pid) - before < 60
    finally:
        deaf.close()


def plain_socket(web: Any, cookie: str) -> socket_module.socket:
    """Open a live socket by hand with a small receive window and read no further."""
    host, port = web.host.split(":")
    plain = socket_module.socket()
    plain.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 4096)
    plain.connect((host, int(port)))
    plain.sendall(
        (
            f"GET /ws/m/90010/live HTTP/1.1\r\nHost: {web.host}\r\nOrigin: {web.url}\r\n"
            f"Cookie: {cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
    )
    assert b" 101 " in plain.recv(20)
    return plain


def reset_or_ended(plain: socket_module.socket) -> bool:
    """Tell whether the server has given up on this socket, without reading it empty."""
    state = plain.getsockopt(socket_module.IPPROTO_TCP, socket_module.TCP_INFO, 1)[0]
    established = 1
    return state != established
