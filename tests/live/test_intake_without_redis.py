"""Without Redis, reports are taken, incidents are opened and heard as quickly as with it."""

import time
from typing import Any

import httpx
import pytest

from incidents.choices import Service
from incidents.models import Incident, Kind
from linkage.demo.link import room_link
from tests.linkage.conftest import envelope, token_for
from tests.live.test_feed import heard, open_socket

pytestmark = pytest.mark.live
# The machine of a test may be busy; a request that waited for Redis would take a timeout of 5 s.
SOON_S = 3.0


@pytest.fixture
def web(start_web, private_redis) -> Any:
    web = start_web(REDIS_URL=private_redis.url)
    private_redis.stop()
    return web


def timed_post(address: str, **sent: Any) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = httpx.post(address, timeout=30, **sent)
    return answer, time.monotonic() - began


def test_an_incident_by_hand_is_opened_and_heard_at_once(web, city, haneul):
    Kind.objects.create(service=Service.CITY, code="other", name_ko="기타", name_en="other")
    cookie = web.cookie_of(haneul)
    with open_socket(web, cookie) as socket:
        heard(socket)
        token = "t" * 32
        for _ in range(3):
            answer, took_s = timed_post(
                f"{web.url}/m/90010/incidents/",
                json={"kind": "other", "summary": "쓰러진 사람"},
                headers={
                    "Cookie": f"{cookie}; csrftoken={token}",
                    "X-CSRFToken": token,
                    "Origin": web.url,
                },
            )
            assert answer.status_code == 201, answer.text
            assert took_s < SOON_S
            began = time.monotonic()
            frame = heard(socket, "events")
            assert time.monotonic() - began < SOON_S
            assert frame["events"][0]["data"]["incident"]["id"] == answer.json()["id"]


def test_an_agency_report_is_taken_and_heard_at_once(web, city, haneul):
    link = room_link("police112", municipality=city, push_url="http://127.0.0.1:9/").link
    bearer = {"Authorization": f"Bearer {token_for(link)}"}
    with open_socket(web, web.cookie_of(haneul)) as socket:
        heard(socket)
        for index in range(3):
            answer, took_s = timed_post(
                f"{web.url}/api/v1/links/{link.code}/messages",
                json=envelope(receipt_no=f"20261122-00000{index}"),
                headers=bearer | {"Idempotency-Key": f"key-{index}"},
            )
            assert answer.status_code == 201, answer.text
            assert took_s < SOON_S
            heard(socket, "events", within_s=SOON_S)
    assert Incident.objects.count() == 3
