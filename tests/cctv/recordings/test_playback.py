"""Looking back at an incident: by its own ticket, on record first, within its period only."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cctv import passes, streams
from cctv.choices import EndReason
from cctv.models import ViewRecord
from cctv.recordings import vault
from cctv.view_ends import end_views
from incidents.models import Kind
from tests.cctv.builders import make_camera
from tests.cctv.recordings.builders import film, record
from tests.incidents.conftest import make_incident

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_passes():
    passes._passes.clear()
    yield
    streams.stop_all()


@pytest.fixture
def incident(city):
    kind = Kind.objects.create(service="police112", code="robbery", name_ko="강도")
    return make_incident(city, kind, occurred_at=timezone.now() - 2 * MINUTE)


@pytest.fixture
def parts(camera, incident):
    """Record twelve, five and one minutes before now; the first is not the incident's any more."""
    now = incident.occurred_at + 2 * MINUTE
    return [record(camera, now - minutes * MINUTE) for minutes in (13, 5, 1)]


def ask(client, camera, incident, *, code="90010", **body):
    return client.post(
        f"/m/{code}/cctv/cameras/{camera.pk}/recorded/",
        {"incident": str(getattr(incident, "pk", incident)), **body},
        content_type="application/json",
    )


def get(client, camera, name, ticket, under="recorded/", **extra):
    headers = {"Authorization": f"Ticket {ticket}"}
    return client.get(f"/video/{camera.pk}/{under}{name}", headers=headers, **extra)


def pieces(playlist) -> list[str]:
    return [line for line in playlist.content.decode().splitlines() if not line.startswith("#")]


@pytest.fixture
def opened(client, camera, incident, parts, haneul):
    client.force_login(haneul)
    return ask(client, camera, incident).json()


def test_it_opens_ten_minutes_before_the_incident_until_now(opened, incident, parts):
    assert opened["since"] == (incident.occurred_at - 10 * MINUTE).isoformat()
    assert [span[0] for span in opened["spans"]] == [
        part.began_at.isoformat(timespec="microseconds")[:19] + span[0][19:]
        for part, span in zip(parts[1:], opened["spans"], strict=True)
    ]


def test_the_list_and_its_pieces_are_what_was_recorded(client, camera, opened, parts):
    playlist = get(client, camera, "play.m3u8", opened["ticket"])
    assert playlist.status_code == 200
    text = playlist.content.decode()
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert text.count("#EXT-X-DISCONTINUITY") == 1
    assert text.count("#EXT-X-MAP") == text.count("#EXT-X-PROGRAM-DATE-TIME") == 2
    names = pieces(playlist)
    assert len(names) == 6
    bodies = [get(client, camera, name, opened["ticket"]) for name in names]
    assert [body.content for body in bodies] == film(3)[1] * 2
    assert bodies[0]["Cache-Control"] == "no-store"
    init = get(client, camera, f"{parts[1].pk}-init.mp4", opened["ticket"])
    assert init.content == film(3)[0]
    view = ViewRecord.objects.get()
    assert (view.action, view.incident_id) == ("recorded", uuid.UUID(str(view.incident_id)))


def test_the_record_is_there_before_anything_is_opened(client, camera, opened, monkeypatch):
    seen = []
    open_frame = vault.open_frame
    monkeypatch.setattr(
        vault,
        "open_frame",
        lambda *given: seen.append(ViewRecord.objects.count()) or open_frame(*given),
    )
    name = pieces(get(client, camera, "play.m3u8", opened["ticket"]))[0]
    get(client, camera, name, opened["ticket"])
    assert seen == [1]


def test_no_record_no_picture(client, camera, opened, parts):
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the register is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON cctv_viewrecord "
            "FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
    answer = get(client, camera, "play.m3u8", opened["ticket"])
    assert answer.status_code >= 500
    assert b"EXTM3U" not in answer.content
    piece = get(client, camera, f"{parts[1].pk}-1.m4s", opened["ticket"])
    assert piece.status_code == 403


def test_neither_ticket_opens_what_the_other_does(client, camera, opened, incident, parts):
    names = pieces(get(client, camera, "play.m3u8", opened["ticket"]))
    for name in ("live.m3u8", "state", "0011aabb-000001.m4s"):
        assert get(client, camera, name, opened["ticket"], under="").status_code == 403
    live = client.post(
        f"/m/90010/cctv/cameras/{camera.pk}/ticket/",
        {"incident": str(incident.pk)},
        content_type="application/json",
    ).json()["ticket"]
    assert get(client, camera, "live.m3u8", live, under="").status_code == 200
    for name in ("play.m3u8", "state", names[0]):
        assert get(client, camera, name, live).status_code == 403


def test_only_pieces_of_the_period_and_of_the_camera_lead_to_pictures(
    client, city, camera, opened, parts
):
    other = record(make_camera(city), parts[1].began_at)
    get(client, camera, "play.m3u8", opened["ticket"])
    for name in (
        f"{parts[0].pk}-1.m4s", f"{parts[0].pk}-init.mp4", f"{other.pk}-1.m4s",
        f"{parts[1].pk}-0.m4s", f"{parts[1].pk}-99.m4s", "x-1.m4s", "1-init.mp4%00", "..",
    ):  # fmt: skip
        assert get(client, camera, name, opened["ticket"]).status_code in {403, 404}, name


def test_somebody_else_with_the_ticket_gets_nothing(client, camera, opened, supervisor):
    get(client, camera, "play.m3u8", opened["ticket"])
    thief = type(client)()
    thief.force_login(supervisor)
    assert get(thief, camera, "play.m3u8", opened["ticket"]).status_code == 403
    path = get(client, camera, "play.m3u8", opened["ticket"], REMOTE_ADDR="192.0.2.9")
    assert path.status_code == 403


def test_it_ends_with_the_incident_and_at_the_viewers_word(client, camera, opened, incident):
    name = pieces(get(client, camera, "play.m3u8", opened["ticket"]))[0]
    assert get(client, camera, "state", opened["ticket"]).json() == {"state": "recorded"}
    end_views(incident_id=incident.pk, reason=EndReason.INCIDENT_ENDED)
    passes._passes.clear()
    answer = get(client, camera, name, opened["ticket"])
    assert (answer.status_code, answer.json()["code"]) == (403, "view_ended")
    again = ask(client, camera, incident).json()["ticket"]
    get(client, camera, "play.m3u8", again)
    headers = {"Authorization": f"Ticket {again}"}
    assert client.delete(f"/video/{camera.pk}/recorded/state", headers=headers).status_code == 204
    assert get(client, camera, name, again).status_code == 403
    assert set(ViewRecord.objects.values_list("end_reason", flat=True)) == {
        "incident_ended", "stopped",
    }  # fmt: skip


def test_who_may_not_look_back(client, camera, incident, parts, bada, stranger, haneul):
    for person, status in ((bada, 403), (stranger, 404)):
        client.force_login(person)
        assert ask(client, camera, incident).status_code == status
    client.force_login(haneul)
    assert ask(client, camera, uuid.uuid4()).status_code == 403
    assert ask(client, camera, "").status_code == 400


def test_a_period_that_is_not_the_incidents_is_refused_by_field(
    client, camera, incident, parts, haneul
):
    client.force_login(haneul)
    began = incident.occurred_at
    for wish, field in (
        ({"since": began - 11 * MINUTE}, "since"),
        ({"until": began + 90 * MINUTE}, "until"),
        ({"since": began, "until": began - MINUTE}, "until"),
    ):
        answer = ask(client, camera, incident, **{key: at.isoformat() for key, at in wish.items()})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_where_nothing_was_recorded_it_is_said_and_no_ticket_is_left(
    client, city, incident, haneul
):
    client.force_login(haneul)
    answer = ask(client, make_camera(city), incident)
    assert (answer.status_code, answer.json()["code"]) == (404, "recording_missing")
