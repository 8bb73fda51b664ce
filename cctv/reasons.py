"""What an operator reads about each camera: reason codes with their Korean and English words."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import TypedDict

from cctv.scoring import (
    DAYS_PER_YEAR,
    IMPAIRED_POINTS,
    OLD_AFTER_YEARS,
    Candidate,
    Judged,
    looks_like,
)


class Reason(TypedDict):
    code: str
    ko: str
    en: str


# Both languages are stored with the choice: the record must read the same years later, whatever
# the reader's language is, so these do not pass through gettext.
WORDS: dict[str, tuple[str, str]] = {
    "distance": ("현장에서 {n} m", "{n} m from the place"),
    "in_view": ("촬영 방향 안에 현장이 있음", "the place lies in its view"),
    "all_round": ("전방위(360°) 카메라", "sees all round (360°)"),
    "looks_away": ("다른 방향을 촬영 중", "looks another way"),
    "view_unknown": ("촬영 방향 미상", "direction unknown"),
    "may_be_in_view": ("위치 오차 안에서 보일 수 있음", "may be in view within the error circle"),
    "online": ("정상 작동", "online"),
    "health_unknown": ("작동 상태 미확인", "health not known"),
    "offline": ("카메라 연결 끊김", "camera is offline"),
    "frozen": ("영상 정지", "picture is frozen"),
    "covered": ("화면 가려짐", "camera is covered"),
    "dark": ("화면 어두움", "picture is dark"),
    "blurred": ("화면 흐림", "picture is blurred"),
    "tampered": ("카메라 훼손 신호", "the camera reports tampering"),
    "old": ("설치 후 {n}년", "installed {n} years ago"),
    "not_connected": ("영상 미연결", "no video source is connected"),
    "purpose_allowed": ("설치 목적({text})이 허용됨", "its purpose ({text}) is allowed"),
    "purpose_not_allowed": (
        "설치 목적({text})이 이 연계서비스에 허용되지 않음",
        "purpose ({text}) is not allowed for this service",
    ),
    "in_use": ("다른 곳에서 {n}건 열람 중", "open in {n} other views"),
    "same_pole": ("같은 지주의 카메라가 이미 선택됨", "a camera of this pole is already picked"),
    "same_view": (
        "같은 지주에서 같은 방향의 카메라가 이미 선택됨",
        "a camera of this pole that looks the same way is already picked",
    ),
    "beyond_radius": (
        "반경 밖 (반경 안에 쓸 수 있는 카메라 없음)",
        "beyond the radius (none usable within it)",
    ),
    "better_picked": ("더 적합한 카메라가 선택됨", "better suited cameras were picked"),
    "along_way": ("출발 지점에서 경로를 따라 {n} m", "{n} m along the way"),
    "in_area": ("지정한 구역 안", "inside the drawn area"),
}  # fmt: skip

PURPOSES_EN = {
    "생활방범": "crime prevention",
    "다목적": "multi-purpose",
    "어린이보호": "child protection",
    "교통단속": "traffic enforcement",
    "교통정보수집": "traffic information",
    "시설물관리": "facility management",
    "재난재해": "disaster",
    "쓰레기단속": "littering enforcement",
    "차량방범": "vehicle crime prevention",
    "기타": "other",
}


@lru_cache(maxsize=8192)
def reason(code: str, n: int = 0, text: str = "") -> Reason:
    """Word a reason. The answer is shared: nobody may change it."""
    ko, en = WORDS[code]
    return {
        "code": code,
        "ko": ko.format(n=n, text=text),
        "en": en.format(n=n, text=PURPOSES_EN.get(text, text)),
    }


_FIXED: dict[str, Reason] = {
    code: {"code": code, "ko": ko, "en": en}
    for code, (ko, en) in WORDS.items()
    if "{" not in ko
}  # fmt: skip


def _view_code(judged: Judged) -> str:
    if judged.in_view:
        field = judged.candidate.field_of_view_deg
        return "all_round" if field is not None and field >= 360 else "in_view"
    if judged.in_view is False:
        return "looks_away"
    return "view_unknown" if judged.candidate.bearing_deg is None else "may_be_in_view"


def of_camera(judged: Judged, today: date) -> list[Reason]:
    """Say what counted for and against a camera, the distance first."""
    camera = judged.candidate
    reasons = [reason("distance", round(camera.distance_m)), _FIXED[_view_code(judged)]]
    if camera.health == "online":
        reasons.append(_FIXED["online"])
    elif camera.health == "unknown":
        reasons.append(_FIXED["health_unknown"])
    elif camera.health in IMPAIRED_POINTS:
        reasons.append(_FIXED[camera.health])
    if camera.installed is not None:
        days = (today - camera.installed).days
        if days >= OLD_AFTER_YEARS * DAYS_PER_YEAR:
            reasons.append(reason("old", int(days / DAYS_PER_YEAR)))
    if not camera.is_connected:
        reasons.append(_FIXED["not_connected"])
    if camera.views_open:
        reasons.append(reason("in_use", camera.views_open))
    return reasons


def of_pick(judged: Judged, today: date, *extra: str) -> list[Reason]:
    reasons = of_camera(judged, today)
    reasons.append(reason("purpose_allowed", 0, judged.candidate.purpose))
    reasons.extend(_FIXED[code] for code in extra)
    return reasons


def of_skips(passed: Sequence[Judged], picks: Sequence[Judged], today: date) -> list[list[Reason]]:
    """Say of each camera first why it was passed over, then what else is known of it."""
    lowest = min((one.score for one in picks), default=0.0)
    on_pole: dict[int, list[Candidate]] = {}
    for pick in picks:
        on_pole.setdefault(pick.candidate.site_id, []).append(pick.candidate)
    return [
        [_why_passed(one, lowest, on_pole.get(one.candidate.site_id)), *of_camera(one, today)]
        for one in passed
    ]


def _why_passed(judged: Judged, lowest: float, here: Sequence[Candidate] | None) -> Reason:
    """Name what stood before a camera: a rule, its own pole, or simply better ones."""
    camera = judged.candidate
    if judged.refused:
        return reason(judged.refused, 0, camera.purpose)
    if not here or judged.score < lowest:
        return _FIXED["better_picked"]
    same_view = any(looks_like(camera, other) for other in here)
    return _FIXED["same_view" if same_view else "same_pole"]
