"""Beside its pieces a relay sends packets: while wanted, encrypted, its key where nobody looks."""

import os
import socket
import stat
from pathlib import Path

import pytest
from pylibsrtp import Policy, Session

from cctv import addresses, relay_beside, streams
from cctv.choices import Quality, SourceKind
from cctv.relay_beside import Beside, Note
from cctv.relay_watch import StreamState
from cctv.sources import Source
from tests.cctv.rtsp_camera import rtsp_camera
from tests.live.conftest import until

SOURCE = Source(kind=SourceKind.SYNTHETIC, name="시험", seed=1)


@pytest.fixture
def port(settings, tmp_path, monkeypatch):
    """Two ports, and what listens on the first of them."""
    # No database here: every run of a relay takes the source it was started with.
    monkeypatch.setattr(streams, "_loader", lambda _channel, first: lambda: first)
    monkeypatch.setattr(streams, "_announce", lambda _camera_id, _state: None)
    settings.STATE_DIR, settings.JANUS_SOCKET = tmp_path, "/nowhere/janus.sock"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(10)
        settings.JANUS_RTP_PORT = listening.getsockname()[1]
        yield listening
    streams.stop_all()


def test_packets_come_while_they_are_wanted_and_hidden_as_is_their_key(port, tmp_path):
    streams.want(7, SOURCE)
    until(lambda: Note(tmp_path / "hls" / "7").read(), what="the relay says where")
    until(lambda: streams.playlist(7), what="pieces")
    port.setblocking(False)
    with pytest.raises(BlockingIOError):
        port.recv(2048)
    found = streams.beside(7, Quality.MAIN)
    port.settimeout(10)
    packet = port.recv(2048)
    assert packet[0] == 0x80
    assert packet[1] & 0x7F == relay_beside.PAYLOAD_TYPE
    file = tmp_path / "hls" / "7" / "beside.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secrets = {found.key.hex(), found.key_text}
    said = [Path(f"/proc/{pid}/{what}").read_bytes().decode("utf-8", "replace")
            for pid in children() for what in ("cmdline", "environ")]  # fmt: skip
    assert any("ffmpeg" in text for text in said)
    assert not any(secret in text for secret in secrets for text in said)
    assert not any(secret in repr(found) for secret in secrets)
    streams.stop_all()
    assert not file.exists()


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_cameras_own_stream_goes_beside_copied_or_transcoded(port, settings, tmp_path, codec):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    with rtsp_camera(tmp_path, codec=codec) as camera:
        address = addresses.parse(camera.url)
        streams.want(7, Source(kind=SourceKind.STREAM, name="x", address=address))

        def is_live() -> bool:
            streams.want(7)
            streams.beside(7, Quality.MAIN)
            return streams.seen(7).state == StreamState.LIVE and bool(streams.playlist(7))

        until(is_live, within_s=20, what="pieces")
        assert streams._relays[streams.Channel(7)].transcode == (codec == "libx265")
        kinds = set()
        # Of the parameters that a key frame needs, in one packet or each in its own.
        until(lambda: kinds.add(nal_kind(port)) or kinds & {7, 24}, what="parameter sets")


def nal_kind(port: socket.socket) -> int:
    """Take a packet; its kind of NAL unit, as its own relay reads it."""
    sent = port.recv(2048)
    key = streams.beside(7, Quality.MAIN).key
    listener = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))
    return listener.unprotect(sent)[12] & 31


def children() -> list[str]:
    own = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [pid for path in own for pid in path.read_text(encoding="ascii").split()]


def test_each_relay_has_its_own_key_and_recorders_have_their_own_ports(settings, port, tmp_path):
    settings.RELAY_LIMIT = 2
    streams.want(7, SOURCE)
    streams.want(8, SOURCE)
    streams.want(9, SOURCE, slots="recording-slots", limit=1)
    notes = [Note(tmp_path / "hls" / str(camera)) for camera in (7, 8, 9)]
    until(lambda: all(note.read() for note in notes), what="all say where")
    found = [note.read() for note in notes]
    first = settings.JANUS_RTP_PORT
    assert [one.port for one in found] == [first, first + 2, first + 4]
    assert len({one.key for one in found}) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_a_port_of_another_user_is_said_to_be_taken():
    os.seteuid(65534)
    try:
        strange = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    finally:
        os.seteuid(0)
    with strange:
        strange.bind(("127.0.0.1", 0))
        number = strange.getsockname()[1]
        assert relay_beside.new(number) == Beside(number)
        assert relay_beside.new(number).is_taken
    assert not relay_beside.new(number).is_taken
