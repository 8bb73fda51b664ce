"""Which camera addresses are taken: a narrow grammar, and only networks where cameras live."""

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv import relay_command
from cctv.addresses import BadAddress, may_reach, networks, parse

GOOD = [
    "rtsp://10.20.0.5/stream1",
    "rtsp://admin:p%40ss%2Fword@10.20.0.5:8554/Streaming/Channels/101",
    "rtsps://[fd00::5]/live?profile=Profile_1&transport=unicast",
    "https://vms.city.example:8443/hls/cam7/index.m3u8?token=a-b_c~1",
    "rtsp://cam-7.cctv.local/",
    "rtsp://admin:secret@10.0.0.1",
]
BAD = [
    "",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "exec:ls",
    "exec:rtsp://10.0.0.1/",
    "concat:rtsp://10.0.0.1/",
    "pipe:0",
    "http://10.0.0.1/",
    "rtmp://10.0.0.1/",
    "rtsp:10.0.0.1/",
    "rtsp:///stream",
    "rtsp://",
    "//10.0.0.1/",
    "rtsp://a@b@10.0.0.1/",
    "rtsp://10.0.0.1/x@127.0.0.1/",
    "rtsp://10.0.0.1\\@127.0.0.1/",
    "rtsp://10.0.0.1#@127.0.0.1/",
    "rtsp://10.0.0.1/#fragment",
    "rtsp://10.0.0.1/ -f null",
    " rtsp://10.0.0.1/",
    "rtsp://10.0.0.1/\n",
    "rtsp://10.0.0.1/\r\noption x",
    "rtsp://10.0.0.1/%0d%0aX: y",
    "rtsp://10.0.0.1/%00",
    "rtsp://10.0.0.1/%zz",
    "rtsp://u:%0a@10.0.0.1/",
    "rtsp://10.0.0.1/'\noption protocol_whitelist file",
    "rtsp://10.0.0.1/'",
    'rtsp://10.0.0.1/"',
    "rtsp://10.0.0.1/|x",
    "rtsp://10.0.0.1/?listen",
    "rtsp://10.0.0.1/a?b=1&tcp",
    "rtsp://10.0.0.1/?x?UDP",
    "rtsp://10.0.0.1:0/",
    "rtsp://10.0.0.1:65536/",
    "rtsp://10.0.0.1:8554x/",
    "rtsp://2130706433/",
    "rtsp://0x7f.1/",
    "rtsp://0x7f000001/",
    "rtsp://017700000001/",
    "rtsp://127.1/",
    "rtsp://10.0.0.256/",
    "rtsp://-bad.example/",
    "rtsp://bad-.example/",
    "rtsp://a..b/",
    "rtsp://[::1%25eth0]/",
    "rtsp://[::1/",
    "rtsp://[not-an-ip]/",
    "rtsp://한빛시/",
    "rtsp://10.0.0.1/\u2028",
    "rtsp://10.0.0.1/" + "a" * 500,
]


@pytest.mark.parametrize("text", GOOD)
def test_a_camera_address_is_taken_and_given_back(text):
    address = parse(text)
    assert parse(address.url()) == address


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_without_repeating_it(text):
    with pytest.raises(BadAddress) as refusal:
        parse(text)
    assert len(text) < 3 or text not in str(refusal.value)


def test_an_address_shows_neither_host_nor_secret():
    address = parse("rtsp://admin:geheim@10.20.0.5:8554/stream1")
    for shown in (repr(address), str(address), f"{address}"):
        assert "geheim" not in shown
        assert "10.20.0.5" not in shown


@given(st.text(max_size=80))
def test_no_text_makes_it_do_anything_but_refuse_or_take(text):
    for given_text in (
        text,
        "rtsp://10.0.0.1/" + text,
        "rtsp://" + text + "/",
        "https://u:" + text,
    ):
        try:
            address = parse(given_text)
        except BadAddress:
            continue
        assert address.scheme in {"rtsp", "rtsps", "https"}


@given(
    st.text(
        alphabet=string.ascii_letters + string.digits + "._~!$&()*+,;=:%/@'\"\\\n\r\t #?|",
        max_size=60,
    )
)
def test_a_taken_address_stays_one_quoted_line_of_the_script(tail):
    try:
        address = parse("rtsp://cam.example/" + tail)
    except BadAddress:
        return
    plan = relay_command.stream(
        run="0011aabb",
        url=address.url("10.0.0.1"),
        address=address,
        transcode=False,
        patience_us=1,
        ca_file="",
    )
    lines = plan.script.splitlines()
    assert lines[1] == f"file '{address.url('10.0.0.1')}'"
    assert lines[1].count("'") == 2
    assert len(lines) == 6
    assert not any("10.0.0.1" in argument for argument in plan.arguments)


@pytest.mark.parametrize(
    ("host", "allowed", "answer"),
    [
        ("10.20.0.5", [], True),
        ("192.168.0.64", [], True),
        ("127.0.0.1", [], False),
        ("127.9.9.9", [], False),
        ("::1", [], False),
        ("::ffff:127.0.0.1", [], False),
        ("::127.0.0.1", [], False),
        ("64:ff9b::7f00:1", [], False),
        ("2002:7f00:1::", [], False),
        ("169.254.169.254", [], False),
        ("fe80::1", [], False),
        ("0.0.0.0", [], False),
        ("255.255.255.255", [], False),
        ("224.0.0.1", [], False),
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], True),
        ("10.20.0.5", ["10.20.0.0/16"], True),
        ("10.21.0.5", ["10.20.0.0/16"], False),
        ("fd00::5", ["10.20.0.0/16", "fd00::/8"], True),
    ],
)
def test_cameras_live_only_where_they_may(host, allowed, answer):
    assert may_reach(ipaddress.ip_address(host), networks(allowed)) is answer
