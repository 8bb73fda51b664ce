"""The kinds and priority rules that a new centre starts with; an administrator edits them after.

The case types are plausible, in the shape that the police made known (urgency codes 0 to 4 since
2016, 6 groups and 61 types since September 2025); the official code table is not public. A link
to a real 112 room brings its own codes, which arrive as unmapped kinds until they are mapped.
Source: domain.md 3.1, 3.3, 3.4.
"""

from dataclasses import dataclass

from django.db import transaction

from incidents.choices import KindClass, Priority, Service
from incidents.models import Kind, PriorityRule

_V, _P, _T = KindClass.VIOLENCE, KindClass.PROPERTY, KindClass.TRAFFIC
_F, _R, _M = KindClass.FIRE, KindClass.RESCUE, KindClass.MEDICAL
_LOST, _CROWD, _D = KindClass.MISSING, KindClass.CROWD, KindClass.DISASTER
_ORDER, _X = KindClass.ORDER, KindClass.OTHER

KindRow = tuple[str, str, str, KindClass]

# 112: the first digit is the group.
POLICE112: tuple[KindRow, ...] = (
    # 1 중요범죄
    ("101", "살인", "homicide", _V),
    ("102", "강도", "robbery", _V),
    ("103", "치기", "snatching or pickpocketing", _P),
    ("104", "절도", "theft", _P),
    ("105", "납치·감금", "kidnapping or confinement", _V),
    ("106", "성폭력", "sexual violence", _V),
    ("107", "가정폭력", "domestic violence", _V),
    ("108", "아동학대", "child abuse", _V),
    ("109", "교제폭력", "dating violence", _V),
    ("110", "스토킹", "stalking", _V),
    ("111", "노인학대", "elder abuse", _V),
    ("112", "흉기난동", "attack with a weapon", _V),
    ("113", "방화", "arson", _F),
    ("114", "마약류", "drugs", _ORDER),
    ("115", "불법촬영", "illegal filming", _V),
    # 2 기타범죄
    ("201", "폭력", "assault", _V),
    ("202", "협박", "threat", _V),
    ("203", "공갈", "extortion", _V),
    ("204", "사기", "fraud", _P),
    ("205", "전화금융사기", "voice phishing", _P),
    ("206", "도박", "gambling", _ORDER),
    ("207", "재물손괴", "damage to property", _P),
    ("208", "주거침입", "trespass", _P),
    ("209", "사이버범죄", "cybercrime", _P),
    ("210", "수배자", "wanted person", _ORDER),
    ("211", "풍속영업", "vice", _ORDER),
    ("212", "총포·화약류", "firearms or explosives", _V),
    ("213", "동물학대", "cruelty to animals", _ORDER),
    ("214", "무전취식·승차", "unpaid meal or fare", _P),
    ("215", "밀입국", "illegal entry into the country", _ORDER),
    # 3 질서유지
    ("301", "시비", "quarrel", _ORDER),
    ("302", "주취자", "drunken person", _ORDER),
    ("303", "행패소란", "disturbance", _ORDER),
    ("304", "불안감조성", "intimidating behaviour", _ORDER),
    ("305", "소음", "noise", _ORDER),
    ("306", "기초질서", "petty offence", _ORDER),
    ("307", "집회·시위", "assembly or demonstration", _CROWD),
    ("308", "인파관리", "crowd at risk", _CROWD),
    ("309", "위험동물", "dangerous animal", _ORDER),
    ("310", "청소년비행", "juvenile delinquency", _ORDER),
    # 4 교통
    ("401", "교통사고", "traffic accident", _T),
    ("402", "교통사망·중상사고", "fatal or serious traffic accident", _T),
    ("403", "뺑소니", "hit and run", _T),
    ("404", "음주운전", "drunk driving", _T),
    ("405", "난폭·보복운전", "reckless driving or road rage", _T),
    ("406", "교통불편", "traffic obstruction", _T),
    ("407", "교통위반", "traffic offence", _T),
    ("408", "신호기고장", "traffic signal fault", _T),
    # 5 생명보호·재해
    ("501", "실종아동", "missing child", _LOST),
    ("502", "실종(치매·장애)", "missing person with dementia or disability", _LOST),
    ("503", "가출", "runaway", _LOST),
    ("504", "자살의심", "suicide risk", _LOST),
    ("505", "변사", "unattended death", _X),
    ("506", "구조요청", "call for rescue", _R),
    ("507", "보호조치", "protective care", _M),
    ("508", "화재", "fire", _F),
    ("509", "재해·재난", "natural or social disaster", _D),
    ("510", "가스누출·폭발", "gas leak or explosion", _D),
    # 6 기타
    ("601", "분실·습득", "lost or found property", _X),
    ("602", "경비·경호", "guarding", _X),
    ("603", "상담·민원", "enquiry", _X),
)
FIRE119: tuple[KindRow, ...] = (
    ("F01", "건물화재", "building fire", _F),
    ("F02", "산불", "forest fire", _F),
    ("F03", "차량화재", "vehicle fire", _F),
    ("F04", "공장·위험물화재", "factory or hazardous material fire", _F),
    ("F05", "기타화재", "other fire", _F),
    ("F06", "폭발", "explosion", _F),
    ("F07", "전통시장·다중이용시설화재", "fire in a market or public building", _F),
    ("F08", "선박·항공기화재", "ship or aircraft fire", _F),
    ("R01", "교통사고구조", "rescue from a traffic accident", _T),
    ("R02", "승강기구조", "rescue from a lift", _R),
    ("R03", "수난구조", "water rescue", _R),
    ("R04", "산악구조", "mountain rescue", _R),
    ("R05", "붕괴·매몰", "collapse or burial", _R),
    ("R06", "추락", "fall from a height", _R),
    ("R07", "위험물누출", "hazardous material leak", _D),
    ("R08", "동물·벌집", "animal or bees' nest", _R),
    ("R09", "인파사고", "crowd accident", _CROWD),
    ("R10", "갇힘·끼임", "person trapped", _R),
    ("R11", "실종자수색", "search for a missing person", _LOST),
    ("R12", "자살시도", "suicide attempt", _R),
    ("R99", "기타구조", "other rescue", _R),
    ("E01", "심정지", "cardiac arrest", _M),
    ("E02", "중증외상", "major trauma", _M),
    ("E03", "급성질환", "acute illness", _M),
    ("E04", "부상", "injury", _M),
    ("E05", "임산부", "childbirth", _M),
    ("E06", "중독", "poisoning", _M),
    ("E07", "화상", "burns", _M),
    ("E99", "기타구급", "other emergency medical call", _M),
)
DISASTER: tuple[KindRow, ...] = (
    ("D01", "호우", "heavy rain", _D),
    ("D02", "하천범람", "river flood", _D),
    ("D03", "지하차도침수", "flooded underpass", _D),
    ("D04", "태풍", "typhoon", _D),
    ("D05", "강풍", "strong wind", _D),
    ("D06", "대설", "heavy snow", _D),
    ("D07", "한파", "cold wave", _D),
    ("D08", "폭염", "heat wave", _D),
    ("D09", "지진", "earthquake", _D),
    ("D10", "산사태", "landslide", _D),
    ("D11", "산불", "forest fire", _F),
    ("D12", "대형화재", "major fire", _F),
    ("D13", "건물붕괴", "collapse of a building", _D),
    ("D14", "땅꺼짐", "sinkhole", _D),
    ("D15", "화학물질누출", "chemical leak", _D),
    ("D16", "다중밀집", "dangerous crowding", _CROWD),
    ("D17", "정전", "power failure", _D),
    ("D18", "단수", "water supply failure", _D),
    ("D19", "황사·미세먼지", "dust", _D),
    ("D20", "감염병", "epidemic", _D),
)
CITY: tuple[KindRow, ...] = (
    ("C01", "비상벨", "emergency bell", _V),
    ("C02", "폭력 의심", "suspected violence", _V),
    ("C03", "절도 의심", "suspected theft", _P),
    ("C04", "쓰러진 사람", "person lying on the ground", _M),
    ("C05", "배회자", "person wandering", _LOST),
    ("C06", "연기·불꽃", "smoke or flame", _F),
    ("C07", "교통사고", "traffic accident", _T),
    ("C08", "인파 밀집", "crowding", _CROWD),
    ("C09", "침수", "flooding", _D),
    ("C10", "시설물 파손", "damaged facility", _P),
    ("C11", "쓰레기 투기", "littering", _ORDER),
    ("C12", "도로공사", "roadworks", _X),
    ("C13", "행사", "event on the road", _X),
    ("C14", "고장차량", "broken-down vehicle", _T),
    ("C15", "도로 기상", "bad weather on the road", _D),
    ("C16", "교통통제", "road closure", _X),
    ("C17", "비탈면 변위", "moving slope", _D),
    ("C99", "기타", "other", _X),
)
KINDS: dict[Service, tuple[KindRow, ...]] = {
    Service.POLICE112: POLICE112,
    Service.FIRE119: FIRE119,
    Service.DISASTER: DISASTER,
    Service.CITY: CITY,
}

# (kind code or "" for every kind, urgency code or "" for every one) -> priority.
RULES: dict[Service, dict[tuple[str, str], Priority]] = {
    # A code names how urgent it is; a kind only ever raises it (priorities.rule_for).
    Service.POLICE112: {
        ("", "0"): Priority.P1,
        ("", "1"): Priority.P2,
        ("", "2"): Priority.P3,
        ("", "3"): Priority.P3,
        ("", "4"): Priority.P3,
        **{(code, ""): Priority.P1 for code in ("101", "105", "112")},
        **{(code, ""): Priority.P2 for code in ("102", "106", "308", "501", "502", "504")},
        # Imminent danger to a life in one of these is as urgent as code 0.
        **{(code, "1"): Priority.P1 for code in ("102", "106", "308", "402", "501", "504", "510")},
    },
    Service.FIRE119: {
        ("", ""): Priority.P2,
        # 긴급, 응급, 비응급; a kind only ever raises it.
        ("", "1"): Priority.P1,
        ("", "3"): Priority.P3,
        **{(code, ""): Priority.P1 for code in ("F01", "F04", "F06", "F07", "R05", "R09", "E01")},
        **{(code, ""): Priority.P3 for code in ("R02", "R08", "E04", "E99")},
    },
    Service.DISASTER: {
        ("", ""): Priority.P2,
        **{(code, ""): Priority.P1 for code in ("D03", "D09", "D12", "D13", "D16")},
        **{(code, ""): Priority.P3 for code in ("D07", "D08", "D17", "D18", "D19", "D20")},
    },
    Service.CITY: {
        ("", ""): Priority.P3,
        **{(code, ""): Priority.P1 for code in ("C01",)},
        **{(code, ""): Priority.P2 for code in ("C02", "C04", "C06", "C08")},
        # The levels of a sensor: 경계 and 심각.
        **{(code, "3"): Priority.P2 for code in ("C09", "C17")},
        **{(code, "4"): Priority.P1 for code in ("C09", "C17")},
    },
}


@dataclass(frozen=True)
class Installed:
    kinds: int
    rules: int


@transaction.atomic
def install() -> Installed:
    """Add the kinds and rules that are missing; what an administrator changed stays as it is.

    Called by `manage.py install_catalogue` and by the demo city; no migration carries these rows,
    so an administrator who deletes one is not overruled by an upgrade.
    """
    return Installed(kinds=_add_kinds(), rules=_add_rules())


def _known_kinds() -> dict[tuple[str, str], Kind]:
    return {(kind.service, kind.code): kind for kind in Kind.objects.all()}


def _add_kinds() -> int:
    """Add the missing kinds, and name those that came unmapped before the catalogue did."""
    known = _known_kinds()
    missing = []
    for service, rows in KINDS.items():
        for code, name_ko, name_en, kind_class in rows:
            kind = known.get((service, code))
            said = {"name_ko": name_ko, "name_en": name_en, "kind_class": kind_class}
            if kind is None:
                missing.append(Kind(service=service, code=code, **said))
            elif not kind.is_mapped:
                unmapped = Kind.objects.filter(pk=kind.pk, is_mapped=False)
                unmapped.update(is_mapped=True, **said)
    Kind.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


def _add_rules() -> int:
    kinds = _known_kinds()
    known = set(PriorityRule.objects.values_list("service", "kind", "urgency"))
    missing = []
    for service, table in RULES.items():
        for (code, urgency), priority in table.items():
            kind = kinds[service, code] if code else None
            if (service, kind and kind.pk, urgency) not in known:
                rule = PriorityRule(service=service, kind=kind, urgency=urgency, priority=priority)
                missing.append(rule)
    PriorityRule.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)
