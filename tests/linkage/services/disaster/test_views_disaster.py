"""The console reads a situation whole, and changes it by verbs, for those who may."""

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from incidents.lifecycle import open_incident
from incidents.models import Incident
from incidents.reports import kind_of
from linkage.models_disaster import Situation
from tests.linkage.services.disaster.conftest import SQUARE, notify


@pytest.fixture
def address(send, city):
    assert send(notify()).status_code == 201
    return f"/m/{city.code}/linkage/incidents/{Incident.objects.get().pk}/disaster/"


@pytest.fixture
def desk(client, haneul):
    client.credentials()
    client.force_authenticate(None)
    client.force_login(haneul)
    return client


def test_a_situation_is_read_with_area_reports_and_checklist(address, desk):
    found = desk.get(address).data["situation"]
    assert (found["level"], found["area_names"]) == (2, ["중앙동"])
    assert found["area"]["type"] == "MultiPolygon"
    assert found["reports"] == found["notices"] == []


def test_each_verb_changes_it(address, desk):
    def do(verb, **said):
        answer = desk.post(f"{address}{verb}/", said, format="json")
        assert answer.status_code == 200, answer.data
        return answer.data["situation"]

    assert do("level", level=4)["report_every_min"] == 30
    assert do("cycle", every_min=20)["report_every_min"] == 20
    assert do("report", text="대피 완료")["reports"][0]["text"] == "대피 완료"
    assert do("area", area={"type": "Polygon", "coordinates": [SQUARE]})["area"]
    (notice,) = do("notice", whom="소방서", channel="phone")["notices"]
    assert do("told", notice=notice["id"])["notices"][0]["told_by"]["name"] == "haneul"
    told = do("told-acknowledged", notice=notice["id"], name="김 팀장")["notices"][0]
    assert told["acknowledged_by"] == "김 팀장"
    assert do("publish", is_public=True)["is_public"] is True
    assert do("end", text="해제")["ended_at"]


@pytest.mark.parametrize(
    ("verb", "said", "code"),
    [
        ("level", {"level": 9}, 400),
        ("level", {"level": "x"}, 400),
        ("level", {}, 400),
        ("cycle", {"every_min": 1}, 400),
        ("report", {"text": " "}, 400),
        ("area", {"area": {"type": "Polygon", "coordinates": "x"}}, 400),
        ("area", {}, 400),
        ("told", {"notice": 99}, 404),
        ("nothing", {}, 404),
    ],
)
def test_what_is_wrong_is_said(address, desk, verb, said, code):
    assert desk.post(f"{address}{verb}/", said, format="json").status_code == code
    assert Situation.objects.get().level == 2


def test_an_operator_declares_a_situation_with_a_circle_where_no_agency_did(desk, city, haneul):
    incident = open_incident(
        municipality=city,
        service="disaster",
        kind=kind_of("disaster", "D13", "붕괴", source=""),
        urgency="2",
        place=Point(127.4, 36.4, srid=4326),
        address="중앙동 공사장",
        summary="외벽이 기울었음",
        occurred_at=timezone.now(),
        report=None,
        by=haneul,
    )
    address = f"/m/{city.code}/linkage/incidents/{incident.pk}/disaster/"
    assert desk.get(address).data["situation"] is None
    said = {"level": 3, "radius_m": 300}
    answer = desk.post(f"{address}declare/", said, format="json")
    assert answer.status_code == 201, answer.data
    assert answer.data["situation"]["area_names"] == ["중앙동 공사장"]
    assert desk.post(f"{address}declare/", said, format="json").status_code == 409
    situation = Situation.objects.get()
    assert situation.area.contains(incident.location)
    (shown,) = desk.get(f"/m/{city.code}/linkage/situations/").data["situations"]
    assert (shown["level"], shown["incident"]) == (3, str(incident.pk))
    desk.post(f"{address}area/", {"radius_m": 1000}, format="json")
    situation.refresh_from_db()
    _west, south, _east, north = situation.area.extent
    assert (north - south) * 110_574 == pytest.approx(2000, abs=5)
    assert desk.post(f"{address}area/", {"radius_m": 9}, format="json").status_code == 400
    desk.post(f"{address}end/", {}, format="json")
    assert desk.get(f"/m/{city.code}/linkage/situations/").data["situations"] == []


def test_strangers_and_auditors_change_nothing(address, desk, stranger, bada):
    for person in (stranger, bada):
        desk.force_login(person)
        answer = desk.post(f"{address}level/", {"level": 4}, format="json")
        assert answer.status_code in {403, 404}
