"""What a 112 room hears: plausible scenes of a generated city. No real place, person or case."""

import math
import random
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_M_PER_DEG_LAT = 110_972.0

# Name, metres east and north of the city's middle.
SPOTS: tuple[tuple[str, int, int], ...] = (
    ("가온동 가온시장", -520, -380),
    ("가온동 한빛시청", 180, 260),
    ("라온동 한빛역", 1250, -420),
    ("너른들동 종합버스터미널", -1500, 480),
    ("다솜동 한빛의료원", 2900, 250),
    ("너른들동 한빛대학교", -3300, 3000),
    ("물빛동 수변공원", -1500, -2200),
    ("솔내동 솔내초등학교", 450, 3000),
    ("새터동 새터초등학교", -4050, -250),
    ("아침동 아침초등학교", 4000, 600),
    ("미르동 미르초등학교", -2500, -1150),
    ("여울동 여울로", -3000, -3400),
    ("참샘동 남부순환로", 3300, -3800),
    ("해오름동 북부순환로", 3600, 3700),
)
STATIONS = ("중앙지구대", "가온파출소", "라온지구대", "솔내파출소", "여울파출소")


@dataclass(frozen=True)
class Theme:
    """A kind of case: its code, how urgent it tends to be, and how callers put it."""

    code: str
    name: str
    urgencies: str
    summaries: tuple[str, ...]
    weight: int = 1


THEMES: tuple[Theme, ...] = (
    Theme("101", "살인", "0", ("흉기에 찔린 사람이 쓰러져 있음",)),
    Theme("102", "강도", "01", ("편의점에 흉기를 든 남자, 현금을 요구함",)),
    Theme("104", "절도", "123", ("자전거를 끌고 가는 사람을 봄", "매장 물건을 들고 나감"), 4),
    Theme("105", "납치·감금", "0", ("승합차에 여성을 강제로 태움",)),
    Theme("106", "성폭력", "01", ("모르는 남자가 집까지 따라옴",), 2),
    Theme("107", "가정폭력", "12", ("옆집에서 비명과 물건 깨지는 소리",), 4),
    Theme("201", "폭력", "12", ("주점 앞에서 2명이 다툼", "술병을 던지며 싸움"), 6),
    Theme("303", "행패소란", "23", ("취객이 버스 승강장에서 소리를 지름",), 6),
    Theme("302", "주취자", "23", ("인도에 사람이 누워 있음, 술 냄새",), 5),
    Theme("401", "교통사고", "12", ("승용차와 오토바이 충돌, 다친 사람 있음", "3중 추돌"), 6),
    Theme("404", "음주운전", "12", ("비틀거리며 달리는 흰색 승용차",), 3),
    Theme("501", "실종아동", "12", ("8세 아이가 30분째 보이지 않음",), 2),
    Theme("502", "실종(치매·장애)", "12", ("치매 어르신이 집을 나감",), 1),
    Theme("504", "자살의심", "01", ("난간에 사람이 서 있음",), 2),
    Theme("308", "인파관리", "12", ("골목에 사람이 너무 많아 움직이지 못함",), 2),
    Theme("509", "재해·재난", "12", ("비로 지하차도에 물이 차오름",), 1),
    Theme("305", "소음", "34", ("심야 공사장 소음",), 4),
    Theme("601", "분실·습득", "4", ("지갑을 잃어버림",), 2),
)
# How the place was found, its usual error in metres, and how often.
METHODS = (("gps", 10, 3), ("wifi", 45, 4), ("cell", 350, 3), ("address", 5, 4), ("caller", 120, 1))


@dataclass
class Case:
    """A case as the room keeps it."""

    receipt_no: str
    theme: Theme
    urgency: str
    spot: str
    lon: float
    lat: float
    summary: str
    station: str
    occurred_at: datetime
    method: str = "wifi"
    error_radius_m: float = 50
    version: int = 1
    units: list[str] = field(default_factory=list)

    def payload(self) -> dict[str, Any]:
        return {
            "receipt_no": self.receipt_no,
            "version": self.version,
            "kind_code": self.theme.code,
            "kind_name": self.theme.name,
            "urgency": self.urgency,
            "place": {
                "lon": round(self.lon, 6),
                "lat": round(self.lat, 6),
                "error_radius_m": round(self.error_radius_m, 1),
                "method": self.method,
            },
            "address": f"한빛시 {self.spot}",
            "summary": self.summary,
            "station": self.station,
            "units": self.units,
        }


class Town:
    """What happened lately in the city, whoever was called: rooms may see the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cases: deque[Case] = deque(maxlen=50)

    def note(self, case: Case) -> None:
        with self._lock:
            self._cases.append(case)

    def lately(self) -> list[Case]:
        with self._lock:
            return list(self._cases)


class City:
    """Draws cases around a middle; the same seed gives the same cases."""

    def __init__(
        self,
        *,
        lon: float,
        lat: float,
        seed: int | None = None,
        themes: tuple[Theme, ...] = THEMES,
        town: Town | None = None,
    ) -> None:
        self.lon, self.lat, self.themes = lon, lat, themes
        self.town = town or Town()
        self.random = random.Random(seed)

    def moved(self, lon: float, lat: float, metres: float) -> tuple[float, float]:
        """Give a place up to so many metres away."""
        turn = self.random.uniform(0, math.tau)
        away = metres * math.sqrt(self.random.random())
        per_lon = 111_320.0 * math.cos(math.radians(lat))
        return lon + away * math.cos(turn) / per_lon, lat + away * math.sin(turn) / _M_PER_DEG_LAT

    def case(self, *, receipt_no: str, at: datetime) -> Case:
        theme = self.random.choices(self.themes, [theme.weight for theme in self.themes])[0]
        spot, east, north = self.random.choice(SPOTS)
        per_lon = 111_320.0 * math.cos(math.radians(self.lat))
        lon, lat = self.lon + east / per_lon, self.lat + north / _M_PER_DEG_LAT
        lon, lat = self.moved(lon, lat, 250)
        case = Case(
            receipt_no=receipt_no,
            theme=theme,
            urgency=self.random.choice(theme.urgencies) if theme.urgencies else "",
            spot=spot,
            lon=lon,
            lat=lat,
            summary=self.random.choice(theme.summaries),
            station=self.random.choice(STATIONS),
            occurred_at=at,
        )
        self.locate(case)
        return case

    def locate(self, case: Case) -> None:
        """Say how the caller was found this time, with that method's error."""
        method, error_m, _weight = self.random.choices(METHODS, [w for _, _, w in METHODS])[0]
        case.method = method
        case.error_radius_m = error_m * self.random.uniform(0.6, 1.6)

    def same_scene(self, case: Case, *, receipt_no: str, at: datetime) -> Case:
        """Another caller about the same scene: near it, in other words, a case of its own."""
        lon, lat = self.moved(case.lon, case.lat, 60)
        again = Case(
            receipt_no=receipt_no,
            theme=case.theme,
            urgency=case.urgency,
            spot=case.spot,
            lon=lon,
            lat=lat,
            summary=f"{self.random.choice(case.theme.summaries)} (다른 신고자)",
            station=case.station,
            occurred_at=at,
        )
        self.locate(again)
        return again

    def correct(self, case: Case) -> None:
        """Find the caller again, closer: the place moves and its error shrinks."""
        case.version += 1
        case.lon, case.lat = self.moved(case.lon, case.lat, min(case.error_radius_m, 300))
        case.method = "gps"
        case.error_radius_m = max(5.0, case.error_radius_m / 5)
