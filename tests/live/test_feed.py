"""The live socket from outside: a real web process, a real log, real clients."""

import json
from typing import Any

import pytest
from django.db import transaction
from websockets.sync.client import ClientConnection, connect

from controlroom.journal import log

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
