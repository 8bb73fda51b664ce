"""The stand-in agencies' door: takes our signed webhooks, once each, and can misbehave."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from linkage.simulator.misbehaviour import LATE_S, Fault, Faults
from linkage.simulator.road_video import Reply

MAX_BODY = 256 * 1024
HANG_S = 60.0
DRIP_S = 1.0
EARLY = {"error500": 500, "redirect": 302, "refuse": 422}
# Gives the kind of content and the content.
Page = Callable[[], tuple[str, bytes]]
# The same and more, for whoever must know under which address it was asked, and the rest of it.
Further = Callable[[str, str], Reply | None]


def _nothing(_base: str, _rest: str) -> None:
    return None


class Receiver:
    """One agency's end: keeps what arrived, by message id; `on_message` hears each once."""

    def __init__(
        self,
        *,
        secret: str,
        on_message: Callable[[dict[str, Any]], None],
        faults: Faults | None = None,
        sent: Callable[[], list[dict[str, Any]]] = list,
        pages: Mapping[str, Page] | None = None,
        further: Further = _nothing,
    ) -> None:
        self._webhook = Webhook(secret)
        self._on_message = on_message
        self._lock = threading.Lock()
        self._sent = sent
        # What is fetched from the agency, by the last part of its address.
        self.pages = pages or {}
        self.further = further
        self.faults = faults or Faults()
        self.effects: dict[str, dict[str, Any]] = {}
        self.deliveries = 0
        self.refused = 0

    def set_fault(self, asked: dict[str, Any]) -> bool:
        return self.faults.set(asked)

    def take(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Verify, keep once, acknowledge."""
        try:
            event = self._webhook.verify(body, headers)
        except WebhookVerificationError:
            self.refused += 1
            return 401, {"ack": False, "error": "signature"}
        self.keep(event)
        return 200, {"ack": True, "id": event["id"]}

    def keep(self, event: dict[str, Any]) -> None:
        """Take a message, however it came; a second time it is nothing new."""
        with self._lock:
            self.deliveries += 1
            is_new = event["id"] not in self.effects
            self.effects.setdefault(event["id"], event)
        if is_new:
            self._on_message(event)

    def state(self) -> dict[str, Any]:
        with self._lock:
            return {
                "mode": self.faults.taking.mode,
                "faults": self.faults.state(),
                "deliveries": self.deliveries,
                "effects": list(self.effects.values()),
                "refused": self.refused,
            }

    def ledger(self) -> dict[str, Any]:
        """Give both sides of the agency's own books: what it was told first when, what it sent."""
        with self._lock:
            told = [
                {
                    "id": uid,
                    "type": event["data"]["msg_type"],
                    "case": event.get("subject", ""),
                }
                for uid, event in self.effects.items()
            ]
        return {"told": told, "sent": self._sent(), "deliveries": self.deliveries}


class Door(ThreadingHTTPServer):
    """The loopback listener of one receiver, or of several, each under a path of its own."""

    daemon_threads = True

    def __init__(self, receivers: Mapping[str, Receiver], port: int) -> None:
        self.receivers = receivers
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    """POST <path> takes a webhook, POST <path>faults switches, GET <path> tells the state."""

    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self) -> None:
        receiver, rest = self._addressed()
        if receiver is None:
            self._answer(
                200 if self.path == "/" else 404, {"agencies": list(self.server.receivers)}
            )
        elif rest in receiver.pages:
            self._page(receiver, lambda: Reply(200, *receiver.pages[rest]()))
        elif reply := receiver.further(self._base(rest), rest):
            self._page(receiver, lambda: reply)
        else:
            self._answer(200, receiver.ledger() if rest == "ledger" else receiver.state())

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._answer(413, {"ack": False})
            return
        body = self.rfile.read(length)
        receiver, rest = self._addressed()
        if receiver is None:
            self._answer(404, {"ack": False})
        elif rest == "faults":
            known = receiver.set_fault(json.loads(body or b"{}"))
            self._answer(200 if known else 400, receiver.state())
        else:
            self._take(receiver, body)

    def _base(self, rest: str) -> str:
        return f"http://{self.headers['Host']}{self.path.removesuffix(rest)}"

    def _page(self, receiver: Receiver, page: Callable[[], Reply]) -> None:
        """Give what is fetched; the faults of taking are those of being asked."""
        fault = receiver.faults.take()
        if fault.mode in EARLY:
            self._answer(EARLY[fault.mode], {})
            return
        if fault.mode == "reset":
            self._reset()
            return
        time.sleep(pause_s(fault))
        reply = page()
        raw = b"<html>" if fault.mode == "garbage" else reply.content
        self._answer(
            reply.status,
            None,
            raw=raw,
            drip=fault.mode == "drip",
            kind=reply.kind,
            location=reply.location,
        )

    def _addressed(self) -> tuple[Receiver | None, str]:
        """Find whom the path means, and what follows its name: the longest name wins."""
        for path in sorted(self.server.receivers, key=len, reverse=True):
            if self.path.startswith(path):
                return self.server.receivers[path], self.path.removeprefix(path)
        return None, ""

    def _take(self, receiver: Receiver, body: bytes) -> None:
        fault = receiver.faults.take()
        if fault.mode in EARLY:
            refused = {"ack": False, "permanent": fault.mode == "refuse"}
            self._answer(EARLY[fault.mode], refused)
            return
        if fault.mode == "reset":
            self._reset()
            return
        status, answer = receiver.take(body, dict(self.headers.items()))
        # The message has arrived and counts, but the sender does not hear of it in time.
        time.sleep(pause_s(fault))
        if fault.mode == "no_ack":
            answer = {"ok": True}
        raw = b"<html>" if fault.mode == "garbage" else None
        self._answer(status, answer, raw=raw, drip=fault.mode == "drip")

    def _reset(self) -> None:
        """Close with a TCP reset, before anything counts."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _answer(
        self,
        status: int,
        answer: Any,
        raw: bytes | None = None,
        *,
        drip: bool = False,
        kind: str = "application/json",
        location: str = "http://127.0.0.1:1/",
    ) -> None:
        body = raw if raw is not None else json.dumps(answer, ensure_ascii=False).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", location)
            self.end_headers()
            if not drip:
                self.wfile.write(body)
                return
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(DRIP_S)

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the reports are the agencies' own."""


def pause_s(fault: Fault) -> float:
    if fault.mode == "hang":
        return fault.seconds or HANG_S
    if fault.mode == "late":
        return fault.seconds or LATE_S
    return fault.seconds if fault.mode == "delay" else 0.0


def serve(receiver: Receiver, *, port: int) -> Door:
    """Listen on loopback for one agency; port 0 takes a free one. The caller runs serve_forever."""
    return Door({"/": receiver}, port)


def serve_all(receivers: Mapping[str, Receiver], *, port: int) -> Door:
    """Listen on loopback for several, each at /agency/<its link>/."""
    return Door({webhook_path(link): receiver for link, receiver in receivers.items()}, port)


def webhook_path(link: str) -> str:
    return f"/agency/{link}/"
