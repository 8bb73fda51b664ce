"""One room of each service, and what it and the centre do: the steps of the tables."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone
from rest_framework.test import APIClient

from cctv.models import Camera
from cctv.stills import Picture
from controlroom.accounts.models import User
from controlroom.municipalities.models import Municipality
from incidents import lifecycle, ownership
from incidents.models import Incident, Kind
from linkage import stills
from linkage.choices import LinkMode
from linkage.filed import file_report
from linkage.models import Link, Still, StreamGrant, VideoRequest
from linkage.models_disaster import Situation
from linkage.services.disaster import situations
from linkage.services.police112.escape import send_escape_route
from linkage.services.video import answers

CASE = "guarded-1"
PLACE = {"lon": 127.4, "lat": 36.4, "error_radius_m": 20, "method": "gps"}
ELSEWHERE = {**PLACE, "lat": 36.45}
SQUARE = [[127.35, 36.35], [127.45, 36.35], [127.45, 36.45], [127.35, 36.45], [127.35, 36.35]]
_numbers = count(1)


def now() -> str:
    return timezone.now().isoformat()


def report_of(service: str) -> dict[str, Any]:
    """Give the payload of a first report, without its number."""
    return {
        "police112": {"kind_code": "201", "urgency": "1", "place": PLACE},
        "fire119": {"kind_code": "F01", "urgency": "1", "place": PLACE, "received_at": now()},
        "disaster": {
            "kind_code": "D01",
            "level": 2,
            "area": {"type": "Polygon", "coordinates": [SQUARE]},
        },
        "city": {"kind_code": "C07", "urgency": "2", "place": PLACE},
    }[service] | {"version": 1}


# What each service's room says when it asks for video.
ASKED = {
    "police112": {"basis": "ACT-112"},
    "fire119": {"basis": "ACT-119"},
    "disaster": {"basis": "ACT-DISASTER", "ground": "CRISIS_ALERT"},
}


@dataclass
class Room:
    """The agency at the other end of a link, and the people of the centre."""

    link: Link
    api: APIClient
    city: Municipality
    haneul: User
    supervisor: User
    cameras: list[int] = field(default_factory=list)

    @property
    def service(self) -> str:
        return str(self.link.service)

    @property
    def incident(self) -> Incident:
        return Incident.objects.get(cases__external_id=CASE)

    def send(
        self,
        message_type: str,
        receipt_no: str = CASE,
        correlation_id: str = "",
        **payload: Any,
    ) -> Any:
        at = now()
        document = {
            "msg_id": f"m-{next(_numbers)}",
            "msg_type": message_type,
            "schema_ver": "1.0",
            "occurred_at": at,
            "sent_at": at,
            "is_drill": Incident.objects.filter(is_drill=True).exists(),
            "payload": {"receipt_no": receipt_no, **payload},
        }
        if correlation_id:
            document["correlation_id"] = correlation_id
        url = f"/api/v1/links/{self.link.code}/messages"
        return self.api.post(url, document, format="json")

    def report(self, **changes: Any) -> Any:
        said = report_of(self.service) | changes
        return self.send("EVENT_NOTIFY", **{name: one for name, one in said.items() if one})


def makes_automatic(room: Room) -> None:
    room.link.mode = LinkMode.PUSH
    room.link.save()


def reports(**changes: Any) -> Any:
    return lambda room: room.report(**changes)


def says(message_type: str, **payload: Any) -> Any:
    return lambda room: room.send(message_type, **payload)


def asks(*numbers: int, **changes: Any) -> Any:
    """Ask for video of the cameras with these places in the list; -1 is one of nowhere."""

    def ask(room: Room) -> Any:
        cameras = [10**9 if n < 0 else room.cameras[n] for n in numbers]
        said = {"purpose": "SCENE", "cameras": cameras, **ASKED[room.service]} | changes
        return room.send("STREAM_REQUEST", **said)

    return ask


def files(relation: str = "report", **changes: Any) -> Any:
    """Report to the room from the centre: the case where there is one, else a place."""

    def file(room: Room) -> Any:
        kind, _created = Kind.objects.get_or_create(
            service=room.service, code="X01", defaults={"name_ko": "신고", "name_en": "report"}
        )
        said: dict[str, Any] = {"text": "시장 앞", "place": Point(127.4, 36.4, srid=4326)} | changes
        if Incident.objects.filter(cases__external_id=CASE).exists():
            said |= {"incident": room.incident, "place": None}
        return file_report(link=room.link, by=room.haneul, kind=kind, relation=relation, **said)

    return file


def flees(room: Room) -> Any:
    return send_escape_route(incident=room.incident, by=room.haneul, bearing_deg=0, text="시장 쪽")


def takes_still(room: Room) -> Still:
    camera = Camera.objects.get(pk=room.cameras[0])
    picture = Picture(b"\xff\xd8 \xff\xd9", 640, 360, timezone.now())
    return stills.keep(picture=picture, incident=room.incident, camera=camera, by=room.haneul)


def sends_still(room: Room) -> Any:
    return stills.send(still=Still.objects.latest("pk"), by=room.haneul, text="검은 옷")


def attaches_still(room: Room) -> Any:
    return files(still=Still.objects.latest("pk"))(room)


def allows(room: Room) -> Any:
    return answers.allow(request=_asked(room), by=room.haneul)


def refuses(room: Room) -> Any:
    return answers.refuse(request=_asked(room), by=room.haneul, reason="현장과 무관")


def lets_lapse(room: Room) -> int:
    past = timezone.now() - timedelta(seconds=1)
    VideoRequest.objects.filter(pk=_asked(room).pk).update(answer_by=past)
    return answers.lapse_overdue()


def _asked(room: Room) -> VideoRequest:
    return VideoRequest.objects.filter(link=room.link, state="pending").earliest("pk")


def gives(*numbers: int, **changes: Any) -> Any:
    """Give video by a person's hand."""

    def give(room: Room) -> Any:
        ground = ASKED[room.service].get("ground", "")
        said = {"purpose": "SCENE", "ground": ground, "link_code": room.link.code} | changes
        cameras = [room.cameras[n] for n in numbers]
        return answers.give(incident=room.incident, cameras=cameras, by=room.haneul, **said)

    return give


def extends(room: Room) -> Any:
    grant = StreamGrant.objects.filter(link=room.link, ended_at=None).earliest("pk")
    return answers.extend(grant=grant, by=room.haneul, reason="추적 계속")


def acknowledges(room: Room) -> None:
    lifecycle.acknowledge(incident=room.incident, by=room.haneul)


def claims(room: Room) -> None:
    ownership.claim(incident=room.incident, by=room.haneul)


def releases(room: Room) -> None:
    ownership.release(incident=room.incident, by=room.haneul)


def offers(room: Room) -> None:
    ownership.offer(incident=room.incident, by=room.haneul, to=room.supervisor)


def takes_over(room: Room) -> None:
    ownership.take_over(incident=room.incident, by=room.supervisor, reason="교대")


def responds(room: Room) -> None:
    lifecycle.respond(incident=room.incident, by=room.haneul)


def moves(room: Room) -> None:
    place = Point(ELSEWHERE["lon"], ELSEWHERE["lat"], srid=4326)
    lifecycle.move(incident=room.incident, by=room.haneul, place=place)


def notes(room: Room) -> None:
    lifecycle.add_note(incident=room.incident, by=room.haneul, text="안에서만 보는 말")


def closes(room: Room) -> None:
    lifecycle.close(incident=room.incident, by=room.haneul, result="resolved")


def calls_false(room: Room) -> None:
    lifecycle.mark_false_alarm(incident=room.incident, by=room.haneul)


def cancels(room: Room) -> None:
    lifecycle.cancel(incident=room.incident, by=room.haneul, text="신고 철회")


def hands_over(room: Room) -> None:
    lifecycle.transfer(incident=room.incident, by=room.haneul, to="이웃시", reason="관할")


def reopens(room: Room) -> None:
    lifecycle.reopen(incident=room.incident, by=room.haneul, reason="다시 신고됨")


def publishes(room: Room) -> None:
    situation = Situation.objects.get(incident=room.incident)
    situations.publish(situation=situation, is_public=True, by=room.haneul)


def withdraws(room: Room) -> None:
    situation = Situation.objects.get(incident=room.incident)
    situations.publish(situation=situation, is_public=False, by=room.haneul)


def marks_duplicate(room: Room) -> None:
    kind = room.incident.kind
    original = lifecycle.open_incident(
        municipality=room.city,
        service=kind.service,
        kind=kind,
        place=room.incident.location,
        occurred_at=timezone.now(),
        by=room.haneul,
    )
    lifecycle.mark_duplicate(incident=room.incident, by=room.haneul, of=original)
