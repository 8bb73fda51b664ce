"""Take municipalities with their boundaries and codes from a GeoJSON of any property names."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.contrib.gis.gdal.error import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiPolygon, Polygon
from django.db import transaction
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from controlroom.municipalities import successors
from controlroom.municipalities.choices import CodeScheme
from controlroom.municipalities.models import Municipality, MunicipalityCode

# Which property holds what, by the names that Korean boundary files use; the first that is
# there counts. Newer codes come before older ones.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "code": ("mois5_2025", "code", "sgg_cd", "sig_cd", "SIG_CD", "SIGUNGU_CD", "SGG_CD", "sgg"),
    "old_code": ("mois5_2022", "old_code"),
    "name": ("sgg_nm", "SGGNM", "sggnm", "SIG_KOR_NM", "SIGUNGU_NM", "name_ko", "name", "sgg"),
    "name_en": ("SIG_ENG_NM", "name_en"),
    "province": ("SIDONM", "sidonm", "sido_nm", "CTP_KOR_NM", "province", "sido"),
    "organisation": ("org7", "organisation_code", "organisation"),
}
REQUIRED = ("code", "name")
# Longitude and latitude of Korea with its farthest islands.
BOX = (123.0, 32.0, 133.0, 39.5)


@dataclass(frozen=True, slots=True)
class Summary:
    created: int
    updated: int
    codes: int


@dataclass(frozen=True, slots=True)
class Area:
    """One feature, read."""

    code: str
    old_code: str
    name: str
    name_en: str
    province: str
    organisations: tuple[str, ...]
    boundary: MultiPolygon


def import_boundaries(
    path: Path, *, mapping: Mapping[str, str] | None = None, organisations: Path | None = None
) -> Summary:
    """Create or update a municipality per feature: all of the file or, on any error, nothing.

    Raises: Invalid naming each offending feature and property.
    """
    features = _features(path)
    chosen = _choose(features, mapping or {})
    by_code = _organisations(organisations) if organisations else {}
    areas: dict[str, Area] = {}
    problems: list[str] = []
    for index, feature in enumerate(features, start=1):
        try:
            area = _area(feature, chosen, by_code)
        except _FeatureError as error:
            problems.append(_say(index, feature, chosen, str(error)))
            continue
        if area.code in areas:
            problems.append(
                _say(index, feature, chosen, _("code %(code)s twice") % {"code": area.code})
            )
        areas[area.code] = area
    if problems:
        raise Invalid("; ".join(problems[:10]), fields={"features": list(problems)})
    return _write(areas.values())


class _FeatureError(ValueError):
    pass


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Invalid(_("not a GeoJSON file: %(error)s") % {"error": error}) from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        raise Invalid(_("the file is not a GeoJSON FeatureCollection with features"))
    return features


def _choose(features: list[dict[str, Any]], mapping: Mapping[str, str]) -> dict[str, str]:
    """Settle the property for each field: as told, else by its usual names."""
    present: set[str] = set()
    for feature in features:
        present |= set(feature.get("properties") or {})
    chosen: dict[str, str] = {}
    for field, names in ALIASES.items():
        told = mapping.get(field, "")
        if told and told not in present:
            raise Invalid(
                _("no feature has the property “%(name)s” (there are: %(present)s)")
                % {"name": told, "present": ", ".join(sorted(present))}
            )
        found = told or next((name for name in names if _fits(field, name, features)), "")
        if found:
            chosen[field] = found
        elif field in REQUIRED:
            raise Invalid(
                _("say which property holds the %(field)s (there are: %(present)s)")
                % {"field": field, "present": ", ".join(sorted(present))}
            )
    return chosen


def _fits(field: str, name: str, features: list[dict[str, Any]]) -> bool:
    """Files call the code and the name alike (sgg): what stands there tells them apart."""
    values = [(feature.get("properties") or {}).get(name) for feature in features[:20]]
    texts = [str(value).strip() for value in values if value not in {None, ""}]
    # One bad value must not hide the property: the feature that holds it is named later.
    digits = 2 * sum(text.isdecimal() for text in texts) >= max(len(texts), 1)
    return digits if field in {"code", "old_code"} else bool(texts) and not digits


def _area(
    feature: dict[str, Any], chosen: Mapping[str, str], by_code: Mapping[str, tuple[str, ...]]
) -> Area:
    properties = feature.get("properties") or {}

    def value(field: str) -> str:
        return str(properties.get(chosen.get(field, ""), "") or "").strip()

    stated = value("code")
    if not (stated.isascii() and stated.isdecimal() and 2 <= len(stated) <= 10):
        raise _FeatureError(
            _("property “%(name)s” holds “%(value)s”, not a code of 2 to 10 digits")
            % {"name": chosen["code"], "value": stated}
        )
    if not value("name"):
        raise _FeatureError(_("property “%(name)s” is empty") % {"name": chosen["name"]})
    code = successors.today(stated)
    old = value("old_code") or stated
    return Area(
        code=code,
        old_code=old if old != code else "",
        name=value("name"),
        name_en=value("name_en"),
        province=successors.PROVINCES.get(code[:2], (value("province"), ""))[0],
        organisations=by_code.get(code) or _split(value("organisation")),
        boundary=_boundary(feature.get("geometry")),
    )


def _boundary(geometry: Any) -> MultiPolygon:
    if not isinstance(geometry, dict):
        raise _FeatureError(_("it has no geometry"))
    try:
        shape = GEOSGeometry(json.dumps(geometry), srid=4326)
        if not shape.valid:
            shape = shape.make_valid()
        polygons = list(_polygons(shape))
    except (GEOSException, GDALException, ValueError, TypeError) as error:
        raise _FeatureError(
            _("its geometry cannot be read: %(error)s") % {"error": error}
        ) from error
    if not polygons:
        raise _FeatureError(_("its geometry is not a polygon"))
    boundary = MultiPolygon(polygons, srid=4326)
    west, south, east, north = boundary.extent
    if not (BOX[0] <= west <= east <= BOX[2] and BOX[1] <= south <= north <= BOX[3]):
        raise _FeatureError(
            _("its coordinates are not longitude and latitude in Korea (WGS84): %(extent)s")
            % {"extent": ", ".join(f"{number:.1f}" for number in boundary.extent)}
        )
    return boundary


def _polygons(shape: GEOSGeometry) -> Iterable[Polygon]:
    if isinstance(shape, Polygon):
        yield shape
    elif shape.num_geom > 1 or shape.geom_type.startswith(("Multi", "Geometry")):
        for part in shape:  # type: ignore[attr-defined]  # collections iterate
            yield from _polygons(part)


def _say(index: int, feature: Any, chosen: Mapping[str, str], problem: str) -> str:
    name = (feature.get("properties") or {}).get(chosen["name"], "")
    return _("feature %(index)s (%(name)s): %(problem)s") % {
        "index": index,
        "name": name or "?",
        "problem": problem,
    }


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _organisations(path: Path) -> dict[str, tuple[str, ...]]:
    """Read 7-digit organisation codes by administrative code from a CSV with a header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = rows[0].keys() if rows else ()
    code = next((name for name in ALIASES["code"] if name in names), "")
    organisation = next((name for name in ALIASES["organisation"] if name in names), "")
    if not code or not organisation:
        raise Invalid(_("the file of organisation codes needs the columns code and org7"))
    found: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(rows, start=2):
        codes = _split(row[organisation] or "")
        if any(len(one) != 7 or not one.isdecimal() for one in codes):
            raise Invalid(
                _("organisation codes, line %(line)s: “%(value)s” is not a 7-digit code")
                % {"line": number, "value": row[organisation]}
            )
        found[successors.today(row[code])] = codes
    return found


@transaction.atomic
def _write(areas: Iterable[Area]) -> Summary:
    created = updated = codes = 0
    for area in areas:
        largest = max(area.boundary, key=lambda part: part.area)
        values: dict[str, Any] = {
            "name_ko": area.name,
            "province_ko": area.province,
            "province_en": successors.PROVINCES.get(area.code[:2], ("", ""))[1],
            "boundary": area.boundary,
            "centre": largest.point_on_surface,
        }
        if area.name_en:
            values["name_en"] = area.name_en
        if area.organisations:
            values["organisation_code"] = area.organisations[0]
        municipality, new = Municipality.objects.update_or_create(code=area.code, defaults=values)
        created, updated = created + new, updated + (not new)
        codes += _write_codes(municipality, area)
    return Summary(created, updated, codes)


def _write_codes(municipality: Municipality, area: Area) -> int:
    change = successors.before(area.code)
    began = change.on if change else None
    _code(municipality, area.code, began, None, name=area.name)
    written = 1
    old = area.old_code or (change.old if change else "")
    if old and old != area.code:
        ended = began - timedelta(days=1) if began else None
        _code(municipality, old, None, ended, name=area.name, successor=area.code)
        written += 1
    for code in area.organisations:
        _code(municipality, code, None, None, scheme=CodeScheme.ORGANISATION, name=area.name)
        written += 1
    return written


def _code(
    municipality: Municipality,
    code: str,
    valid_from: date | None,
    valid_until: date | None,
    *,
    name: str,
    scheme: CodeScheme = CodeScheme.LEGAL,
    successor: str = "",
) -> None:
    MunicipalityCode.objects.update_or_create(
        scheme=scheme,
        code=code,
        valid_from=valid_from,
        defaults={
            "municipality": municipality,
            "valid_until": valid_until,
            "successor": successor,
            "name_ko": name,
        },
    )
