"""The simulated city systems: bells, traffic centres that are asked, sensors that rise and fall."""

import json
import math
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from linkage.simulator.client import AgencyClient
from linkage.simulator.road_video import Reply, RoadVideo
from linkage.simulator.room import Room
from linkage.simulator.scenes import Case, City, Theme
from linkage.simulator.street import BELLS, SENSORS, BellPost, LevelPost

KST = timezone(timedelta(hours=9))
THEMES: tuple[Theme, ...] = (
    Theme(
        "bell", "비상벨", "", ("여성 음성, 도와달라고 함", "말없이 눌림", "취객이 장난으로 누름"), 4
    ),
    Theme("accident", "교통사고", "", ("승용차 추돌, 1차로 차단", "화물차 전도, 2개 차로 차단"), 2),
    Theme("works", "도로공사", "", ("상수도관 교체 공사",), 1),
    Theme("breakdown", "고장차량", "", ("고장차량이 우측 차로에 서 있음",), 2),
    Theme("rise", "수위·변위 상승", "", ("",), 1),
)
# Codes that other rooms report a road accident by.
ACCIDENTS = frozenset({"401", "402", "R01"})
SEEN_TOO = 0.5
ITS, UTIC = "its", "utic"
LOOK_S, MEASURE_S = 5.0, 20.0
SEEN_AFTER_S, STANDS_S, ANSWERED_S = (5.0, 40.0), (180.0, 480.0), (15.0, 60.0)
RISE_STEPS = 12
TEST_PRESS = 0.3


@dataclass(frozen=True)
class RoadEvent:
    """A traffic event as a traffic centre lists it, in the words of its kind."""

    number: int
    theme: str
    lon: float
    lat: float
    road: str
    message: str
    since: datetime


# Its own words: ITS in names, UTIC in numbers.
_ITS_KINDS = {
    "accident": ("교통사고", "추돌사고"),
    "works": ("공사", "도로공사"),
    "breakdown": ("기타돌발", "고장차량"),
}
_UTIC_KINDS = {"accident": "1", "works": "2"}


class CityRoom(Room):
    """Presses bells, lists traffic events until they are over, measures, lets water rise.

    What it lists is fetched from it (`pages`); now and then that is an accident that 112 or 119
    reported before.
    """

    themes = THEMES

    def __init__(self, *, client: AgencyClient, city: City, **options: Any) -> None:
        super().__init__(client=client, city=city, **options)
        self._lists: dict[str, dict[int, RoadEvent]] = {ITS: {}, UTIC: {}}
        self._listed = threading.Lock()
        self._seen: set[str] = set()
        self._rising: dict[str, int] = {}
        self._roads = RoadVideo(lon=city.lon, lat=city.lat)
        self.pages = {ITS: self._its_page, UTIC: self._utic_page}

    def run(self) -> None:
        self.after(0, self._measure)
        self.after(LOOK_S, self._look_around)
        super().run()

    def further(self, base: str, rest: str) -> Reply | None:
        return self._roads.answer(base, rest)

    def heard(self, event: dict[str, Any]) -> None:
        """Of a machine nothing more is asked than of every agency."""
        self.answer_always(event)

    def _report(self, case: Case) -> None:
        self.sent += 1
        if case.theme.code == "bell":
            self._press(self.city.random.choice(BELLS), case)
        elif case.theme.code == "rise":
            self._rising.setdefault(self.city.random.choice(SENSORS).code, 0)
        else:
            road = f"한빛시 {case.spot}"
            self._list(case.theme.code, case.lon, case.lat, road, case.summary, case.occurred_at)

    def _press(self, bell: BellPost, case: Case) -> None:
        payload = {
            "receipt_no": case.receipt_no,
            "version": 1,
            "kind_code": "C01",
            "bell_id": bell.number,
            "summary": f"비상벨 {bell.place_text}: {case.summary}",
        }
        answer = self.client.send("EVENT_NOTIFY", payload)
        if answer.status_code not in {201, 202}:
            return
        wait_s = self._between(ANSWERED_S)
        if self.city.random.random() < TEST_PRESS:
            taken_back = {"receipt_no": case.receipt_no, "version": 2, "reason": "점검 중 눌림"}
            self.after(wait_s, partial(self._say, "CANCEL", taken_back))
        else:
            said = {"receipt_no": case.receipt_no, "text": "양방향 통화 연결됨"}
            self.after(wait_s, partial(self._say, "STATUS_UPDATE", said))

    def _say(self, message_type: str, payload: dict[str, Any]) -> None:
        self.client.send(message_type, payload)

    def _look_around(self) -> None:
        """The traffic centres see some of the accidents that others were called to."""
        self.after(LOOK_S, self._look_around)
        for case in self.city.town.lately():
            if case.theme.code in ACCIDENTS and case.receipt_no not in self._seen:
                self._seen.add(case.receipt_no)
                if self.city.random.random() < SEEN_TOO:
                    self.after(self._between(SEEN_AFTER_S), partial(self._see, case))

    def _see(self, case: Case) -> None:
        lon, lat = self.city.moved(case.lon, case.lat, 60)
        self._list(
            "accident", lon, lat, f"한빛시 {case.spot}", "차량 사고, 서행", datetime.now(UTC)
        )

    def _list(
        self, theme: str, lon: float, lat: float, road: str, message: str, since: datetime
    ) -> None:
        source = self.city.random.choice((ITS, UTIC)) if theme in _UTIC_KINDS else ITS
        event = RoadEvent(next(self._numbers), theme, lon, lat, road, message, since)
        with self._listed:
            self._lists[source][event.number] = event
        self.after(self._between(STANDS_S), partial(self._strike_out, source, event.number))

    def _strike_out(self, source: str, number: int) -> None:
        with self._listed:
            self._lists[source].pop(number, None)

    def _standing(self, source: str) -> list[RoadEvent]:
        with self._listed:
            return list(self._lists[source].values())

    def _its_page(self) -> tuple[str, bytes]:
        rows = [_its_row(event) for event in self._standing(ITS)]
        body = {"totalCount": len(rows), "items": rows}
        answer = {"header": {"resultCode": 0, "resultMsg": "success"}, "body": body}
        return "application/json", json.dumps(answer, ensure_ascii=False).encode()

    def _utic_page(self) -> tuple[str, bytes]:
        records = "".join(_utic_record(self._started, one) for one in self._standing(UTIC))
        return "application/xml", f'<?xml version="1.0"?><result>{records}</result>'.encode()

    def _measure(self) -> None:
        """Send what every sensor measures; one that rises goes up to its worst and back."""
        self.after(MEASURE_S, self._measure)
        at = datetime.now(UTC).isoformat()
        readings = [{"sensor": post.code, "at": at, "value": self._level(post)} for post in SENSORS]
        self.client.post_readings(readings)

    def _level(self, post: LevelPost) -> float:
        rest = post.rests_at + abs(self.city.random.gauss(0, post.thresholds[0] * 0.02))
        step = self._rising.get(post.code)
        if step is None:
            return round(rest, 3)
        if step >= RISE_STEPS:
            del self._rising[post.code]
            return round(rest, 3)
        self._rising[post.code] = step + 1
        height = (post.thresholds[3] * 1.05 - post.rests_at) * math.sin(
            math.pi * (step + 1) / (RISE_STEPS + 1)
        )
        return round(post.rests_at + height, 3)

    def _between(self, seconds: tuple[float, float]) -> float:
        return self.city.random.uniform(*seconds)


def _stamp(at: datetime) -> str:
    return at.astimezone(KST).strftime("%Y%m%d%H%M%S")


def _its_row(event: RoadEvent) -> dict[str, str]:
    kind, detail = _ITS_KINDS[event.theme]
    return {
        "type": "기타",
        "eventType": kind,
        "eventDetailType": detail,
        "startDate": _stamp(event.since),
        "coordX": f"{event.lon:.6f}",
        "coordY": f"{event.lat:.6f}",
        "linkId": f"90010{event.number:05d}",
        "roadName": event.road,
        "roadNo": "",
        "roadDrcType": "",
        "lanesBlockType": "",
        "lanesBlocked": "",
        "message": event.message,
        "endDate": "",
    }


def _utic_record(started: str, event: RoadEvent) -> str:
    values = {
        "incidentId": f"L{started}-{event.number}",
        "incidenteTypeCd": _UTIC_KINDS[event.theme],
        "incidenteSubTypeCd": "1",
        "addressNew": event.road,
        "locationDataX": f"{event.lon:.6f}",
        "locationDataY": f"{event.lat:.6f}",
        "incidentTitle": event.message,
        "startDate": _stamp(event.since),
        "endDate": "",
        "updateDate": _stamp(event.since),
    }
    cells = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    return f"<record>{cells}</record>"
