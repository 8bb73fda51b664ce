"""A media server in our place: who gets in, by what, once; and out within the time of an end."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from cctv import passes, view_ends
from cctv.choices import EndReason, Quality
from cctv.gateway import admissions
from cctv.gateway.choice import _server, gateway_for, media_server
from cctv.gateway.mediamtx import MediaServerDown
from cctv.models import Camera, MediaSession, ViewRecord
from cctv.relay_watch import StreamState
from cctv.sources import set_source, set_sub_source
from cctv.view_ends import end_views
from tests.cctv.builders import make_camera
from tests.cctv.gateway.media_server import MediaServer
from tests.cctv.gateway.media_server import media_server as running

pytestmark = pytest.mark.django_db
SECRET = "callback-secret-0123456789"


@pytest.fixture
def server(settings, client):
    def ask(asked, *, secret=SECRET):
        header = b64encode(f"mediamtx:{secret}".encode()).decode()
        return client.__class__().post(
            "/media-server/auth", asked, content_type="application/json",
            headers={"Authorization": f"Basic {header}"},
        ).status_code  # fmt: skip

    passes._passes.clear()
    with running(ask) as made:
        settings.MEDIA_SERVER_API_URL = made.url
        settings.MEDIA_SERVER_SECRET = SECRET
        yield made
        assert made.faults == []
    _server.cache_clear()


@pytest.fixture
def camera(city, server, settings) -> Camera:
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    camera = set_source(make_camera(city), "rtsp://root:geheim@127.0.0.1:8554/live")
    return set_sub_source(camera, "rtsp://root:geheim@127.0.0.1:8554/small")


class Operator:
    def __init__(self, client, camera) -> None:
        self.client, self.camera = client, camera
        asked = client.post(
            f"/m/{camera.municipality.code}/cctv/cameras/{camera.pk}/ticket/",
            {"purpose": "시험"}, content_type="application/json",
        )  # fmt: skip
        assert asked.status_code == 201, asked.content
        self.body = asked.json()
        self.headers = {"Authorization": f"Ticket {self.body['ticket']}"}

    def enter(self, quality: str = "main") -> tuple[str, str]:
        """Give the path at the server and the pass that opens it."""
        answer = self.client.post(self.body["streams"][quality]["entry"], headers=self.headers)
        assert answer.status_code == 201, answer.content
        return (
            answer.json()["playlist"].split("/")[2],
            answer.json()["authorization"].removeprefix("Bearer "),
        )

    def state(self):
        return self.client.get(self.body["state"], headers=self.headers)


@pytest.fixture
def operator(client, haneul, camera) -> Operator:
    client.force_login(haneul)
    return Operator(client, camera)


def open_sessions(server: MediaServer) -> set[str]:
    return set(server.sessions["hlssessions"])


def test_the_camera_is_told_to_the_server_and_a_drawn_one_stays_here(operator, server, city):
    path = server.paths[f"camera-{operator.camera.pk}-main"]
    assert path["source"] == "rtsp://root:geheim@127.0.0.1:8554/live"
    assert (path["record"], path["sourceOnDemand"]) == (False, True)
    assert "geheim" not in str(operator.body)
    assert gateway_for(operator.camera) is media_server()
    assert gateway_for(make_camera(city, 10)) is not media_server()


def test_a_pass_opens_its_own_path_from_its_own_address_once_and_the_record_stands_before(
    operator, server, city
):
    assert not ViewRecord.objects.exists()
    path, token = operator.enter()
    view = ViewRecord.objects.get()
    sub = f"camera-{operator.camera.pk}-sub"
    other = set_source(make_camera(city, 20), "rtsp://127.0.0.1:8554/other")
    media_server().want(operator.camera.pk, None, Quality.SUB)
    for refused in (
        server.read(path, ""),
        server.read(path, "x"),
        server.read(path, operator.body["ticket"]),
        server.read(sub, token),
        server.read(f"camera-{other.pk}-main", token),
        server.read(path, token, ip="192.0.2.9"),
        server.read(path, token, action="publish"),
        server.read(path, token, action="api"),
        server.read(path, token, protocol="webrtc"),
        server.read(path, token, id=""),
    ):
        assert refused == ""
    session = server.read(path, token)
    assert session in open_sessions(server)
    assert MediaSession.objects.get().view == view
    # Used: neither again nor by somebody else.
    assert server.read(path, token) == ""
    assert server.read(*operator.enter("main")) != ""


def test_whoever_is_not_the_server_is_told_nothing(operator, client, settings):
    path, token = operator.enter()
    asked = {"action": "read", "path": path, "token": token, "protocol": "hls", "id": "1",
             "ip": "127.0.0.1"}  # fmt: skip
    for header in ("", "Basic x", f"Basic {b64encode(b'mediamtx:wrong').decode()}"):
        answer = client.post(
            "/media-server/auth", asked, "application/json", headers={"Authorization": header}
        )
        assert answer.status_code == 403
    settings.MEDIA_SERVER_SECRET = ""
    empty = f"Basic {b64encode(b'mediamtx:').decode()}"
    answer = client.post(
        "/media-server/auth", asked, "application/json", headers={"Authorization": empty}
    )
    assert answer.status_code == 403
    assert not MediaSession.objects.exists()


def stopped(operator) -> None:
    operator.client.delete(operator.body["state"], headers=operator.headers)


def revoked(operator) -> None:
    end_views(viewer_id=ViewRecord.objects.get().viewer_id, reason=EndReason.REVOKED)


def signed_out(operator) -> None:
    operator.client.logout()


@pytest.mark.parametrize("ends", [stopped, revoked, signed_out])
def test_the_end_of_a_view_kicks_its_session_at_once(
    operator, server, ends, django_capture_on_commit_callbacks
):
    session = server.read(*operator.enter())
    assert session in open_sessions(server)
    late = operator.enter()
    with django_capture_on_commit_callbacks(execute=True):
        ends(operator)
    assert open_sessions(server) == set()
    assert server.read(*late) == ""


def test_a_silent_or_too_long_view_is_kicked_by_the_watch(operator, server, settings):
    for back in (
        {"last_seen_at": F("last_seen_at") - timedelta(seconds=admissions.SILENT_S)},
        {"started_at": F("started_at") - timedelta(seconds=settings.VIEW_MAX_S)},
    ):
        session = server.read(*operator.enter())
        assert session
        admissions.watch()
        assert session in open_sessions(server)
        ViewRecord.objects.update(**back)
        admissions.watch()
        assert open_sessions(server) == set()
        ViewRecord.objects.update(last_seen_at=F("last_seen_at") + timedelta(seconds=5))


def test_what_could_not_be_kicked_is_kicked_later_and_a_stranger_at_once(operator, server):
    session = server.read(*operator.enter())
    server.is_down = True
    revoked(operator)
    admissions.watch()
    assert MediaSession.objects.get().kicked_at is None
    with pytest.raises(MediaServerDown):
        list(media_server().sessions())
    server.is_down = False
    stranger = server.intrude(f"camera-{operator.camera.pk}-main")
    elsewhere = server.intrude("something-else")
    assert {session, stranger, elsewhere} == open_sessions(server)
    admissions.watch()
    assert open_sessions(server) == {elsewhere}
    assert MediaSession.objects.get().kicked_at


def test_the_bytes_of_the_server_reach_the_record(operator, server):
    for index in range(130):
        server.intrude("something-else", f"00000000-0000-4000-8000-{index:012}")
    session = server.read(*operator.enter())
    for sent in (1000, 1500, 1500):
        sends(server, session, sent)
        admissions.watch()
    assert ViewRecord.objects.get().bytes_sent == 1500


def test_who_reads_and_never_asks_for_the_state_is_on_record_all_the_same(operator, server):
    """A pass and a session are enough to see pictures: the record may not wait for more."""
    path, token = operator.enter()
    view = ViewRecord.objects.get()
    assert (view.first_byte_at, view.sent_until) == (None, None)
    session = server.read(path, token)
    view.refresh_from_db()
    assert timezone.now() < view.sent_until <= timezone.now() + admissions.CLAIM
    began = view.first_byte_at
    sends(server, session, 1000)
    ViewRecord.objects.update(last_seen_at=F("last_seen_at") - timedelta(seconds=20))
    view_ends.sweep()
    admissions.watch()
    assert open_sessions(server) == set()
    settled_at_last()
    view.refresh_from_db()
    assert (view.first_byte_at, view.bytes_sent) == (began, 1000)
    assert view.settled_at


def sends(server, session: str, sent: int) -> None:
    server.sessions["hlssessions"][session]["outboundBytes"] = sent


def settled_at_last() -> int:
    ViewRecord.objects.update(ended_at=F("ended_at") - timedelta(seconds=10))
    return view_ends.settle()


def test_the_record_claims_what_the_server_sent_and_nothing_for_asking(operator, server):
    session = server.read(*operator.enter())

    def later(seconds: float) -> None:
        """Let time pass: all that was, was so much earlier."""
        back = timedelta(seconds=seconds)
        MediaSession.objects.update(looked_at=F("looked_at") - back)
        ViewRecord.objects.update(
            first_byte_at=F("first_byte_at") - back, sent_until=F("sent_until") - back
        )

    def claims() -> tuple[float, int]:
        """Give how long the claim still runs, and how many pauses it leaves out."""
        view = ViewRecord.objects.get()
        return (view.sent_until - timezone.now()).total_seconds(), len(view.breaks)

    # A player that asks for the state of a server that sends nothing.
    later(10)
    assert operator.state().status_code == 200
    admissions.watch()
    assert claims() == (pytest.approx(3 - 10, abs=0.5), 0)
    # It sends: since the look before, not since the first.
    sends(server, session, 500)
    admissions.watch()
    assert claims() == (pytest.approx(3, abs=0.5), 1)
    # Nobody looked for a while, and more has left: it may have been at any time in between.
    later(60)
    sends(server, session, 900)
    admissions.watch()
    assert claims() == (pytest.approx(3, abs=0.5), 1)
    assert ViewRecord.objects.get().bytes_sent == 900


def test_a_view_is_not_settled_while_the_server_may_still_send_for_it(
    operator, server, django_capture_on_commit_callbacks
):
    session = server.read(*operator.enter())
    server.is_down = True
    revoked(operator)
    assert settled_at_last() == 0
    server.is_down = False
    sends(server, session, 700)
    assert admissions.kick_ended() == 1
    assert ViewRecord.objects.get().bytes_sent == 700
    with django_capture_on_commit_callbacks() as queued:
        assert settled_at_last() == 1
    # It was hung up on when it ended.
    assert admissions.kick_ended not in queued
    # One that cannot be reached any more is not waited for without end.
    ViewRecord.objects.update(settled_at=None)
    MediaSession.objects.update(kicked_at=None)
    assert settled_at_last() == 0
    ViewRecord.objects.update(ended_at=F("ended_at") - view_ends.KICK_PATIENCE)
    assert settled_at_last() == 1


def test_the_state_is_what_the_server_says_and_a_format_that_players_lack_is_refused(
    operator, server
):
    operator.enter()
    gateway = media_server()

    def look():
        for known in gateway._looks.values():
            known.looked_at = 0.0
        return operator.state().json()

    assert look()["state"] == StreamState.LIVE
    server.tracks = ["H265"]
    assert (look()["state"], look()["reason"]) == (StreamState.LOST, "transcoding_off")
    server.is_down = True
    assert (look()["state"], look()["reason"]) == (StreamState.LOST, "media_server_down")
    server.is_down = False
    server.tracks = ["H264", "Opus"]
    assert look()["state"] == StreamState.LIVE
    gateway.retire(operator.camera.pk)
    assert server.paths == {}
