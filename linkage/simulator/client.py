"""How a stand-in agency speaks to the agency API: token, messages, patience, and faults."""

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from linkage.simulator.misbehaviour import WRONG_CLOCK_S, Fault, Faults

SCHEMA_VERSION = "1.0"
LONGEST_WAIT_S = 20.0
COPIES, FLOOD_AT_ONCE, FLOOD_MOST = 3, 8, 5000
KEPT = 5_000
CAP = {"Content-Type": "application/xml"}
# A room says so often that it is there: three times within what its link expects, or as often as
# this where nothing is expected; soon again after a failure.
BEATS_WITHIN, BEAT_S, SOON_S = 3, 60.0, 2.0
LOOK_S = 0.5
Document = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """What a link's owner was given once."""

    base_url: str
    client_id: str
    client_secret: str
    link: str


class AgencyClient:
    """Posts each message until it has an answer; the same key every time, so never twice."""

    def __init__(
        self, account: Account, *, timeout_s: float = 10, faults: Faults | None = None
    ) -> None:
        self.account = account
        self.faults = faults or Faults()
        self._http = httpx.Client(base_url=account.base_url, timeout=timeout_s, trust_env=False)
        self._token = ""
        self._token_ends = 0.0
        self._lock = threading.Lock()
        self._sent: list[dict[str, Any]] = []
        # What was taken in, so that it can be said again: when, through which door, what.
        self._said: deque[tuple[datetime, str, Document | bytes]] = deque(maxlen=KEPT)
        # How often the centre answered 429.
        self.held_back = 0
        self.stopping = threading.Event()

    def send(
        self, message_type: str, payload: dict[str, Any], *, correlation_id: str = ""
    ) -> httpx.Response:
        """Send one message and give the final answer (2xx or a refusal that no retry mends)."""
        document = self._document(message_type, payload)
        if correlation_id:
            document["correlation_id"] = correlation_id
        return self._misbehave(document, self.faults.send())

    def post(self, document: Document, *, clock_s: float = 0.0, key: str = "") -> httpx.Response:
        """Post a document until it is answered, whatever happens to the other end meanwhile.

        A document that says itself when it was sent is the same request however often it is posted.
        `key` names the request where it is not the message's own number.
        """
        key = key or document["msg_id"]
        sent_at = datetime.now(UTC) + timedelta(seconds=clock_s)
        body = httpx.Request(
            "POST", "http://x", json={"sent_at": sent_at.isoformat(), **document}
        ).content
        response, tries = self._until_answered("messages", body, {"Idempotency-Key": key})
        self._note(document, response, tries)
        self._keep("messages", document, response)
        return response

    def post_cap(self, alert: bytes) -> httpx.Response:
        """Post a CAP document as it is; its own name and time make it the same alert each time."""
        response, _tries = self._until_answered("cap", alert, CAP)
        self._keep("cap", alert, response)
        return response

    def say_again(self, since: datetime) -> int:
        """Send again what was taken in since: each as the same message, in its order; how many.

        A message has its own number and a new time of sending, and is a new request.
        """
        with self._lock:
            said = [(door, what) for at, door, what in self._said if at >= since]
        for door, what in said:
            if isinstance(what, bytes):
                self._until_answered(door, what, CAP)
                continue
            body = {**what, "sent_at": datetime.now(UTC).isoformat()}
            raw = httpx.Request("POST", "http://x", json=body).content
            self._until_answered(door, raw, {})
        return len(said)

    def _keep(self, door: str, what: Document | bytes, response: httpx.Response) -> None:
        if response.is_success:
            with self._lock:
                self._said.append((datetime.now(UTC), door, what))

    def post_readings(self, readings: list[dict[str, Any]]) -> httpx.Response:
        """Post what sensors measured; each sensor and time counts once, however often it comes."""
        body = httpx.Request("POST", "http://x", json={"readings": readings}).content
        response, _tries = self._until_answered("readings", body, {})
        return response

    def ask(self, door: str, said: dict[str, Any], *, key: str = "") -> httpx.Response:
        """Post to a door; without a key it is one where sending again does no harm."""
        body = httpx.Request("POST", "http://x", json=said).content
        more = {"Idempotency-Key": key} if key else {}
        response, _tries = self._until_answered(door, body, more)
        return response

    def hand_in(self, door: str, body: bytes) -> httpx.Response:
        """Post a file as it is; the same again is answered as the first time."""
        kind = {"Content-Type": "application/octet-stream"}
        response, _tries = self._until_answered(door, body, kind)
        return response

    def _until_answered(
        self, door: str, body: bytes, more: dict[str, str]
    ) -> tuple[httpx.Response, int]:
        url, wait_s = f"/api/v1/links/{self.account.link}/{door}", 0.5
        tries = 0
        while True:
            tries += 1
            try:
                response = self._http.post(url, content=body, headers={**self._headers(), **more})
            except httpx.HTTPError:
                response = None
            if response is not None and not self._again(response):
                return response, tries
            wait_s = self._wait(response, wait_s)

    def stay_alive(self) -> None:
        """Say that the agency is there until it is told to stop; silent while that fault is on."""
        pause_s = 0.0
        while not self.stopping.wait(pause_s):
            pause_s = LOOK_S if self.faults.is_silent else self._beat()

    def _beat(self) -> float:
        """Send one heartbeat; give in how many seconds the next is due."""
        url = f"/api/v1/links/{self.account.link}/heartbeat"
        try:
            response = self._http.post(url, headers=self._headers())
        except httpx.HTTPError:
            return SOON_S
        if not response.is_success:
            self._again(response)
            return SOON_S
        expected_s = response.json()["silent_after_s"]
        return expected_s / BEATS_WITHIN if expected_s else BEAT_S

    def fetch(self, path: str) -> httpx.Response:
        return self._http.get(path, headers=self._headers())

    def owed(self, *, at_most: int) -> list[dict[str, Any]]:
        """Fetch what the centre owes, oldest first: sequence and event of each.

        Raises: httpx.HTTPError.
        """
        answer = self.fetch(f"/api/v1/links/{self.account.link}/outbound?limit={at_most}")
        if self._again(answer):
            return []
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def commit(self, sequence: int) -> None:
        """Say that all that was fetched up to a sequence is kept; lost, it is said again later.

        Raises: httpx.HTTPError.
        """
        self._http.post(
            f"/api/v1/links/{self.account.link}/outbound/commit",
            json={"sequence": sequence},
            headers=self._headers(),
        )

    def hang_up(self) -> None:
        self._http.close()

    def sent(self) -> list[dict[str, Any]]:
        """Give the agency's own book of what it sent, and how each was answered in the end."""
        with self._lock:
            return list(self._sent)

    def _misbehave(self, document: Document, fault: Fault) -> httpx.Response:
        if fault.mode == "duplicate":
            same = {**document, "sent_at": datetime.now(UTC).isoformat()}
            with ThreadPoolExecutor(COPIES) as pool:
                first, *_others = pool.map(self.post, [same] * COPIES)
                return first
        if fault.mode == "out_of_order" and "version" in document["payload"]:
            return self._from_the_end(document)
        if fault.mode == "wrong_clock":
            return self.post(document, clock_s=fault.seconds or WRONG_CLOCK_S)
        if fault.mode == "flood":
            return self._flood(document)
        return self.post(_spoilt(document, fault.mode))

    def _from_the_end(self, document: Document) -> httpx.Response:
        """Send the case's next two versions first and second, as a confused queue does."""
        first = document["payload"]["version"]
        answers = []
        for version in (first + 2, first, first + 1):
            payload = {**document["payload"], "version": version}
            changed = self._document(document["msg_type"], payload)
            answers.append(self.post(document if version == first else changed))
        return answers[1]

    def _flood(self, document: Document) -> httpx.Response:
        """Send the same case at once under ever new numbers, until one is held back; all arrive."""
        answer = self.post(document)
        left = count(1)
        before = self.held_back

        def pour() -> None:
            while self.held_back == before and next(left) <= FLOOD_MOST:
                self.post(self._document(document["msg_type"], document["payload"]))

        with ThreadPoolExecutor(FLOOD_AT_ONCE) as pool:
            for stream in [pool.submit(pour) for _ in range(FLOOD_AT_ONCE)]:
                stream.result()
        return answer

    def _document(self, message_type: str, payload: dict[str, Any]) -> Document:
        return {
            "msg_id": str(uuid4()),
            "msg_type": message_type,
            "schema_ver": SCHEMA_VERSION,
            "occurred_at": datetime.now(UTC).isoformat(),
            "payload": payload,
        }

    def _note(self, document: Document, response: httpx.Response, tries: int) -> None:
        with self._lock:
            self._sent.append(
                {
                    "id": document["msg_id"],
                    "type": document["msg_type"],
                    "case": document["payload"].get("receipt_no", ""),
                    "version": document["payload"].get("version", 1),
                    "status": response.status_code,
                    "tries": tries,
                    "at": datetime.now(UTC).isoformat(),
                }
            )

    def _again(self, response: httpx.Response) -> bool:
        if response.status_code == 401:
            self._token = ""
            return True
        if response.status_code == 429:
            with self._lock:
                self.held_back += 1
        in_flight = response.status_code == 409 and "in_flight" in response.text
        return in_flight or response.status_code == 429 or response.status_code >= 500

    def _wait(self, response: httpx.Response | None, wait_s: float) -> float:
        asked = response.headers.get("Retry-After", "") if response is not None else ""
        pause_s = float(asked) if asked.isdigit() else wait_s
        if self.stopping.wait(pause_s):
            raise SystemExit(0)
        return min(wait_s * 2, LONGEST_WAIT_S)

    def _headers(self) -> dict[str, str]:
        with self._lock:
            if not self._token or time.monotonic() > self._token_ends:
                self._renew()
            return {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}

    def _renew(self) -> None:
        """Raises: httpx.HTTPError."""
        response = self._http.post(
            "/api/v1/token/",
            data={"grant_type": "client_credentials"},
            auth=(self.account.client_id, self.account.client_secret),
        )
        response.raise_for_status()
        granted = response.json()
        self._token = granted["access_token"]
        self._token_ends = time.monotonic() + granted["expires_in"] * 0.9


def _spoilt(document: Document, mode: str) -> Document:
    """Give the document with what this fault spoils in it."""
    if mode == "wrong_signature":
        return {**document, "payload_hash": "0" * 64}
    if mode == "unknown_code" and "kind_code" in document["payload"]:
        payload = {**document["payload"], "kind_code": "Z99", "kind_name": "모르는 종별"}
        return {**document, "payload": payload}
    return document
