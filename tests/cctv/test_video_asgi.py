"""The short way to pictures: without the database for whom this process trusts, for nobody else."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cctv import passes, streams
from cctv.models import ViewRecord
from cctv.video_asgi import QuickVideo, quick_answer
from tests.cctv.builders import make_camera
from tests.cctv.test_video_api import ask, first_piece, own_relays

pytestmark = pytest.mark.django_db
__all__ = ["own_relays"]


@pytest.fixture
def viewer(client, city, haneul):
    """Open a view by the long way; gives camera, ticket and the address of a piece."""
    client.force_login(haneul)
    camera = make_camera(city)
    ticket = ask(client, camera).json()["ticket"]
    return camera, ticket, f"/video/{camera.pk}/{first_piece(client, camera, ticket)}"


@pytest.fixture
def scope(client, viewer):
    def made(path, *, ticket=viewer[1], peer="127.0.0.1", **more):
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        headers = [
            (b"cookie", cookie.encode()),
            (b"authorization", f"Ticket {ticket}".encode()),
            *((name.encode(), value.encode()) for name, value in more.pop("headers", {}).items()),
        ]
        return {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": headers, "client": (peer, 5), **more,
        }  # fmt: skip

    return made


def test_whom_this_process_trusts_is_answered_without_a_query_and_counted(viewer, scope):
    camera, _ticket, piece = viewer
    counted = next(iter(passes._passes.values()))
    before = counted.unwritten
    with CaptureQueriesContext(connection) as queries:
        body = quick_answer(scope(piece)).body
        listed = quick_answer(scope(f"/video/{camera.pk}/live.m3u8")).body
        state = quick_answer(scope(f"/video/{camera.pk}/state")).body
        check = quick_answer(scope("/video/check", headers={"x-original-uri": piece}))
    assert len(queries) == 0
    assert body == streams.segment(camera.pk, piece.rsplit("/", 1)[1])
    assert listed.startswith(b"#EXTM3U")
    assert set(json.loads(state)) == {"state", "run", "reason", "last_frame_age_s"}
    assert (check.status, check.body) == (204, b"")
    assert counted.unwritten - before == 2 * len(body) + len(listed)


def test_whatever_is_not_plainly_trusted_goes_the_long_way(viewer, scope, city):
    camera, _ticket, piece = viewer
    other = piece.replace(f"/{camera.pk}/", f"/{make_camera(city, 10).pk}/")
    for asked in (
        scope(piece, ticket="x"),
        scope(piece, peer="192.0.2.9"),
        scope(piece) | {"headers": []},
        scope(piece, query_string=b"a=1"),
        scope(piece, raw_path=piece.replace("/video/", "/video/%2e/").encode()),
        scope(other),
        scope("/video/check", headers={"x-original-uri": other}),
        scope("/video/check", headers={"x-original-uri": f"/video/{camera.pk}/state.json"}),
        scope("/video/check", headers={"x-original-uri": f"{piece}?a"}),
        scope("/video/check"),
        scope(f"/video/{camera.pk}/lock"),
        scope(f"/video/{camera.pk}/00112233-000001.m4s"),
        scope(
            "/video/check", headers={"x-original-uri": f"/video/{camera.pk}/00112233-000001.m4s"}
        ),
        scope(f"/video/{camera.pk}/sub/live.m3u8"),
    ):
        assert quick_answer(asked) is None
    passes.distrust({ViewRecord.objects.get().pk})
    assert quick_answer(scope(piece)) is None


@pytest.mark.asyncio
async def test_only_reading_video_takes_the_short_way():
    heard = []

    async def otherwise(scope, receive, send):
        heard.append((scope["method"], scope["path"]))

    for method, path in (("POST", "/video/check"), ("DELETE", "/video/1/state"), ("GET", "/x")):
        await QuickVideo(otherwise)({"method": method, "path": path}, None, None)
    assert len(heard) == 3
