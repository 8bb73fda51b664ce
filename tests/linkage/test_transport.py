"""Where a message may go, before any packet leaves, and how a process takes its leave."""

import subprocess
import sys

import pytest

from linkage import transport
from linkage.links import new_webhook_secret
from linkage.transport import Destination, TransportError


def refused(url: str, host: str, *, allow_private: bool = False) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.post(
            destination=Destination(url, host, allow_private),
            secrets=[new_webhook_secret()],
            message_id="m-1",
            body="{}",
        )
    return caught.value


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1/", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("http://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254"),
        ("http://10.1.2.3/", "10.1.2.3"),
        ("http://2130706433/", "2130706433"),
        ("http://localhost/", "localhost"),
        ("http://0.0.0.0/", "0.0.0.0"),
    ],
)
def test_private_addresses_are_refused(url, host):
    error = refused(url, host)
    assert error.permanent
    assert "not an allowed address" in str(error)


def test_the_metadata_address_is_refused_even_where_private_ones_are_allowed():
    assert refused("http://169.254.169.254/", "169.254.169.254", allow_private=True).permanent


@pytest.mark.parametrize("url", ["http://evil.example/", "file:///etc/passwd", "http://a@b/"])
def test_another_host_than_the_registered_one_is_refused(url):
    assert "registered host" in str(refused(url, "agency.example"))


def test_a_closed_port_is_temporary():
    error = refused("http://127.0.0.1:1/", "127.0.0.1", allow_private=True)
    assert not error.permanent
    assert not error.unknown


POST_AND_LEAVE = """
import sys
from linkage import transport
to = transport.Destination(sys.argv[1], "127.0.0.1", allow_private=True)
print(transport.post(destination=to, secrets=[sys.argv[2]], message_id="m-1", body="{}").outcome)
"""


def test_a_process_hangs_up_what_it_kept_when_it_ends(agency, monkeypatch):
    monkeypatch.setattr(agency, "take", lambda _body, _headers: (200, {"ack": True}))
    command = [sys.executable, "-X", "dev", "-c", POST_AND_LEAVE, agency.url, agency.secret]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.strip() == "acked"
    # Otherwise Python complains about the socket that nobody closed.
    assert ended.stderr.strip() == ""
