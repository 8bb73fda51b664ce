"""First decoded frame in a real Chromium, warm and cold, the cut after the end, cost of a viewer.

A frame counts when the browser says it was decoded and shown (requestVideoFrameCallback). Warm: the
relay runs because a ticket was asked for before, as the console does when it selects a P1. Cold:
nobody has asked for this camera. Cut: the view is ended by another process than the web server;
the seconds until the last frame that was decoded. Cost: CPU of the web process for viewers that
ask as the player does (a play list, a piece and the state each second), without the relay's own.
The floor is a bare ffmpeg with the same arguments until its first piece is on disk; `ratio` is
cold over floor. Synthetic cameras; works in a database of its own, dropped at the end.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from _scratch import scratch_database
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CODE = "99999"
TOKEN = "t" * 32
PAGE = '<!doctype html><html lang="ko"><meta charset="utf-8"><body><div id="wall"></div>'
MOUNT = """async ({code, cameraId}) => {
  const { mountVideo } = await import("/static/js/console/video.js");
  const element = document.createElement("div");
  element.style = "width:640px;height:360px";
  document.getElementById("wall").replaceChildren(element);
  window.pressedAt = performance.now();
  window.player = mountVideo(element, {ticketUrl: `/m/${code}/cctv/cameras/${cameraId}/ticket/`,
    csrfToken: document.cookie.match(/csrftoken=([^;]+)/)[1], incidentId: null, cameraId,
    name: `cam ${cameraId}`, purpose: "bench"});
}"""
DECODED = "document.querySelector('.player')?.dataset.frames > 0"
FIRST_MS = "Number(document.querySelector('.player').dataset.firstFrameMs) - window.pressedAt"


def prepare(cameras: int) -> tuple[str, list[int]]:
    """Make a city with an operator and cameras; gives the session's key and the cameras."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415 - after set-up
    from django.contrib.gis.geos import Point  # noqa: PLC0415 - after set-up
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415 - after set-up

    from cctv.models import Camera, Site  # noqa: PLC0415 - after set-up
    from controlroom.accounts.models import User  # noqa: PLC0415 - after set-up
    from controlroom.municipalities.models import Membership, Municipality  # noqa: PLC0415 - after set-up

    city = Municipality.objects.create(code=CODE, name_ko="측정시")
    user = User.objects.create_user("bench", password=None)
    Membership.objects.create(user=user, municipality=city, role="operator")
    made = []
    for number in range(cameras):
        site = Site.objects.create(
            municipality=city, name=f"지점 {number}", location=Point(127.4, 36.4, srid=4326)
        )
        made.append(Camera.objects.create(municipality=city, site=site, source_kind="synthetic").pk)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key, made


@contextlib.contextmanager
def daphne(state: str) -> Iterator[tuple[str, int]]:
    """Run the web process; gives its address and process id."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        own = {"CONTROLROOM_STATE_DIR": state, "CONTROLROOM_HTTPS": "false"}
        server = subprocess.Popen(
            [sys.executable, "-m", "daphne", "--fd", str(listening.fileno()),
             "controlroom.asgi:application"],
            cwd=ROOT, env=os.environ | own, pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                        break
                if time.monotonic() > deadline or server.poll() is not None:
                    raise SystemExit("the web process does not answer")
            yield address, server.pid
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def client_of(address: str, session: str) -> httpx.Client:
    cookies = {"sessionid": session, "csrftoken": TOKEN}
    return httpx.Client(base_url=address, cookies=cookies, headers={"X-CSRFToken": TOKEN})


def ticket(client: httpx.Client, camera: int) -> dict[str, str]:
    """Ask for a ticket; gives the header that shows it."""
    answer = client.post(f"/m/{CODE}/cctv/cameras/{camera}/ticket/", json={"purpose": "bench"})
    answer.raise_for_status()
    return {"Authorization": f"Ticket {answer.json()['ticket']}"}


def serve_static(route: Any) -> None:
    path = ROOT / "static" / route.request.url.split("/static/")[1].split("?")[0]
    route.fulfill(body=path.read_bytes(), content_type="text/javascript")


@contextlib.contextmanager
def player_page(address: str, session: str) -> Iterator[Page]:
    os.environ |= {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    program = shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = chromium.new_context(base_url=address)
        context.add_cookies(
            [{"name": "sessionid", "value": session, "url": address},
             {"name": "csrftoken", "value": TOKEN, "url": address}]
        )  # fmt: skip
        page = context.new_page()
        page.route("**/player.html", lambda r: r.fulfill(body=PAGE, content_type="text/html"))
        page.route(re.compile("/static/"), serve_static)
        page.goto("/player.html")
        yield page
        chromium.close()


def first_frame(page: Page, camera: int) -> float:
    page.evaluate(MOUNT, {"code": CODE, "cameraId": camera})
    page.wait_for_function(DECODED, timeout=30_000, polling="raf")
    return float(page.evaluate(FIRST_MS)) / 1000


def destroy(page: Page) -> None:
    page.evaluate("window.player.destroy()")


def warm(page: Page, client: httpx.Client, camera: int, number: int) -> list[float]:
    took = []
    for at in range(number + 1):
        shown = ticket(client, camera)
        while client.get(f"/video/{camera}/state", headers=shown).json()["state"] != "live":
            time.sleep(0.05)
        spent = first_frame(page, camera)
        destroy(page)
        # The first one also loads the player's modules.
        if at:
            took.append(spent)
    return took


def cold(page: Page, cameras: list[int]) -> list[float]:
    took = []
    for camera in cameras:
        took.append(first_frame(page, camera))
        destroy(page)
    return took


def cuts(page: Page, camera: int, number: int) -> list[float]:
    from cctv.choices import EndReason  # noqa: PLC0415 - after set-up
    from cctv.models import ViewRecord  # noqa: PLC0415 - after set-up
    from cctv.tickets import end_views  # noqa: PLC0415 - after set-up

    took = []
    for _ in range(number):
        first_frame(page, camera)
        page.wait_for_function("document.querySelector('.player').dataset.frames > 20")
        viewer = ViewRecord.objects.filter(ended_at=None).latest("pk").viewer_id
        began = last = time.monotonic()
        end_views(viewer_id=viewer, reason=EndReason.INCIDENT_ENDED)
        seen = ""
        while time.monotonic() - last < 3:
            page.wait_for_timeout(30)
            now = page.get_attribute(".player", "data-frames")
            if now != seen:
                seen, last = now, time.monotonic()
        took.append(last - began)
        destroy(page)
    return took


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(client: httpx.Client, camera: int, until: float, counts: list[int]) -> None:
    """Ask as a player does, once a second, until then."""
    shown = ticket(client, camera)
    while time.monotonic() < until:
        began = time.monotonic()
        playlist = client.get(f"/video/{camera}/live.m3u8", headers=shown).text
        piece = [line for line in playlist.splitlines() if line.endswith(".m4s")][-1]
        body = client.get(f"/video/{camera}/{piece}", headers=shown)
        state = client.get(f"/video/{camera}/state", headers=shown)
        counts.append(int(body.status_code == state.status_code == 200))
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))


def cost(address: str, pid: int, session: str, camera: int, viewers: int, for_s: float) -> float:
    """CPU milliseconds of the web process for one viewer's second."""
    counts: list[int] = []
    until = time.monotonic() + for_s
    before = cpu_s(pid)
    threads = []
    for _ in range(viewers):
        client = client_of(address, session)
        threads.append(threading.Thread(target=watch, args=(client, camera, until, counts)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    if not counts or not all(counts):
        raise SystemExit(f"{counts.count(0)} of {len(counts)} requests of viewers were refused")
    return (cpu_s(pid) - before) * 1000 / len(counts)


def bare_start(number: int) -> list[float]:
    """Seconds from starting ffmpeg by hand to its first piece on disk."""
    from cctv import relay, relay_command  # noqa: PLC0415 - after set-up

    took = []
    for at in range(number):
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            (here / relay_command.NAME).write_text("cam")
            (here / relay_command.FONT).symlink_to(ROOT / "static" / relay.FONT_FILE)
            run = f"{at:08x}"
            plan = relay_command.synthetic(run=run, seed=0)
            began = time.monotonic()
            with subprocess.Popen(
                [relay.ffmpeg(), *plan.arguments], cwd=here, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                while not (here / f"{run}.m3u8").exists():
                    time.sleep(0.005)
                took.append(time.monotonic() - began)
                process.kill()
    return took


def at_rank(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    session, cameras = prepare(options.cold + 1)
    with tempfile.TemporaryDirectory() as state, daphne(state) as (address, pid):
        client = client_of(address, session)
        with player_page(address, session) as page:
            warmed = warm(page, client, cameras[0], options.warm)
            colds = cold(page, cameras[1:])
            cut = cuts(page, cameras[0], options.cuts)
        spent = cost(address, pid, session, cameras[0], options.viewers, options.seconds)
    bare = statistics.median(bare_start(options.cold))
    figures = {
        "first_frame_p50_s": at_rank(warmed, 0.5),
        "first_frame_p95_s": at_rank(warmed, 0.95),
        "cold_first_frame_p50_s": at_rank(colds, 0.5),
        "cold_first_frame_max_s": max(colds),
        "cut_p50_s": at_rank(cut, 0.5),
        "cut_p99_s": at_rank(cut, 0.99),
        f"cpu_ms_per_viewer_s_{options.viewers}": spent,
    }
    for name, value in figures.items():
        print(f"  {name:28} {value:8.3f}")
    print(f"  floor: bare ffmpeg to its first piece {bare:.3f} s")
    return {
        "bench": "video",
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "floor": {"bare_first_piece_p50_s": round(bare, 3)},
        "ratio": round(figures["cold_first_frame_p50_s"] / bare, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--warm", type=int, default=20)
    parser.add_argument("--cold", type=int, default=8)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    with scratch_database("video"):
        result = measure(options)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
