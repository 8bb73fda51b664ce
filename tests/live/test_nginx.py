"""Mutual TLS behind Debian's nginx with the shipped file: what it lets through, and as whom."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controlroom.runtime import debian
from controlroom.runtime.places import CHECKOUT
from linkage import mutual_tls
from linkage.demo.link import room_link
from linkage.models import InboxMessage
from tests.linkage.conftest import envelope, token_for
from tests.linkage.test_mutual_tls import DAY, Authority, Paper
from tests.live.conftest import Web, short_folder, until

NGINX = debian.find_nginx()
pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(NGINX is None, reason="this machine has no nginx"),
]
SHIPPED = CHECKOUT / "deploy" / "nginx.conf"
TMPFILES = CHECKOUT / "deploy" / "controlroom.tmpfiles.conf"
AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/temporary;
  proxy_temp_path {folder}/temporary;
  fastcgi_temp_path {folder}/temporary;
  uwsgi_temp_path {folder}/temporary;
  scgi_temp_path {folder}/temporary;
  include {folder}/site.conf;
}}
"""


def site(folder: Path, port: int) -> str:
    """Give the shipped file with our places, and its lines on certificates in force."""
    text = SHIPPED.read_text(encoding="utf-8")
    for shipped, ours in (
        ("listen 443 ", f"listen 127.0.0.1:{port} "),
        ("/etc/controlroom/tls/", f"{folder}/"),
        ("/run/controlroom/", f"{folder}/"),
        ("# ssl_client_certificate ", "ssl_client_certificate "),
        ("# ssl_verify_client ", "ssl_verify_client "),
    ):
        assert shipped in text
        text = text.replace(shipped, ours)
    return text


def given_to_nginx(folder: Path) -> str:
    """Make the folder as the shipped file for systemd-tmpfiles does; gives who nginx is then.

    Only root may run nginx as somebody else.
    """
    if os.geteuid() != 0:
        return ""
    *_, line = TMPFILES.read_text(encoding="utf-8").splitlines()
    _kind, _path, mode, _owner, group, _age = line.split()
    shutil.chown(folder, group=group)
    folder.chmod(int(mode, 8))
    return f"user {group};"


class Front:
    """nginx before a web process on a socket, and an agency that asks through it."""

    def __init__(self, folder: Path, centre: Authority, agencies: Authority) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        own = centre.issue("localhost")
        user = given_to_nginx(folder)
        for name, text in (
            ("fullchain.pem", own.certificate),
            ("key.pem", own.key),
            ("agencies-ca.pem", agencies.pem),
            ("trusted.pem", centre.pem),
            ("site.conf", site(folder, self.port)),
            ("nginx.conf", AROUND.format(folder=folder, user=user)),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def also(self, name: str) -> None:
        """Put a second web process behind nginx, on a socket beside the first."""
        path = self.folder / "site.conf"
        line = f"server unix:{self.folder}/web.sock fail_timeout=2s;"
        text = path.read_text(encoding="utf-8")
        assert line in text
        more = f"{line} server unix:{self.folder}/{name} fail_timeout=2s;"
        path.write_text(text.replace(line, more), encoding="utf-8")

    def start(self) -> None:
        command = [NGINX, "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"]
        self.process = subprocess.Popen(command)
        until(self.answers, within_s=30, what="nginx answers")

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "error.log").read_text(encoding="utf-8")
        try:
            with self.client() as client:
                return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def workers(self) -> list[int]:
        """Name the processes that serve."""
        assert self.process is not None
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def kill(self) -> None:
        """Kill it as a machine does that runs out of memory: those that serve would live on."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        self.process.wait(20)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)

    def client(self, paper: Paper | None = None) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.folder / "trusted.pem")
        if paper is not None:
            chain = self.folder / f"{paper.fingerprint[:16]}.pem"
            chain.write_text(paper.certificate + paper.key, encoding="utf-8")
            context.load_cert_chain(chain)
        return httpx.Client(
            base_url=f"https://localhost:{self.port}", verify=context, trust_env=False, timeout=20
        )


@pytest.fixture(scope="module")
def agencies() -> Authority:
    return Authority("기관 CA")


@pytest.fixture
def front(transactional_db, agencies) -> Iterator[Front]:
    with short_folder() as folder:
        web = Web(
            folder,
            on_socket=f"{folder}/web.sock",
            CONTROLROOM_BEHIND_PROXY="true",
            CONTROLROOM_CERTIFICATE_PROXIES="unix",
        )
        nginx = Front(folder, Authority("한빛시 CA"), agencies)
        try:
            web.start()
            nginx.start()
            yield nginx
        finally:
            nginx.stop()
            web.close()


def test_only_the_certificate_that_the_link_names_passes_and_nobody_can_claim_one(
    front, agencies, city
):
    own, other = agencies.issue("112"), agencies.issue("112")
    link = room_link("police112", municipality=city).link
    open_link = room_link("fire119", municipality=city).link
    mutual_tls.register(link=link, fingerprints=[own.fingerprint])
    headers = {"Authorization": f"Bearer {token_for(link)}"}
    address = f"/api/v1/links/{link.code}/outbound"

    def asked(paper: Paper | None = None, **more: str) -> tuple[int, str]:
        named = {name.replace("__", "-"): value for name, value in more.items()}
        with front.client(paper) as client:
            answer = client.get(address, headers=headers | named)
        is_problem = answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"] if is_problem else ""

    assert asked(own) == (200, "")
    with front.client(own) as client:
        sent = client.post(f"/api/v1/links/{link.code}/messages", json=envelope(), headers=headers)
    assert sent.status_code == 201
    assert InboxMessage.objects.count() == 1
    refused = (403, "certificate_required")
    assert asked() == asked(other) == refused
    # nginx itself: not of the authority, or not any more.
    ended = agencies.issue("112", ends=-DAY)
    assert asked(Authority("남의 CA").issue("112")) == asked(ended) == (400, "")
    # Whatever somebody outside writes into these headers, in whichever spelling.
    for verify, certificate in (
        ("X-Client-Verify", "X-Client-Cert"),
        ("X_Client_Verify", "X_Client_Cert"),
    ):
        claimed = {verify: "SUCCESS", certificate: own.fingerprint}
        assert asked(**claimed) == asked(other, **claimed) == refused
        assert asked(own, **{verify: "NONE", certificate: other.fingerprint}) == (200, "")
    # Who is asked for none needs none.
    with front.client() as client:
        free = {"Authorization": f"Bearer {token_for(open_link, 'fire119')}"}
        assert (
            client.get(f"/api/v1/links/{open_link.code}/outbound", headers=free).status_code == 200
        )
        assert client.get("/accounts/login/").status_code == 200


def test_every_way_through_the_shipped_file_sets_both_headers():
    _server, *locations = SHIPPED.read_text(encoding="utf-8").split("location ")
    ways = [location for location in locations if "proxy_pass" in location]
    assert len(ways) > 1
    for way in ways:
        for name in ("X-Client-Verify", "X-Client-Cert", "X-Forwarded-For"):
            assert f"proxy_set_header {name} $" in way
