"""A camera of the network for the tests: RTSP over TCP with digest sign-in, faults on demand."""

import contextlib
import hashlib
import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg

REALM = "camera"
NONCE = "0123456789abcdef"


def free_udp_port() -> int:
    """Give an even port whose odd neighbour is free too (RTCP)."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
        ):
            rtp.bind(("127.0.0.1", 0))
            port = rtp.getsockname()[1]
            if port % 2:
                continue
            with contextlib.suppress(OSError):
                rtcp.bind(("127.0.0.1", port + 1))
                return port


class RtspCamera:
    """Serves one picture; `mute()` stops the packets, `hang_up()` drops the connections."""

    def __init__(
        self,
        folder: Path,
        *,
        user: str = "",
        password: str = "",
        codec: str = "libx264",
        picture: str = "testsrc2",
    ) -> None:
        self.user, self.password = user, password
        self.muted = False
        self.connections: list[socket.socket] = []
        self.requests: list[str] = []
        self.lock = threading.Lock()
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        port = free_udp_port()
        self.rtp.bind(("127.0.0.1", port))
        self.sdp = folder / f"camera-{port}.sdp"
        encoder = ["-c:v", codec, "-g", "10", "-pix_fmt", "yuv420p"]
        if codec in {"libx264", "libx265"}:
            encoder += ["-preset", "ultrafast", "-tune", "zerolatency"]
        if codec == "libx265":
            encoder += ["-x265-params", "log-level=none:repeat-headers=1"]
        self.encoder = subprocess.Popen(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-re",
             "-f", "lavfi", "-i", f"{picture}=size=320x180:rate=10", *encoder,
             "-f", "rtp", "-sdp_file", str(self.sdp), f"rtp://127.0.0.1:{port}?pkt_size=1200"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 10
        while not (self.sdp.exists() and "m=video" in self.sdp.read_text()):
            assert time.monotonic() < deadline, "the encoder made no session description"
            time.sleep(0.05)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.closed = False
        for target in (self._accept, self._pump):
            threading.Thread(target=target, daemon=True).start()

    @property
    def url(self) -> str:
        secret = f"{self.user}:{self.password}@" if self.user else ""
        return f"rtsp://{secret}127.0.0.1:{self.port}/stream1"

    def mute(self, *, muted: bool = True) -> None:
        self.muted = muted

    def hang_up(self) -> None:
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self.connections.clear()

    def close(self) -> None:
        self.closed = True
        self.encoder.kill()
        self.encoder.wait()
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.hang_up()
        self.rtp.close()

    def _accept(self) -> None:
        while not self.closed:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _pump(self) -> None:
        while not self.closed:
            try:
                packet = self.rtp.recv(65535)
            except OSError:
                return
            if self.muted:
                continue
            frame = b"$\0" + struct.pack(">H", len(packet)) + packet
            with self.lock:
                for connection in list(self.connections):
                    try:
                        connection.sendall(frame)
                    except OSError:
                        self.connections.remove(connection)

    def _allowed(self, method: str, request: str) -> bool:
        if not self.user:
            return True
        fields = dict(re.findall(r'(\w+)="([^"]*)"', request))
        if fields.get("username") != self.user:
            return False
        first = hashlib.md5(f"{self.user}:{REALM}:{self.password}".encode()).hexdigest()
        second = hashlib.md5(f"{method}:{fields.get('uri', '')}".encode()).hexdigest()
        wanted = hashlib.md5(f"{first}:{NONCE}:{second}".encode()).hexdigest()
        return fields.get("response") == wanted

    def _answer(self, method: str, request: str) -> tuple[str, dict[str, str], str]:
        if method != "OPTIONS" and not self._allowed(method, request):
            return (
                "401 Unauthorized",
                {"WWW-Authenticate": f'Digest realm="{REALM}", nonce="{NONCE}"'},
                "",
            )
        if method == "OPTIONS":
            return (
                "200 OK",
                {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"},
                "",
            )
        if method == "DESCRIBE":
            body = self.sdp.read_text().replace("SDP:\n", "") + "a=control:track1\r\n"
            return (
                "200 OK",
                {"Content-Type": "application/sdp", "Content-Base": self.url_base()},
                body,
            )
        if method == "SETUP":
            transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
            return "200 OK", {"Transport": transport, "Session": "1"}, ""
        return "200 OK", {"Session": "1"}, ""

    def url_base(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/stream1/"

    def _serve(self, connection: socket.socket) -> None:
        waiting = b""
        with connection, contextlib.suppress(OSError):
            while chunk := connection.recv(4096):
                waiting += chunk
                while waiting[:1] == b"$" and len(waiting) >= 4:
                    waiting = waiting[4 + struct.unpack(">H", waiting[2:4])[0] :]
                while b"\r\n\r\n" in waiting:
                    head, waiting = waiting.split(b"\r\n\r\n", 1)
                    self._reply(connection, head.decode("latin-1"))

    def _reply(self, connection: socket.socket, request: str) -> None:
        method = request.split(" ", 1)[0]
        self.requests.append(method)
        sequence = re.search(r"(?im)^CSeq:\s*(\d+)", request)
        status, headers, body = self._answer(method, request)
        headers |= {"CSeq": sequence[1] if sequence else "0", "Content-Length": str(len(body))}
        lines = [f"RTSP/1.0 {status}", *(f"{name}: {value}" for name, value in headers.items())]
        with self.lock:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
            if method == "PLAY" and status.startswith("200"):
                self.connections.append(connection)


@contextlib.contextmanager
def rtsp_camera(folder: Path, **options: str) -> Iterator[RtspCamera]:
    camera = RtspCamera(folder, **options)
    try:
        yield camera
    finally:
        camera.close()
