"""The legal bases and purposes that a new installation starts with: a table, with no Django.

Each basis names the kinds of data that it lets a link carry; a link on the basis of 도로법 gets no
video, for example, as the privacy commission ruled. The texts are for the city's own lawyer to
check: LegalBasis.checked_on says when that was done.
Source: domain.md 3.4 and 5.
"""

from dataclasses import dataclass

PLACE = "place"
SUMMARY = "summary"
PHONE = "phone"
LIVE_VIDEO = "live_video"
RECORDED_VIDEO = "recorded_video"
STILL = "still"
PLATE = "plate"
PERSON = "person"
LOCATION_TRACK = "location_track"

_CASE = (PLACE, SUMMARY)
_SCENE = (*_CASE, LIVE_VIDEO, STILL)


@dataclass(frozen=True)
class Basis:
    code: str
    law_ko: str
    law_en: str
    article: str
    allowed_data: tuple[str, ...]
    note_ko: str = ""


@dataclass(frozen=True)
class PurposeRow:
    code: str
    name_ko: str
    name_en: str


BASES: tuple[Basis, ...] = (
    Basis(
        "ACT-112",
        "112신고의 운영 및 처리에 관한 법률",
        "Act on the Operation and Handling of 112 Reports",
        "",
        (*_SCENE, PHONE),
        "공동대응과 협력 요청",
    ),
    Basis(
        "PIPA-18-2-3",
        "개인정보 보호법",
        "Personal Information Protection Act",
        "제18조제2항제3호",
        (*_SCENE, PHONE, PERSON, LOCATION_TRACK),
        "급박한 생명·신체·재산의 이익",
    ),
    Basis(
        "PIPA-18-2-7",
        "개인정보 보호법",
        "Personal Information Protection Act",
        "제18조제2항제7호",
        (*_SCENE, RECORDED_VIDEO, PLATE, PERSON),
        "범죄의 수사와 공소의 제기 및 유지",
    ),
    Basis(
        "ACT-119",
        "119구조·구급에 관한 법률",
        "Act on 119 Rescue and Emergency Medical Services",
        "",
        (*_SCENE, PHONE),
        "화재·구조·구급 출동",
    ),
    Basis(
        "ACT-DISASTER",
        "재난 및 안전관리 기본법",
        "Framework Act on the Management of Disasters and Safety",
        "",
        _SCENE,
        "재난 상황의 관리와 전파",
    ),
    Basis(
        "ACT-ANKLET",
        "전자장치 부착 등에 관한 법률",
        "Act on Electronic Monitoring",
        "",
        _SCENE,
        "장치 훼손, 외출제한·출입금지 위반, 피해자 접근에 한함",
    ),
    Basis(
        "ACT-LOCATION-29",
        "위치정보의 보호 및 이용 등에 관한 법률",
        "Act on the Protection and Use of Location Information",
        "제29조",
        (*_CASE, PHONE, LOCATION_TRACK),
        "긴급구조를 위한 이용, 다른 목적으로 다시 쓸 수 없음",
    ),
    Basis(
        "ACT-ROAD",
        "도로법",
        "Road Act",
        "",
        _CASE,
        "법이 정한 자료에 영상은 들어 있지 않음",
    ),
    Basis(
        "AGREEMENT",
        "기관 간 업무협약",
        "Agreement between the agencies",
        "",
        _CASE,
        "협약서에 적힌 자료로 고쳐 쓸 것",
    ),
)

PURPOSES: tuple[PurposeRow, ...] = (
    PurposeRow(
        "POLICE", "범죄 예방과 112 신고 대응", "Crime prevention and response to 112 reports"
    ),
    PurposeRow("RESCUE", "화재 진압과 구조·구급", "Fire fighting, rescue and emergency care"),
    PurposeRow("DISASTER", "재난 대응", "Response to disasters"),
    PurposeRow("TRAFFIC", "교통 소통과 사고 처리", "Traffic flow and accidents"),
    PurposeRow("FACILITY", "시설 안전과 관리", "Safety of facilities"),
)

# What a new link of a service starts with: purpose, legal basis.
USUAL: dict[str, tuple[str, str]] = {
    "police112": ("POLICE", "ACT-112"),
    "fire119": ("RESCUE", "ACT-119"),
    "disaster": ("DISASTER", "ACT-DISASTER"),
    "city": ("FACILITY", "AGREEMENT"),
}
