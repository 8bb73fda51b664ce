"""Cameras of road operators: listed apart from ours, watched under the same rules and records."""

import json
import threading
import time

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv import passes, selection, streams
from cctv.choices import SourceKind
from cctv.models import Camera, Site, ViewRecord
from cctv.relay_watch import StreamState
from controlroom.errors import Unavailable
from controlroom.journal.models import Entry
from incidents.choices import Service
from incidents.models import Incident
from linkage import links, transport
from linkage.choices import LinkState
from linkage.links import new_webhook_secret
from linkage.models_city import Feed, TrafficCamera
from linkage.models_raw import RawIntake
from linkage.services.city import feeds, road_cameras
from linkage.services.city.adapters import its_cameras
from linkage.simulator import road_video
from linkage.simulator.receiver import Receiver, serve
from linkage.simulator.street import ROAD_CAMERAS
from tests.linkage.conftest import envelope

ROW = {
    "cctvname": "한빛IC",
    "cctvurl": "http://cctvsec.example/one-time-token",
    "cctvformat": "HLS",
    "coordx": "127.4",
    "coordy": "36.4",
}
FAR = ROW | {"cctvname": "대전IC", "coordx": "128.4"}


@pytest.fixture
def feed(link):
    return Feed.objects.create(
        municipality=link.municipality,
        link=link,
        adapter="its_cameras",
        url="http://x.example/",
        allow_private_address=True,
    )


def take(feed, *rows):
    reading = its_cameras(json.dumps({"response": {"data": rows}}).encode())
    return feeds.take(feed=feed, reading=reading).counts


def test_a_camera_in_the_city_is_listed_and_one_elsewhere_is_not(feed):
    counts = take(feed, ROW, FAR)
    assert (counts["cameras"], counts["cameras new"], counts["cameras elsewhere"]) == (1, 1, 1)
    camera = TrafficCamera.objects.get()
    assert (camera.name, camera.camera.source_kind) == ("한빛IC", SourceKind.ASKED)
    assert "one-time-token" not in str([*TrafficCamera.objects.values(), *Camera.objects.values()])
    take(feed, ROW)
    assert (TrafficCamera.objects.count(), Site.objects.count()) == (1, 1)
    assert Entry.objects.filter(kind="traffic_camera.list").count() == 1


def test_it_is_in_no_register_and_in_no_choice_of_ours(feed, client, haneul, city):
    take(feed, ROW)
    assert not Camera.objects.in_register().exists()
    assert not Site.objects.in_register().exists()
    found = selection.choose(
        municipality=city,
        place=Point(127.4, 36.4, srid=4326),
        error_radius_m=50,
        service=Service.POLICE112,
    )
    assert (found.picks, found.skipped) == ([], [])
    client.force_login(haneul)
    assert client.get(f"/m/{city.code}/cctv/sites.json").json()["sites"] == []


def test_one_that_two_answers_lack_is_gone_and_comes_back_with_the_list(feed):
    take(feed, ROW)
    assert take(feed)["cameras gone"] == 0
    # A record that could not be read may still be the same camera.
    assert take(feed, ROW | {"coordx": "?"})["cameras gone"] == 0
    assert take(feed)["cameras gone"] == 1
    camera = TrafficCamera.objects.get()
    assert camera.gone_at
    assert not Camera.objects.standing().exists()
    with pytest.raises(streams.SourceMissing):
        streams._read_source(streams.Channel(camera.camera_id))
    assert take(feed, ROW)["cameras back"] == 1
    assert Camera.objects.standing().get().pk == camera.camera_id


def test_the_answer_is_kept_without_the_addresses_and_once_while_only_they_change(
    feed, monkeypatch
):
    tokens = iter("123")

    def fetch(**_kwargs):
        row = ROW | {"cctvurl": f"http://cctvsec.example/{next(tokens)}"}
        return json.dumps({"data": [row]}).encode()

    monkeypatch.setattr(feeds.transport, "fetch", fetch)
    for _ in "12":
        Feed.objects.update(next_poll_at=timezone.now())
        feeds.poll(feed_id=feed.pk)
    row = RawIntake.objects.get(feed=feed)
    assert (row.times, b"cctvsec" in bytes(row.raw), b"127.4" in bytes(row.raw)) == (2, False, True)


def test_what_is_no_live_video_is_listed_and_cannot_be_opened(feed, client, haneul, city):
    take(feed, ROW | {"cctvformat": "JPEG"})
    client.force_login(haneul)
    url = f"/m/{city.code}/linkage/traffic-cameras/"
    [camera] = client.get(url).json()["cameras"]
    assert (camera["format"], camera["connected"]) == ("JPEG", False)
    answer = ticket(client, city, camera["id"])
    assert (answer.status_code, answer.json()["code"]) == (503, "camera_not_connected")
    take(feed, ROW)
    assert client.get(url).json()["cameras"][0]["connected"]


def test_those_in_the_area_of_an_incident_come_nearest_first_with_their_age(
    feed, post, client, haneul, bada, stranger, city
):
    near = ROW | {"cctvname": "둘째", "coordx": "127.41"}
    take(feed, near, ROW, ROW | {"cctvname": "먼", "coordx": "127.45"})
    place = {"lon": 127.4, "lat": 36.401, "error_radius_m": 10, "method": "gps"}
    post(envelope(kind_code="C07", place=place))
    pk = str(Incident.objects.get().pk)
    url = f"/m/{city.code}/linkage/traffic-cameras/"
    for person, status in ((stranger, 404), (bada, 403)):
        client.force_login(person)
        assert client.get(url, {"incident": pk}).status_code == status
    client.force_login(haneul)
    said = client.get(url, {"incident": pk})
    found = said.json()["cameras"]
    assert [row["name"] for row in found] == ["한빛IC", "둘째"]
    assert 100 < found[0]["distance_m"] < 125
    assert found[0]["seen_at"]
    assert b"one-time-token" not in said.content
    assert len(client.get(url).json()["cameras"]) == 3
    assert client.get(url, {"incident": "no-id"}).status_code == 404


def ticket(client, city, camera_id):
    return client.post(
        f"/m/{city.code}/cctv/cameras/{camera_id}/ticket/",
        {"incident": None, "purpose": "교통 상황 확인"},
        content_type="application/json",
    )


# --- with the simulated traffic centre over HTTP --------------------------------------------
@pytest.fixture
def centre(feed):
    """Serve the simulated road operator, and let the feed ask it."""
    roads = road_video.RoadVideo(lon=127.4, lat=36.4)
    receiver = Receiver(
        secret=new_webhook_secret(), on_message=lambda _event: None, further=roads.answer
    )
    door = serve(receiver, port=0)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    feed.url = f"{door.url}{road_video.PAGE}"
    feed.save()
    assert feeds.poll(feed_id=feed.pk).counts["cameras"] == len(ROAD_CAMERAS)
    yield roads
    transport.hang_up()
    door.shutdown()
    door.server_close()


def live(name="[국도1호선] 시청네거리") -> TrafficCamera:
    return TrafficCamera.objects.get(name=name)


def test_a_fresh_address_is_asked_for_each_time_and_followed_to_where_it_leads(centre):
    camera_id = live().camera_id
    first, second = (road_cameras.address_of(camera_id) for _ in "12")
    assert first.url != second.url
    assert first.url.endswith("/live.m3u8")
    assert first.is_trusted
    assert first.url not in repr(first)


def test_who_may_not_be_asked_or_has_it_no_more_gives_no_address(centre, feed, link):
    camera = live()
    assert road_cameras.address_of(camera.camera_id + 1_000) is None
    Feed.objects.filter(pk=feed.pk).update(allow_private_address=False)
    with pytest.raises(Unavailable):
        road_cameras.address_of(camera.camera_id)
    Feed.objects.filter(pk=feed.pk).update(allow_private_address=True)
    TrafficCamera.objects.filter(pk=camera.pk).update(source_id="another")
    with pytest.raises(Unavailable, match="더 이상"):
        road_cameras.address_of(camera.camera_id)
    links.set_state(link=link, state=LinkState.SUSPENDED)
    with pytest.raises(Unavailable, match="연계"):
        road_cameras.address_of(camera.camera_id)


@pytest.mark.django_db(transaction=True)
def test_it_is_seen_live_with_a_record_before_the_first_byte_and_no_address_given_away(
    centre, client, haneul, city, settings, tmp_path
):
    settings.STATE_DIR = tmp_path / "state"
    passes._passes.clear()
    camera_id = live().camera_id
    client.force_login(haneul)
    try:
        issued = ticket(client, city, camera_id)
        assert issued.status_code == 201
        assert not ViewRecord.objects.exists()
        shown = {"Authorization": f"Ticket {issued.json()['ticket']}"}
        playlist = client.get(issued.json()["playlist"], headers=shown)
        assert playlist.status_code == 200, playlist.content
        view = ViewRecord.objects.get()
        assert (view.camera_id, view.viewer, view.purpose) == (camera_id, haneul, "교통 상황 확인")
        until = time.monotonic() + 15
        while streams.seen(camera_id).state != StreamState.LIVE:
            assert time.monotonic() < until, streams.seen(camera_id)
            streams.want(camera_id)
            time.sleep(0.1)
        assert b"127.0.0.1" not in playlist.content + issued.content
    finally:
        streams.stop_all()
