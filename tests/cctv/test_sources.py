"""A camera's address is kept encrypted, opened only for the relay, and shown to nobody."""

import contextlib

import pytest
from cryptography.fernet import Fernet

from cctv import addresses, relay_command, sources
from cctv.choices import Quality, SourceKind
from cctv.models import Camera
from cctv.sources import (
    Source,
    SourceMissing,
    SourceRefused,
    pinned_url,
    set_source,
    set_sub_source,
    source_of,
)
from controlroom.audit.models import Record
from tests.cctv.builders import make_camera

URL = "rtsp://admin:geheim4711@10.20.0.5:8554/stream1"

pytestmark = pytest.mark.django_db


def networked(url: str) -> Source:
    return Source(kind=SourceKind.STREAM, name="x", address=addresses.parse(url))


@pytest.fixture
def camera(city) -> Camera:
    return make_camera(city, source_kind=SourceKind.NONE)


def test_the_address_comes_back_but_is_not_in_the_table(camera):
    camera = set_source(camera, URL)
    assert source_of(camera).address.url() == URL
    stored = bytes(Camera.objects.get(pk=camera.pk).source_secret)
    assert b"geheim4711" not in stored
    assert b"10.20.0.5" not in stored


def test_a_source_shows_no_address(camera):
    shown = repr(source_of(set_source(camera, URL)))
    assert "geheim4711" not in shown
    assert "10.20.0.5" not in shown


def test_setting_it_is_on_record_without_the_address(camera, supervisor):
    set_source(camera, URL, by=supervisor)
    record = Record.objects.get(action="camera.source_set")
    assert record.actor == supervisor
    assert "geheim4711" not in str(record.detail)


def test_an_older_key_still_opens_it(camera, settings):
    camera = set_source(camera, URL)
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    assert source_of(camera).address.url() == URL


def test_without_its_key_the_camera_is_not_connected(camera, settings):
    camera = set_source(camera, URL)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SourceMissing) as refusal:
        source_of(camera)
    assert "geheim" not in str(refusal.value)


def test_a_refused_address_is_not_repeated_and_changes_nothing(camera):
    with pytest.raises(SourceRefused) as refusal:
        set_source(camera, "file:///etc/geheim4711")
    assert "geheim4711" not in f"{refusal.value}{refusal.value.fields}"
    assert refusal.value.__cause__ is None
    assert Camera.objects.get(pk=camera.pk).source_kind == SourceKind.NONE


def test_this_machine_is_refused_unless_it_is_a_camera_network(camera, settings):
    with pytest.raises(SourceRefused):
        set_source(camera, "rtsp://127.0.0.1/")
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    assert set_source(camera, "rtsp://127.0.0.1/").source_kind == SourceKind.STREAM


def test_synthetic_and_none_have_no_secret(camera):
    camera = set_source(camera, URL)
    camera = set_source(camera, sources.SYNTHETIC)
    assert (camera.source_kind, camera.source_secret) == (SourceKind.SYNTHETIC, None)
    camera = set_source(camera, "")
    assert camera.source_kind == SourceKind.NONE
    with pytest.raises(SourceMissing):
        source_of(camera)


def test_a_name_is_pinned_to_the_address_that_was_checked(settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8", "::1/128"]
    url = pinned_url(networked("rtsp://u:p@localhost:8554/x"))
    assert url in {"rtsp://u:p@127.0.0.1:8554/x", "rtsp://u:p@[::1]:8554/x"}


def test_a_name_that_leads_elsewhere_is_refused_when_opened(settings):
    with pytest.raises(SourceRefused):
        pinned_url(networked("rtsp://localhost/x"))


def test_a_name_behind_tls_stays_a_name_for_its_certificate(settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8", "::1/128"]
    assert pinned_url(networked("https://localhost/x.m3u8")) == "https://localhost:443/x.m3u8"


def test_plain_http_is_for_other_operators_only_and_keeps_its_name_for_the_server():
    with pytest.raises(SourceRefused):
        sources.check("http://203.0.113.9/x.m3u8")
    address = sources.check("http://cctvsec.example:8081/x.m3u8", is_asked=True)
    plan = relay_command.stream(
        run="0011aabb",
        url=address.url("203.0.113.9"),
        address=address,
        transcode=False,
        patience_us=1,
        ca_file="",
    )
    assert "option headers 'Host: cctvsec.example:8081'" in plan.script
    assert "cctvsec" not in " ".join(plan.arguments)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.20.0.5", "169.254.169.254"])
def test_another_operators_address_leads_into_no_private_network_unless_it_is_trusted(
    settings, host
):
    # Our own camera network is no place for another operator's camera either.
    settings.CAMERA_NETWORKS = ["10.20.0.0/16", "127.0.0.0/8"]
    with pytest.raises(SourceRefused):
        sources.check(f"http://{host}/x.m3u8", is_asked=True)
    is_link_local = host.startswith("169.254")
    with pytest.raises(SourceRefused) if is_link_local else contextlib.nullcontext():
        sources.check(f"http://{host}/x.m3u8", is_asked=True, is_trusted=True)


def test_a_changed_source_is_told(camera, django_capture_on_commit_callbacks):
    told = []

    def hear(**news):
        told.append(news["camera_id"])

    sources.source_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            set_source(camera, URL)
    finally:
        sources.source_changed.disconnect(hear)
    assert told == [camera.pk]


def test_a_sub_stream_is_kept_as_the_main_one_is_and_goes_with_it(camera):
    with pytest.raises(SourceRefused):
        set_sub_source(camera, URL)
    assert camera.qualities == [Quality.MAIN]
    set_source(camera, URL)
    with pytest.raises(SourceRefused):
        set_sub_source(camera, "http://10.20.0.5/")
    small = URL.replace("stream1", "stream2")
    camera = set_sub_source(camera, small)
    assert camera.qualities == [Quality.MAIN, Quality.SUB]
    assert source_of(camera, Quality.SUB).address.url() == small
    assert source_of(camera).address.url() == URL
    assert b"geheim4711" not in bytes(Camera.objects.get(pk=camera.pk).sub_secret)
    assert "geheim4711" not in str([row.detail for row in Record.objects.all()])
    # Another main address leaves it; no address takes it away.
    assert Quality.SUB in set_source(camera, URL.replace("10.20.0.5", "10.20.0.6")).qualities
    camera = set_source(camera, "")
    assert camera.sub_secret is None
    with pytest.raises(SourceMissing):
        source_of(camera, Quality.SUB)


def test_a_drawn_picture_has_a_small_one_too(camera):
    camera = set_source(camera, sources.SYNTHETIC)
    assert camera.qualities == [Quality.MAIN, Quality.SUB]
    assert source_of(camera, Quality.SUB).is_small
    assert not source_of(camera).is_small
