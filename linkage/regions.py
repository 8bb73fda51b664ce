"""Whose case is it, on a link that serves several municipalities."""

from copy import copy
from typing import Any

from django.contrib.gis.geos import Point

from controlroom.municipalities.models import Municipality
from linkage.models import Case, Link
from linkage.wire import Message


def members(link: Link) -> Any:
    """Give the municipalities that the link serves, the keeper of the link first."""
    return Municipality.objects.filter(pk__in=link.serving_ids())


def named(link: Link, code: str) -> Municipality | None:
    """Find the member that a municipality code means, of today or replaced."""
    found: Municipality | None = members(link).by_code(code).first()
    return found


def addressed(link: Link, document: dict[str, Any], message: Message) -> Link:
    """Give the link as the municipality sees it whose case the message is about.

    In this order: the case is known, the envelope names a member, its place lies in a member's
    boundary; what is placed nowhere goes to the municipality that keeps the link, never astray.
    """
    if link.region_id is None:
        return link
    owner = (
        _of_case(link, message.case_number)
        or (named(link, code) if (code := document.get("municipality_code")) else None)
        or _around(link, message.payload.get("place"))
    )
    return seen_by(link, owner) if owner else link


def seen_by(link: Link, municipality: Municipality) -> Link:
    """Give a copy that belongs to this member, for the handlers; it is never saved."""
    if municipality.pk == link.municipality_id:
        return link
    seen = copy(link)
    seen.municipality = municipality
    return seen


def _of_case(link: Link, case_number: str) -> Municipality | None:
    case = Case.objects.filter(link=link, external_id=case_number).select_related("municipality")
    known = case.first()
    return known.municipality if known else None


def _around(link: Link, place: Any) -> Municipality | None:
    if not isinstance(place, dict) or not {"lon", "lat"} <= set(place):
        return None
    point = Point(place["lon"], place["lat"], srid=4326)
    found: Municipality | None = members(link).containing(point).order_by("pk").first()
    return found
