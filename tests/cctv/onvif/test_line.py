"""The line to a camera: digest, clocks, where it goes, and what it refuses to read."""

import http.server
import threading
import time

import pytest

from cctv.onvif import line
from cctv.onvif.line import Access, Client, understood
from cctv.onvif.simulator.camera import Faults
from cctv.onvif.simulator.server import simulated


def ask(access):
    with Client(access) as client, understood():
        return client.get_device_information()


def access_to(simulator, **changes):
    camera = simulator.camera
    return Access(
        **({"url": simulator.address, "user": camera.user, "password": camera.password} | changes)
    )


@pytest.mark.parametrize("way", ["wsse", "http", "either"])
def test_a_camera_is_signed_in_to_by_token_or_by_digest(networks, way):
    with simulated(way=way) as simulator:
        assert ask(access_to(simulator))["Model"] == "Simulated PTZ"
        with pytest.raises(line.CameraRefuses):
            ask(access_to(simulator, password="wrong"))


@pytest.mark.parametrize("offset", [-7200, 90])
def test_a_skewed_clock_is_asked_for_first_and_signed_by(networks, offset):
    with simulated(way="wsse") as simulator:
        simulator.camera.faults.clock_offset_s = offset
        with pytest.raises(line.CameraRefuses):
            ask(access_to(simulator))
        with Client(access_to(simulator, user="", password="")) as nobody:
            seen = line.clock_offset(nobody)
        assert seen == pytest.approx(offset, abs=1)
        assert ask(access_to(simulator, clock_offset_s=seen))


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        ("malformed", line.CameraOdd),
        ("entity_bomb", line.CameraOdd),
        ("external_entity", line.CameraOdd),
        ("oversize", line.CameraOdd),
        ("reset", line.CameraSilent),
        ("unauthorized", line.CameraRefuses),
    ],
)
def test_hostile_answers_are_refused_fast(sim, fault, refusal):
    setattr(sim.camera.faults, fault, True)
    began = time.monotonic()
    with pytest.raises(refusal) as seen:
        ask(access_to(sim))
    assert time.monotonic() - began < line.WHOLE_S
    said = str(seen.value.message)
    assert sim.host not in said
    assert ("엔티티" in said) == ("entity" in fault)


def test_an_answer_that_never_ends_is_given_up(sim, monkeypatch):
    monkeypatch.setattr(line, "TIMEOUT_S", 0.4)
    monkeypatch.setattr(line, "WHOLE_S", 0.8)
    sim.camera.faults.drip = True
    with pytest.raises(line.CameraSilent):
        ask(access_to(sim))
    sim.camera.faults = Faults(slow_s=1.0)
    with pytest.raises(line.CameraSilent):
        ask(access_to(sim))


class _Trap(http.server.BaseHTTPRequestHandler):
    heard = []

    def do_POST(self):
        self.heard.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def trap():
    """Give the address of another machine's server, and what reached it."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Trap)
    _Trap.heard.clear()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/onvif/device_service", _Trap.heard
    server.shutdown()
    server.server_close()


def test_no_redirect_and_no_other_machine_is_followed(sim, trap):
    elsewhere, heard = trap
    sim.camera.faults.redirect = elsewhere
    with pytest.raises(line.CameraOdd):
        ask(access_to(sim))
    sim.camera.faults.redirect = ""
    misled = access_to(sim, services={"ptz": elsewhere})
    with Client(misled) as client, pytest.raises(line.LineRefused):
        client.ptz_get_presets(profile_token="main")
    assert heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/onvif/device_service",
        "http://127.0.0.1.nip.example/x",
        "ftp://127.0.0.1/",
        "http://user:secret@127.0.0.1/",
        "http://[::1]/",
    ],
)
def test_only_camera_networks_are_spoken_to(networks, url):
    with pytest.raises((line.LineRefused, line.CameraSilent)) as refusal:
        Client(Access(url))
    assert "127.0.0.1" not in str(refusal.value)


def test_without_named_networks_nothing_is_spoken_to(settings):
    settings.CAMERA_NETWORKS = []
    with pytest.raises(line.LineRefused):
        Client(Access("http://10.0.0.1/"))


def test_access_shows_no_secret():
    assert "hush" not in repr(Access("http://127.0.0.1/", "me", "hush"))
