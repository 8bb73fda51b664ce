"""The console's addresses of video given to agencies, and who may use them."""

import pytest

from controlroom.municipalities.choices import Role
from incidents.models import Incident
from linkage.models import StreamGrant, VideoRequest
from tests.conftest import make_member
from tests.linkage.conftest import envelope
from tests.linkage.services.police112.conftest import RECEIPT, ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(city):
    return f"/m/{city.code}/linkage/"


@pytest.fixture
def waiting(client, cameras, post, haneul):
    """A case of a kind that the policy leaves to a person, and its request."""
    assert post(envelope(receipt_no=RECEIPT, kind_code="401")).status_code == 201
    assert post(ask(cameras[0].pk)).status_code == 201
    client.force_login(haneul)
    return VideoRequest.objects.get()


def test_the_panel_shows_what_waits_why_and_what_may_be_given(client, base, waiting, cameras):
    found = client.get(f"{base}incidents/{waiting.incident_id}/video/").json()
    (request,) = found["requests"]
    assert (request["state"], request["rule"], request["policy_row"]) == (
        "pending",
        "on_operators_word",
        "police112.other",
    )
    assert request["cameras"] == [{"id": cameras[0].pk, "name": str(cameras[0])}]
    (offer,) = found["offers"]
    assert (offer["basis"], offer["minutes"], offer["rule"]) == ("ACT-112", 60, "")
    assert offer["may_turn"]
    assert offer["purposes"][0] == "SCENE"
    assert found["words"]["purpose"]["SCENE"] == "현장 확인"
    assert found["words"]["basis"]["ACT-112"].startswith("112신고")
    assert [camera["id"] for camera in offer["can"]] == [one.pk for one in cameras[:3]]


def test_it_is_allowed_extended_and_withdrawn_each_refusal_by_its_rule(client, base, waiting):
    url = f"{base}video-requests/{waiting.reference}/"
    answer = client.post(f"{url}allow/", {}, "application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "allowed")
    again = client.post(f"{url}refuse/", {"reason": "늦음"}, "application/json")
    assert (again.status_code, again.json()["code"]) == (409, "no_answer_awaited")
    grant = StreamGrant.objects.get()
    own = f"{base}grants/{grant.reference}/"
    for said, status in (({}, 400), ({"reason": "추적", "minutes": 600}, 409)):
        assert client.post(f"{own}extend/", said, "application/json").status_code == status
    longer = client.post(f"{own}extend/", {"reason": "추적"}, "application/json").json()
    assert longer["extensions"] == 1
    ended = client.post(f"{own}revoke/", {"reason": "불필요"}, "application/json").json()
    assert (ended["end_reason"], ended["end_text"]) == ("revoked", "불필요")
    late = client.post(f"{own}extend/", {"reason": "추적"}, "application/json").json()
    assert late["errors"]["rule"] == ["closed"]


def test_video_is_given_by_hand_only_within_the_policy(client, base, waiting, cameras, link):
    url = f"{base}incidents/{waiting.incident_id}/video/give/"
    said = {"link": link.code, "purpose": "SCENE", "cameras": [cameras[1].pk], "minutes": 30}
    assert client.post(url, said, "application/json").status_code == 201
    given = StreamGrant.objects.get()
    assert (given.trigger, str(given.given_by)) == ("operator", "haneul")
    for change, rule in (
        ({"purpose": "FINE"}, "purpose_not_allowed"),
        ({"minutes": 600}, "too_long"),
        ({"cameras": [cameras[3].pk]}, "not_in_list"),
    ):
        refused = client.post(url, said | change, "application/json")
        assert (refused.status_code, refused.json()["errors"]["rule"]) == (409, [rule])
    unheard = client.post(url, said | {"rights": ["recorded"]}, "application/json")
    assert (unheard.status_code, set(unheard.json()["errors"])) == (400, {"rights.0"})
    turns = client.post(url, said | {"rights": ["ptz"]}, "application/json").json()
    assert [row["rights"] for row in turns["grants"]] == [["live", "ptz"]]
    nobody = client.post(url, said | {"link": "none"}, "application/json")
    assert (nobody.status_code, set(nobody.json()["errors"])) == (400, {"link"})


def test_who_may_not_work_incidents_answers_nothing(client, city, base, waiting):
    client.force_login(make_member("reader", city, Role.STATISTICS))
    assert client.get(f"{base}incidents/{waiting.incident_id}/video/").status_code == 403
    url = f"{base}video-requests/{waiting.reference}/allow/"
    assert client.post(url, {}, "application/json").status_code == 403
    assert Incident.objects.get().grants.count() == 0
