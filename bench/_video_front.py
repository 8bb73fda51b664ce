"""The web process on a socket and a port; nginx before it with the shipped file, without TLS."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from django.conf import settings

from controlroom.runtime import debian, webrtc

ROOT = Path(__file__).resolve().parent.parent
AROUND = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 100000;
  client_body_temp_path {folder}/temporary;
  proxy_temp_path {folder}/temporary;
  fastcgi_temp_path {folder}/temporary;
  uwsgi_temp_path {folder}/temporary;
  scgi_temp_path {folder}/temporary;
  {site}
}}
"""


@dataclass(frozen=True)
class Front:
    """Where to ask, and who works for it."""

    web: str
    proxy: str
    web_pid: int
    proxy_pids: list[int]
    pictures: Path
    errors: Path

    def complaints(self) -> Counter[str]:
        """Say what nginx wrote into its error log, each thing how often."""
        lines = self.errors.read_text(encoding="utf-8", errors="replace").splitlines()
        return Counter(
            re.sub(r"^.*?\[(\w+)\] [0-9#]+: (?:\*[0-9]+ )?", "", line).split(", client:")[0]
            for line in lines
        )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def site(folder: Path, port: int) -> str:
    """Give the shipped file on a loopback port, with one address for the bare files beside it."""
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"(?m)^\s+ssl_certificate.*$", "", text)
    text = text.replace("/run/controlroom/web.sock", f"{folder}/web.sock")
    text = text.replace("/run/controlroom/video", f"{folder}/state/hls")
    bare = f"location /bare/ {{ alias {folder}/state/hls/; }}\n    location / {{"
    return text.replace("location / {", bare, 1)


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def answers(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{address}/healthz", timeout=5).status_code == 200
    return False


def wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not answers(address):
        if time.monotonic() > deadline or process.poll() is not None:
            raise SystemExit(f"{address} does not answer")
        time.sleep(0.1)


@contextlib.contextmanager
def front(folder: Path, janus: debian.Janus | None = None) -> Iterator[Front]:
    """Run one web process and nginx until the block ends; beside them that Janus, if one is named.

    This process may end views, and hears of Janus as the web process does.
    """
    program = debian.find_nginx() or debian.provide_nginx()
    if program is None:
        raise SystemExit("no nginx on this machine")
    port = free_port()
    proxy = f"http://127.0.0.1:{port}"
    own = {
        "CONTROLROOM_STATE_DIR": str(folder / "state"),
        "CONTROLROOM_HTTPS": "false",
        "CONTROLROOM_BEHIND_PROXY": "true",
        "CONTROLROOM_TRUSTED_ORIGINS": proxy,
        "CONTROLROOM_LOG_LEVEL": "ERROR",
        **(webrtc.environment(folder) if janus else {}),
    }
    # What this process puts there is the web process's too.
    settings.STATE_DIR = folder / "state"
    user = "user root;" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(AROUND.format(folder=folder, user=user, site=site(folder, port)))
    running: list[subprocess.Popen[bytes]] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        web = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            if janus:
                running.append(webrtc.started(janus, folder, own))
                settings.JANUS_SOCKET = own["CONTROLROOM_JANUS_SOCKET"]
                settings.JANUS_SECRET = own["CONTROLROOM_JANUS_SECRET"]
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "daphne", "-v", "0", "--fd", str(listening.fileno()),
                     "-e", f"unix:{folder}/web.sock:mode=660:backlog=1024",
                     "controlroom.asgi:application"],
                    cwd=ROOT, env=os.environ | own, pass_fds=[listening.fileno()],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
            server = running[-1]
            wait(web, server)
            command = [program, "-e", f"{folder}/error.log", "-c", str(conf)]
            running.append(subprocess.Popen(command))
            proxying = running[-1]
            wait(proxy, proxying)
            workers = [proxying.pid, *children(proxying.pid)]
            pictures = folder / "state" / "hls"
            yield Front(web, proxy, server.pid, workers, pictures, folder / "error.log")
        finally:
            for process in reversed(running):
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
                process.kill()
