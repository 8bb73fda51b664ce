"""The stand-in agency's own door: takes our signed webhooks, once each, and can misbehave."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

MAX_BODY = 256 * 1024
HANG_S = 60.0
# How the room may misbehave, switched by POST /faults {"mode": ..., "seconds": ..., "times": ...}.
MODES = frozenset({"ok", "error500", "hang", "delay", "no_ack", "redirect", "garbage", "refuse"})


class Receiver:
    """Keeps what arrived, by message id; `on_message` hears each message once."""

    def __init__(self, *, secret: str, on_message: Callable[[dict[str, Any]], None]) -> None:
        self._webhook = Webhook(secret)
        self._on_message = on_message
        self._lock = threading.Lock()
        self.effects: dict[str, dict[str, Any]] = {}
        self.deliveries = 0
        self.refused = 0
        self.mode, self.mode_left, self.delay_s = "ok", 0, 0.0

    def set_fault(self, asked: dict[str, Any]) -> bool:
        mode = asked.get("mode", "ok")
        if mode not in MODES:
            return False
        with self._lock:
            self.mode, self.delay_s = mode, float(asked.get("seconds", 0))
            self.mode_left = int(asked.get("times", 1_000_000))
        return True

    def take_fault(self) -> tuple[str, float]:
        with self._lock:
            if self.mode == "ok" or self.mode_left <= 0:
                return "ok", 0.0
            self.mode_left -= 1
            return self.mode, self.delay_s

    def take(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Verify, keep once, acknowledge."""
        try:
            event = self._webhook.verify(body, headers)
        except WebhookVerificationError:
            self.refused += 1
            return 401, {"ack": False, "error": "signature"}
        with self._lock:
            self.deliveries += 1
            is_new = event["id"] not in self.effects
            self.effects.setdefault(event["id"], event)
        if is_new:
            self._on_message(event)
        return 200, {"ack": True, "id": event["id"]}

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {
                "mode": self.mode,
                "deliveries": self.deliveries,
                "effects": list(self.effects.values()),
                "refused": self.refused,
            }


class Door(ThreadingHTTPServer):
    """The loopback listener of one receiver."""

    daemon_threads = True

    def __init__(self, receiver: Receiver, port: int) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self) -> None:
        self._answer(200, self.server.receiver.state())

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._answer(413, {"ack": False})
            return
        body = self.rfile.read(length)
        if self.path == "/faults":
            known = self.server.receiver.set_fault(json.loads(body or b"{}"))
            self._answer(200 if known else 400, self.server.receiver.state())
            return
        self._take(body)

    def _take(self, body: bytes) -> None:
        mode, delay_s = self.server.receiver.take_fault()
        early = {"error500": 500, "redirect": 302, "refuse": 422}.get(mode)
        if early:
            self._answer(early, {"ack": False, "permanent": mode == "refuse"})
            return
        status, answer = self.server.receiver.take(body, dict(self.headers.items()))
        # The message has arrived and counts, but the sender does not hear of it in time.
        time.sleep(HANG_S if mode == "hang" else delay_s)
        if mode == "no_ack":
            answer = {"ok": True}
        self._answer(status, answer, raw=b"<html>" if mode == "garbage" else None)

    def _answer(self, status: int, answer: Any, raw: bytes | None = None) -> None:
        body = raw if raw is not None else json.dumps(answer, ensure_ascii=False).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the reports are the room's own."""


def serve(receiver: Receiver, *, port: int) -> Door:
    """Listen on loopback; port 0 takes a free one. The caller runs serve_forever()."""
    return Door(receiver, port)
