"""Post a signed message to the one registered host of a link, and read what its answer means.

Source: Standard Webhooks (headers, signature); reliability_and_console.md A3 (outbound addresses).
"""

import atexit
import ipaddress
import json
import socket
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from secrets import token_hex
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from cryptography.hazmat.primitives import serialization
from standardwebhooks import Webhook

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 5.0
DEADLINE_S = 10.0
MAX_ANSWER_BYTES = 16 * 1024
# Shorter than servers keep an idle connection, so that none is used while its server ends it.
KEPT_FOR_S = 3.0
KEPT_CONNECTIONS = 4
# Of an address that leads to another one, as those of road operators do.
MOST_HOPS = 4
# Answers that say the message itself is wrong: it will be no better next time.
REFUSED_FOR_GOOD = frozenset({400, 422})


@dataclass(frozen=True)
class Identity:
    """What we show in mutual TLS and whom we trust; all PEM, empty: nothing, or the system's."""

    certificate: str = ""
    key: str = field(default="", repr=False)
    authorities: str = ""


@dataclass(frozen=True)
class Destination:
    url: str
    host: str
    allow_private: bool
    identity: Identity | None = None


@dataclass(frozen=True)
class Receipt:
    """What came back: `acked` only when the body says so, `taken` when the ack follows."""

    outcome: str
    http_status: int | None = None
    error: str = ""


class TransportError(Exception):
    """Nothing usable came back; `permanent` says whether a retry can help.

    `unknown` means that the message may have arrived.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        unknown: bool = False,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.unknown = unknown
        self.http_status = http_status


def sign(*, secrets: list[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """Give the Standard Webhooks headers; each secret in force adds its signature."""
    signatures = " ".join(Webhook(secret).sign(message_id, at, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }


def post(*, destination: Destination, secrets: list[str], message_id: str, body: str) -> Receipt:
    """Deliver one message; blocks at most DEADLINE_S plus one read.

    Raises: TransportError.
    """
    url, address = _resolved(destination)
    headers = {
        "Host": urlsplit(destination.url).netloc,
        "Content-Type": "application/cloudevents+json",
        "User-Agent": "controlroom/1",
        **sign(secrets=secrets, message_id=message_id, at=datetime.now(UTC), body=body),
    }
    extensions = {"sni_hostname": destination.host}
    try:
        with _client(destination.host, address, destination.identity).stream(
            "POST", url, content=body.encode(), headers=headers, extensions=extensions
        ) as response:
            answer = _read(response)
            status = response.status_code
    except ssl.SSLError as error:
        raise TransportError(f"mutual TLS: {type(error).__name__}") from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise TransportError(f"no connection to {destination.host} ({address})") from error
    except httpx.TimeoutException as error:
        raise TransportError("no answer in time", unknown=True) from error
    except httpx.HTTPError as error:
        raise TransportError(f"connection broke: {type(error).__name__}", unknown=True) from error
    return _judge(status, answer, message_id)


_clients: dict[tuple[str, str, Identity | None], httpx.Client] = {}
_clients_lock = threading.Lock()


def _client(host: str, address: str, identity: Identity | None = None) -> httpx.Client:
    """Keep connections for one host at one address and one identity only: a connection to an
    address could serve another host of the same address, or show another link's certificate."""
    with _clients_lock:
        client = _clients.get((host, address, identity))
        if client is None:
            client = _clients[host, address, identity] = httpx.Client(
                timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                follow_redirects=False,
                trust_env=False,
                verify=_context(identity) if identity else _trust(),
                limits=httpx.Limits(
                    max_keepalive_connections=KEPT_CONNECTIONS, keepalive_expiry=KEPT_FOR_S
                ),
            )
    return client


@atexit.register
def hang_up() -> None:
    """Close what is kept, as at the end of the process; call when nothing is under way."""
    with _clients_lock:
        for client in _clients.values():
            client.close()
        _clients.clear()


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _context(identity: Identity) -> ssl.SSLContext:
    """Make a context of the identity; its key touches no disk but under a password of a moment.

    Raises: ssl.SSLError for PEM that does not fit together.
    """
    if identity.authorities:
        context = ssl.create_default_context(cadata=identity.authorities)
    else:
        context = httpx.create_ssl_context(trust_env=False)
    if identity.certificate:
        password = token_hex(32).encode()
        key = serialization.load_pem_private_key(identity.key.encode(), password=None)
        locked = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )
        with tempfile.NamedTemporaryFile() as chain:
            chain.write(identity.certificate.encode() + b"\n" + locked)
            chain.flush()
            context.load_cert_chain(chain.name, password=password)
    return context


def _resolved(destination: Destination) -> tuple[str, str]:
    """Resolve once and address the very host that was checked (no DNS rebinding).

    Raises: TransportError.
    """
    parts = urlsplit(destination.url)
    if parts.scheme not in {"http", "https"} or parts.hostname != destination.host:
        raise TransportError("the address is not the registered host", permanent=True)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(destination.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TransportError(f"{destination.host} has no address") from error
    address = str(found[0][4][0])
    if not _may_reach(address, allow_private=destination.allow_private):
        raise TransportError(f"{address} is not an allowed address", permanent=True)
    literal = f"[{address}]" if ":" in address else address
    return parts._replace(netloc=f"{literal}:{port}").geturl(), address


def _may_reach(text: str, *, allow_private: bool) -> bool:
    address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    return address.is_global or allow_private


def _read(response: httpx.Response) -> bytes:
    """Read at most MAX_ANSWER_BYTES before the deadline, whatever drips in.

    Raises: TransportError.
    """
    ends = time.monotonic() + DEADLINE_S
    answer = b""
    for chunk in response.iter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            break
        if time.monotonic() > ends:
            raise TransportError("the answer took too long", unknown=True)
    return answer[:MAX_ANSWER_BYTES]


def _judge(status: int, answer: bytes, message_id: str) -> Receipt:
    said = _said(answer)
    if 200 <= status < 300:
        if said.get("ack") is True and said.get("id", message_id) == message_id:
            return Receipt("acked", status)
        if status == 202:
            return Receipt("taken", status)
        permanent = said.get("permanent") is True
        raise TransportError(
            f"HTTP {status} without an acknowledgement", permanent=permanent, http_status=status
        )
    if 300 <= status < 400:
        raise TransportError(f"HTTP {status}: redirects are not followed", http_status=status)
    permanent = status in REFUSED_FOR_GOOD or said.get("permanent") is True
    raise TransportError(f"HTTP {status}", permanent=permanent, http_status=status)


def _said(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def call(url: str, *, timeout_s: float) -> int:
    """Call an address that the operator of this installation has set; give the HTTP status.

    Raises: TransportError when nobody answers, or not with success.
    """
    try:
        response = httpx.get(url, timeout=timeout_s, follow_redirects=False, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransportError(type(error).__name__) from error
    if not response.is_success:
        raise TransportError(f"HTTP {response.status_code}", http_status=response.status_code)
    return response.status_code


def hand_in(url: str, *, body: str, timeout_s: float) -> None:
    """Post JSON to an address that the operator of this installation has set.

    Raises: TransportError when nobody takes it.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "controlroom/1"}
    try:
        response = httpx.post(
            url,
            content=body.encode(),
            headers=headers,
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransportError(type(error).__name__) from error
    if not response.is_success:
        raise TransportError(f"HTTP {response.status_code}", http_status=response.status_code)


def fetch(*, destination: Destination, max_bytes: int, deadline_s: float = DEADLINE_S) -> bytes:
    """Get an answer of at most so many bytes from the one registered host of a source.

    Its texts name the host and never the address, which may carry a key.
    Raises: TransportError.
    """
    return fetch_changed(destination=destination, max_bytes=max_bytes, deadline_s=deadline_s).body


def landing(*, url: str, allow_private: bool) -> str:
    """Follow redirects ourselves, each hop checked, and give the address that answers with 200.

    For players that must follow none: what they open was resolved and allowed before.
    Raises: TransportError.
    """
    for _hop in range(MOST_HOPS):
        destination = Destination(url, urlsplit(url).hostname or "", allow_private)
        checked, address = _resolved(destination)
        headers = {"Host": urlsplit(url).netloc, "User-Agent": "controlroom/1"}
        try:
            with _client(destination.host, address).stream(
                "GET", checked, headers=headers, extensions={"sni_hostname": destination.host}
            ) as response:
                status, following = response.status_code, response.headers.get("Location", "")
        except httpx.HTTPError as error:
            raise TransportError(f"{destination.host}: {type(error).__name__}") from error
        if status == 200:
            return url
        if not 300 < status < 400 or not following:
            raise TransportError(f"HTTP {status}", http_status=status)
        url = urljoin(url, following)
    raise TransportError("too many redirects")


@dataclass(frozen=True)
class Fetched:
    """What a source answered; `is_same` when it said that nothing has changed."""

    body: bytes
    etag: str = ""
    last_modified: str = ""
    is_same: bool = False


def fetch_changed(
    *,
    destination: Destination,
    max_bytes: int,
    etag: str = "",
    last_modified: str = "",
    deadline_s: float = DEADLINE_S,
) -> Fetched:
    """Get it as `fetch` does unless it is the same as what these marks stand for.

    Raises: TransportError.
    """
    url, address = _resolved(destination)
    headers = {"Host": urlsplit(destination.url).netloc, "User-Agent": "controlroom/1"}
    marks = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers |= {name: mark for name, mark in marks.items() if mark}
    ends = time.monotonic() + deadline_s
    answer = bytearray()
    try:
        with _client(destination.host, address).stream(
            "GET", url, headers=headers, extensions={"sni_hostname": destination.host}
        ) as response:
            if response.status_code == 304 and (etag or last_modified):
                return Fetched(b"", etag, last_modified, is_same=True)
            if response.status_code != 200:
                raise TransportError(
                    f"HTTP {response.status_code}", http_status=response.status_code
                )
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > max_bytes:
                    raise TransportError("the answer is too large")
                if time.monotonic() > ends:
                    raise TransportError("the answer took too long")
            said = response.headers
    except httpx.HTTPError as error:
        raise TransportError(f"{destination.host}: {type(error).__name__}") from error
    return Fetched(bytes(answer), said.get("ETag", "")[:300], said.get("Last-Modified", "")[:100])
