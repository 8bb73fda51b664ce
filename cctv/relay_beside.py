"""A relay's packets once more, by SRTP to a port of this machine, for whoever sends them by WebRTC.

Loopback is open to every user of a machine: without the key one could put pictures into it, or take
a port and see them. ffmpeg takes its keys from its arguments only, which everybody can list; so it
hands its packets over by a pair of sockets that nobody else has, and they are encrypted here. The
key stands in a file for our own user alone, and is the relay's: a port that goes to another camera
shows nobody that camera.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from cctv.srtp import HEADER_BYTES, MASTER_BYTES, Protection

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
# Of RTP; RTCP and what is no RTP is not passed on.
PAYLOAD_TYPE = 96
LONGEST = 2048
# Nobody has wanted it for so long: the packets wait at ffmpeg, which drops them.
IDLE_S = 5.0
LOOK_S = 0.05
# A packet that was there at once is from before somebody wanted any; a fast camera never pauses.
STALE_S = 0.02
STALE_AT_MOST_S = 0.2


@dataclass(frozen=True)
class Beside:
    """Where a relay sends, and under which key."""

    port: int
    # Empty: another's program sits on that port, so nothing is sent there.
    key: bytes = field(default=b"", repr=False)

    @property
    def is_taken(self) -> bool:
        return not self.key

    @property
    def key_text(self) -> str:
        return b64encode(self.key).decode()


def new(port: int) -> Beside:
    if _is_strange(port):
        log.error("webrtc_port_taken", port=port)
        return Beside(port)
    return Beside(port, secrets.token_bytes(MASTER_BYTES))


def _is_strange(port: int) -> bool:
    """Say whether a program of another user listens on this port or the next one, of RTCP.

    Ours is the server that the packets are for; whether it has them itself it says when asked to.
    Source: Linux, Documentation/networking/proc_net_tcp.rst.
    """
    wanted = {f"{number:04X}" for number in (port, port + 1)}
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[1].rpartition(":")[2] in wanted and int(fields[7]) != os.geteuid():
                    return True
    return False


class Note:
    """The files by which a relay and whoever wants its packets find each other."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "beside.json"
        self._wanted = folder / "beside-wanted"

    def write(self, beside: Beside) -> None:
        self.remove()
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"port": beside.port, "key": beside.key.hex()}, file)

    def read(self) -> Beside | None:
        try:
            said = json.loads(self._file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        return Beside(said["port"], bytes.fromhex(said["key"]))

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)

    def want(self) -> None:
        self._wanted.touch()

    def unwanted_s(self) -> float:
        """Seconds since anybody wanted the packets; endless when nobody ever did."""
        try:
            return time.time() - self._wanted.stat().st_mtime
        except FileNotFoundError:
            return float("inf")


class Sender(threading.Thread):
    """Takes the packets of one run of ffmpeg until that ends, and sends them while wanted."""

    def __init__(self, beside: Beside, note: Note) -> None:
        super().__init__(name=f"beside-{beside.port}", daemon=True)
        self._beside = beside
        self._note = note
        self._stopping = threading.Event()
        # Each packet stays one, and whoever closes an end is noticed at the other.
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def run(self) -> None:
        try:
            with self._ours, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                while not self._stopping.is_set():
                    if self._note.unwanted_s() < IDLE_S:
                        self._send(out)
                    self._stopping.wait(LOOK_S)
        except OSError as error:
            log.warning("beside_over", port=self._beside.port, error=type(error).__name__)

    def stop(self) -> None:
        self._stopping.set()
        self.theirs.close()
        if not self.is_alive():
            self._ours.close()

    def _send(self, out: socket.socket) -> None:
        """Pass on what comes until nobody wants it any more, or nothing will come."""
        protection = Protection(self._beside.key)
        self._pass_over_stale()
        self._ours.settimeout(LOOK_S)
        looked_at = time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() - looked_at > 1.0:
                looked_at = time.monotonic()
                if self._note.unwanted_s() > IDLE_S:
                    return
            try:
                packet = self._ours.recv(LONGEST)
            except TimeoutError:
                continue
            if not packet:
                self._stopping.set()
            elif len(packet) > HEADER_BYTES and packet[1] & 0x7F == PAYLOAD_TYPE:
                out.sendto(protection.protect(packet), (HOST, self._beside.port))

    def _pass_over_stale(self) -> None:
        self._ours.settimeout(STALE_S)
        until = time.monotonic() + STALE_AT_MOST_S
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < until and self._ours.recv(LONGEST):
                continue
