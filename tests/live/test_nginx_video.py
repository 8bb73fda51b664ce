"""Pictures served by Debian's nginx with the shipped file: to whom, how long, and no other file."""

import contextlib
import http.client
import os
import pwd
import select
import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from django.db.models import F

from cctv.choices import EndReason
from cctv.models import ViewRecord
from cctv.view_ends import end_views
from tests.cctv.builders import make_camera
from tests.linkage.test_mutual_tls import Authority
from tests.live.conftest import Web, short_folder, until
from tests.live.test_nginx import NGINX, Front
from tests.live.test_video_player import decoded_after, mount, note, state, wait_state
from tests.live.test_video_player import page_of as player_page

pytestmark = [
    pytest.mark.live,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(NGINX is None, reason="this machine has no nginx"),
]
CUT_S = 5.0


class Room:
    """nginx before two web processes, and one operator's browser."""

    def __init__(self, front: Front, webs: list[Web]) -> None:
        self.front, self.webs = front, webs
        self.client = front.client()

    def sign_in(self, user) -> None:
        name, value = self.webs[0].cookie_of(user).split("=")
        self.client.cookies.set(name, value)
        self.client.cookies.set("csrftoken", "c" * 32)

    def ticket(self, camera) -> dict[str, str]:
        asked = self.client.post(
            f"/m/{camera.municipality.code}/cctv/cameras/{camera.pk}/ticket/",
            json={"purpose": "시험"},
            headers={"X-CSRFToken": "c" * 32, "Referer": str(self.client.base_url)},
        )
        assert asked.status_code == 201, asked.text
        return {"Authorization": f"Ticket {asked.json()['ticket']}"}

    def get(self, path: str, ticket: dict[str, str] | None = None) -> httpx.Response:
        return self.client.get(path, headers=ticket)

    def refuses(self, path: str, ticket: dict[str, str]) -> bool:
        return self.get(path, ticket).status_code == 403

    def shows(self, path: str, ticket: dict[str, str]) -> bool:
        return self.get(path, ticket).status_code == 200

    def newest(self, camera, ticket: dict[str, str], under: str = "") -> str:
        """Give the address of the newest piece."""
        listed = self.get(f"/video/{camera.pk}/{under}live.m3u8", ticket)
        assert listed.status_code == 200, listed.text
        piece = [line for line in listed.text.splitlines() if line.endswith(".m4s")][-1]
        return f"/video/{camera.pk}/{under}{piece}"

    def plain(self, path: str, ticket: dict[str, str], method: str = "GET") -> int:
        """Ask for exactly this address: no client tidies it up."""
        with self.asking(path, ticket, method) as line:
            return line.getresponse().status

    @contextlib.contextmanager
    def asking(
        self, path: str, ticket: dict[str, str], method: str = "GET"
    ) -> Iterator[http.client.HTTPSConnection]:
        """Ask, and leave the answer to be read."""
        context = ssl.create_default_context(cafile=self.front.folder / "trusted.pem")
        line = http.client.HTTPSConnection("localhost", self.front.port, context=context)
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        try:
            line.putrequest(method, path)
            for name, value in {**ticket, "Cookie": cookies}.items():
                line.putheader(name, value)
            line.endheaders()
            yield line
        finally:
            line.close()


@pytest.fixture
def room(transactional_db) -> Iterator[Room]:
    with short_folder() as folder:
        front = Front(folder, Authority("한빛시 CA"), Authority("기관 CA"))
        front.also("web-2.sock")
        webs = [
            Web(
                folder,
                on_socket=f"{folder}/{name}",
                CONTROLROOM_VIDEO_DIR=f"{folder}/video",
                CONTROLROOM_BEHIND_PROXY="true",
                CONTROLROOM_TRUSTED_ORIGINS=f"https://localhost:{front.port}",
            )
            for name in ("web.sock", "web-2.sock")
        ]
        try:
            for web in webs:
                web.start()
            front.start()
            there = Room(front, webs)
            yield there
            there.client.close()
        finally:
            front.stop()
            for web in webs:
                web.close()


def revoked(view: ViewRecord) -> None:
    end_views(viewer_id=view.viewer_id, reason=EndReason.REVOKED)


def expired(view: ViewRecord) -> None:
    hours = timedelta(hours=9)
    ViewRecord.objects.filter(pk=view.pk).update(started_at=F("started_at") - hours)


def pictures_are_nginx_to_read_alone(room: Room) -> None:
    """nginx serves as www-data, which may read and change nothing; others do not get in."""
    user = {
        pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name for pid in room.front.workers()
    }
    assert user == {"www-data"}
    there = [path for path in room.front.folder.rglob("video/**/*") if not path.is_symlink()]
    picture = next(path for path in there if path.suffix == ".mp4")
    may = {
        (who, *command): not subprocess.run(
            [*command, picture],
            user=who,
            group=group,
            extra_groups=[],
            capture_output=True,
            check=False,
        ).returncode
        for who, group in (("www-data", "www-data"), ("nobody", "nogroup"))
        for command in (("cat",), ("touch", "-c"))
    }
    assert [did for did, could in may.items() if could] == [("www-data", "cat")]
    for path in (*there, room.front.folder / "video", room.front.folder):
        # A relay removes its files while this looks.
        with contextlib.suppress(FileNotFoundError):
            assert path.stat().st_mode & 0o027 == 0, path
    assert (room.front.folder / "web.sock").stat().st_mode & 0o777 == 0o660


def who_stops_reading_is_cut_off(room: Room, piece: Path, ticket: dict[str, str]) -> None:
    """What waits for a reader must not leave long after the record says that it may."""
    piece.write_bytes(bytes(50_000_000))
    with room.asking(f"/video/{piece.parent.name}/{piece.name}", ticket) as line:
        assert line.getresponse().status == 200
        ear = select.poll()
        ear.register(line.sock, 0)
        until(lambda: ear.poll(0), within_s=CUT_S, what="nginx hangs up")
    piece.unlink()


def test_nginx_serves_the_pieces_of_an_open_view_and_not_one_byte_more(room, city, haneul):
    camera, other = make_camera(city), make_camera(city, 10)
    room.sign_in(haneul)
    ticket, others = room.ticket(camera), room.ticket(other)
    piece = room.newest(camera, ticket)
    shown = room.get(piece, ticket)
    assert shown.status_code == 200
    assert shown.content[4:8] in {b"styp", b"moof", b"sidx"}
    assert shown.headers["content-type"] == "video/mp4"
    assert shown.headers["cache-control"] == "no-store"
    # It was nginx that sent it: the web process names no such time.
    assert "last-modified" in shown.headers
    small = room.newest(camera, ticket, "sub/")
    assert room.get(small, ticket).status_code == 200

    assert room.get(piece).status_code == 403
    assert room.get(piece, {"Authorization": "Ticket x"}).status_code == 403
    assert room.get(piece, others).status_code == 403
    assert room.get(f"{piece}?ticket={ticket['Authorization'][7:]}").status_code == 403
    strange = room.front.client()
    assert strange.get(piece, headers=ticket).status_code == 403
    strange.close()

    folder = room.front.folder / "video" / str(camera.pk)
    if os.geteuid() == 0:
        pictures_are_nginx_to_read_alone(room)
    assert (folder / "state.json").exists()
    (folder / "0011aabb-000001.m4s").symlink_to("/etc/hostname")
    run = piece.rsplit("/", 1)[1][:8]
    base = f"/video/{camera.pk}"
    own = piece.rsplit("/", 1)[1]
    closed = [
        "/video/check", "/video/check/", "/video/", base, f"{base}/", f"{base}/sub/",
        f"{base}/state.json", f"{base}/lock", f"{base}/wanted", f"{base}/name.txt",
        f"{base}/{run}.m3u8", f"{base}/0011aabb-000001.m4s",
        f"{base}/../{other.pk}/{own}", f"{base}/%2e%2e/{other.pk}/{own}", f"{base}/sub/../{own}",
        f"{base}/..%2f{other.pk}%2f{own}", f"/video//{camera.pk}/{own}",
        f"//video/{camera.pk}/{own}",
        f"{base}/../../slots/0", "/video/../../etc/passwd", f"{base}/{own}%00", f"{base}/{own}/",
        f"{base}/{own};x", f"{base}/{own.upper()}",
    ]  # fmt: skip
    for path in closed:
        assert room.plain(path, ticket) in {400, 403, 404}, path
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        assert room.plain(piece, ticket, method) in {403, 405}, method
    who_stops_reading_is_cut_off(room, folder / f"{run}-999999.m4s", ticket)
    # A part of a piece would count as the whole of it.
    part = room.client.get(piece, headers=ticket | {"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (200, len(shown.content))

    sent = len(room.get(piece, ticket).content)
    room.client.delete(f"{base}/state", headers=ticket)
    view = ViewRecord.objects.get(camera=camera)
    assert view.end_reason == EndReason.STOPPED
    assert view.bytes_sent >= sent + len(shown.content)
    until(lambda: room.get(piece, ticket).status_code == 403, within_s=CUT_S)

    # A piece that is not there is 404 to whom it would be shown, 403 to all others.
    missing = f"{base}/00112233-000001.m4s"
    for ends in (revoked, expired):
        shown = room.ticket(camera)
        assert room.get(room.newest(camera, shown), shown).status_code == 200
        assert room.get(missing, shown).status_code == 404
        ends(ViewRecord.objects.filter(camera=camera).latest("pk"))
        until(partial(room.refuses, missing, shown), within_s=CUT_S)


def test_pictures_go_on_when_one_of_two_web_processes_dies(room, city, haneul):
    camera = make_camera(city)
    room.sign_in(haneul)
    ticket = room.ticket(camera)
    room.newest(camera, ticket)
    plays = partial(room.shows, f"/video/{camera.pk}/live.m3u8", ticket)
    for web in room.webs:
        web.stop(9)
        # nginx tries a process that failed again after a while.
        until(plays, within_s=60)
        assert room.get(room.newest(camera, ticket), ticket).status_code == 200
        Path(web._socket).unlink()
        # The player asks on while a process starts; else its view would be over.
        web.start(plays)
    assert ViewRecord.objects.count() == 1


@pytest.mark.browser
def test_the_last_frame_by_nginx_comes_within_five_seconds_of_the_end(chromium, room, city, haneul):
    camera = make_camera(city)
    name, value = room.webs[0].cookie_of(haneul).split("=")
    address = f"https://localhost:{room.front.port}"
    with player_page(chromium, address, {name: value}) as page:
        mount(page, city.code, camera.pk)
        wait_state(page, camera.pk, "live", within_s=20)
        revoked(ViewRecord.objects.get())
        cut = decoded_after(page, camera.pk)
        note(f"last decoded frame by nginx {cut:.2f} s after the end")
        assert cut <= CUT_S
        assert state(page, camera.pk) == "ended"
