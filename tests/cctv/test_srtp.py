"""SRTP by the vectors of RFC 3711; a real libsrtp reads it in tests/browser/test_whep.py."""

import hmac

import pytest

from cctv.srtp import MASTER_BYTES, TAG_BYTES, Protection, derived

# Appendix B.3.
MASTER = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6")
VECTORS = {
    0: "C61E7A93744F39EE10734AFE3FF7A087",
    1: "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
    2: "30CBBC08863D8C85D49DB34A9AE1",
}


def packet(number: int, ssrc: int = 7) -> bytes:
    return bytes([0x80, 96]) + number.to_bytes(2) + bytes(4) + ssrc.to_bytes(4) + b"picture"


@pytest.mark.parametrize("label", list(VECTORS))
def test_keys_are_derived_as_the_standard_says(label):
    wanted = bytes.fromhex(VECTORS[label])
    assert derived(MASTER, label, len(wanted)) == wanted


def test_a_packet_keeps_its_header_is_hidden_and_signed():
    sent = Protection(MASTER).protect(packet(1))
    assert sent[:8] == packet(1)[:8]
    assert b"picture" not in sent
    body, tag = sent[:-TAG_BYTES], sent[-TAG_BYTES:]
    key = bytes.fromhex(VECTORS[1])
    assert hmac.digest(key, body + bytes(4), "sha1")[:TAG_BYTES] == tag


def test_no_number_of_a_stream_comes_twice():
    protection = Protection(MASTER)
    streams = [protection.protect(packet(number))[8:12] for number in (1, 2, 65535, 0, 1)]
    assert streams[0] == streams[1] == streams[2] != streams[3] == streams[4]
    assert protection.protect(packet(9, ssrc=8))[8:12] != streams[4]


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="30 bytes"):
        Protection(bytes(MASTER_BYTES - 1))
