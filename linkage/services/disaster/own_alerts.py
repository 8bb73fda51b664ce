"""Our public situations as CAP alerts of edition R1: the first, its updates and its cancel."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from controlroom.env import DOMAIN
from controlroom.municipalities.models import Municipality
from linkage.cap import writing
from linkage.cap.alert import GEOCODE_R1, KR_R1, Alert, Area, Info, Reference
from linkage.models_cap import CapIssue
from linkage.models_disaster import CrisisLevel, Situation
from linkage.services.disaster import cap_pushes

EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>행정안전부0000000042</identifier>
  <sender>cap.example.go.kr</sender>
  <sent>2026-11-22T11:55:00+09:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <code>대한민국정부1.1</code>
  <info>
    <language>ko-KR</language>
    <category>Met</category>
    <event>호우</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <eventCode><valueName>event</valueName><value>HRA</value></eventCode>
    <headline>호우 경보</headline>
    <area>
      <areaDesc>한빛시</areaDesc>
      <geocode><valueName>KRDSTGeocode</valueName><value>9001000000</value></geocode>
    </area>
  </info>
</alert>
"""
SEVERITY = {1: "Minor", 2: "Moderate", 3: "Severe", 4: "Extreme"}
URGENCY = {1: "Future", 2: "Expected", 3: "Immediate", 4: "Immediate"}
VALID = timedelta(hours=24)
# A map draws no finer, and receivers take few corners.
_TOLERANCE_DEG = 0.0005


def sender(municipality: Municipality) -> str:
    """Give the domain in whose name the city speaks, as the profile asks (docs/settings.md)."""
    named: dict[str, str] = settings.CAP_SENDERS
    return named.get(municipality.code) or named.get("") or host_domain() or "127.0.0.1"


def host_domain() -> str:
    """Give the first served host name that is a domain; "" when there is none."""
    return next((host for host in settings.ALLOWED_HOSTS if DOMAIN.match(host)), "")


def next_identifier(municipality: Municipality) -> str:
    """Give a name never used before: the organisation's and ten digits, not always in a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('linkage_cap_serial')")
        (serial,) = cursor.fetchone()
    organisation = f"{municipality.province_ko}{municipality.name_ko}".replace(" ", "")
    return f"{organisation}{serial:010d}"


def issue(
    situation: Situation, *, is_over: bool = False, by: Any = None, agent: str = ""
) -> CapIssue | None:
    """Issue what the situation is now: an Alert first, an Update after, a Cancel at its end.

    A drill is an Exercise, which no public index shows. In the transaction of its fact the alert
    is owed to every link that it is routed to.
    """
    last = situation.issues.order_by("-pk").first()
    if is_over and (last is None or last.msg_type == "Cancel"):
        return None
    follows = last is not None and last.msg_type != "Cancel"
    kind = "Cancel" if is_over else "Update" if follows else "Alert"
    references = (Reference(last.sender, last.identifier, last.sent),) if last and follows else ()
    alert = _alert(situation, kind, references)
    issued: CapIssue = CapIssue.objects.create(
        municipality_id=situation.municipality_id,
        situation=situation,
        identifier=alert.identifier,
        sender=alert.sender,
        sent=alert.sent,
        status=alert.status,
        msg_type=kind,
        scope=alert.scope,
        title=alert.infos[0].headline[:200],
        expires=alert.sent + VALID,
        body=writing.to_xml(alert),
    )
    cap_pushes.push(issue=issued, alert=alert, by=by, agent=agent)
    return issued


def _alert(situation: Situation, kind: str, references: tuple[Reference, ...]) -> Alert:
    now = timezone.localtime().replace(microsecond=0)
    return Alert(
        identifier=next_identifier(situation.municipality),
        sender=sender(situation.municipality),
        sent=now,
        status="Exercise" if situation.incident.is_drill else "Actual",
        msg_type=kind,
        scope="Public",
        codes=(KR_R1,),
        note="훈련" if situation.incident.is_drill else "",
        references=references,
        infos=(_info(situation, now),),
    )


def _info(situation: Situation, now: datetime) -> Info:
    incident, city = situation.incident, situation.municipality
    level = str(CrisisLevel(situation.level).label)
    return Info(
        language="ko-KR",
        category=("Other",),
        event=incident.kind.name_ko,
        response_types=("Monitor",),
        urgency=URGENCY[situation.level],
        severity=SEVERITY[situation.level],
        certainty="Observed",
        event_codes=(("event", incident.kind.code),),
        effective=now,
        expires=now + VALID,
        sender_name=f"{city.province_ko} {city.name_ko}".strip(),
        headline=f"{city.name_ko} {incident.kind.name_ko} {level}",
        # What agencies wrote to the room is not for the public: only what the room says itself.
        instruction=situation.actions,
        areas=(_area(situation),),
    )


def _area(situation: Situation) -> Area:
    city = situation.municipality
    rings = []
    for part in situation.area or ():
        simple: Any = part.simplify(_TOLERANCE_DEG, preserve_topology=True)
        rings.append(tuple((x, y) for x, y, *_z in simple.exterior_ring.coords))
    code = f"{city.code:0<10}"[:10]
    return Area(
        description=", ".join(situation.area_names) or city.name_ko,
        rings=tuple(rings),
        geocodes=((GEOCODE_R1, code),),
    )
