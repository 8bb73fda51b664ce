"""The CAP alerts of a city for its console: taken in and our own, newest first, each with its fate.

A row says in one word what became of the alert; its texts, areas and answers come with one alert.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from controlroom.municipalities.models import Municipality
from incidents.choices import Service
from incidents.features import moment
from linkage import refusals
from linkage.cap import reading
from linkage.choices import InboxResult
from linkage.models import Link
from linkage.models_cap import CapAlert, CapIssue, CapRoute
from linkage.services.disaster import facet, geometry

PAGE = 50
_CITY_TOLERANCE_DEG = 0.001
_REFUSALS = "cap_"
IN, OUT = "in", "out"


def page(*, city: Municipality, user: Any, before: datetime | None = None) -> dict[str, Any]:
    """Give a page of rows; `before` (the time of a row) gives that moment again, and what is older.

    So rows of one moment are never lost between two pages; who asks tells them apart by their id.
    """
    taken = _taken(city, user)
    issued = _issued(city, user)
    if before is not None:
        taken, issued = taken.filter(received_at__lte=before), issued.filter(sent__lte=before)
    now = timezone.now()
    rows = [
        *((row.received_at, _in_row(row)) for row in taken.order_by("-received_at")[: PAGE + 1]),
        *((row.sent, _out_row(row, now)) for row in issued.order_by("-sent", "-pk")[: PAGE + 1]),
    ]
    rows.sort(key=lambda pair: pair[0], reverse=True)
    return {"alerts": [row for _at, row in rows[:PAGE]], "has_more": len(rows) > PAGE}


def whole(*, city: Municipality, user: Any, direction: str, number: int) -> dict[str, Any] | None:
    """Give one alert with its texts, its areas and what was answered; None when there is none."""
    if direction == IN:
        alert = _taken(city, user).filter(pk=number).first()
        return _whole_in(alert, city, user) if alert else None
    issue = facet.with_answers(_issued(city, user)).filter(pk=number).first()
    return _whole_out(issue, city) if issue else None


def refused(*, city: Municipality) -> list[dict[str, Any]]:
    """Give what was refused as an alert within a day: nothing is kept but how often, and why."""
    links = Link.objects.serving(city).filter(service=Service.DISASTER).select_related("agency")
    named = {link.pk: str(link.agency) for link in links}
    found = refusals.of_links(links)
    return [
        {"link": name, **one}
        for link_id, name in named.items()
        for one in refusals.as_json(found.get(link_id, ()))
        if one["code"].startswith(_REFUSALS)
    ]


def _taken(city: Municipality, user: Any) -> Any:
    rows = CapAlert.objects.visible_to(user).filter(municipality=city)
    return rows.select_related("message", "link__agency")


def _issued(city: Municipality, user: Any) -> Any:
    rows = CapIssue.objects.visible_to(user).filter(municipality=city)
    later = CapIssue.objects.filter(situation=OuterRef("situation"), pk__gt=OuterRef("pk"))
    return rows.annotate(is_followed=Exists(later)).select_related("situation")


def state_in(row: CapAlert) -> str:
    """Say in one word what became of an alert that was taken in."""
    if row.msg_type in {"Ack", "Error"}:
        return "unmatched" if row.message.result == InboxResult.UNCHANGED else "reply"
    if row.message.result == InboxResult.FILED:
        return "waiting"
    if row.message.result == InboxResult.STALE:
        return "stale"
    if row.route == CapRoute.OURS and row.msg_type != "Cancel" and row.incident_id is None:
        # It had expired when it came: kept, and nothing was opened by it.
        return "came_late"
    return str(row.route)


def state_out(row: CapIssue, now: datetime) -> str:
    if getattr(row, "is_followed", False):
        return "followed"
    if row.msg_type == "Cancel":
        return "over"
    return "expired" if row.expires < now else "in_force"


def _in_row(row: CapAlert) -> dict[str, Any]:
    info = row.infos[0] if row.infos else {}
    return {
        "id": f"{IN}/{row.pk}",
        "at": moment(row.received_at),
        "identifier": row.identifier,
        "sender": row.sender,
        "sender_name": info.get("sender_name", ""),
        "link": str(row.link.agency),
        "sent": moment(row.sent),
        "expires": moment(row.expires),
        "status": row.status,
        "msg_type": row.msg_type,
        "scope": row.scope,
        "headline": info.get("headline") or info.get("event", "") or row.note,
        "area_names": [area["description"] for area in row.areas],
        "state": state_in(row),
        "incident": str(row.incident_id) if row.incident_id else None,
    }


def _out_row(row: CapIssue, now: datetime) -> dict[str, Any]:
    return {
        "id": f"{OUT}/{row.pk}",
        "at": moment(row.sent),
        "identifier": row.identifier,
        "sender": row.sender,
        "sender_name": "",
        "link": "",
        "sent": moment(row.sent),
        "expires": moment(row.expires),
        "status": row.status,
        "msg_type": row.msg_type,
        "scope": row.scope,
        "headline": row.title,
        "area_names": row.situation.area_names,
        "state": state_out(row, now),
        "incident": str(row.situation.incident_id),
    }


def _whole_in(row: CapAlert, city: Municipality, user: Any) -> dict[str, Any]:
    rings = [ring for area in row.areas for ring in area["rings"]]
    # Words without a drawing that name this city mean the city, as far as a map can tell.
    means_city = not rings and row.areas and row.route == CapRoute.OURS
    replied = row.replied.filter(municipality=city)
    return {
        **_in_row(row),
        "infos": row.infos,
        "note": row.note,
        "references": row.references,
        "answers": list(replied.values_list("identifier", flat=True)),
        "pushes": [],
        "replies": [facet.reply_item(one) for one in _replies_to(row, city, user)],
        "is_whole_city": bool(means_city),
        "area": _city_area(city) if means_city else geometry.drawn(geometry.of_rings(rings)),
    }


def _replies_to(row: CapAlert, city: Municipality, user: Any) -> list[CapAlert]:
    """Give what others have answered to another office's alert, as far as it came here."""
    named = f"{row.sender},{row.identifier},"
    rows = CapAlert.objects.visible_to(user).filter(
        municipality=city, msg_type__in=["Ack", "Error"], sent__gte=row.sent
    )
    newest = rows.filter(link=row.link).order_by("-pk")[:PAGE]
    return [one for one in newest if any(ref.startswith(named) for ref in one.references)]


def _whole_out(row: CapIssue, city: Municipality) -> dict[str, Any]:
    (alert,) = reading.read(bytes(row.body), now=row.sent)
    area = geometry.of_rings(ring for one in alert.areas for ring in one.rings)
    return {
        **_out_row(row, timezone.now()),
        "infos": [
            {
                "language": info.language,
                "event": info.event,
                "headline": info.headline,
                "description": info.description,
                "instruction": info.instruction,
                "severity": info.severity,
                "sender_name": info.sender_name,
            }
            for info in alert.infos
        ],
        "area_names": [one.description for one in alert.areas],
        "note": alert.note,
        "references": [str(one) for one in alert.references],
        "answers": [],
        **facet.answers(row),
        "is_whole_city": area is None,
        "area": geometry.drawn(area) if area else _city_area(city),
    }


def _city_area(city: Municipality) -> dict[str, Any] | None:
    return geometry.drawn(city.boundary, _CITY_TOLERANCE_DEG)
