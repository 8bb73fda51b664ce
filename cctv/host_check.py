"""Ask a camera's host whether it is there and what its clock says: one short question, no picture.

RTSP and HTTP answers both carry a Date (RFC 2326 12.18, RFC 9110 6.6.1), to the second. Nothing
here names the host in a text, and what it answers is only searched for that one line.
"""

import email.utils
import socket
import ssl
import time
from dataclasses import dataclass

from django.conf import settings

from cctv.addresses import Address

TIMEOUT_S = 3.0
ANSWER_BYTES = 4096


@dataclass(frozen=True)
class HostSeen:
    """Whether the host took the connection, else why not; how far its clock is ahead of ours."""

    is_there: bool
    reason: str = ""
    skew_ms: int | None = None
    clock_source: str = ""


def ask(address: Address, host: str) -> HostSeen:
    """Connect to the checked address of the host and ask. Takes at most twice the timeout."""
    try:
        plain = socket.create_connection((host, address.port), timeout=TIMEOUT_S)
    except ConnectionRefusedError:
        return HostSeen(is_there=False, reason="refused")
    except TimeoutError:
        return HostSeen(is_there=False, reason="timeout")
    except OSError:
        return HostSeen(is_there=False, reason="unreachable")
    with plain:
        try:
            skew_ms = _clock(plain, address)
        except (OSError, ValueError):
            # It is there; only its clock was not read. What is wrong with TLS the probe will say.
            skew_ms = None
    if skew_ms is None:
        return HostSeen(is_there=True)
    source = "rtsp_date" if address.scheme.startswith("rtsp") else "http_date"
    return HostSeen(is_there=True, skew_ms=skew_ms, clock_source=source)


def _clock(plain: socket.socket, address: Address) -> int | None:
    line = plain
    if address.scheme in {"rtsps", "https"}:
        trusted = ssl.create_default_context(cafile=settings.CAMERA_CA_FILE or None)
        line = trusted.wrap_socket(plain, server_hostname=address.host)
    asked_at = time.time()
    line.sendall(_question(address))
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < ANSWER_BYTES:
        if not (chunk := line.recv(ANSWER_BYTES)):
            break
        answer += chunk
    # Its clock was read about half way; the Date is cut to the second, so half of one is added.
    ours = (asked_at + time.time()) / 2
    for row in answer.split(b"\r\n"):
        name, colon, value = row.partition(b":")
        if colon and name.strip().lower() == b"date":
            theirs = email.utils.parsedate_to_datetime(value.strip().decode("ascii", "replace"))
            return round((theirs.timestamp() + 0.5 - ours) * 1000)
    return None


def _question(address: Address) -> bytes:
    if address.scheme.startswith("rtsp"):
        # Without the user: asking what it can do needs no sign-in.
        return (
            f"OPTIONS {address.scheme}://{address.authority}/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"
        ).encode()
    return f"HEAD / HTTP/1.1\r\nHost: {address.authority}\r\nConnection: close\r\n\r\n".encode()
