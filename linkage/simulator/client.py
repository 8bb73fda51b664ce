"""How a stand-in agency speaks to the agency API: token, messages, patience."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

SCHEMA_VERSION = "1.0"
LONGEST_WAIT_S = 20.0


@dataclass(frozen=True)
class Account:
    """What a link's owner was given once."""

    base_url: str
    client_id: str
    client_secret: str
    link: str


class AgencyClient:
    """Posts each message until it has an answer; the same key every time, so never twice."""

    def __init__(self, account: Account, *, timeout_s: float = 10) -> None:
        self.account = account
        self._http = httpx.Client(base_url=account.base_url, timeout=timeout_s, trust_env=False)
        self._token = ""
        self._token_ends = 0.0
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def send(
        self, message_type: str, payload: dict[str, Any], *, correlation_id: str = ""
    ) -> httpx.Response:
        """Send one message and give the final answer (2xx or a refusal that no retry mends)."""
        now = datetime.now(UTC).isoformat()
        document = {
            "msg_id": str(uuid4()),
            "msg_type": message_type,
            "schema_ver": SCHEMA_VERSION,
            "occurred_at": now,
            "payload": payload,
        }
        if correlation_id:
            document["correlation_id"] = correlation_id
        return self.post(document)

    def post(self, document: dict[str, Any]) -> httpx.Response:
        url = f"/api/v1/links/{self.account.link}/messages"
        key, wait_s = document["msg_id"], 0.5
        body = httpx.Request(
            "POST", "http://x", json={**document, "sent_at": datetime.now(UTC).isoformat()}
        ).content
        while True:
            try:
                response = self._http.post(
                    url, content=body, headers={**self._headers(), "Idempotency-Key": key}
                )
            except httpx.HTTPError:
                response = None
            if response is not None and not self._again(response):
                return response
            wait_s = self._wait(response, wait_s)

    def fetch(self, path: str) -> httpx.Response:
        return self._http.get(path, headers=self._headers())

    def _again(self, response: httpx.Response) -> bool:
        if response.status_code == 401:
            self._token = ""
            return True
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
