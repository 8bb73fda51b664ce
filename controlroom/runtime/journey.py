"""bin/run --check: the main job from outside, as agency and operator meet it; a line per step.

A 112 room reports, an operator sees it on the live socket, the cameras that see the place are
chosen and one shows moving pictures, the operator acknowledges, and the 112 room confirms it.
"""

import asyncio
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from websockets.asyncio.client import ClientConnection, connect

CITY, LINK, OPERATOR = "90010", "police112-90010", "haneul"
WITHIN_S = 30.0
ACKNOWLEDGED = {"acknowledged", "acked", "answered"}
# Of MPEG-TS and of fragmented MP4: what a playlist names is really video.
TS_SYNC, MP4_BOXES = 0x47, (b"styp", b"moof", b"ftyp", b"sidx")

Found = TypeVar("Found")


class NotAsPromised(Exception):
    """Says what was seen instead of what the step promises."""


@dataclass
class Journey:
    """What the steps learn and hand on."""

    address: str
    http: httpx.AsyncClient
    token: str = ""
    place: tuple[float, float] = (0.0, 0.0)
    incident: dict[str, Any] = field(default_factory=dict)
    cameras: list[dict[str, Any]] = field(default_factory=list)
    number: str = ""
    socket: ClientConnection | None = None

    async def get_token(self) -> str:
        answer = await self.http.post(
            "/api/v1/token/",
            data={"grant_type": "client_credentials"},
            auth=(_given("CONTROLROOM_SIM_CLIENT_ID"), _given("CONTROLROOM_SIM_CLIENT_SECRET")),
        )
        self.token = _json(answer, 200)["access_token"]
        return "OAuth token for the 112 room"

    async def sign_in(self) -> str:
        page = await self.http.get("/accounts/login/")
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        _expect(bool(hidden), f"no sign-in form: HTTP {page.status_code}")
        form = {
            "username": OPERATOR,
            "password": _given("CONTROLROOM_DEMO_PASSWORD"),
            "csrfmiddlewaretoken": hidden[1] if hidden else "",
        }
        answer = await self.http.post("/accounts/login/", data=form)
        _expect(answer.status_code == 302, f"sign-in answered HTTP {answer.status_code}")
        return f"operator {OPERATOR} signed in"

    async def open_socket(self) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        self.socket = await connect(
            f"{self.address.replace('http', 'ws', 1)}/ws/m/{CITY}/live",
            additional_headers={"Cookie": cookies},
            origin=self.address,  # type: ignore[arg-type]  # websockets brands its strings
            max_size=None,
            proxy=None,
        )
        hello = await self._frame()
        _expect(hello.get("type") == "hello", f"first frame was {hello.get('type')}")
        return f"live socket open, journal at {hello['head']}"

    async def report(self) -> str:
        self.place = await self._place_near_a_camera()
        receipt = f"check-{uuid.uuid4().hex[:12]}"
        now = datetime.now(UTC).isoformat()
        message_id = str(uuid.uuid4())
        message = {
            "msg_id": message_id,
            "msg_type": "EVENT_NOTIFY",
            "schema_ver": "1.0",
            "occurred_at": now,
            "sent_at": now,
            "payload": {
                "receipt_no": receipt,
                "version": 1,
                "kind_code": "201",
                "kind_name": "폭력",
                "urgency": "1",
                "place": {
                    "lon": self.place[0],
                    "lat": self.place[1],
                    "error_radius_m": 30,
                    "method": "gps",
                },
                "address": "한빛시 점검로 1",
                "summary": "점검용 신고",
            },
        }
        answer = await self.http.post(
            f"/api/v1/links/{LINK}/messages",
            json=message,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Idempotency-Key": message_id,
            },
        )
        self.number = _json(answer, 201)["incident"]["number"]
        return f"112 report accepted (201) as incident {self.number}"

    async def see(self) -> str:
        while not self.incident:
            frame = await self._frame()
            for event in frame.get("events", ()):
                found = event["data"].get("incident") or {}
                if found.get("number") == self.number:
                    self.incident = found
        return "seen on the operator's live socket"

    async def choose_cameras(self) -> str:
        detail = await self._console(f"incidents/{self.incident['id']}/")
        self.cameras = detail["cameras"]["picks"]
        _expect(bool(self.cameras), "no camera was chosen")
        best = self.cameras[0]
        return f"{len(self.cameras)} cameras chosen, nearest {best['distance_m']:.0f} m"

    async def watch(self) -> str:
        camera = self.cameras[0]["id"]
        wish = {"incident": self.incident["id"], "purpose": "점검"}
        ticket = _json(await self._post(f"cctv/cameras/{camera}/ticket/", wish), 201)
        header = {"Authorization": f"Ticket {ticket['ticket']}"}
        refused = await self.http.get(ticket["playlist"])
        _expect(refused.status_code in {401, 403}, f"no ticket: HTTP {refused.status_code}")
        segment = await self._first_segment(ticket["playlist"], header)
        answer = await self.http.get(segment, headers=header)
        _expect(answer.status_code == 200, f"segment answered HTTP {answer.status_code}")
        body = answer.content
        moving = body[:1] == bytes([TS_SYNC]) or body[4:8] in MP4_BOXES
        _expect(moving and len(body) > 1000, f"segment is no video: {body[:12]!r}")
        return f"video of camera {camera}: segment of {len(body):,} bytes; refused without ticket"

    async def acknowledge(self) -> str:
        answer = await self._post(f"incidents/{self.incident['id']}/acknowledge/", {})
        _expect(answer.status_code in {200, 201}, f"HTTP {answer.status_code}: {answer.text[:300]}")
        detail = await self._console(f"incidents/{self.incident['id']}/")
        _expect(bool(detail["acknowledged_at"]), "not acknowledged in the incident's detail")
        return "operator acknowledged"

    async def agency_confirms(self) -> str:
        path = f"linkage/incidents/{self.incident['id']}/exchanges/"

        async def confirmed() -> list[dict[str, Any]]:
            rows = (await self._console(path))["exchanges"]
            sent = [row for row in rows if row["direction"] == "out"]
            return sent if sent and all(row["state"] in ACKNOWLEDGED for row in sent) else []

        rows = await _until(confirmed)
        return f"112 room confirmed {len(rows)} of our messages"

    async def _place_near_a_camera(self) -> tuple[float, float]:
        """Take a place about 30 m north of a camera site in the middle of the register."""
        sites = (await self._console("cctv/sites.json"))["sites"]
        _expect(bool(sites), "the register holds no site")
        lon, lat = _lon_lat(sites[len(sites) // 2])
        return lon, lat + 0.00027

    async def _first_segment(self, playlist: str, header: dict[str, str]) -> str:
        async def listed() -> str:
            answer = await self.http.get(playlist, headers=header)
            _expect(
                answer.status_code not in {401, 403},
                f"playlist answered HTTP {answer.status_code}: {answer.text[:300]}",
            )
            names = [line for line in answer.text.splitlines() if line and line[0] != "#"]
            return names[-1] if answer.status_code == 200 and names else ""

        return str(httpx.URL(playlist).join(await _until(listed)))

    async def _console(self, path: str) -> Any:
        return _json(await self.http.get(f"/m/{CITY}/{path}"), 200)

    async def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        token = self.http.cookies.get("csrftoken") or ""
        headers = {"X-CSRFToken": token, "Referer": self.address}
        return await self.http.post(f"/m/{CITY}/{path}", json=body, headers=headers)

    async def _frame(self) -> dict[str, Any]:
        _expect(self.socket is not None, "the socket is not open")
        assert self.socket is not None  # noqa: S101 - the line above said so
        frame: dict[str, Any] = json.loads(await self.socket.recv())
        return frame


def _lon_lat(site: Any) -> tuple[float, float]:
    """Read a site of the compact list: [id, lon, lat, ...] or {"lon":, "lat":}."""
    if isinstance(site, dict):
        return float(site["lon"]), float(site["lat"])
    numbers = [float(value) for value in site if isinstance(value, float)]
    return numbers[0], numbers[1]


async def _until(look: Callable[[], Awaitable[Found]]) -> Found:
    """Look again and again; the step's own deadline ends it."""
    while not (found := await look()):
        await asyncio.sleep(0.1)
    return found


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as a sentence
    if not holds:
        raise NotAsPromised(otherwise)


def _json(answer: httpx.Response, status: int) -> Any:
    _expect(
        answer.status_code == status,
        f"{answer.request.method} {answer.request.url.path}: HTTP {answer.status_code} "
        f"instead of {status}: {answer.text[:300]}",
    )
    return answer.json()


def _given(name: str) -> str:
    value = os.environ.get(name, "")
    _expect(bool(value), f"{name} is not set")
    return value


async def travel(address: str) -> int:
    """Take every step in its order; stop at the first that is not as promised."""
    began = time.monotonic()
    async with httpx.AsyncClient(base_url=address, timeout=WITHIN_S, trust_env=False) as http:
        journey = Journey(address, http)
        steps = (
            journey.get_token,
            journey.sign_in,
            journey.open_socket,
            journey.report,
            journey.see,
            journey.choose_cameras,
            journey.watch,
            journey.acknowledge,
            journey.agency_confirms,
        )
        try:
            for step in steps:
                await _take(step)
        except _Failed:
            return 1
        finally:
            if journey.socket is not None:
                await journey.socket.close()
    print(f"everything works, {time.monotonic() - began:.2f} s from the first step", flush=True)
    return 0


class _Failed(Exception):
    pass


async def _take(step: Callable[[], Awaitable[str]]) -> None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(WITHIN_S):
            said = await step()
    except Exception as error:
        why = f"nothing within {WITHIN_S:.0f} s" if isinstance(error, TimeoutError) else str(error)
        print(f"  FAILED {time.monotonic() - began:6.2f} s  {step.__name__}: {why or error!r}")
        raise _Failed from error
    print(f"  ok     {time.monotonic() - began:6.2f} s  {said}", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(travel(sys.argv[1])))
