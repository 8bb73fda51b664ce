"""Hands on a camera: locks, moves on record, dead hands, the way home."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv.choices import PtzEnd, Purpose
from cctv.models import OnvifDevice, PtzLock
from cctv.onvif import hands, locks, ptz, sweeping
from cctv.onvif.hands import Leave, leave_asked
from cctv.onvif.line import CameraSilent
from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from controlroom.municipalities.choices import Role
from tests.cctv.builders import away
from tests.conftest import make_member
from tests.incidents.conftest import make_incident, robbery  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db

AGENCY = 7


@pytest.fixture
def agency_leave():
    """Let link 7 move cameras, as a grant with that right would; clear() takes it away."""
    told = {}

    def answer(sender, link_id, **_):
        return told.get(link_id)

    leave_asked.connect(answer)
    told[AGENCY] = Leave("서울경찰청", "police112", uuid4(), timezone.now() + timedelta(minutes=9))
    yield told
    leave_asked.disconnect(answer)


def hand(user, device):
    return hands.of_person(user, device.camera)


def taken(user, device, **about):
    return ptz.take(device=device, hand=hand(user, device), **({"reason": "시험"} | about))


def post(client, device, act, body=None):
    return client.post(
        f"/m/90010/cctv/cameras/{device.camera_id}/ptz/{act}/",
        body or {},
        content_type="application/json",
    )


def at_rest(sim, within_s=10):
    until = time.monotonic() + within_s
    while any(sim.camera.is_moving()):
        assert time.monotonic() < until, "it never came to rest"
        time.sleep(0.02)
    return sim.camera.position()


def actions():
    kept = Record.objects.filter(action__startswith="ptz.").order_by("pk")
    return list(kept.values_list("action", flat=True))


def lapse(lock):
    PtzLock.objects.filter(pk=lock.pk).update(until=timezone.now())


# --- locks ------------------------------------------------------------------------------
def test_nothing_moves_without_a_lock(client, device, sim, haneul):
    client.force_login(haneul)
    answer = post(client, device, "move", {"pan": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "ptz_lock_missing")
    assert "ContinuousMove" not in sim.camera.requests


def test_a_lock_wants_an_incident_or_a_reason(client, device, haneul):
    client.force_login(haneul)
    assert post(client, device, "lock").json()["errors"].keys() == {"reason"}
    answer = post(client, device, "lock", {"reason": "골목 확인"}).json()
    assert answer["mine"]
    assert answer["lock"]["holder"]["name"] == "haneul"


def test_among_equals_the_first_keeps_it_and_the_other_learns_whose_it_is(
    client, city, device, haneul
):
    taken(haneul, device)
    client.force_login(make_member("second", city, Role.OPERATOR))
    answer = post(client, device, "lock", {"reason": "나도"})
    assert (answer.status_code, answer.json()["code"]) == (409, "ptz_taken")
    assert answer.json()["errors"]["holder"] == ["haneul"]


def test_a_supervisor_takes_over_and_the_loser_is_told(device, sim, haneul, supervisor):
    ptz.move(device=device, hand=hand(haneul, device), **moving(taken(haneul, device)))
    taken(supervisor, device)
    with pytest.raises(locks.PtzLockMissing):
        ptz.stop(device=device, hand=hand(haneul, device))
    assert not any(sim.camera.is_moving())
    fact = Entry.objects.filter(kind="camera.ptz").order_by("-number").first()
    assert fact.data["lock"]["holder"]["id"] == supervisor.pk
    assert fact.data["ended"] == {
        "holder": {"id": haneul.pk, "name": "haneul"},
        "reason": "taken_over",
    }
    assert PtzLock.objects.get(holder=haneul).home_due_at is None


def moving(_lock, pan=1.0):
    return {"pan": pan, "tilt": 0.0, "zoom": 0.0}


def test_a_lapsed_lock_moves_nothing_and_its_camera_goes_home(device, sim, haneul):
    lock = taken(haneul, device)
    ptz.to_preset(device=device, hand=hand(haneul, device), token="1")
    assert at_rest(sim).pan == -0.5
    lapse(lock)
    with pytest.raises(locks.PtzLockMissing):
        ptz.move(device=device, hand=hand(haneul, device), **moving(lock))
    sweeping.sweep()
    assert at_rest(sim).axes() == (0, 0, 0)
    lock.refresh_from_db()
    assert (lock.end_reason, lock.home_due_at) == (PtzEnd.LAPSED, None)
    assert actions()[-2:] == ["ptz.lock_end", "ptz.home_returned"]


def test_a_hand_that_is_not_heard_of_holds_the_camera_for_seconds_only(
    client, device, sim, haneul, city
):
    lock = taken(haneul, device)
    assert lock.lease_until - timezone.now() <= timedelta(seconds=20)
    assert lock.until - timezone.now() > timedelta(seconds=100)
    client.force_login(haneul)
    PtzLock.objects.update(lease_until=timezone.now() + timedelta(seconds=2))
    assert post(client, device, "keep").json()["mine"]
    lock.refresh_from_db()
    assert lock.lease_until - timezone.now() > timedelta(seconds=15)
    assert actions() == ["ptz.lock"]
    # The browser dies: another takes it at once, nobody needs to sweep first.
    PtzLock.objects.update(lease_until=timezone.now())
    assert post(client, device, "keep").json()["code"] == "ptz_lock_missing"
    taken(make_member("second", city, Role.OPERATOR), device)
    lock.refresh_from_db()
    assert lock.end_reason == PtzEnd.LAPSED
    PtzLock.objects.update(lease_until=timezone.now())
    sweeping.sweep()
    assert not PtzLock.objects.filter(ended_at=None).exists()
    assert "GotoHomePosition" in sim.camera.requests


def test_a_camera_that_is_no_onvif_camera_any_more_owes_nothing(device, haneul):
    lock = taken(haneul, device)
    locks.release(device=device, hand=hand(haneul, device))
    device.delete()
    sweeping.sweep()
    lock.refresh_from_db()
    assert lock.home_due_at is None
    # Nothing was seen to come home.
    assert actions()[-1] == "ptz.lock_end"


def test_a_camera_that_does_not_answer_is_brought_home_later(device, sim, haneul):
    lock = taken(haneul, device)
    sim.camera.faults.reset = True
    ptz.release(device=device, hand=hand(haneul, device))
    lock.refresh_from_db()
    assert lock.home_due_at > timezone.now()
    sim.camera.faults.reset = False
    PtzLock.objects.update(home_due_at=timezone.now())
    sweeping.sweep()
    lock.refresh_from_db()
    assert lock.home_due_at is None
    assert "GotoHomePosition" in sim.camera.requests


def test_the_end_of_the_incident_takes_the_hand_away(device, haneul, city, robbery):  # noqa: F811
    incident = make_incident(city, robbery)
    lock = taken(haneul, device, incident_id=incident.pk, reason="")
    assert lock.service == incident.service
    locks.end_locks(incident_id=incident.pk, reason=PtzEnd.INCIDENT_ENDED)
    lock.refresh_from_db()
    assert lock.end_reason == PtzEnd.INCIDENT_ENDED
    assert lock.home_due_at is not None


def test_an_incident_that_is_not_open_here_moves_nothing(device, haneul):
    with pytest.raises(hands.PtzRefused) as refusal:
        taken(haneul, device, incident_id=uuid4())
    assert refusal.value.fields == {"rule": ["incident_not_open"]}


def test_who_lost_the_right_loses_the_camera(device, haneul):
    lock = taken(haneul, device)
    haneul.memberships.all().delete()
    locks.sweep()
    lock.refresh_from_db()
    assert lock.end_reason == PtzEnd.RIGHT_LOST


# --- purposes and agencies ----------------------------------------------------------------
def test_a_camera_is_not_turned_beyond_its_registered_purpose(client, device, city, haneul):
    device.camera.site.purpose = Purpose.LITTERING
    device.camera.site.save()
    client.force_login(haneul)
    answer = post(client, device, "lock", {"reason": "순찰"})
    assert (answer.status_code, answer.json()["errors"]["rule"]) == (403, ["pipa_25_purpose"])
    assert "25" in answer.json()["detail"]
    assert not PtzLock.objects.exists()


def test_an_agency_without_the_right_is_refused(device):
    with pytest.raises(hands.PtzRefused) as refusal:
        hands.of_agency(AGENCY, device.camera)
    assert refusal.value.fields == {"rule": ["grant_without_ptz"]}


def test_an_agency_with_the_right_gives_way_to_an_operator(device, agency_leave, haneul):
    agency = hands.of_agency(AGENCY, device.camera)
    lock = ptz.take(device=device, hand=agency)
    assert (lock.agency, lock.service) == ("서울경찰청", "police112")
    ptz.move(device=device, hand=agency, **moving(lock))
    taken(haneul, device)
    with pytest.raises(locks.PtzTaken):
        ptz.take(device=device, hand=agency)
    assert Record.objects.filter(action="ptz.move", agent="서울경찰청").count() == 1


def test_an_agency_whose_grant_ended_loses_the_camera_and_sets_nothing(device, agency_leave):
    agency = hands.of_agency(AGENCY, device.camera)
    lock = ptz.take(device=device, hand=agency)
    with pytest.raises(hands.PtzRefused):
        ptz.keep_preset(device=device, hand=agency, name="문")
    agency_leave.clear()
    locks.sweep()
    lock.refresh_from_db()
    assert lock.end_reason == PtzEnd.RIGHT_LOST


# --- moves --------------------------------------------------------------------------------
def test_a_joystick_writes_two_rows_and_counts_every_word(device, sim, haneul):
    lock = taken(haneul, device)
    for _ in range(12):
        ptz.move(device=device, hand=hand(haneul, device), **moving(lock))
    ptz.stop(device=device, hand=hand(haneul, device))
    assert actions() == ["ptz.lock", "ptz.move", "ptz.stop"]
    assert Record.objects.get(action="ptz.stop").detail["commands"] == 12
    lock.refresh_from_db()
    assert (lock.commands, lock.moves) == (12, 1)
    assert sim.camera.requests.count("ContinuousMove") == 12
    assert at_rest(sim).pan > 0


def test_the_record_is_there_before_the_camera_hears(device, sim, haneul, monkeypatch):
    lock = taken(haneul, device)

    def broken(**_):
        raise RuntimeError("no record")

    monkeypatch.setattr(locks.chain, "record", broken)
    for act in (
        lambda: ptz.move(device=device, hand=hand(haneul, device), **moving(lock)),
        lambda: ptz.home(device=device, hand=hand(haneul, device)),
    ):
        with pytest.raises(RuntimeError):
            act()
    assert not {"ContinuousMove", "GotoHomePosition"} & set(sim.camera.requests)


def test_a_move_that_nobody_renews_stops_by_itself(device, sim, haneul):
    ptz.move(device=device, hand=hand(haneul, device), **moving(taken(haneul, device)))
    assert any(sim.camera.is_moving())
    at_rest(sim, within_s=3)


def test_a_camera_that_does_not_listen_to_its_timeout_is_stopped_by_the_sweep(device, sim, haneul):
    sim.camera.faults.ignores_timeout = True
    lock = taken(haneul, device)
    ptz.move(device=device, hand=hand(haneul, device), **moving(lock, pan=0.1))
    lock.refresh_from_db()
    assert timezone.now() < lock.stop_at <= timezone.now() + timedelta(seconds=1)
    sweeping.sweep()
    assert any(sim.camera.is_moving())
    PtzLock.objects.update(stop_at=timezone.now())
    sweeping.sweep()
    assert not any(sim.camera.is_moving())
    assert Record.objects.get(action="ptz.stop").detail["why"] == "not_renewed"


def test_a_stop_that_the_camera_did_not_hear_is_sent_again(device, sim, haneul):
    sim.camera.faults.ignores_timeout = True
    ptz.move(device=device, hand=hand(haneul, device), **moving(taken(haneul, device), pan=0.1))
    sim.camera.faults.reset = True
    with pytest.raises(CameraSilent):
        ptz.stop(device=device, hand=hand(haneul, device))
    sim.camera.faults.reset = False
    PtzLock.objects.update(stop_at=timezone.now())
    sweeping.sweep()
    assert not any(sim.camera.is_moving())


@pytest.mark.parametrize("hears_the_stop", [True, False])
def test_a_move_that_reaches_the_camera_after_the_hand_let_go_is_taken_back(
    device, sim, haneul, monkeypatch, hears_the_stop
):
    sim.camera.faults.ignores_timeout = True
    lock = taken(haneul, device)
    ask = ptz.devices.ask

    def slow(asked, work):
        monkeypatch.setattr(ptz.devices, "ask", ask)
        locks.release(device=device, hand=hand(haneul, device))
        sweeping.return_homes()
        done = ask(asked, work)
        sim.camera.faults.reset = not hears_the_stop
        return done

    monkeypatch.setattr(ptz.devices, "ask", slow)
    ptz.move(device=device, hand=hand(haneul, device), **moving(lock))
    assert any(sim.camera.is_moving()) is not hears_the_stop
    # It owes its way home once more.
    lock.refresh_from_db()
    assert lock.home_due_at is not None


def test_what_the_camera_did_not_do_is_on_record_too(device, sim, haneul):
    lock = taken(haneul, device)
    sim.camera.faults.reset = True
    with pytest.raises(CameraSilent):
        ptz.move(device=device, hand=hand(haneul, device), **moving(lock))
    assert actions() == ["ptz.lock", "ptz.move", "ptz.stop", "ptz.failed"]


# --- presets, home, cue -------------------------------------------------------------------
def test_presets_are_listed_and_kept_by_the_right_only(client, device, sim, haneul, supervisor):
    client.force_login(haneul)
    listed = client.get(f"/m/90010/cctv/cameras/{device.camera_id}/ptz/preset/").json()
    assert [one["name"] for one in listed["presets"]] == ["정문", "사거리"]
    taken(haneul, device)
    assert post(client, device, "preset", {"keep": "후문"}).status_code == 403
    taken(supervisor, device)
    client.force_login(supervisor)
    assert post(client, device, "preset", {"keep": "후문"}).json()["preset"] == "3"
    assert sim.camera.presets["3"][0] == "후문"
    assert post(client, device, "preset", {}).json()["errors"].keys() == {"preset"}


def test_the_camera_turns_to_the_incident(device, sim, haneul, city, robbery):  # noqa: F811
    site = device.camera.site
    east = away(0, 120, of=(site.location.x, site.location.y))
    incident = make_incident(city, robbery, place=Point(east.x, east.y, srid=4326))
    taken(haneul, device, incident_id=incident.pk, reason="")
    ptz.cue(device=device, hand=hand(haneul, device))
    place = at_rest(sim)
    assert place.pan == pytest.approx(0.5, abs=0.01)
    assert place.tilt < 0
    assert place.zoom > 0


def test_a_camera_that_nobody_calibrated_says_so(device, haneul):
    OnvifDevice.objects.update(zero_deg=None)
    device.refresh_from_db()
    taken(haneul, device)
    with pytest.raises(ptz.CannotAim):
        ptz.cue(device=device, hand=hand(haneul, device))


def test_a_place_out_of_reach_is_refused_before_the_camera(client, device, sim, haneul):
    client.force_login(haneul)
    taken(haneul, device)
    far = {"to": {"pan": 3, "tilt": 0, "zoom": 0}}
    assert post(client, device, "move", far).json()["errors"].keys() == {"pan"}
    assert "AbsoluteMove" not in sim.camera.requests


def test_a_camera_without_motors_says_so(client, haneul, city, camera):
    client.force_login(haneul)
    path = f"/m/90010/cctv/cameras/{camera.pk}/ptz/"
    assert client.get(path).json() == {"ptz": False}
    answer = client.post(f"{path}lock/", {"reason": "x"}, content_type="application/json")
    assert answer.json()["code"] == "no_ptz"
