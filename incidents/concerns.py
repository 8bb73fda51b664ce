"""What lies around a scene, nearest first, each with the age of what is known of it."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.municipalities.models import Municipality
from incidents.models import SiteOfConcern
from incidents.models_concerns import ConcernKind

RADIUS_M = 500.0
OF_EACH_KIND = 8
# Older than this a list no longer tells what is there. Cars are gone by tomorrow.
STALE_AFTER_DAYS = {
    ConcernKind.HYDRANT: 365,
    ConcernKind.HAZARD: 180,
    ConcernKind.NARROW: 730,
    ConcernKind.PARKED: 1,
    ConcernKind.GATE: 365,
}
COLUMNS = ("kind", "ref", "name", "lon", "lat", "detail", "source", "data_date")
_PHONE = re.compile(r"\b(0\d{1,2})[-. ]?\d{3,4}[-. ]?(\d{4})\b")


@dataclass
class Imported:
    taken: int = 0
    masked: int = 0
    # Line of the file -> why it was left out.
    refused: dict[int, str] = field(default_factory=dict)


def near(
    *, user: Any, municipality: Municipality, place: Point, radius_m: float = RADIUS_M
) -> list[dict[str, Any]]:
    """Give the nearest of each kind around the place, nearest first over all."""
    around = (
        SiteOfConcern.objects.visible_to(user)
        .filter(municipality=municipality, location__dwithin=(place, radius_m))
        .annotate(far=Distance("location", place))
        .order_by("far", "pk")
    )
    found = [row for kind in ConcernKind for row in around.filter(kind=kind)[:OF_EACH_KIND]]
    today = timezone.localdate()
    return [_as_json(row, today) for row in sorted(found, key=lambda row: (row.far.m, row.pk))]


def _as_json(row: Any, today: date) -> dict[str, Any]:
    age = (today - row.data_date).days if row.data_date else None
    return {
        "id": row.pk,
        "kind": row.kind,
        "kind_name": row.get_kind_display(),
        "name": row.name,
        "detail": row.detail,
        "lon": row.location.x,
        "lat": row.location.y,
        "distance_m": round(row.far.m),
        "source": row.source,
        "data_date": row.data_date.isoformat() if row.data_date else None,
        "age_days": age,
        "is_stale": is_stale(row.kind, age),
    }


def is_stale(kind: str, age_days: int | None) -> bool:
    return age_days is None or age_days > STALE_AFTER_DAYS[ConcernKind(kind)]


@transaction.atomic
def import_rows(*, municipality: Municipality, lines: Iterable[str], source: str = "") -> Imported:
    """Take in CSV rows (kind, ref, name, lon, lat, detail, source, data_date) by kind and ref.

    A telephone number in a text is masked: whoever parked somewhere is nobody's list.
    """
    done = Imported()
    reading = csv.DictReader(lines)
    for row in reading:
        try:
            fields = _fields(row, source)
        except ValueError as why:
            done.refused[reading.line_num] = str(why)
            continue
        detail, masked = _PHONE.subn(r"\1-****-\2", fields["detail"])
        done.masked += masked
        named = {name: fields.pop(name) for name in ("kind", "ref")}
        SiteOfConcern.objects.update_or_create(
            municipality=municipality, **named, defaults=fields | {"detail": detail}
        )
        done.taken += 1
    return done


def _fields(row: dict[str, Any], source: str) -> dict[str, Any]:
    """Raises: ValueError in words."""
    said = {name: (row.get(name) or "").replace("\x00", "").strip() for name in COLUMNS}
    said["source"] = said["source"] or source
    if missing := [name for name in ("ref", "name", "source") if not said[name]]:
        raise ValueError(_("%(names)s missing") % {"names": ", ".join(missing)})
    if said["kind"] not in ConcernKind.values:
        raise ValueError(_("unknown kind: %(kind)s") % {"kind": said["kind"]})
    try:
        lon, lat = float(said.pop("lon")), float(said.pop("lat"))
        data_date = date.fromisoformat(said["data_date"]) if said["data_date"] else None
    except ValueError:
        raise ValueError(_("a coordinate or the date is not readable")) from None
    if not (124 <= lon <= 132 and 33 <= lat <= 39):
        raise ValueError(_("the place is not in Korea"))
    limits = {"ref": 60, "name": 120, "detail": 500, "source": 120}
    if long := [name for name, most in limits.items() if len(said[name]) > most]:
        raise ValueError(_("too long: %(names)s") % {"names": ", ".join(long)})
    return {**said, "location": Point(lon, lat, srid=4326), "data_date": data_date}
