"""Where in a city a text message is: the parts that it names, or the whole city; never a point."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.gis.geos import MultiPolygon
from django.utils.translation import gettext as _

from controlroom.errors import OutOfScope
from controlroom.municipalities import parts
from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from incidents.statuses import OPEN
from linkage.models_messages import DisasterMessage, DisasterMessagePlace
from linkage.services.disaster import geometry, situations

# A whole city is drawn from afar: about fifty metres are fine enough.
CITY_TOLERANCE_DEG = 0.0005
AT_MOST = 100
_EVERYWHERE = re.compile(r"전역|전\s?지역|관내\s?전|\d+개\s?(?:읍|면|동)")
# 화명1동, 화명제2동: a text says 화명동.
_NUMBERED = re.compile(r"제?\d+(?:[·.,]\d+)*(?=동$)")
_SEEN = "\0"
_PART = r"[가-힣][가-힣0-9]{1,7}(?:읍|면|동)(?![가-힣])"
_BESIDE_UNKNOWN = re.compile(rf"{_SEEN}\s*[,·/]\s*{_PART}|{_PART}\s*[,·/]\s*{_SEEN}")


def named_in(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Give the known parts that the text names; none when it means more than those.

    A list that also names a part whose boundary is unknown gives none: the whole city is shown
    rather than an area that leaves out somebody concerned.
    """
    if _EVERYWHERE.search(text):
        return ()
    meant: dict[str, set[str]] = defaultdict(set)
    for name in known:
        meant[name].add(name)
        meant[_NUMBERED.sub("", name)].add(name)
    found: set[str] = set()
    for word in sorted(meant, key=len, reverse=True):
        text, times = re.subn(rf"(?<![가-힣]){re.escape(word)}", _SEEN, text)
        if times:
            found |= meant[word]
    return () if _BESIDE_UNKNOWN.search(text) else tuple(sorted(found))


def parts_of(
    message: DisasterMessage, municipality: Municipality, known: Collection[str] | None = None
) -> tuple[str, ...]:
    """Name the parts of the city that it speaks of, of these or of all; none is the whole city.

    A message that landed on several cities may name parts of the others: 중앙동 is everywhere.
    """
    if {place.code for place in message.places.all()} != {municipality.code}:
        return ()
    return named_in(message.text, parts.names_of(municipality.pk) if known is None else known)


def area_of(message: DisasterMessage, municipality: Municipality) -> MultiPolygon | None:
    """Give the area of the named parts or of the city; None while no boundary is known."""
    names = parts_of(message, municipality)
    found = parts.area_of(municipality.pk, names) if names else None
    return found or municipality.boundary


def said_of(incident: Incident) -> dict[str, Any] | None:
    """Say of which area the message behind an incident without a place speaks."""
    if incident.location is not None:
        return None
    place = DisasterMessagePlace.objects.filter(incident=incident).select_related("message").first()
    if place is None:
        return None
    names = parts_of(place.message, incident.municipality)
    return {"names": list(names), "city": incident.municipality.name}


def standing(*, municipality: Municipality, user: Any) -> dict[str, Any]:
    """Give the open incidents of text messages that have no place, with their areas for the map.

    The city itself is given once: a text without an area of its own means it. A situation's area
    takes the place of the text's.
    """
    places = (
        DisasterMessagePlace.objects.visible_to(user)
        .filter(
            municipality=municipality,
            incident__status__in=OPEN,
            incident__location__isnull=True,
        )
        .exclude(incident__situation__ended_at=None, incident__situation__area__isnull=False)
        .select_related("message", "incident__kind")
        .prefetch_related("message__places")
        .order_by("-incident__priority", "pk")[:AT_MOST]
    )
    known = parts.names_of(municipality.pk) if places else set()
    texts = [_text(place, municipality, known) for place in places]
    whole = any(text["area"] is None for text in texts)
    boundary = municipality.boundary if whole else None
    return {"texts": texts, "city_area": geometry.drawn(boundary, CITY_TOLERANCE_DEG)}


def _text(
    place: DisasterMessagePlace, municipality: Municipality, known: Collection[str]
) -> dict[str, Any]:
    incident: Any = place.incident
    names = parts_of(place.message, municipality, known)
    area = parts.area_of(municipality.pk, names) if names else None
    return {
        "incident": str(incident.pk),
        "kind": {"name_ko": incident.kind.name_ko, "name_en": incident.kind.name_en},
        "priority": incident.priority,
        "is_drill": incident.is_drill,
        "area_names": list(names),
        "area": geometry.drawn(area),
    }


def cameras(*, incident: Incident) -> dict[str, Any]:
    """Choose the cameras inside the area that the message speaks of, and say whether it is all.

    Raises: OutOfScope when no text message is behind the incident.
    """
    place = DisasterMessagePlace.objects.filter(incident=incident).select_related("message").first()
    if place is None:
        raise OutOfScope(_("no text message is behind this incident"))
    area = area_of(place.message, incident.municipality)
    group = situations.camera_group(incident.municipality, area) if area else []
    return {"cameras": group, "are_all": len(group) < situations.CAMERAS_AT_MOST}
