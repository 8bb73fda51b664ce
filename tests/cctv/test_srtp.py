"""The packets that leave a relay; Janus reads them in tests/browser/test_whep.py."""

import pytest
from pylibsrtp import Error, Policy, Session

from cctv.srtp import MASTER_BYTES, Protection

MASTER = bytes(range(MASTER_BYTES))


def packet(number: int, ssrc: int = 7) -> bytes:
    return bytes([0x80, 96]) + number.to_bytes(2) + bytes(4) + ssrc.to_bytes(4) + b"picture"


def listener(master: bytes = MASTER) -> Session:
    return Session(Policy(key=master, ssrc_type=Policy.SSRC_ANY_INBOUND))


def test_a_packet_keeps_its_header_is_hidden_and_opens_by_its_key_alone():
    sent = Protection(MASTER).protect(packet(1))
    assert sent[:8] == packet(1)[:8]
    assert b"picture" not in sent
    assert listener().unprotect(sent)[12:] == b"picture"
    with pytest.raises(Error):
        listener(bytes(MASTER_BYTES)).unprotect(sent)
    with pytest.raises(Error):
        listener().unprotect(sent[:-1] + bytes([sent[-1] ^ 1]))


def test_whoever_begins_to_listen_in_the_middle_can_read_on():
    protection = Protection(MASTER)
    for number in (65_533, 65_534, 65_535, 0):
        protection.protect(packet(number))
    late = listener()
    assert [late.unprotect(protection.protect(packet(n)))[12:] for n in (1, 2)] == [b"picture"] * 2


def test_no_number_of_a_stream_comes_twice():
    protection = Protection(MASTER)
    streams = [protection.protect(packet(number))[8:12] for number in (1, 2, 65535, 0, 1)]
    assert streams[0] == streams[1] == streams[2] != streams[3] == streams[4]
    assert protection.protect(packet(9, ssrc=8))[8:12] != streams[4]


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="30 bytes"):
        Protection(bytes(MASTER_BYTES - 1))
