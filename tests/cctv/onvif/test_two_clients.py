"""Two ONVIF clients that are not ours agree with our simulator, without any network beyond it."""

import asyncio
import socket
import time
from datetime import timedelta

import pytest
from onvif import ONVIFCamera

from cctv.onvif.line import Access, Client


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """Fail on every connection that leaves this machine: the WSDL comes from the wheel."""
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple):
            assert str(address[0]).startswith("127."), address
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def until(condition, *, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def by_onveef(simulator):
    """Give what onveef reads over our wire, after the same acts as the other one."""
    camera = simulator.camera
    with Client(Access(simulator.address, camera.user, camera.password), wait_s=5) as client:
        services = client.discover_services()
    access = Access(simulator.address, camera.user, camera.password, services)
    with Client(access, wait_s=5) as client:
        said = {"model": client.get_device_information()["Model"]}
        profiles = client.get_profiles()
        said["profiles"] = [
            (one["token"], one["video_encoder"]["width"], one["ptz"]["node_token"])
            for one in profiles
        ]
        said["media2"] = [one["token"] for one in client.media2_get_profiles()]
        said["stream"] = client.get_stream_uri(profile_token="main")
        said["presets"] = {
            one["token"]: one["name"] for one in client.ptz_get_presets(profile_token="main")
        }
        client.ptz_absolute_move(profile_token="main", pan=0.2, tilt=0.1, zoom=0.1)
        until(lambda: not any(camera.is_moving()))
        at = client.ptz_get_status(profile_token="main")
        said["after move"] = (at["pan"], at["tilt"], at["zoom"])
        client.ptz_goto_preset(profile_token="main", preset_token="1")
        until(lambda: not any(camera.is_moving()))
        said["after preset"] = client.ptz_get_status(profile_token="main")["pan"]
        with client.pull_point(termination_time="PT60S", timeout="PT5S") as subscription:
            subscription.pull()
            camera.happen("tamper", state=True)
            (event,) = subscription.pull()
            said["event"] = (event["topic"], event["data"])
        said["left"] = len(camera.subscriptions)
    return said


async def by_zeep(simulator):
    camera = simulator.camera
    client = ONVIFCamera(
        simulator.host, simulator.port, camera.user, camera.password, no_cache=True
    )
    try:
        await client.update_xaddrs()
        device = await client.create_devicemgmt_service()
        media = await client.create_media_service()
        ptz = await client.create_ptz_service()
        said = {"model": (await device.GetDeviceInformation()).Model}
        said["profiles"] = [
            (
                one.token,
                one.VideoEncoderConfiguration.Resolution.Width,
                one.PTZConfiguration.NodeToken,
            )
            for one in await media.GetProfiles()
        ]
        said["media2"] = [token for token, _width, _node in said["profiles"]]
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        said["stream"] = (
            await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": "main"})
        ).Uri
        said["presets"] = {
            one.token: one.Name for one in await ptz.GetPresets({"ProfileToken": "main"})
        }
        place = {"PanTilt": {"x": 0.2, "y": 0.1}, "Zoom": {"x": 0.1}}
        await ptz.AbsoluteMove({"ProfileToken": "main", "Position": place})
        until(lambda: not any(camera.is_moving()))
        at = (await ptz.GetStatus({"ProfileToken": "main"})).Position
        said["after move"] = (at.PanTilt.x, at.PanTilt.y, at.Zoom.x)
        await ptz.GotoPreset({"ProfileToken": "main", "PresetToken": "1"})
        until(lambda: not any(camera.is_moving()))
        said["after preset"] = (await ptz.GetStatus({"ProfileToken": "main"})).Position.PanTilt.x
        manager = await client.create_pullpoint_manager(timedelta(seconds=60), lambda: None)
        service = manager.get_service()
        await service.PullMessages({"MessageLimit": 20, "Timeout": timedelta(seconds=5)})
        camera.happen("tamper", state=True)
        answer = await service.PullMessages({"MessageLimit": 20, "Timeout": timedelta(seconds=5)})
        (event,) = answer.NotificationMessage
        items = event.Message._value_1.Data.SimpleItem
        said["event"] = (event.Topic._value_1, {one.Name: one.Value for one in items})
        await manager.shutdown()
        said["left"] = len(camera.subscriptions)
    finally:
        await client.close()
    return said


def test_both_clients_see_and_move_the_same_camera(sim):
    first = by_onveef(sim)
    sim.camera.happen("tamper", state=False)
    second = asyncio.run(by_zeep(sim))
    assert first == second
    assert first["after move"] == (0.2, 0.1, 0.1)
    assert first["after preset"] == -0.5
    assert first["event"][1] == {"State": "true"}
    assert first["left"] == 0
