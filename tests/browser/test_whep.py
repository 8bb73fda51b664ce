"""Pictures by WebRTC from a real Janus: at once, once for a ticket, and cut when the view ends."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import IO

import pytest

from cctv.choices import EndReason
from cctv.models import MediaSession, VideoTicket, ViewRecord
from cctv.view_ends import end_views
from controlroom.accounts.models import User
from tests.browser.conftest import open_context, show, stage
from tests.live.conftest import until

__all__ = ["stage"]

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "janus-secret-0123456789"
DEPLOYED = Path(__file__).parent.parent.parent / "deploy" / "janus"
# What the console's player does, without its screen; every frame is noted by the clock on the wall.
WATCH = """
async (camera) => {
  const csrf = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? '';
  const asked = await fetch(`/m/90010/cctv/cameras/${camera}/ticket/`, {
    method: 'POST', body: JSON.stringify({ purpose: '시험' }),
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': csrf },
  });
  const ticket = await asked.json();
  const headers = { Authorization: `Ticket ${ticket.ticket}`, 'Content-Type': 'application/sdp' };
  const began = performance.now();
  const offer = await fetch(ticket.whep, { method: 'POST', headers, body: 'v=0' });
  const again = await fetch(ticket.whep, { method: 'POST', headers, body: 'v=0' });
  const peer = new RTCPeerConnection();
  const video = document.createElement('video');
  const own = { peer, video, ticket, frames: [], offer: offer.status, again: again.status };
  own.location = offer.headers.get('Location');
  window.watching = own;
  Object.assign(video, { muted: true, autoplay: true });
  document.body.append(video);
  peer.ontrack = (event) => { video.srcObject = new MediaStream([event.track]); };
  const note = () => { own.frames.push(Date.now()); video.requestVideoFrameCallback(note); };
  const first = new Promise((done) => video.requestVideoFrameCallback(() => { note(); done(performance.now() - began); }));
  await peer.setRemoteDescription({ type: 'offer', sdp: await offer.text() });
  await peer.setLocalDescription(await peer.createAnswer());
  const taken = await fetch(own.location, { method: 'PATCH', headers, body: peer.localDescription.sdp });
  own.poll = setInterval(() => fetch(own.location, { headers }), 1000);
  return { offer: own.offer, again: own.again, taken: taken.status, location: own.location, ticket: ticket.ticket, first: await first };
}
"""  # noqa: E501


def started(command: list[str], at: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start Janus, again where it gives its socket up at once (ADR 10)."""
    for _attempt in range(12):
        process = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda process=process: process.poll() is not None or answers(at), what="Janus")
        if process.poll() is None:
            return process
    raise AssertionError("Janus does not stay")


def answers(at: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.settimeout(1)
        try:
            line.connect(str(at))
            line.send(b'{"janus": "ping", "transaction": "1"}')
            return bool(line.recv(8192))
        except OSError:
            return False


@pytest.fixture(scope="module", autouse=True)
def janus(tmp_path_factory) -> Iterator[Path]:
    """Run Debian's Janus with the files of deploy/janus, its paths and secret put in."""
    program = which("janus")
    if not program:
        pytest.skip("no Janus here")
    folder = tmp_path_factory.mktemp("janus")
    at = folder / "janus.sock"
    for file in DEPLOYED.iterdir():
        text = file.read_text(encoding="utf-8").replace("SECRET", SECRET)
        text = text.replace("/etc/controlroom/janus", str(folder))
        text = text.replace("/run/controlroom-janus", str(folder))
        (folder / file.name).write_text(text, encoding="utf-8")
    with (folder / "log").open("wb") as log, pytest.MonkeyPatch.context() as patch:
        command = [program, "-F", str(folder), "-C", str(folder / "janus.jcfg")]
        process = started(command, at, log)
        patch.setenv("CONTROLROOM_JANUS_SOCKET", str(at))
        patch.setenv("CONTROLROOM_JANUS_SECRET", SECRET)
        patch.setenv("CONTROLROOM_JANUS_RTP_PORT", "43000")
        yield at
        process.kill()
        process.wait()


@pytest.fixture
def page(stage, janus, settings):
    settings.JANUS_SOCKET, settings.JANUS_SECRET = str(janus), SECRET
    context = open_context(stage, "haneul")
    page = context.new_page()
    page.goto("/m/90010/")
    yield page
    context.close()


def frames(page) -> list[float]:
    return page.evaluate("watching.frames")


def test_a_used_ticket_opens_nothing_and_frames_stop_with_the_view(stage, page, capsys):
    camera = stage.city.cameras.order_by("pk").first()
    seen = page.evaluate(WATCH, camera.pk)
    assert (seen["offer"], seen["again"], seen["taken"]) == (406, 403, 204)
    assert seen["ticket"] not in seen["location"]
    view = ViewRecord.objects.get(ended_at=None)
    import json
    from cctv.gateway.janus import Line
    row = MediaSession.objects.get(view=view)
    a, b = map(int, row.session_id.split("/"))
    time.sleep(4)
    print(json.dumps(Line(administers=True).ask("handle_info", session_id=a, handle_id=b), indent=1))
    view.refresh_from_db(); print(vars(view))
    count = len(frames(page))
    until(lambda: len(frames(page)) > count + 5, what="frames go on")
    # By another process than the one that offered.
    end_views(viewer_id=User.objects.get(username="haneul").pk, reason=EndReason.REVOKED)
    view.refresh_from_db()
    ended = view.ended_at.timestamp() * 1000
    until(lambda: time.time() * 1000 > frames(page)[-1] + 2000, what="frames stop")
    assert frames(page)[-1] - ended < 5000
    assert MediaSession.objects.get(view=view).kicked_at
    assert VideoTicket.objects.get(view=view)
    show(capsys, f"first frame {seen['first']:.0f} ms, last {frames(page)[-1] - ended:.0f} ms")
