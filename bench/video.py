"""Video: first frame in the real console, the cut by each way, the cost of 1, 50 and 200 viewers.

First frame: in a real Chromium at the real console an operator clicks the strip of a P1 incident
(which connects its best camera) and presses V at once; the seconds from the click to the first
frame that the browser says it decoded and showed in the large picture (requestVideoFrameCallback),
four sub-stream tiles opening beside it. Cold: the first time for a camera that nobody wanted
before. Warm: again, while its relay still runs: six incidents in turn want 30 streams, of the 32
places a machine has. Beside it, from the same click, the poster in the
large picture, and in how many runs it came before the frame. The prober leaves synthetic cameras
out, so one look of its kind is taken before, and its picture given to all of them.
Cut: the view is revoked, expires, or its incident is closed (in turn), by another process than the
web server; the seconds until the last decoded frame, by the way the pictures come: straight from
the web process, as files of nginx with the shipped configuration, or by WebRTC from Debian's Janus
("whep"; its tickets and states by that nginx). First frames are measured by nginx and by WebRTC.
Cost: one relay and 1, 50 and 200 viewers from a process of their own, each asking for a play list,
the newest piece and the state once a second. CPU of the web process and of nginx, without the
relay's, the database's (printed beside) and the client's; memory by RSS. The floor in the same run
is that nginx serving the same files without asking anybody. No TLS anywhere.
Synthetic cameras; works in a database of its own, dropped at the end.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright  # noqa: E402

from bench._scratch import scratch_database  # noqa: E402
from bench._video_city import CODE, TOKEN, City  # noqa: E402
from bench._video_cost import costs, crowd, settle  # noqa: E402
from bench._video_front import Front, front  # noqa: E402
from controlroom.runtime import debian  # noqa: E402

PAGE = '<!doctype html><html lang="ko"><meta charset="utf-8"><body><div id="wall"></div>'
MOUNT = """async ({code, cameraId, incidentId}) => {
  const { mountVideo } = await import("/static/js/console/video.js");
  const element = document.createElement("div");
  element.style = "width:640px;height:360px";
  document.getElementById("wall").replaceChildren(element);
  window.player = mountVideo(element, {ticketUrl: `/m/${code}/cctv/cameras/${cameraId}/ticket/`,
    csrfToken: document.cookie.match(/csrftoken=([^;]+)/)[1], incidentId, cameraId,
    name: `cam ${cameraId}`, purpose: "bench"});
}"""
# From the click on the strip to the first frame in the large tile; V follows the click at once.
FIRST_FRAME = """(id) => new Promise((done) => {
  const strip = document.querySelector(`.strip-item[data-id="${id}"]`);
  const pressed = performance.now();
  const look = () => {
    // The player's own word, of when requestVideoFrameCallback called it first.
    const player = document.querySelector('.tile[data-large] .player');
    const { firstFrameMs, posterMs } = player?.dataset ?? {};
    firstFrameMs ? done([firstFrameMs - pressed, posterMs ? posterMs - pressed : null])
                 : requestAnimationFrame(look);
  };
  strip.querySelector('button').click();
  const key = {code: 'KeyV', key: 'v', bubbles: true};
  document.body.dispatchEvent(new KeyboardEvent('keydown', key));
  look();
})"""
# Which way the player says that its pictures come.
WAYS = {"relay": "HLS", "nginx": "HLS", "whep": "WebRTC"}
NO_WEBRTC = "delete globalThis.RTCPeerConnection"
# Crowds of players of play lists, and the floor.
SERVED = ("relay", "nginx", "bare")
EVERY = [*WAYS, "bare"]
CROWDS = (1, 50, 200)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    os.environ |= {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    program = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def context_of(browser: Browser, address: str, session: str, way: str) -> BrowserContext:
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 720})
    if WAYS[way] != "WebRTC":
        context.add_init_script(NO_WEBRTC)
    cookies = {"sessionid": session, "csrftoken": TOKEN, "django_language": "ko"}
    context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
    )
    return context


# --- first frame ------------------------------------------------------------------------
@dataclass
class Waited:
    """Seconds from the click until something was there."""

    frames: list[float] = field(default_factory=list)
    posters: list[float] = field(default_factory=list)


def give_posters(cameras: list[Any]) -> None:
    """Look at one camera as the prober does at those with an address; all get that picture."""
    from cctv import posters, probing  # noqa: PLC0415 - after set-up
    from cctv.sources import source_of  # noqa: PLC0415 - after set-up

    poster = probing.of_source(source_of(cameras[0])).poster
    if poster is None:
        raise SystemExit("a look at a camera gave no picture")
    for camera in cameras:
        posters.keep(camera_id=camera.pk, mark=posters.mark_of(camera), poster=poster)


def first_frames(
    browser: Browser, address: str, city: City, way: str, options: argparse.Namespace
) -> tuple[Waited, Waited]:
    """Select and watch each of a few incidents, first cold, then warm in turn."""
    colds, warms = options.cold, options.warm
    step = max(1, len(city.cameras) // colds)
    # Each way has cameras of its own, which nobody wanted before.
    from_camera = step // 2 if way == "whep" else 0
    cameras = city.cameras[from_camera : from_camera + step * colds : step]
    # To all of them, for which one is shown large is the choice's.
    give_posters(city.cameras)
    rows = [city.incident(camera) for camera in cameras]
    page = context_of(browser, address, city.session, way).new_page()
    page.goto(f"/m/{CODE}/")
    cold, warm = Waited(), Waited()
    for at in range(colds + warms):
        row = rows[at % colds]
        page.wait_for_selector(f'.strip-item[data-id="{row.pk}"]', state="attached")
        took, poster = page.evaluate(FIRST_FRAME, str(row.pk))
        took /= 1000
        came_by = page.get_attribute(".tile[data-large] .player", "data-way")
        if came_by == WAYS[way]:
            waited = cold if at < colds else warm
            waited.frames.append(took)
            if poster is not None:
                waited.posters.append(poster / 1000)
        else:
            print(f"  first frame {at + 1} of {way} came by {came_by} after {took:.2f} s")
        page.keyboard.press("x")
        page.wait_for_selector("#video", state="hidden")
    page.context.close()
    return cold, warm


# --- cut --------------------------------------------------------------------------------
def serve_static(route: Any) -> None:
    path = ROOT / "static" / route.request.url.split("/static/")[1].split("?")[0]
    route.fulfill(body=path.read_bytes(), content_type="text/javascript")


def player_page(browser: Browser, address: str, session: str, way: str) -> Page:
    page = context_of(browser, address, session, way).new_page()
    page.route("**/player.html", lambda r: r.fulfill(body=PAGE, content_type="text/html"))
    page.route(re.compile("/static/"), serve_static)
    page.goto("/player.html")
    return page


def end_view(view: Any, city: City, how: str) -> None:
    from django.db.models import F  # noqa: PLC0415 - after set-up

    from cctv.choices import EndReason  # noqa: PLC0415 - after set-up
    from cctv.models import ViewRecord  # noqa: PLC0415 - after set-up
    from cctv.view_ends import end_views  # noqa: PLC0415 - after set-up
    from incidents.lifecycle import acknowledge, mark_false_alarm  # noqa: PLC0415 - after set-up
    from incidents.models import Incident  # noqa: PLC0415 - after set-up

    if how == "revoked":
        end_views(viewer_id=view.viewer_id, reason=EndReason.REVOKED)
    elif how == "expired":
        longer = timedelta(hours=9)
        ViewRecord.objects.filter(pk=view.pk).update(started_at=F("started_at") - longer)
    else:
        incident = acknowledge(incident=Incident.objects.get(pk=view.incident_id), by=city.user)
        mark_false_alarm(incident=incident, by=city.user)


def cuts(
    browser: Browser, address: str, city: City, way: str, number: int
) -> dict[str, list[float]]:
    """End views in three ways in turn; seconds until the last decoded frame of each."""
    from cctv.models import ViewRecord  # noqa: PLC0415 - after set-up

    camera = city.cameras[0]
    page = player_page(browser, address, city.session, way)
    took: dict[str, list[float]] = {"revoked": [], "expired": [], "closed": []}
    for at in range(number):
        how = list(took)[at % 3]
        incident = city.incident(camera)
        page.evaluate(MOUNT, {"code": CODE, "cameraId": camera.pk, "incidentId": str(incident.pk)})
        page.wait_for_function(
            "document.querySelector('.player')?.dataset.frames > 10", timeout=30_000
        )
        if (came_by := page.get_attribute(".player", "data-way")) != WAYS[way]:
            raise SystemExit(f"a picture of {way} came by {came_by}")
        view = ViewRecord.objects.filter(ended_at=None, incident_id=incident.pk).latest("pk")
        # The player would ask for a new ticket after an hour, and rightly get a new view.
        page.route("**/ticket/", lambda route: route.abort())
        began = last = time.monotonic()
        end_view(view, city, how)
        seen = ""
        # A frame comes every tenth of a second until the last one.
        while time.monotonic() - last < 3 and time.monotonic() - began < 30:
            page.wait_for_timeout(30)
            now = page.get_attribute(".player", "data-frames") or ""
            if now != seen:
                seen, last = now, time.monotonic()
        took[how].append(last - began)
        page.evaluate("window.player.destroy()")
        page.unroute("**/ticket/")
    page.context.close()
    return took


# --- floor ------------------------------------------------------------------------------
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
    figures: dict[str, float] = {}
    city = City()
    janus = debian.find_janus() if "whep" in options.ways else None
    wanted = [way for way in options.ways if way in WAYS and (way != "whep" or janus)]
    with (
        tempfile.TemporaryDirectory(prefix="crb", dir="/tmp") as made,
        front(Path(made), janus) as there,
    ):
        ways = {way: there.web if way == "relay" else there.proxy for way in wanted}
        with chromium() as browser:
            for way in sorted(set(ways) - {"relay"}) if options.warm else ():
                found = first_frames(browser, ways[way], city, way, options)
                first_frame_figures(figures, found, way)
            for way, address in ways.items() if options.cuts else ():
                found = cuts(browser, address, city, way, options.cuts)
                for how, took in found.items():
                    print(f"  cut by {way}, {how}: {' '.join(f'{one:.1f}' for one in took)}")
                every = [one for took in found.values() for one in took]
                figures[f"cut_p50_s_{way}"] = at_rank(every, 0.5)
                figures[f"cut_p99_s_{way}"] = at_rank(every, 0.99)
        if options.cuts and ways:
            figures["cut_p99_s"] = max(figures[f"cut_p99_s_{way}"] for way in ways)
        crowds(figures, there, city, options)
    bare = statistics.median(bare_start(max(3, options.cold)))
    for name, value in figures.items():
        print(f"  {name:36} {value:9.3f}")
    print(f"  floor: bare ffmpeg to its first piece {bare:.3f} s")
    most = max(options.viewers, default=0)
    nginx = figures.get(f"cpu_ms_per_viewer_s_{most}_nginx", 0.0)
    floor = figures.get(f"cpu_ms_per_viewer_s_{most}_bare", 0.0)
    return {
        "bench": "video",
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "floor": {
            "bare_first_piece_p50_s": round(bare, 3),
            f"bare_nginx_cpu_ms_per_viewer_s_{most}": round(floor, 3),
        },
        "ratio": round(nginx / floor, 2) if floor else None,
    }


def crowds(
    figures: dict[str, float], there: Front, city: City, options: argparse.Namespace
) -> None:
    for viewers in options.viewers:
        for way in (way for way in options.ways if way in SERVED):
            settle(there)
            costs(figures, crowd(there, city, way, viewers, options.seconds), way, viewers)
    for said, often in there.complaints().most_common(5):
        print(f"  nginx, {often} times: {said}")


def first_frame_figures(figures: dict[str, float], found: tuple[Waited, Waited], way: str) -> None:
    cold, warm = found
    ending = "" if way == "nginx" else f"_{way}"
    # A way by which nothing came has no figure.
    if warm.frames:
        figures[f"first_frame_p50_s{ending}"] = at_rank(warm.frames, 0.5)
        figures[f"first_frame_p95_s{ending}"] = at_rank(warm.frames, 0.95)
    if cold.frames:
        figures[f"cold_first_frame_p50_s{ending}"] = at_rank(cold.frames, 0.5)
        figures[f"cold_first_frame_max_s{ending}"] = max(cold.frames)
    for name, waited in (("poster", warm), ("cold_poster", cold)):
        both = f"{len(waited.posters)} of {len(waited.frames)}"
        print(f"  {name} by {way}: before the frame in {both}")
        if waited.posters:
            figures[f"{name}_p50_s{ending}"] = at_rank(waited.posters, 0.5)
            figures[f"{name}_p95_s{ending}"] = at_rank(waited.posters, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--warm", type=int, default=40)
    parser.add_argument("--cold", type=int, default=6)
    parser.add_argument("--cuts", type=int, default=50, help="by each way")
    parser.add_argument("--viewers", type=int, nargs="*", default=list(CROWDS))
    parser.add_argument("--ways", nargs="+", choices=EVERY, default=EVERY)
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    with scratch_database("video"):
        result = measure(options)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
