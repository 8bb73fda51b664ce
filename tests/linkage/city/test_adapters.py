"""What ITS and UTIC answer becomes events of one shape; a bad record stops no other."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkage.services.city import records
from linkage.services.city.adapters import (
    ADAPTERS,
    its_cameras,
    its_events,
    utic_events,
    without_addresses,
)
from linkage.services.city.records import Unreadable
from tests.linkage.city.answers import ITS_ROW, UTIC_ROW, its_answer, its_xml, utic_answer


def test_an_its_event_keeps_every_field_and_is_read_as_korean_time():
    [event] = its_events(its_answer(ITS_ROW)).events
    assert (event.kind_code, event.lon, event.lat) == ("C07", 127.39, 36.36)
    assert event.starts_at == datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    assert event.ends_at is None
    assert event.address == "경부선 (기점)"
    assert event.summary == "(1차로) 승용차 추돌 · 1차로 차단"
    assert event.raw == ITS_ROW


def test_its_in_xml_is_the_same_event_as_in_json():
    assert its_events(its_xml(ITS_ROW)).events == its_events(its_answer(ITS_ROW)).events


def test_the_same_its_event_keeps_its_id_when_its_message_changes():
    [first] = its_events(its_answer(ITS_ROW)).events
    [second] = its_events(its_answer(ITS_ROW | {"message": "견인 중"})).events
    assert first.source_id == second.source_id
    assert first.content_sha256 != second.content_sha256


@pytest.mark.parametrize(
    ("event_type", "detail", "kind"),
    [
        ("교통사고", "추돌사고", "C07"),
        ("공사", "포장공사", "C12"),
        ("작업", "작업", "C12"),
        ("기타돌발", "고장", "C14"),
        ("기상", "안개", "C15"),
        ("재난", "낙석", "ITS-재난"),
    ],
)
def test_its_kinds_are_mapped_and_an_unknown_one_keeps_its_own_name(event_type, detail, kind):
    row = ITS_ROW | {"eventType": event_type, "eventDetailType": detail}
    [event] = its_events(its_answer(row)).events
    assert event.kind_code == kind
    assert event.kind_name == f"{event_type} {detail}"


def test_a_utic_incident_has_its_own_number_and_update_time():
    [event] = utic_events(utic_answer(UTIC_ROW)).events
    assert (event.source_id, event.kind_code) == ("L932817", "C07")
    assert event.updated_at == datetime(2026, 11, 22, 0, 35, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    assert event.address == "한빛시 중앙로 12"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"locationDataX": ""}, "no_place"),
        ({"locationDataX": "36.36", "locationDataY": "127.39"}, "swapped_place"),
        ({"locationDataX": "200", "locationDataY": "1"}, "out_of_korea"),
        ({"locationDataX": "nan"}, "out_of_korea"),
        ({"startDate": "2026-11-22"}, "bad_startDate"),
        ({"startDate": ""}, "no_startDate"),
        ({"endDate": "20261332000000"}, "bad_endDate"),
        ({"incidentId": ""}, "no_id"),
        ({"incidenteTypeCd": ""}, "no_kind"),
    ],
)
def test_a_bad_record_is_told_with_its_reason_and_the_next_is_taken(change, code):
    good = UTIC_ROW | {"incidentId": "L2"}
    reading = utic_events(utic_answer(UTIC_ROW | change, good))
    assert [event.source_id for event in reading.events] == ["L2"]
    [refused] = reading.refused
    assert (refused.index, refused.code) == (0, code)


def test_two_contents_under_one_number_are_told():
    reading = utic_events(utic_answer(UTIC_ROW, UTIC_ROW | {"lane": "2차로"}))
    assert len(reading.events) == 1
    assert [refused.code for refused in reading.refused] == ["id_twice"]


def test_cameras_are_read_and_their_address_is_in_no_representation():
    row = {
        "cctvname": "[경부선] 한빛IC",
        "cctvurl": "http://cctvsec.example/secret-token",
        "cctvformat": "HLS",
        "coordx": "127.39",
        "coordy": 36.36,
        "roadsectionid": "",
    }
    answer = {"response": {"coordtype": 1, "datacount": 2, "data": [row, row | {"cctvurl": ""}]}}
    reading = its_cameras(json.dumps(answer).encode())
    [camera] = reading.cameras
    assert camera.url.endswith("secret-token")
    assert "secret-token" not in repr(reading)
    assert [refused.code for refused in reading.refused] == ["no_address"]


@pytest.mark.parametrize(
    ("raw", "struck"),
    [
        (
            b'{"data": [{"cctvurl" : "http:\\/\\/x\\"y/tok=","cctvname":"a"},{"cctvurl":"z"}]}',
            b'{"data": [{"cctvurl" : "","cctvname":"a"},{"cctvurl":""}]}',
        ),
        (
            b"<data><cctvurl><![CDATA[http://x/\ntok]]></cctvurl><coordx>1</coordx></data>",
            b"<data><cctvurl></cctvurl><coordx>1</coordx></data>",
        ),
        (b'{"header": {"resultCode": 0}}', b'{"header": {"resultCode": 0}}'),
    ],
)
def test_addresses_are_struck_out_of_an_answer_and_nothing_else(raw, struck):
    assert without_addresses(raw) == struck


def test_one_record_may_stand_without_a_list():
    row = json.dumps({"header": {"resultCode": 0}, "body": {"items": {"item": ITS_ROW}}})
    assert len(its_events(row.encode()).events) == 1
    assert its_events(json.dumps({"body": {"items": ""}}).encode()).events == ()


BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<result><record><incidentId>&b;</incidentId></record></result>"""
FILE = b"""<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><result><record>&a;</record></result>"""


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (BOMB, "doctype"),
        (FILE, "doctype"),
        (b"<result><record>", "not_xml"),
        (b"<a>" * 40, "too_deep"),
        (b"{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"<!DOCTYPE html><html>login</html>", "doctype"),
        (b"login first", "not_json_or_xml"),
        (b'{"header": {"resultCode": 30, "resultMsg": "key"}, "body": {}}', "refused_by_source"),
        (b"<r><header><resultCode>30</resultCode></header></r>", "refused_by_source"),
        (b'{"x": 1}', "no_records"),
        (b" " * (records.MAX_BYTES + 1), "too_large"),
    ],
)
def test_an_answer_that_is_no_list_of_records_is_refused_whole(raw, code):
    with pytest.raises(Unreadable) as refusal:
        records.read(raw, containers=frozenset({"record", "items"}))
    assert refusal.value.code == code


@settings(deadline=None)
@given(raw=st.binary(max_size=200), adapter=st.sampled_from(sorted(ADAPTERS)))
def test_no_bytes_do_more_than_be_refused(raw, adapter):
    with contextlib.suppress(Unreadable):
        ADAPTERS[adapter](raw)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    row=st.dictionaries(
        st.sampled_from(sorted(UTIC_ROW)), st.text(max_size=20) | st.none() | st.floats()
    )
)
def test_no_record_does_more_than_be_refused(row):
    answer = json.dumps({"record": [row]}).encode()
    reading = utic_events(answer)
    assert len(reading.events) + len(reading.refused) == 1
