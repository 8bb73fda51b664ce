"""The console reads a situation whole, and changes it by verbs, for those who may."""

import pytest

from incidents.models import Incident
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


def test_strangers_and_auditors_change_nothing(address, desk, stranger, bada):
    for person in (stranger, bada):
        desk.force_login(person)
        answer = desk.post(f"{address}level/", {"level": 4}, format="json")
        assert answer.status_code in {403, 404}
