"""WHEP without a Janus: whom it refuses, and what it says where there is none."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from cctv import passes, streams
from cctv.choices import EndReason, Quality
from cctv.gateway import whep
from cctv.models import Camera, MediaSession, VideoTicket, ViewRecord
from cctv.passes import CHECK_S
from controlroom.accounts.models import User
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from tests.cctv.builders import make_camera
from tests.cctv.test_video_api import ask, get
from tests.live.conftest import until

pytestmark = pytest.mark.django_db
SDP = "application/sdp"


@pytest.fixture(autouse=True)
def own_relays(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    settings.JANUS_SOCKET = str(tmp_path / "janus.sock")
    passes._passes.clear()
    yield
    streams.stop_all()


@pytest.fixture
def camera(city):
    return make_camera(city)


@pytest.fixture
def ticket(client, camera, haneul):
    client.force_login(haneul)
    return ask(client, camera).json()


def offer(client, ticket, path="", **extra):
    shown = {"Authorization": f"Ticket {ticket['ticket']}"}
    return client.post(path or ticket["whep"], "v=0", content_type=SDP, headers=shown, **extra)


def spent(client, ticket, _camera) -> None:
    """Its one session was begun, although nothing came of it: there is no Janus."""
    assert offer(client, ticket).status_code == 503


def ended(client, ticket, _camera) -> None:
    client.delete(ticket["state"], headers={"Authorization": f"Ticket {ticket['ticket']}"})


def late(_client, _ticket, _camera) -> None:
    VideoTicket.objects.update(expires_at=timezone.now() - timedelta(milliseconds=1))


def signed_in_anew(client, _ticket, _camera) -> None:
    viewer = VideoTicket.objects.get().viewer
    client.logout()
    client.force_login(viewer)


# What is done before; how it is shown; who shows it, if not its holder.
WRONG = {
    "again, for a second session": ([spent], {}, ""),
    "after its viewing": ([spent, ended], {}, ""),
    "after its minute": ([late], {}, ""),
    "by another sign-in of the same person": ([signed_in_anew], {}, ""),
    "from another address": ([], {"REMOTE_ADDR": "192.0.2.8"}, ""),
    "by another person": ([], {}, "supervisor"),
    "by another city's": ([], {}, "stranger"),
    "for another camera": ([], {"path": "/video/{other}/whep/main"}, ""),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_ticket_opens_no_session(client, camera, ticket, city, request, name):
    before, shown, holder = WRONG[name]
    for act in before:
        act(client, ticket, camera)
    if holder:
        client.force_login(request.getfixturevalue(holder))
    if "path" in shown:
        shown = {"path": shown["path"].format(other=make_camera(city, 30.0).pk)}
    sessions = MediaSession.objects.count()
    answer = offer(client, ticket, **shown)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert MediaSession.objects.count() == sessions


# What ends it, told to nobody; the player's next question finds it.
ENDS = {
    "a right taken away": (
        lambda: Membership.objects.update(role=Role.AUDITOR),
        EndReason.RIGHT_LOST,
    ),
    "a viewer switched off": (
        lambda: User.objects.update(is_active=False),
        EndReason.RIGHT_LOST,
    ),
    "a camera that left": (
        lambda: Camera.objects.update(gone_at=timezone.now()),
        EndReason.CAMERA_GONE,
    ),
    "its hour": (
        lambda: ViewRecord.objects.update(started_at=timezone.now() - timedelta(hours=9)),
        EndReason.EXPIRED,
    ),
}


@pytest.mark.parametrize("name", list(ENDS))
def test_the_players_question_finds(client, camera, ticket, name):
    act, reason = ENDS[name]
    spent(client, ticket, camera)
    address = f"{ticket['whep']}/{MediaSession.objects.get().pk}"
    assert get(client, address, ticket["ticket"]).status_code == 200
    act()
    answer = get(client, address, ticket["ticket"])
    assert (answer.status_code, answer.json()["errors"]["reason"]) == (403, [reason])
    assert ViewRecord.objects.get().end_reason == reason


def test_the_question_says_on_record_until_when_pictures_may_leave(client, camera, ticket):
    spent(client, ticket, camera)
    address = f"{ticket['whep']}/{MediaSession.objects.get().pk}"
    get(client, address, ticket["ticket"])
    assert ViewRecord.objects.get().sent_until is None, "the relay has no frame yet"
    until(lambda: whep.flows(camera.pk, Quality.MAIN), what="the relay has frames")
    asked_at = timezone.now()
    get(client, address, ticket["ticket"])
    view = ViewRecord.objects.get()
    assert asked_at + timedelta(seconds=CHECK_S) < view.sent_until
    assert view.first_byte_at >= asked_at


def test_whoever_watches_by_a_grant_takes_the_play_list(client, camera, ticket):
    spent(client, ticket, camera)
    ViewRecord.objects.update(grant=uuid.uuid4())
    with pytest.raises(whep.OperatorsOnly):
        whep.reserve(view_id=ViewRecord.objects.get().pk, token="x")


def test_without_a_janus_the_same_ticket_plays_by_play_list(client, camera, ticket):
    answer = offer(client, ticket)
    assert (answer.status_code, answer.json()["code"]) == (503, "webrtc_down")
    session = MediaSession.objects.get()
    assert session.kicked_at, "nobody waits for it"
    address = f"{ticket['whep']}/{session.pk}"
    assert get(client, address, ticket["ticket"]).json()["webrtc"] is False
    assert get(client, ticket["playlist"], ticket["ticket"]).status_code == 200
    assert ViewRecord.objects.count() == 1


def test_without_the_setting_there_is_none(client, camera, haneul, settings):
    settings.JANUS_SOCKET = ""
    client.force_login(haneul)
    ticket = ask(client, camera).json()
    assert "whep" not in ticket
    assert offer(client, ticket, f"/video/{camera.pk}/whep/main").status_code == 404
    assert not ViewRecord.objects.exists()


def test_a_taken_port_is_said(client, camera, ticket, monkeypatch):
    monkeypatch.setattr(whep.streams, "beside", lambda *_: whep.Beside(41000))
    answer = offer(client, ticket)
    assert (answer.status_code, answer.json()["code"]) == (503, "webrtc_port_taken")
    assert "41000" in answer.json()["detail"]
