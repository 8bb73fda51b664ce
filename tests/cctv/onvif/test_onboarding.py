"""Taking a camera in: found on its network, examined step by step, kept encrypted."""

import pytest

from cctv import sources
from cctv.choices import Quality, SourceKind
from cctv.models import Camera, OnvifDevice
from cctv.onvif import devices, discovery, onboarding
from cctv.onvif.line import LineRefused
from cctv.onvif.onboarding import Wish
from controlroom.audit.models import Record

pytestmark = pytest.mark.django_db

SECRET = "let-me-in"


def wish(sim, **changes):
    said = {"address": sim.address, "user": sim.camera.user, "password": SECRET}
    return Wish(**(said | changes))


def outcomes(findings):
    return {step.outcome for step in findings.steps}


def test_cameras_are_found_on_the_named_networks_only(sim, settings):
    found = discovery.search(listen_s=0.6).found
    assert sim.address in [one.address for one in found]
    settings.CAMERA_NETWORKS = ["192.0.2.0/30", "10.0.0.0/8", "2001:db8::/64"]
    result = discovery.search(listen_s=0.1)
    assert result.found == []
    assert len(result.refused) == 2
    settings.CAMERA_NETWORKS = []
    with pytest.raises(LineRefused):
        discovery.search(listen_s=0.1)


def test_an_answer_that_names_another_machine_is_left_out(sim):
    result = discovery.Search()
    reply = sim._probe_match(discovery.build_probe(message_id="x").encode())
    discovery._take(reply.replace(b"127.0.0.1", b"127.0.0.9"), "127.0.0.1", {}, result)
    assert len(result.refused) == 1
    seen = {}
    discovery._take(reply, "192.0.2.9", seen, result)
    assert seen == {}


@pytest.mark.parametrize(("profile", "asked"), [("T", "media2"), ("S", "media")])
def test_a_camera_is_taken_in_whole_by_either_profile(sim, camera, administrator, profile, asked):
    findings = onboarding.examine(wish(sim, profile=profile))
    assert findings.is_complete, findings.steps
    device = onboarding.connect(camera=camera, findings=findings, by=administrator)
    camera.refresh_from_db()
    assert camera.source_kind == SourceKind.STREAM
    url = sources.source_of(camera).address.url()
    assert url == f"rtsp://operator:{SECRET}@127.0.0.1:8554/stream1?profile=main"
    assert (device.main_token, device.sub_token) == ("main", "sub")
    assert camera.qualities == [Quality.MAIN, Quality.SUB]
    assert asked in devices.access_of(device).services
    assert (device.has_ptz, device.has_events, device.has_snapshot) == (True, True, True)
    assert device.limits == {"pan": [-1, 1], "tilt": [-1, 1], "zoom": [0, 1]}


def test_no_secret_is_kept_or_told_in_clear(sim, camera, administrator):
    findings = onboarding.examine(wish(sim))
    device = onboarding.connect(camera=camera, findings=findings, by=administrator)
    row = OnvifDevice.objects.values().get(pk=device.pk)
    told = str([row, findings, findings.steps, list(Record.objects.values())])
    for secret in (SECRET, "stream1", "snapshot/", f":{sim.port}"):
        assert secret not in told, secret


@pytest.mark.parametrize(
    ("offset", "accepts", "wanted"),
    [(0, False, "found"), (60, False, "warned"), (900, False, "refused"), (900, True, "warned")],
)
def test_the_clock_is_judged_before_the_digest(sim, offset, accepts, wanted):
    sim.camera.faults.clock_offset_s = offset
    findings = onboarding.examine(wish(sim, accepts_clock=accepts))
    _address, clock = findings.steps[:2]
    assert clock.outcome == wanted
    assert findings.is_complete == (wanted != "refused")
    if wanted == "refused":
        assert sim.camera.requests == ["GetSystemDateAndTime"]


def test_each_refusal_names_its_step_and_keeps_nothing(sim, camera, administrator):
    refused = {
        "wrong password": onboarding.examine(wish(sim, password="no")),
        "outside": onboarding.examine(wish(sim, address="http://192.0.2.1/")),
    }
    sim.camera.faults.entity_bomb = True
    refused["bomb"] = onboarding.examine(wish(sim))
    for findings in refused.values():
        assert [step.outcome for step in findings.steps].count("refused") == 1
        assert findings.steps[-1].outcome == "refused"
        assert findings.steps[-1].text
        with pytest.raises(ValueError, match="examined whole"):
            onboarding.connect(camera=camera, findings=findings, by=administrator)
    assert not OnvifDevice.objects.exists()
    assert Camera.objects.get(pk=camera.pk).source_kind == SourceKind.SYNTHETIC


def test_the_admin_examines_connects_and_calibrates(client, sim, camera, administrator):
    client.force_login(administrator)
    said = {"camera": camera.pk, "address": sim.address, "user": "operator", "password": SECRET}
    said["profile"] = "T"
    page = client.post("/admin/cctv/onvifdevice/add/", {**said, "examine": "1"})
    assert page.status_code == 200
    assert not OnvifDevice.objects.exists()
    page = client.post("/admin/cctv/onvifdevice/add/", {**said, "connect": "1"})
    device = OnvifDevice.objects.get()
    assert SECRET not in page.content.decode()
    change = f"/admin/cctv/onvifdevice/{device.pk}/change/"
    page = client.get(change)
    assert "pan 0.000, tilt 0.000, zoom 0.000" in page.content.decode()
    told = page.context["adminform"].form.initial
    told = {name: value for name, value in told.items() if value is not None}
    sighted = {"pan_a": 0, "bearing_a": 90, "pan_b": 0.5, "bearing_b": 180}
    answer = client.post(change, {**told, **sighted})
    assert answer.status_code == 302, answer.context["errors"]
    device.refresh_from_db()
    assert (device.zero_deg, device.deg_per_pan) == (90, 180)
    assert Record.objects.filter(action="camera.onvif_changed", actor=administrator).exists()


def test_the_search_page_leads_to_a_filled_form(client, sim, administrator, monkeypatch):
    monkeypatch.setattr(discovery, "LISTEN_S", 0.6)
    client.force_login(administrator)
    page = client.post("/admin/cctv/onvifdevice/search/")
    assert sim.address in page.content.decode()
    form = client.post("/admin/cctv/onvifdevice/add/", {"begin": "1", "address": sim.address})
    assert sim.address in form.content.decode()


def test_strangers_to_the_register_neither_search_nor_connect(client, haneul):
    client.force_login(haneul)
    for page in ("search", "add"):
        answer = client.post(f"/admin/cctv/onvifdevice/{page}/")
        assert answer.status_code in {302, 403}
