"""The console's view of a disaster situation, and what a person does to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid, OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from incidents.models import Incident
from linkage.models_disaster import OnwardNotice, Situation
from linkage.services.disaster import alert_list, by_hand, facet, geometry, situations, text_areas


def _incident(request: Request, code: str, incident_id: UUID, right: Right) -> Incident:
    """Raises: OutOfScope, NotAllowed."""
    municipality = municipality_for(request.user, code, right)
    incident: Incident | None = (
        Incident.objects.visible_to(request.user)
        .filter(municipality=municipality, pk=incident_id)
        .first()
    )
    if incident is None:
        raise OutOfScope(_("no such incident"))
    return incident


def _situation(incident: Incident) -> Situation:
    """Raises: OutOfScope."""
    found: Situation | None = Situation.objects.filter(incident=incident).first()
    if found is None:
        raise OutOfScope(_("this incident is no disaster situation"))
    return found


@api_view(["GET"])
def disaster(request: Request, code: str, incident_id: UUID) -> Response:
    """Give the situation whole, and the alerts behind it."""
    incident = _incident(request, code, incident_id, Right.OPERATIONS_VIEW)
    return Response(facet.facet(incident=incident, user=request.user))


@api_view(["GET"])
def standing(request: Request, code: str) -> Response:
    """Give the areas of the situations that go on, and of text messages: the map's layer."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    return Response(
        {
            "situations": facet.standing(municipality=municipality, user=request.user),
            **text_areas.standing(municipality=municipality, user=request.user),
        }
    )


@api_view(["GET"])
def area_cameras(request: Request, code: str, incident_id: UUID) -> Response:
    """Give the cameras of the area that the text message behind an incident speaks of."""
    incident = _incident(request, code, incident_id, Right.OPERATIONS_VIEW)
    return Response(text_areas.cameras(incident=incident))


Change = Callable[[Situation, dict[str, Any], Any], Any]


def _level(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.set_level(situation=row, level=_number(said, "level"), by=by)


def _cycle(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.set_cycle(situation=row, every_min=_number(said, "every_min"), by=by)


def _report(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.report(
        situation=row,
        text=_text(said, "text"),
        casualties=_text(said, "casualties"),
        actions=_text(said, "actions"),
        by=by,
    )


def _area(row: Situation, said: dict[str, Any], by: Any) -> None:
    if "radius_m" in said:
        by_hand.set_circle(situation=row, radius_m=_number(said, "radius_m"), by=by)
        return
    drawn = said.get("area")
    if not isinstance(drawn, dict) or not {"type", "coordinates"} <= set(drawn):
        raise Invalid(
            _("the area is not a polygon"), fields={"area": [_("This field is required.")]}
        )
    area = geometry.of_geojson(drawn)
    if area is None:
        raise Invalid(
            _("the area is not a polygon"), fields={"area": [_("its corners enclose no area")]}
        )
    situations.set_area(situation=row, area=area, by=by)


def _publish(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.publish(situation=row, is_public=said.get("is_public") is True, by=by)


def _end(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.end(situation=row, by=by, text=_text(said, "text"))


def _add_notice(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.add_notice(
        situation=row,
        whom=_text(said, "whom"),
        channel=_text(said, "channel"),
        number=_text(said, "number"),
        by=by,
    )


def _told(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.mark_told(notice=_notice(row, said), by=by)


def _acknowledged(row: Situation, said: dict[str, Any], by: Any) -> None:
    situations.mark_acknowledged(notice=_notice(row, said), name=_text(said, "name"), by=by)


CHANGES: dict[str, Change] = {
    "level": _level,
    "cycle": _cycle,
    "report": _report,
    "area": _area,
    "publish": _publish,
    "end": _end,
    "notice": _add_notice,
    "told": _told,
    "told-acknowledged": _acknowledged,
}


@api_view(["POST"])
def change(request: Request, code: str, incident_id: UUID, verb: str) -> Response:
    """Do one verb to the situation and give it as it is then."""
    incident = _incident(request, code, incident_id, Right.INCIDENT_WORK)
    said: Any = request.data
    if not isinstance(said, dict):
        raise Invalid(_("the body must be a JSON object"))
    if verb == "declare":
        radius_m = _number(said, "radius_m") if "radius_m" in said else None
        declared = by_hand.declare(
            incident=incident, level=_number(said, "level"), radius_m=radius_m, by=request.user
        )
        return Response({"situation": facet.whole(declared)}, status=201)
    act = CHANGES.get(verb)
    if act is None:
        raise OutOfScope(_("no such address"))
    row = _situation(incident)
    act(row, said, request.user)
    row.refresh_from_db()
    return Response({"situation": facet.whole(row)})


@api_view(["GET"])
def cap_alerts(request: Request, code: str) -> Response:
    """Give the alerts taken in, also those that concern others, and our own: newest first.

    `before` (the time of a row) goes on to the older ones; the first page also tells of a day's
    refusals.
    """
    city = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    before = _time(request.query_params.get("before", ""))
    found = alert_list.page(city=city, user=request.user, before=before)
    if before is None:
        found["refused"] = alert_list.refused(city=city)
    return Response(found)


@api_view(["GET"])
def cap_alert(request: Request, code: str, direction: str, number: int) -> Response:
    """Give one alert whole: its texts, its areas as a map draws them, and the answers to it."""
    city = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    found = alert_list.whole(city=city, user=request.user, direction=direction, number=number)
    if found is None:
        raise OutOfScope(_("no such alert"))
    return Response({"alert": found})


def _time(text: str) -> datetime | None:
    """Raises: Invalid."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid(_("a time is needed"), fields={"before": [_("must be a time")]})
    return found


def _notice(row: Situation, said: dict[str, Any]) -> OnwardNotice:
    """Raises: OutOfScope."""
    found = row.notices.filter(pk=_number(said, "notice")).first()
    if found is None:
        raise OutOfScope(_("no such line on the checklist"))
    return found


def _text(said: dict[str, Any], name: str) -> str:
    """Raises: Invalid."""
    value = said.get(name, "")
    if not isinstance(value, str):
        raise Invalid(_("a text is needed"), fields={name: [_("must be a text")]})
    return value


def _number(said: dict[str, Any], name: str) -> int:
    """Raises: Invalid."""
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**31:
        raise Invalid(_("a number is needed"), fields={name: [_("must be a whole number")]})
    return value
