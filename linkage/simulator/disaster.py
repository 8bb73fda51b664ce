"""The simulated disaster room: now and then a situation, by JSON or by CAP, until it is over."""

import math
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from linkage.cap import writing
from linkage.cap.alert import GEOCODE_R1, KR_R1, Alert, Area, Info, Reference, Ring
from linkage.simulator.client import AgencyClient
from linkage.simulator.room import Room
from linkage.simulator.scenes import Case, City, Theme
from linkage.simulator.watching import Watching

THEMES: tuple[Theme, ...] = (
    Theme("D01", "호우", "12", ("시간당 40 mm의 비, 저지대 침수 우려",), 4),
    Theme("D02", "하천 범람", "23", ("하천 수위가 홍수주의보 수위를 넘음",), 3),
    Theme("D03", "지하차도 침수", "23", ("지하차도 진입로에 물이 고임",), 2),
    Theme("D10", "산사태", "23", ("비탈면에서 토사가 흘러내림",), 1),
    Theme("D11", "산불", "34", ("능선을 따라 불길이 번짐",), 1),
    Theme("D16", "다중밀집", "23", ("축제장 출입구에 사람이 몰림",), 2),
)
ISSUER = "재난안전상황실"
SENDER = "ndms.simulated.example"
CORNERS = 12
CHANGES = 3
CHANGE_S, END_S, ACK_S, LOOK_S = (40.0, 90.0), (30.0, 60.0), (1.0, 4.0), 15.0
SEVERITY = {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme"}
REPORTS = (
    "수위가 계속 오르고 있음",
    "주민 대피를 안내함",
    "현장에 인력을 보냄",
    "비가 약해지고 있음",
)
_SEOUL = ZoneInfo("Asia/Seoul")
_ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass
class Raised:
    """A situation as the room keeps it; `first` and `last` name its CAP alerts."""

    case: Case
    level: int
    ring: Ring
    # The number by which the centre answers: ours, or the one it gave to our CAP alert.
    number: str = ""
    version: int = 1
    references: list[Reference] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [self.case.spot.split()[0]]


class DisasterRoom(Room):
    """Raises situations by turns in the two forms, and acknowledges what the city publishes."""

    themes = THEMES

    def __init__(self, *, client: AgencyClient, city: City, **options: Any) -> None:
        super().__init__(client=client, city=city, **options)
        self.situations: dict[str, Raised] = {}
        self._answered: set[str] = set()
        # Ten digits that no earlier run has used.
        self._serial = int(time.time())
        self._said_at = datetime.now(UTC)
        self.watching = Watching(
            "ACT-DISASTER", self._send, self.after, self.city.random, ground="CRISIS_ALERT"
        )

    def run(self) -> None:
        self.after(LOOK_S, self._look_again)
        super().run()

    def heard(self, event: dict[str, Any]) -> None:
        """What the centre has closed is worked on no more; its own alerts are acknowledged."""
        self.answer_always(event)
        said = event["data"]
        if event["subject"] in self.situations:
            self.watching.heard(event["subject"], event)
        if said["msg_type"] == "CLOSE":
            self.situations.pop(event["subject"], None)
        elif said["msg_type"] == "CAP_ALERT":
            pushed = said["payload"]
            self.after(self._between(ACK_S), partial(self._take_alert, pushed))

    def _send(self, message_type: str, payload: dict[str, Any], uid: str) -> None:
        self.client.send(message_type, payload, correlation_id=uid)

    def _report(self, case: Case) -> None:
        raised = Raised(case, int(case.urgency), self._ring(case))
        self.sent += 1
        response = self._by_cap(raised, "Alert") if self.sent % 2 == 0 else self._by_json(raised)
        if response.status_code not in {201, 202}:
            return
        answer = response.json()
        alerts = answer.get("alerts") or [{}]
        raised.number = alerts[0].get("receipt_no") or case.receipt_no
        self.situations[raised.number] = raised
        self.after(self._between(CHANGE_S), partial(self._change, raised, CHANGES))

    def _change(self, raised: Raised, left: int) -> None:
        """Raise or lower the level, tell how it stands, and end it after the last change."""
        if raised.number not in self.situations:
            return
        raised.level = min(4, max(1, raised.level + self.city.random.choice((-1, 1, 1))))
        if raised.references:
            self._by_cap(raised, "Update")
        else:
            raised.version += 1
            self._by_json(raised)
            said = {"receipt_no": raised.number, "level": raised.level}
            said["text"] = self.city.random.choice(REPORTS)
            self.client.send("STATUS_UPDATE", said)
        if left > 1:
            self.after(self._between(CHANGE_S), partial(self._change, raised, left - 1))
        else:
            self.after(self._between(END_S), partial(self._finish, raised))

    def _finish(self, raised: Raised) -> None:
        if self.situations.pop(raised.number, None) is None:
            return
        if raised.references:
            self._by_cap(raised, "Cancel")
        else:
            self.client.send("CLOSE", {"receipt_no": raised.number, "text": "상황이 끝남"})

    def _by_json(self, raised: Raised) -> Any:
        case = raised.case
        said = {
            "receipt_no": case.receipt_no,
            "version": raised.version,
            "kind_code": case.theme.code,
            "kind_name": case.theme.name,
            "level": raised.level,
            "area": {"type": "Polygon", "coordinates": [raised.ring]},
            "area_names": raised.names,
            "address": f"한빛시 {case.spot}",
            "summary": case.summary,
            "issuer": ISSUER,
        }
        return self.client.send("EVENT_NOTIFY", said)

    def _by_cap(self, raised: Raised, kind: str) -> Any:
        alert = Alert(
            identifier=self._identifier(),
            sender=SENDER,
            sent=self._now(),
            status="Actual",
            msg_type=kind,
            scope="Public",
            codes=(KR_R1,),
            references=tuple(raised.references[-1:]),
            infos=(self._info(raised),),
        )
        raised.references.append(alert.reference)
        return self.client.post_cap(writing.to_xml(alert))

    def _info(self, raised: Raised) -> Info:
        case = raised.case
        code = f"{self.client.account.link.rpartition('-')[2]:0<10}"[:10]
        return Info(
            language="ko-KR",
            category=("Safety",),
            event=case.theme.name,
            urgency="Immediate",
            severity=SEVERITY[raised.level],
            certainty="Observed",
            event_codes=(("event", case.theme.code),),
            expires=self._said_at.astimezone(_SEOUL) + timedelta(hours=6),
            sender_name=ISSUER,
            headline=f"{raised.names[0]} {case.theme.name}",
            description=case.summary,
            areas=(
                Area(", ".join(raised.names), rings=(raised.ring,), geocodes=((GEOCODE_R1, code),)),
            ),
        )

    def _look_again(self) -> None:
        self.after(LOOK_S, self._look_again)
        self.acknowledge_published()

    def acknowledge_published(self) -> None:
        """Answer every alert in the city's public index once, as its receivers must."""
        city = self.client.account.link.rpartition("-")[2]
        index = self.client.fetch(f"/cap/{city}/index.atom")
        if index.status_code != 200:
            return
        for entry in etree.fromstring(index.content).iterfind(f"{_ATOM}entry"):
            identifier = str(entry.findtext(f"{_ATOM}id")).removeprefix("urn:cap:")
            if identifier in self._answered:
                continue
            alert = self.client.fetch(f"/cap/{city}/{identifier}.xml")
            if alert.status_code == 200:
                self._acknowledge(etree.fromstring(alert.content))
                self._answered.add(identifier)

    def _take_alert(self, pushed: dict[str, Any]) -> None:
        """Acknowledge an alert that was pushed, unless it came by the index before."""
        if pushed["identifier"] not in self._answered:
            self._acknowledge(etree.fromstring(pushed["xml"].encode()))
            self._answered.add(pushed["identifier"])

    def _acknowledge(self, alert: Any) -> None:
        told = {name: alert.findtext(f"{{*}}{name}") for name in ("sender", "identifier", "sent")}
        named = Reference(told["sender"], told["identifier"], datetime.fromisoformat(told["sent"]))
        self.client.post_cap(
            writing.reply(
                identifier=self._identifier(),
                sender=SENDER,
                sent=self._now(),
                note="000",
                references=[named],
                is_error=False,
            )
        )

    def _identifier(self) -> str:
        self._serial += 1
        return f"{ISSUER}{self._serial:010d}"

    def _now(self) -> datetime:
        """Give a whole second that no alert of ours was sent at: an alert's time is its version."""
        now = datetime.now(UTC).replace(microsecond=0)
        self._said_at = max(now, self._said_at.replace(microsecond=0) + timedelta(seconds=1))
        return self._said_at.astimezone(_SEOUL)

    def _between(self, limits: tuple[float, float]) -> float:
        return self.city.random.uniform(*limits)

    def _ring(self, case: Case) -> Ring:
        """Draw an uneven area of 300 to 900 m around the case."""
        per_lat, per_lon = 110_972.0, 111_320.0 * math.cos(math.radians(case.lat))
        corners = []
        for corner in range(CORNERS):
            turn, far_m = math.tau * corner / CORNERS, self.city.random.uniform(300, 900)
            lon = case.lon + far_m * math.sin(turn) / per_lon
            corners.append((round(lon, 6), round(case.lat + far_m * math.cos(turn) / per_lat, 6)))
        return (*corners, corners[0])
