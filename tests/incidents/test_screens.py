"""Wall screens: one code, one browser, nothing of persons, nothing to do."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv.choices import EndReason
from cctv.models import CameraGroup, GroupedCamera, ViewRecord
from controlroom.audit.models import Record
from controlroom.errors import NotAllowed
from incidents import lifecycle, screens
from incidents.choices import Priority
from incidents.models_screens import WallScreen
from incidents.screens import ScreenCodeRefused, ScreenUnknown
from incidents.wall_picture import picture, road_of
from tests.incidents.conftest import make_camera, make_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def screen(city):
    return WallScreen.objects.create(municipality=city, name="상황실 정면")


def test_a_code_enrols_one_browser_once_and_a_new_one_replaces_it(screen, supervisor):
    code = screens.give_code(screen=screen, by=supervisor)
    _screen, key = screens.enrol(code=code.lower(), address="127.0.0.1")
    assert screens.by_key(key) == screen
    with pytest.raises(ScreenCodeRefused):
        screens.enrol(code=code, address=None)
    _screen, other = screens.enrol(
        code=screens.give_code(screen=screen, by=supervisor), address=None
    )
    with pytest.raises(ScreenUnknown):
        screens.by_key(key)
    assert screens.by_key(other) == screen
    stored = WallScreen.objects.values().get()
    assert other not in str(stored)
    assert code.replace("-", "") not in str(stored)
    actions = Record.objects.filter(subject_kind="wall_screen").values_list("action", flat=True)
    assert list(actions)[::-1] == ["wall.code", "wall.enrolled", "wall.code", "wall.enrolled"]


@pytest.mark.parametrize("how", ["retired", "time over", "code too old"])
def test_a_screen_that_is_over_shows_nothing(screen, supervisor, how):
    code = screens.give_code(screen=screen, by=supervisor)
    past = timezone.now() - timedelta(seconds=1)
    if how == "code too old":
        WallScreen.objects.update(code_expires_at=past)
        with pytest.raises(ScreenCodeRefused):
            screens.enrol(code=code, address=None)
        return
    _screen, key = screens.enrol(code=code, address=None)
    if how == "retired":
        screens.retire(screen=screen, by=supervisor)
    else:
        WallScreen.objects.update(key_expires_at=past)
    with pytest.raises(ScreenUnknown):
        screens.by_key(key)


@pytest.fixture
def group(city):
    cameras = [make_camera(city, 127.38 + n / 1000, 36.35, name=f"중앙로 {n}") for n in range(2)]
    group = CameraGroup.objects.create(municipality=city, name="도심", purpose="방범 순찰")
    GroupedCamera.objects.create(group=group, camera=cameras[0])
    group.others = cameras[1:]
    return group


def ticket_for(client, camera):
    return client.post(f"/wall/cameras/{camera.pk}/ticket/", {}, content_type="application/json")


def test_a_screen_watches_its_groups_cameras_on_record_and_no_other(
    client, screen, supervisor, group, monkeypatch
):
    monkeypatch.setattr("cctv.streams.want", lambda *_asked, **_more: None)
    monkeypatch.setattr("cctv.streams.playlist", lambda *_asked: ("run", b"#EXTM3U\n"))
    (camera,) = group.cameras.all()
    client.post("/wall/enrol/", {"code": screens.give_code(screen=screen, by=supervisor)})
    assert ticket_for(client, camera).status_code == 403
    WallScreen.objects.update(camera_group=group)
    assert ticket_for(client, group.others[0]).status_code == 403
    token = ticket_for(client, camera).json()["ticket"]
    seen = client.get(
        f"/wall/cameras/{camera.pk}/live.m3u8", headers={"Authorization": f"Ticket {token}"}
    )
    assert (seen.status_code, seen.content) == (200, b"#EXTM3U\n")
    view = ViewRecord.objects.get()
    assert (view.agent, view.viewer, view.purpose) == (
        f"wall:{screen.pk} 상황실 정면", None, "방범 순찰",
    )  # fmt: skip
    screens.retire(screen=screen, by=supervisor)
    view.refresh_from_db()
    assert view.end_reason == EndReason.REVOKED


def test_a_screen_shows_the_choice_of_an_open_urgent_incident_until_it_ends(
    city, screen, group, robbery, rule, supervisor
):
    screens.enrol(code=screens.give_code(screen=screen, by=supervisor), address=None)
    WallScreen.objects.update(camera_group=group)
    screen.refresh_from_db()
    assert screens.shown(screen)["incident"] is None
    incident = make_incident(city, robbery)
    assert incident.priority == Priority.P1
    said = screens.shown(screen)
    assert said["incident"] == str(incident.pk)
    camera_id = said["cameras"][0]["id"]

    def may(incident_id):
        agent = screens.agent_of(screen)
        return screens.may_show(agent=agent, camera_id=camera_id, incident_id=incident_id)

    assert may(incident.pk) is True
    lifecycle.cancel(incident=incident, by=supervisor, text="오인")
    assert may(incident.pk) is False
    assert screens.shown(screen)["incident"] is None


def test_an_operator_gives_out_no_code(screen, haneul):
    with pytest.raises(NotAllowed):
        screens.give_code(screen=screen, by=haneul)


def test_the_picture_names_no_person_no_home_and_no_word_of_the_report(city, screen, robbery):
    incident = make_incident(
        city,
        robbery,
        address="한빛시 중앙로12번길 34-5, 101동 1203호",
        summary="김하늘 010-1234-5678",
        place=Point(127.123456, 36.654321, srid=4326),
    )
    body = picture(screen)
    (row,) = body["incidents"]
    assert row["address"] == "한빛시 중앙로12번길"
    assert (row["lon"], row["lat"]) == (127.1235, 36.6543)
    assert "하늘" not in str(body)
    assert "1203" not in str(body)
    assert body["figures"]["received_today"] == 1
    assert body["figures"]["open"][str(incident.priority)] == 1
    assert sum(hour["count"] for hour in body["figures"]["by_hour"]) == 1


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("중앙로 12", "중앙로"),
        ("중앙로12번길 34", "중앙로12번길"),
        ("강남구 역삼동 산 12-3", "강남구 역삼동"),
        ("시청네거리", "시청네거리"),
        ("", ""),
    ],
)
def test_an_address_is_cut_before_its_house_number(address, shown):
    assert road_of(address) == shown


def test_the_page_answers_its_own_browser_alone_and_takes_no_deed(client, screen, supervisor):
    assert client.get("/wall/now/").status_code == 401
    code = screens.give_code(screen=screen, by=supervisor)
    assert client.post("/wall/enrol/", {"code": "WRONG"}).status_code == 403
    assert client.post("/wall/enrol/", {"code": code}).status_code == 302
    assert client.get("/wall/").status_code == 200
    answer = client.get("/wall/now/")
    assert answer.json()["incidents"] == []
    assert answer["Cache-Control"] == "no-store"
    assert client.post("/wall/now/").status_code == 405
    client.cookies.clear()
    assert client.get("/wall/boundary/").status_code == 401
