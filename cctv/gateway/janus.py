"""A connection to Janus by its unix sockets (transport pfunix): requests, answers and news.

Janus ends the sessions of a connection that closes, so a process that dies leaves no viewer behind.
Beside the socket of viewers lies that of administration, which alone says how much was sent.
Source: Janus 1.1.2, "JSON-API", "Admin/Monitor API" and "Streaming plugin".
"""

import contextlib
import json
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from controlroom.errors import Unavailable

log = structlog.get_logger(__name__)

TIMEOUT_S = 2.0
# The transport reads no longer message.
MOST_BYTES = 8000
ADMINISTRATION = "admin.sock"
# No such session, no such handle: somebody else ended it first.
_GONE = frozenset({458, 459})
_ANSWERS = frozenset({"success", "error", "event"})


class JanusDown(Unavailable):
    code = "webrtc_down"


def down(why: str) -> JanusDown:
    """Name the kind of trouble alone: what was sent holds a secret."""
    log.warning("janus_refused", why=why)
    return JanusDown(_("there is no WebRTC now"))


class Line:
    """One connection; `on_news` hears, from a thread of its own, what was not asked for."""

    def __init__(
        self,
        on_news: Callable[[dict[str, Any]], None] = lambda _news: None,
        *,
        administers: bool = False,
    ) -> None:
        """Connect.

        Raises: JanusDown.
        """
        at = Path(settings.JANUS_SOCKET)
        self._secret = "admin_secret" if administers else "apisecret"
        self._on_news = on_news
        self._is_closing = False
        self._waiting: dict[str, tuple[frozenset[str], Future[dict[str, Any]]]] = {}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.settimeout(TIMEOUT_S)
            self._socket.connect(str(at.with_name(ADMINISTRATION) if administers else at))
            self._socket.settimeout(None)
        except OSError as error:
            self._socket.close()
            raise down(type(error).__name__) from None
        self._reader = threading.Thread(target=self._read, name="janus", daemon=True)
        self._reader.start()

    @property
    def is_open(self) -> bool:
        return self._reader.is_alive()

    def ask(
        self, kind: str, *, until: frozenset[str] = _ANSWERS - {"event"}, **body: Any
    ) -> dict[str, Any]:
        """Send a request and give its answer; `until` names the kinds of answer that end it.

        Raises: JanusDown; also for an error of the core. A plugin's own error comes as an answer.
        """
        transaction, future = secrets.token_hex(8), Future[dict[str, Any]]()
        self._waiting[transaction] = (until | {"error"}, future)
        try:
            self._send(kind, transaction, body)
            answer = future.result(TIMEOUT_S)
        except TimeoutError:
            raise down("timeout") from None
        finally:
            self._waiting.pop(transaction, None)
        if answer["janus"] == "error":
            code = answer.get("error", {}).get("code")
            raise JanusDown(_("there is no WebRTC now")) if code in _GONE else down(str(code))
        return answer

    def tell(self, kind: str, **body: Any) -> None:
        """Send what needs no answer.

        Raises: JanusDown.
        """
        self._send(kind, secrets.token_hex(8), body)

    def close(self) -> None:
        self._is_closing = True
        # Wakes the reader, which a plain close would not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _send(self, kind: str, transaction: str, body: dict[str, Any]) -> None:
        said = {"janus": kind, "transaction": transaction, self._secret: settings.JANUS_SECRET}
        message = json.dumps(said | body).encode()
        if len(message) > MOST_BYTES:
            raise down("too long")
        try:
            self._socket.send(message)
        except OSError as error:
            raise down(type(error).__name__) from None

    def _read(self) -> None:
        try:
            while packet := self._socket.recv(262_144):
                self._take(json.loads(packet))
        except (OSError, ValueError) as error:
            if not self._is_closing:
                log.warning("janus_line_over", error=type(error).__name__)
        for _until, future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(down("closed"))

    def _take(self, said: dict[str, Any]) -> None:
        until, future = self._waiting.get(said.get("transaction", ""), (frozenset(), None))
        if future is None:
            self._on_news(said)
        elif said.get("janus") in until and not future.done():
            future.set_result(said)
