"""Whose case is it, on a link that serves several municipalities.

The link itself has one keeper: its settings, its credentials and its pauses. Each city it serves
has its own cases and messages on it, and sees no other's.
"""

from collections.abc import Iterable
from copy import copy
from typing import Any

from django.contrib.gis.geos import Point

from controlroom.municipalities.models import Municipality
from incidents.choices import Service
from linkage.models import Case, FiledReport, Link
from linkage.services.city import bells
from linkage.services.disaster import routes
from linkage.wire import Message


def members(link: Link) -> Any:
    """Give the municipalities that the link serves, in the order in which they are locked."""
    return Municipality.objects.filter(pk__in=link.serving_ids()).order_by("pk")


def named(link: Link, code: str) -> Municipality | None:
    """Find the member that a municipality code means, of today or replaced."""
    found: Municipality | None = members(link).by_code(code).first()
    return found


def concerned(link: Link, document: dict[str, Any], message: Message) -> list[Link]:
    """Give the link as each city sees it that the message concerns, in the order of the cities.

    A case that is known stays with the cities that have it; one of them may be named. A report
    goes to the city that the envelope names, else to every city that its area reaches, else to
    the one whose bell it names or that lies around its place. What is placed nowhere goes to the
    keeper, never astray.
    """
    if link.region_id is None:
        return [link]
    code = document.get("municipality_code")
    chosen = named(link, code) if code else None
    cities = {city.pk: city for city in _of_case(link, message)}
    if chosen is not None:
        cities = {chosen.pk: chosen} if chosen.pk in cities or not cities else cities
    else:
        cities |= {city.pk: city for city in _reached(link, message)}
    if not cities and (found := _of_bell(link, message) or _around(link, message)):
        cities = {found.pk: found}
    return as_seen_by(link, cities.values()) or [link]


def as_seen_by(link: Link, cities: Iterable[Municipality]) -> list[Link]:
    """Give the link as each of these cities sees it, in the order of the cities."""
    return [seen_by(link, city) for city in sorted(cities, key=lambda one: one.pk)]


def seen_by(link: Link, municipality: Municipality) -> Link:
    """Give a copy that belongs to this city, for handlers and views; it is never saved."""
    if municipality.pk == link.municipality_id:
        return link
    seen = copy(link)
    seen.municipality = municipality
    return seen


def _of_case(link: Link, message: Message) -> list[Municipality]:
    """Find who has the case, or who reported what this message gives a case number to."""
    cases = Case.objects.filter(link=link, external_id=message.case_number)
    known = [case.municipality for case in cases.select_related("municipality")]
    number = message.payload.get("report_no")
    if known or not number:
        return known
    reports = FiledReport.objects.filter(link=link, uid=number).select_related("municipality")
    return [report.municipality for report in reports]


def _reached(link: Link, message: Message) -> list[Municipality]:
    if link.service != Service.DISASTER:
        return []
    return routes.reached(members(link), message.payload)


def _of_bell(link: Link, message: Message) -> Municipality | None:
    """Find the one city in whose register the bell stands."""
    bell = message.payload.get("bell_id")
    if link.service != Service.CITY or not bell:
        return None
    cities = [city for city in members(link) if bells.find(municipality=city, named=bell)]
    return cities[0] if len(cities) == 1 else None


def _around(link: Link, message: Message) -> Municipality | None:
    place = message.payload.get("place")
    if not isinstance(place, dict) or not {"lon", "lat"} <= set(place):
        return None
    point = Point(place["lon"], place["lat"], srid=4326)
    found: Municipality | None = members(link).containing(point).first()
    return found
