"""A disaster text message lands on its city, or is listed with the candidates; each once."""

import csv
import gzip
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from controlroom.journal.models import Entry
from incidents.models import Incident
from linkage.models_messages import (
    DisasterMessage,
    DisasterMessagePlace,
    MessagePolicy,
    OpensFrom,
)
from linkage.services.disaster import text_incidents, text_messages
from linkage.services.disaster.gazetteer import Gazetteer
from linkage.services.disaster.landing import land
from tests.conftest import make_municipality

PLACES = Gazetteer(
    [
        ("2600000000", "부산광역시"),
        ("2611000000", "부산광역시 중구"),
        ("2632000000", "부산광역시 북구"),
        ("2632010500", "부산광역시 북구 화명동"),
        ("2700000000", "대구광역시"),
        ("2723000000", "대구광역시 북구"),
        ("2723011000", "대구광역시 북구 노곡동"),
        ("2700000000", "대구광역시"),
        ("2900000000", "광주광역시"),
        ("2917000000", "광주광역시 북구"),
        ("4100000000", "경기도"),
        ("4161000000", "경기도 광주시"),
        ("4111000000", "경기도 수원시"),
        ("4111100000", "경기도 수원시 장안구"),
        ("3611000000", "세종특별자치시"),
        ("4400000000", "충청남도"),
        ("4420000000", "충청남도 아산시"),
        ("4600000000", "전라남도"),
        ("4690000000", "전라남도 진도군"),
        ("5182000000", "강원특별자치도 고성군"),
        ("4882000000", "경상남도 고성군"),
        ("5211100000", "전북특별자치도 전주시 완산구"),
        ("5211000000", "전북특별자치도 전주시"),
        ("5221000000", "전북특별자치도 김제시"),
    ]
)


@pytest.mark.parametrize(
    ("agency", "text", "regions", "outcome", "codes"),
    [
        ("아산시", "폭염", "", "placed", ("44200",)),
        ("아산시청", "폭염", "", "placed", ("44200",)),
        ("세종시청", "폭염", "", "placed", ("36110",)),
        ("부산시", "폭염", "", "placed", ("26",)),
        ("부산광역시", "북구 화명동 침수", "", "placed", ("26320",)),
        ("부산 북구", "폭염", "", "placed", ("26320",)),
        ("광주북구", "폭염", "", "placed", ("29170",)),
        ("대구광역시 북구", "폭염", "", "placed", ("27230",)),
        ("북구", "폭염", "", "ambiguous", ("26320", "27230", "29170")),
        ("북구", "노곡동 산불", "", "placed", ("27230",)),
        ("북구청", "부산지역 호우", "", "placed", ("26320",)),
        ("북구", "서대구 방향", "", "ambiguous", ("26320", "27230", "29170")),
        ("고성군", "폭염", "", "ambiguous", ("48820", "51820")),
        ("광주시", "폭염", "", "ambiguous", ("29", "41610")),
        ("진도소방서", "화재", "", "placed", ("46900",)),
        ("기상청", "05:50 아산시 송악면 인근 강한 비", "", "placed", ("44200",)),
        ("행정안전부", "전북(김제,전주) 호우주의보", "", "placed", ("52110", "52210")),
        ("행정안전부", "전국 건조", "", "placed", ("00",)),
        ("기상청", "07:41 장안구 파장동 인근 강한 비", "", "placed", ("41110",)),
        ("행정안전부", "오늘 06:50 제주(제주산간) 호우경보", "", "placed", ("50",)),
        ("행정안전부", "오늘 10:10 광주,전남(진도) 호우경보", "", "placed", ("29", "46900")),
        ("행정안전부", "오늘 10:10 경기(수원,광주) 호우경보", "", "placed", ("41110", "41610")),
        ("행정안전부", "오늘 호우주의보", "", "unplaced", ()),
        ("한국도로공사", "서울방향 차단", "", "unplaced", ()),
        ("행정안전부", "x", "경기도 수원시 장안구,강원도 고성군", "placed", ("41110", "51820")),
        ("행정안전부", "x", "부산광역시 전체", "placed", ("26",)),
    ],
)
def test_a_message_lands_where_it_says_or_names_its_candidates(
    agency, text, regions, outcome, codes
):
    found = land(PLACES, agency=agency, text=text, regions=regions)
    assert (found.outcome, found.codes or found.candidates) == (outcome, codes)


def written(path, *rows, packed=False):
    names = list(rows[0])
    with (gzip.open if packed else open)(path, "wt", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_the_ministrys_columns_are_read_once(city, tmp_path):
    make_municipality("26320", "북구", 129.0, 35.2)
    row = {
        "SN": "1",
        "CRT_DT": timezone.localtime().strftime("%Y/%m/%d %H:%M:%S"),
        "MSG_CN": "한빛시\n하천 범람",
        "RCPTN_RGN_NM": "",
        "EMRG_STEP_NM": "긴급재난",
        "DST_SE_NM": "홍수",
        "ISSU_INST_NM": "한빛시",
    }
    path = written(tmp_path / "m.csv.gz", row, {**row, "SN": "x"}, packed=True)
    call_command("import_disaster_messages", path)
    call_command("import_disaster_messages", path)
    assert DisasterMessage.objects.count() == 1
    assert DisasterMessagePlace.objects.get().municipality == city
    assert Entry.objects.filter(kind="disaster.message", municipality=city).count() == 1


def test_an_old_message_is_an_event_that_rings_nobody(city, tmp_path):
    row = {
        "message_id": "7",
        "dm_ntype": "폭염",
        "emergency_level": "안전안내",
        "issued_at": "2025-03-06 15:18:57.948000",
        "issuing_agency": "행정안전부",
        "message_content": "전국 폭염",
    }
    call_command("import_disaster_messages", written(tmp_path / "m.csv", row))
    assert city.disaster_messages.get().message.number == 7
    assert not Entry.objects.filter(kind="disaster.message").exists()


def test_the_public_collection_lands_or_is_listed(real_data, db, capsys):
    file = real_data / "disaster_messages" / "messages_to_2025-07.csv.gz"
    codes = real_data / "codes" / "legal_dong_codes_2025.csv.gz"
    call_command("import_disaster_messages", file, codes=codes)
    said = capsys.readouterr().out
    assert "10761 rows read, 10761 new, 0 refused" in said
    listed = DisasterMessage.objects.filter(landing="ambiguous")
    assert all(len(row.candidates) > 1 for row in listed)
    assert not DisasterMessage.objects.filter(landing="placed", places=None).exists()
    with capsys.disabled():
        sys.stdout.write(f"\n{said}")


def row(number: int, step: str, issued_at=None) -> dict[str, str]:
    at = issued_at or timezone.localtime()
    return {
        "SN": str(number),
        "CRT_DT": at.strftime("%Y/%m/%d %H:%M:%S"),
        "MSG_CN": f"한빛시 하천 범람, 높은 곳으로 대피 ({number})",
        "RCPTN_RGN_NM": "",
        "EMRG_STEP_NM": step,
        "DST_SE_NM": "홍수",
        "ISSU_INST_NM": "한빛시",
    }


EACH = [row(1, "위급재난"), row(2, "긴급재난"), row(3, "안전안내")]


@pytest.mark.parametrize(
    ("policy", "opened"),
    [
        (None, {"4", "3"}),
        (OpensFrom.URGENT, {"4", "3"}),
        (OpensFrom.CRITICAL, {"4"}),
        (OpensFrom.NEVER, set()),
    ],
)
def test_an_emergency_message_opens_an_incident_as_the_policy_says(city, policy, opened):
    if policy:
        MessagePolicy.objects.create(municipality=city, opens_from=policy)
    for _ in range(2):
        text_messages.take_in(rows=iter(EACH), places=text_messages.own_gazetteer())
        text_incidents.open_due()
    incidents = Incident.objects.all()
    assert {incident.urgency for incident in incidents} == opened
    assert len(incidents) == len(opened)
    assert all(one.kind.code == "D02" and "대피" in one.summary for one in incidents)
    linked = DisasterMessagePlace.objects.filter(incident__isnull=False)
    assert linked.count() == len(opened)


def test_an_emergency_of_the_past_opens_nothing(city):
    old = row(4, "위급재난", timezone.localtime() - timedelta(hours=7))
    text_messages.take_in(rows=iter([old]), places=text_messages.own_gazetteer())
    assert not Incident.objects.exists()


def test_a_city_that_may_be_meant_hears_so_and_opens_nothing(city):
    make_municipality("90030", "한빛시", 127.8, 36.3)
    text_messages.take_in(rows=iter([row(5, "위급재난")]), places=text_messages.own_gazetteer())
    message = DisasterMessage.objects.get()
    assert (message.landing, message.candidates) == ("ambiguous", ["90010", "90030"])
    assert Entry.objects.filter(kind="disaster.message").count() == 2
    assert not Incident.objects.exists()
