"""The addresses of video: what a ticket opens, what it does not, and what may not be kept."""

import time
import uuid
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cctv import passes, streams, view_checks
from cctv.choices import EndReason, Quality, SourceKind
from cctv.models import VideoTicket, ViewRecord
from cctv.relay_watch import StreamState
from cctv.sources import set_source
from controlroom.audit.models import Record
from tests.cctv.builders import make_camera
from tests.cctv.test_tickets import incident
from tests.live.conftest import until

__all__ = ["incident"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_relays(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    passes._passes.clear()
    yield
    streams.stop_all()


@pytest.fixture
def camera(city):
    return make_camera(city, name="한빛초 정문")


def ask(client, camera, *, code="90010", **body):
    body = {"incident": None, "purpose": "시험", **body}
    return client.post(
        f"/m/{code}/cctv/cameras/{camera.pk}/ticket/", body, content_type="application/json"
    )


def get(client, path, ticket=None, **extra):
    headers = {"Authorization": f"Ticket {ticket}"} if ticket else {}
    return client.get(path, headers=headers, **extra)


def first_piece(client, camera, ticket) -> str:
    playlist = get(client, f"/video/{camera.pk}/live.m3u8", ticket)
    assert playlist.status_code == 200, playlist.content
    lines = playlist.content.decode().splitlines()
    return next(line for line in lines if line.endswith(".m4s"))


def test_a_ticket_names_the_camera_and_its_play_list(client, camera, haneul):
    client.force_login(haneul)
    answer = ask(client, camera)
    assert answer.status_code == 201
    body = answer.json()
    assert body["playlist"] == f"/video/{camera.pk}/live.m3u8"
    assert body["camera"] == {"id": camera.pk, "name": "한빛초 정문"}
    assert datetime.fromisoformat(body["expires_at"]) > timezone.now()
    assert answer["Cache-Control"] == "no-store"


def test_the_relay_starts_with_the_ticket(client, camera, haneul):
    client.force_login(haneul)
    ask(client, camera)
    assert streams._relays[streams.Channel(camera.pk)].is_alive()


def test_play_list_and_pieces_come_by_the_ticket_and_are_kept_by_nobody(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    piece = get(client, f"/video/{camera.pk}/{first_piece(client, camera, ticket)}", ticket)
    assert piece.status_code == 200
    assert piece["Content-Type"] == "video/mp4"
    assert piece["Cache-Control"] == "no-store"
    assert piece.content[4:8] in {b"styp", b"moof", b"sidx"}
    assert ViewRecord.objects.get().viewer == haneul


def test_the_record_is_there_before_the_first_byte(client, camera, haneul, monkeypatch):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    seen = []
    count = passes.count

    def watched(entry, sent):
        claimed = ViewRecord.objects.filter(camera_id=camera.pk, sent_until__isnull=False)
        seen.append(claimed.count())
        count(entry, sent)

    monkeypatch.setattr(passes, "count", watched)
    first_piece(client, camera, ticket)
    assert set(seen) == {1}


def test_one_check_opens_the_view_of_a_picture_that_is_there(client, camera, haneul, monkeypatch):
    client.force_login(haneul)
    first_piece(client, camera, ask(client, camera).json()["ticket"])
    until(lambda: streams.seen(camera.pk).state == StreamState.LIVE)
    ticket, asked = ask(client, camera).json()["ticket"], []
    admit = view_checks.admit
    monkeypatch.setattr(view_checks, "admit", lambda **kw: asked.append(kw) or admit(**kw))
    assert get(client, f"/video/{camera.pk}/live.m3u8", ticket).status_code == 200
    assert [(one["opening"], one["sending"]) for one in asked] == [(True, True)]
    view = ViewRecord.objects.latest("pk")
    assert view.sent_until > view.first_byte_at >= view.started_at


def test_a_picture_that_is_not_there_yet_is_not_claimed(client, camera, haneul, monkeypatch):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    monkeypatch.setattr(streams, "playlist", lambda *_of: None)
    monkeypatch.setattr("cctv.video_api.FIRST_PICTURE_S", 0.1)
    assert get(client, f"/video/{camera.pk}/live.m3u8", ticket).status_code == 503
    view = ViewRecord.objects.get()
    assert (view.first_byte_at, view.sent_until, view.bytes_sent) == (None, None, 0)


def test_no_record_no_video(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the register is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON cctv_viewrecord "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    client.raise_request_exception = False
    answer = get(client, f"/video/{camera.pk}/live.m3u8", ticket)
    assert answer.status_code == 500
    assert b"EXTM3U" not in answer.content
    assert get(client, f"/video/{camera.pk}/live.m3u8", ticket).status_code == 500


def test_a_second_segment_within_the_moment_costs_no_query(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    piece = f"/video/{camera.pk}/{first_piece(client, camera, ticket)}"
    with CaptureQueriesContext(connection) as queries:
        assert get(client, piece, ticket).status_code == 200
    assert len(queries) == 0, [query["sql"] for query in queries]


def test_a_renewal_costs_few_queries(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    piece = f"/video/{camera.pk}/{first_piece(client, camera, ticket)}"
    for entry in passes._passes.values():
        entry.until = 0.0
    with CaptureQueriesContext(connection) as queries:
        assert get(client, piece, ticket).status_code == 200
    assert len(queries) <= 9, [query["sql"][:80] for query in queries]


@pytest.mark.parametrize(
    "header", [None, "Bearer x", "Ticket", "Ticket ", "Ticket x", "Ticket " + "x" * 300]
)
@pytest.mark.parametrize("name", ["live.m3u8", "state", "00112233-000001.m4s"])
def test_without_a_right_ticket_nothing_is_said(client, camera, haneul, header, name):
    client.force_login(haneul)
    headers = {"Authorization": header} if header else {}
    answer = client.get(f"/video/{camera.pk}/{name}", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "ticket_refused"


def test_a_ticket_in_the_address_is_not_taken(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    assert client.get(f"/video/{camera.pk}/live.m3u8?ticket={ticket}").status_code == 403


def test_another_person_with_the_ticket_gets_nothing(client, camera, haneul, supervisor):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    piece = first_piece(client, camera, ticket)
    thief = type(client)()
    assert get(thief, f"/video/{camera.pk}/{piece}", ticket).status_code == 403
    thief.force_login(supervisor)
    for name in (piece, "live.m3u8", "state"):
        assert get(thief, f"/video/{camera.pk}/{name}", ticket).status_code == 403
    assert get(client, f"/video/{camera.pk}/{piece}", ticket).status_code == 200


def test_the_same_person_elsewhere_gets_nothing(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    first_piece(client, camera, ticket)
    path = f"/video/{camera.pk}/live.m3u8"
    assert get(client, path, ticket, REMOTE_ADDR="192.0.2.9").status_code == 403
    second = type(client)()
    second.force_login(haneul)
    assert get(second, path, ticket).status_code == 403


def test_behind_a_proxy_its_last_word_is_the_address(client, camera, haneul, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client.force_login(haneul)
    path = f"/m/90010/cctv/cameras/{camera.pk}/ticket/"
    client.post(
        path,
        {"purpose": "시험"},
        "application/json",
        headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.7"},
    )
    assert VideoTicket.objects.get().address == "192.0.2.7"


@pytest.mark.parametrize(
    "name",
    [
        "../1/state.json",
        "..%2f..%2fetc%2fpasswd",
        "state.json",
        "lock",
        "name.txt",
        "font.woff",
        "00112233-init.mp4.tmp",
        "00112233.m3u8",
        "00112233-000001.m4s%00.txt",
        "%2e%2e",
        "0011223-000001.m4s",
    ],
)
def test_only_pieces_of_the_picture_lead_to_a_file(client, camera, haneul, name):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    first_piece(client, camera, ticket)
    assert get(client, f"/video/{camera.pk}/{name}", ticket).status_code in {403, 404}


@pytest.mark.parametrize("asks", ["a player", "the proxy"])
def test_what_is_not_there_is_not_claimed(client, camera, haneul, asks):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    first_piece(client, camera, ticket)
    passes.distrust(set(ViewRecord.objects.values_list("pk", flat=True)))
    before = ViewRecord.objects.get().sent_until
    missing = f"/video/{camera.pk}/00112233-000001.m4s"
    if asks == "a player":
        assert get(client, missing, ticket).status_code == 404
    else:
        headers = {"Authorization": f"Ticket {ticket}", "X-Original-URI": missing}
        assert client.get("/video/check", headers=headers).status_code == 401
    assert ViewRecord.objects.get().sent_until == before


def test_the_state_is_told_although_the_play_list_opens_the_view_meanwhile(
    client, camera, haneul, monkeypatch
):
    """The play list's request comes between the two looks that the state's request takes."""
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    looked = view_checks.admit

    def overtaken(**asked):
        try:
            return looked(**asked)
        finally:
            monkeypatch.setattr(view_checks, "admit", looked)
            looked(**asked | {"opening": True})

    monkeypatch.setattr(view_checks, "admit", overtaken)
    answer = get(client, f"/video/{camera.pk}/state", ticket)
    assert answer.status_code == 200
    assert ViewRecord.objects.count() == 1


def test_the_state_is_told_to_the_holder_of_an_unused_ticket(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    answer = get(client, f"/video/{camera.pk}/state", ticket)
    assert answer.json()["state"] in set(StreamState)
    assert not ViewRecord.objects.exists()


def test_the_viewer_ends_the_view_and_nobody_else_does(client, camera, haneul, supervisor):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    first_piece(client, camera, ticket)
    path, headers = f"/video/{camera.pk}/state", {"Authorization": f"Ticket {ticket}"}
    thief = type(client)()
    thief.force_login(supervisor)
    thief.delete(path, headers=headers)
    assert ViewRecord.objects.get().ended_at is None
    assert client.delete(path, headers=headers).status_code == 204
    view = ViewRecord.objects.get()
    assert view.end_reason == EndReason.STOPPED
    assert view.bytes_sent > 0
    answer = get(client, f"/video/{camera.pk}/live.m3u8", ticket)
    assert (answer.status_code, answer.json()["code"]) == (403, "view_ended")


def test_after_signing_out_there_is_no_more_picture(client, camera, haneul):
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    piece = first_piece(client, camera, ticket)
    client.logout()
    assert get(client, f"/video/{camera.pk}/{piece}", ticket).status_code == 403


def test_a_ticket_needs_incident_or_purpose(client, camera, haneul):
    client.force_login(haneul)
    answer = ask(client, camera, purpose="")
    assert answer.status_code == 400
    assert answer.json()["code"] == "purpose_missing"
    assert ask(client, camera, incident="x").status_code == 400
    assert ask(client, camera, incident=str(uuid.uuid4())).status_code == 403


def test_a_camera_that_is_not_connected_gives_no_ticket(client, city, haneul):
    client.force_login(haneul)
    answer = ask(client, make_camera(city, source_kind=SourceKind.NONE))
    assert (answer.status_code, answer.json()["code"]) == (503, "camera_not_connected")


def test_an_auditor_gets_no_ticket(client, camera, bada):
    client.force_login(bada)
    assert ask(client, camera).status_code == 403


def test_a_stranger_finds_no_camera(client, camera, stranger, other_city):
    client.force_login(stranger)
    assert ask(client, camera).status_code == 404
    assert ask(client, camera, code=other_city.code).status_code == 404


def test_nobody_gets_a_ticket_without_signing_in_or_without_the_token(camera, haneul, client):
    assert ask(client, camera).status_code in {401, 403}
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(haneul)
    assert ask(strict, camera).status_code == 403


def test_a_full_server_says_so(client, camera, city, haneul, settings):
    settings.RELAY_LIMIT = 1
    client.force_login(haneul)
    assert ask(client, camera).status_code == 201
    answer = ask(client, make_camera(city, 10))
    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_relays")


def test_a_camera_without_picture_is_said_soon(client, city, haneul, settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    camera = make_camera(city)
    camera = set_source(camera, "rtsp://127.0.0.1:9/")
    client.force_login(haneul)
    ticket = ask(client, camera).json()["ticket"]
    began = time.monotonic()
    answer = get(client, f"/video/{camera.pk}/live.m3u8", ticket)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_picture")
    assert time.monotonic() - began < 5


def test_a_tile_asks_for_the_sub_stream_and_one_ticket_opens_both(client, camera, haneul):
    client.force_login(haneul)
    body = ask(client, camera, quality="sub").json()
    assert body["playlist"] == f"/video/{camera.pk}/sub/live.m3u8"
    assert set(body["streams"]) == {"main", "sub"}
    assert set(streams._relays) == {streams.Channel(camera.pk, Quality.SUB)}
    assert get(client, body["playlist"], body["ticket"]).status_code == 200
    # The main stream's relay sees no camera of this test's transaction; the ticket opens it.
    assert get(client, body["streams"]["main"]["state"], body["ticket"]).status_code == 200
    assert ViewRecord.objects.count() == 1


def test_a_camera_without_a_sub_stream_gives_its_main_one(client, city, haneul, settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    client.force_login(haneul)
    camera = set_source(make_camera(city), "rtsp://127.0.0.1:9/")
    body = ask(client, camera, quality="sub").json()
    assert body["playlist"] == f"/video/{camera.pk}/live.m3u8"
    assert set(body["streams"]) == {"main"}
    assert ask(client, camera, quality="huge").status_code == 400


def prefetch(client, camera, incident):
    path = f"/m/90010/cctv/cameras/{camera.pk}/prefetch/"
    return client.post(path, {"incident": incident}, content_type="application/json")


def test_connecting_for_a_selected_incident_is_on_record_and_is_no_view(
    client, camera, haneul, bada, stranger, incident
):
    client.force_login(haneul)
    assert prefetch(client, camera, str(uuid.uuid4())).status_code == 403
    assert streams._relays == {}
    assert prefetch(client, camera, str(incident.pk)).status_code == 204
    record = Record.objects.get(action="video.prefetch")
    assert (record.actor, record.detail["incident"]) == (haneul, str(incident.pk))
    assert streams._relays[streams.Channel(camera.pk)].is_alive()
    assert not ViewRecord.objects.exists()
    assert not VideoTicket.objects.exists()
    # It stays connected for a minute although nobody asks again, also after a shorter wish.
    folder = streams._folder(camera.pk, Quality.MAIN)
    streams._touched.clear()
    streams.want(camera.pk)
    assert folder.age_s(folder.wanted) < -30
    for person, status in ((bada, 403), (stranger, 404)):
        client.force_login(person)
        assert prefetch(client, camera, str(incident.pk)).status_code == status
    assert Record.objects.filter(action="video.prefetch").count() == 1
