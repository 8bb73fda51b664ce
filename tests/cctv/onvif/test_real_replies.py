"""Replies recorded from real cameras (npm onvif, MIT) pass through the same examination."""

import http.server
import re
import threading

import pytest

from cctv.onvif import discovery, line, onboarding, pulling
from cctv.onvif.onboarding import Wish

pytestmark = pytest.mark.real_data
_OPERATION = re.compile(rb"Body><\w+:(\w+)")


@pytest.fixture
def replies(real_data):
    folder = real_data / "standards" / "onvif"
    if not folder.is_dir():
        pytest.skip("no recorded ONVIF replies here")
    return folder


@pytest.fixture
def recorded(replies, networks):
    """Answer each operation as the real camera did; what was not recorded is not offered."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = replies / f"{_OPERATION.search(body)[1].decode()}.xml"
            self.send_response(200 if reply.exists() else 500)
            self.end_headers()
            self.wfile.write(reply.read_bytes() if reply.exists() else b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/onvif/device_service"
    server.shutdown()
    server.server_close()


def test_a_real_camera_of_profile_s_is_examined_whole(recorded):
    findings = onboarding.examine(
        Wish(recorded, "admin", "p@ss:word/", profile="S", accepts_clock=True)
    )
    assert findings.is_complete, findings.steps
    assert findings.main_url == "rtsp://admin:p%40ss%3Aword%2F@127.0.0.1/h264main"
    assert findings.device["main_token"] == "main"
    clock = findings.steps[1]
    assert clock.outcome == "warned"


def test_a_real_reply_that_is_no_xml_is_refused(replies):
    with pytest.raises(line.CameraOdd):
        line._read_soap((replies / "Error.xml").read_bytes())


def test_a_real_probe_match_is_read(replies, networks):
    seen, result = {}, discovery.Search()
    reply = (replies / "Probe.xml").read_bytes()
    reply = reply.replace(b"SERVICE_URI", b"http://127.0.0.1/onvif/device_service")
    discovery._take(reply, "127.0.0.1", seen, result)
    (found,) = seen.values()
    assert (found.hardware, found.name) == ("HD_PREDATOR", "PREDATOR")


def test_real_topics_are_known(replies):
    topics = re.findall(
        r"<wsnt:Topic[^>]*>\s*([^<\s]+)\s*<", (replies / "PullMessages.xml").read_text()
    )
    assert topics
    assert {pulling.kind_of(topic) for topic in topics} - {None}
