"""An agency's hand on a camera: by right and lock, over the API and page, until its grant ends."""

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone

from cctv.choices import PtzEnd, Purpose
from cctv.models import OnvifDevice, PtzLock
from cctv.onvif import hands, locks, ptz, sweeping
from controlroom.accounts.models import User
from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from linkage import grants
from linkage.demo.link import room_link
from linkage.models import AgencySeat, Case, StreamGrant
from tests.cctv.builders import away, make_camera
from tests.cctv.onvif.conftest import camera, device, networks, sim  # noqa: F401  # fixtures
from tests.incidents.conftest import make_incident, robbery  # noqa: F401  # a fixture
from tests.linkage.conftest import api_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(city, link, robbery, device):  # noqa: F811
    at = device.camera.site.location
    east = away(0, 120, of=(at.x, at.y))
    incident = make_incident(city, robbery, place=Point(east.x, east.y, srid=4326))
    return given(link, incident, device.camera, "112-1")


def given(link, incident, camera, case_number):  # noqa: F811
    Case.objects.create(
        municipality=incident.municipality,
        link=link,
        incident=incident,
        external_id=case_number,
    )
    return StreamGrant.objects.create(
        municipality=incident.municipality,
        link=link,
        incident=incident,
        case_number=case_number,
        camera=camera,
        purpose="SCENE",
        basis="ACT-112",
        request_id="r",
        rights=["live", "ptz"],
        expires_at=timezone.now() + timedelta(minutes=5),
        not_after=timezone.now() + timedelta(minutes=60),
    )


def url(grant, act="", reference=None):
    own = reference or grant.reference
    return f"/api/v1/links/{grant.link.code}/grants/{own}/ptz{act and f'/{act}'}"


def do(client, grant, act, **said):
    return client.post(url(grant, act), said, format="json")


# --- right, grant and holder ------------------------------------------------------------
GRANTS = ("stands", "ran out", "ended", "none", "another link's")
HOLDERS = ("nobody", "itself", "colleague", "agency", "operator", "gone")
OVER = (403, "ptz_not_allowed", {"rule": ["grant_over"], "reason": ["expired"]})
WITHDRAWN = (403, "ptz_not_allowed", {"rule": ["grant_over"], "reason": ["revoked"]})
WITHOUT = (403, "ptz_not_allowed", {"rule": ["grant_without_ptz"]})
UNKNOWN = (404, "not_found", {})
# Whatever the right and the holder, what is over or nobody's is refused as such.
BY_GRANT = {"ran out": OVER, "ended": WITHDRAWN, "none": UNKNOWN, "another link's": UNKNOWN}
BY_HOLDER = {
    "nobody": (200, None, {}),
    "itself": (200, None, {}),
    # What lapsed is nobody's.
    "gone": (200, None, {}),
    "colleague": (409, "ptz_taken", {"holder": ["colleague"]}),
    "agency": (409, "ptz_taken", {"holder": ["agency"]}),
    "operator": (409, "ptz_taken", {"holder": ["centre"]}),
}


def let_hold(holder, grant, haneul, other):
    """Let the lock be held by this kind of holder."""
    whose = {
        "itself": lambda: hands.of_agency(grant.link_id, grant.camera),
        "colleague": lambda: hands.of_agency(grant.link_id, grant.camera, person="박"),
        "agency": lambda: hands.of_agency(other.link_id, grant.camera),
        "operator": lambda: hands.of_person(haneul, grant.camera),
        "gone": lambda: hands.of_person(haneul, grant.camera),
    }
    if holder in whose:
        locks.take(device=grant.camera.onvif, hand=whose[holder](), reason="시험")
    if holder == "gone":
        PtzLock.objects.update(lease_until=timezone.now())


def put(grant, state, has_right, haneul):
    """Bring the grant into this state; give the reference that is asked for."""
    if not has_right:
        StreamGrant.objects.filter(pk=grant.pk).update(rights=["live"])
    if state == "ran out":
        StreamGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
    if state == "ended":
        grants.revoke(grant=grant, by=haneul, reason="시험")


def test_right_grant_and_holder_decide_who_takes_the_camera(police, grant, haneul, city, sim):  # noqa: F811
    second = room_link("fire119", municipality=city).link
    other = given(second, grant.incident, grant.camera, "119-1")
    seen = set()
    for has_right, state, holder in product((True, False), GRANTS, HOLDERS):
        with transaction.atomic():
            let_hold(holder, grant, haneul, other)
            put(grant, state, has_right, haneul)
            asked = {"none": uuid4(), "another link's": other.reference}.get(state)
            answer = police.post(url(grant, "lock", asked), {}, format="json")
            said = answer.json()
            found = (answer.status_code, said.get("code"), dict(said.get("errors", {})))
            transaction.set_rollback(True)
        want = BY_GRANT.get(state) or (BY_HOLDER[holder] if has_right else WITHOUT)
        until = found[2].pop("until", None)
        assert found == want, (has_right, state, holder)
        assert (until is not None) == (want[1] == "ptz_taken")
        if want[0] == 200:
            assert said["mine"]
            assert said["lock"]["holder"]["kind"] == "you"
        if until:
            assert haneul.username not in str(said)
            assert "119" not in str(said["detail"])
        seen.add(want[:2])
    assert len(seen) == 4
    assert sim.camera.requests == []


# --- acts -------------------------------------------------------------------------------
def test_every_act_of_an_agency_is_on_record_with_its_name_and_its_person(
    police, grant, sim  # noqa: F811
):  # fmt: skip
    who = {"person": "상황실 김경위"}
    assert do(police, grant, "move", pan=1, **who).json()["code"] == "ptz_lock_missing"
    assert do(police, grant, "lock", **who).json()["lock"]["holder"]["name"].endswith("김경위")
    assert not police.get(url(grant)).json()["mine"]
    assert police.get(url(grant), {"person": who["person"]}).json()["mine"]
    # Another person of the same agency moves nothing under this lock.
    assert do(police, grant, "move", pan=1).json()["code"] == "ptz_lock_missing"
    assert do(police, grant, "move", pan=0.5, **who).status_code == 200
    assert do(police, grant, "stop", **who).status_code == 200
    (first, _second) = police.get(url(grant, "preset")).json()["presets"]
    assert do(police, grant, "preset", preset=first["token"], **who).status_code == 200
    assert do(police, grant, "cue", **who).json()["may_cue"]
    assert do(police, grant, "home", **who).status_code == 200
    assert do(police, grant, "keep", **who).json()["lease_s"] == 20
    assert not do(police, grant, "release", **who).json()["mine"]
    wanted = ["ContinuousMove", "Stop", "GotoPreset", "AbsoluteMove", "GotoHomePosition"]
    assert [one for one in sim.camera.requests if one in wanted] == [*wanted, "GotoHomePosition"]
    kept = Record.objects.filter(action__startswith="ptz.").order_by("pk")
    assert [one.action.removeprefix("ptz.") for one in kept] == [
        "lock", "move", "stop", "preset", "cue", "home", "lock_end", "home_returned",
    ]  # fmt: skip
    for one in kept:
        assert one.agent == str(grant.link.agency)
        assert one.detail["person"] == who["person"]
        assert one.detail["incident"] == str(grant.incident_id)


def test_what_an_act_is_told_is_held_against_its_schema(police, grant):
    for act, said, field in (
        ("move", {"pan": 1.5}, "pan"),
        ("move", {"speed": 1}, "speed"),
        ("preset", {}, "preset"),
        ("lock", {"person": "가" * 61}, "person"),
    ):
        refused = do(police, grant, act, **said)
        assert (refused.status_code, set(refused.json()["errors"])) == (400, {field})


def test_a_camera_that_does_not_turn_or_not_for_this_or_not_now_says_so(
    police, grant, city, link, sim  # noqa: F811
):  # fmt: skip
    fixed = given(link, grant.incident, make_camera(city, name="고정"), "112-2")
    assert do(police, fixed, "lock").json()["code"] == "no_ptz"
    OnvifDevice.objects.update(zero_deg=None)
    assert do(police, grant, "lock").status_code == 200
    assert do(police, grant, "cue").json()["code"] == "ptz_cannot_aim"
    sim.camera.faults.reset = True
    silent = do(police, grant, "move", pan=1)
    assert (silent.status_code, silent.json()["code"]) == (503, "camera_silent")
    PtzLock.objects.update(lease_until=timezone.now())
    locks.sweep()
    site = grant.camera.site
    site.purpose = Purpose.LITTERING
    site.save()
    refused = do(police, grant, "lock")
    assert (refused.status_code, refused.json()["errors"]["rule"]) == (403, ["pipa_25_purpose"])


def test_a_person_of_the_centre_takes_over_and_the_desk_saw_the_agencys_name(
    police, grant, haneul, device  # noqa: F811
):  # fmt: skip
    do(police, grant, "lock")
    said = Entry.objects.filter(kind="camera.ptz").latest("number").data["lock"]
    assert (said["holder"]["name"], said["is_agency"]) == (str(grant.link.agency), True)
    ptz.take(device=device, hand=hands.of_person(haneul, device.camera), reason="관제")
    assert do(police, grant, "move", pan=1).json()["code"] == "ptz_lock_missing"
    taken = do(police, grant, "lock").json()
    assert taken["errors"]["holder"] == ["centre"]
    assert Record.objects.filter(action="ptz.lock").latest("pk").detail["from"] == str(
        grant.link.agency
    )


def test_the_end_of_the_grant_gives_the_camera_back_and_brings_it_home(
    police, grant, haneul, sim  # noqa: F811
):  # fmt: skip
    do(police, grant, "lock")
    do(police, grant, "move", pan=1)
    grants.revoke(grant=grant, by=haneul, reason="시험")
    lock = PtzLock.objects.get()
    assert (lock.end_reason, lock.home_due_at is None) == (PtzEnd.RIGHT_LOST, False)
    sweeping.sweep()
    assert sim.camera.requests[-1] == "GotoHomePosition"
    assert do(police, grant, "move", pan=1).json()["errors"]["rule"] == ["grant_over"]


def test_an_agency_holds_no_longer_than_its_grant_lasts(police, grant):
    end = timezone.now() + timedelta(seconds=30)
    StreamGrant.objects.update(expires_at=end)
    do(police, grant, "lock")
    assert PtzLock.objects.get().until == end


def test_another_links_client_turns_nothing(grant, other_link, link):
    client = api_client(other_link)
    assert do(client, grant, "lock").status_code == 404
    assert client.get(url(grant)).status_code == 404


# --- the agency's page ------------------------------------------------------------------
def test_a_person_of_the_agency_turns_it_on_the_page_by_the_own_name(client, grant, city, link):
    person = User.objects.create_user("engineer", display_name="이기사")
    seat = AgencySeat.objects.create(municipality=city, agency=link.agency, user=person)
    client.force_login(person)
    under = f"/agency/case/{link.code}/{grant.case_number}/watch/"
    own = f"{under}cameras/{grant.reference}/ptz/"

    def press(act, **said):
        return client.post(f"{own}{act}/", said, content_type="application/json")

    (stream,) = client.get(f"{under}now").json()["streams"]
    assert stream["ptz"]["lock"] is None
    assert press("lock").json()["mine"]
    assert press("lock", person="다른 사람").json()["errors"].keys() == {"person"}
    assert press("move", pan=0.5).status_code == 200
    assert client.get(f"{own}preset/").json()["presets"]
    assert client.get(f"{own}move/").status_code == 405
    move = Record.objects.get(action="ptz.move")
    assert (move.actor_id, move.agent) == (person.pk, str(link.agency))
    assert PtzLock.objects.get().holder_name == f"{link.agency} · 이기사"
    # Whoever sits there no longer has no hand there.
    seat.delete()
    locks.sweep()
    assert PtzLock.objects.get().end_reason == PtzEnd.RIGHT_LOST
    assert press("move", pan=0.5).status_code == 404


def test_without_the_right_the_page_shows_no_way_to_turn_it(client, grant, city, link):
    StreamGrant.objects.update(rights=["live"])
    person = User.objects.create_user("engineer")
    AgencySeat.objects.create(municipality=city, agency=link.agency, user=person)
    client.force_login(person)
    under = f"/agency/case/{link.code}/{grant.case_number}/watch/"
    (stream,) = client.get(f"{under}now").json()["streams"]
    assert stream["ptz"] is None
    refused = client.post(
        f"{under}cameras/{grant.reference}/ptz/lock/", {}, content_type="application/json"
    )
    assert refused.json()["errors"]["rule"] == ["grant_without_ptz"]
