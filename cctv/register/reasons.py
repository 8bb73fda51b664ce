"""Each verdict's reason as a sentence, in both languages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

REASONS: Mapping[str, Any] = {
    "ok": _("in order"),
    "near_boundary": _("%(distance_m)s m outside the boundary: within the tolerance of 200 m"),
    "swapped": _("latitude and longitude are swapped; the swapped place lies in the municipality"),
    "dms": _(
        "degrees, minutes and seconds written as decimals; read that way the place lies in the "
        "municipality"
    ),
    "outside_municipality": _("%(distance)s outside the stated municipality"),
    "truncated": _("coordinates cut off: with so few decimals the place is a kilometre wide"),
    "zero_place": _("a coordinate is 0"),
    "not_a_number": _("a coordinate is not a number"),
    "out_of_korea": _("the place is not in Korea"),
    "no_place": _("the row states no place"),
    "unreadable": _("the row cannot be read: wrong number of columns or broken characters"),
    "municipality_unknown": _("the row does not say which known municipality it belongs to"),
    "municipality_not_yours": _("the row belongs to a municipality whose register is not yours"),
    "boundary_missing": _("the municipality has no boundary yet, so the place cannot be checked"),
    "duplicate_id": _("the management number already stands in line %(line)s"),
    "duplicate_row": _("same place, address, agency and purpose as line %(line)s"),
    "value_too_long": _("%(field)s is longer than %(limit)s characters"),
    "bad_count": _("the number of cameras is not a number from 1 to %(limit)s"),
}
GENERAL: Mapping[str, Any] = {
    "near_boundary": _("outside the boundary, within the tolerance of 200 m"),
    "outside_municipality": _("outside the stated municipality"),
    "duplicate_id": _("management number twice in the file"),
    "duplicate_row": _("the same site twice in the file"),
    "value_too_long": _("a value is too long"),
    "bad_count": _("the number of cameras cannot be right"),
    "swapped": _("latitude and longitude are swapped"),
    "dms": _("degrees, minutes and seconds written as decimals"),
}
NOTES: Mapping[str, Any] = {
    "purpose": _("purpose not in the list: kept as other"),
    "pixels_10k": _("pixels not a number: left empty"),
    "retention_days": _("retention not a number: left empty"),
    "installed_month": _("month of installation not a date: left empty"),
    "data_date": _("date of the data not a date: left empty"),
}
FIELD_NAMES: Mapping[str, Any] = {
    "organisation_code": _("organisation code"),
    "municipality": _("municipality"),
    "register_id": _("management number"),
    "name": _("name"),
    "managing_agency": _("managing agency"),
    "road_address": _("road address"),
    "lot_address": _("lot address"),
    "address": _("address (road or lot)"),
    "purpose": _("purpose"),
    "camera_count": _("number of cameras"),
    "pixels_10k": _("pixels (10,000)"),
    "direction_text": _("direction as registered"),
    "retention_days": _("retention (days)"),
    "installed_month": _("installed (month)"),
    "phone": _("agency telephone"),
    "latitude": _("latitude"),
    "longitude": _("longitude"),
    "data_date": _("date of the data"),
}
FILE_ERRORS: Mapping[str, Any] = {
    "spreadsheet": _("this is a spreadsheet file: save it as CSV and try again"),
    "empty": _("the file has no rows"),
    "broken_gzip": _("the compressed file is damaged or incomplete"),
    "too_many_rows": _("the file has more rows than one import takes"),
    "internal": _("an internal error stopped the import; it can be continued"),
    "line_too_long": _("a line is longer than 64 KB: this is not a CSV file"),
}
MAPPING_ERRORS: Mapping[str, Any] = {
    "unknown_field": _("“%(field)s” is not a field of the register"),
    "unknown_column": _("the file has no column “%(column)s”"),
    "missing_field": _("no column is chosen for: %(field)s"),
    "no_such_column": _("%(field)s: the file has no column number %(column)s"),
}


def distance_text(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"


def reason(code: str, detail: Mapping[str, Any] | None = None) -> str:
    """Say the reason in the active language."""
    parts = dict(detail or {})
    if "distance_m" in parts:
        parts["distance"] = distance_text(float(parts["distance_m"]))
        parts["distance_m"] = round(float(parts["distance_m"]))
    if "field" in parts:
        parts["field"] = FIELD_NAMES.get(parts["field"], parts["field"])
    try:
        return str(REASONS[code]) % parts
    except KeyError:
        return code


def in_both(code: str, detail: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Say the reason in Korean and in English."""
    with override("ko"):
        korean = reason(code, detail)
    with override("en"):
        return korean, reason(code, detail)


def notes_text(notes: str) -> list[str]:
    return [str(NOTES[note]) for note in notes.split(",") if note in NOTES]


def mapping_text(code: str, field: str, column: str) -> str:
    name = FIELD_NAMES.get(field, field)
    if code == "unknown_field":
        name = field
    return str(MAPPING_ERRORS[code]) % {"field": name, "column": column}


def file_text(code: str) -> str:
    return str(FILE_ERRORS.get(code, gettext("the file cannot be read")))


def general(code: str) -> str:
    """Say what a reason is about, without the particulars of one row."""
    return str(GENERAL.get(code) or REASONS.get(code, code))
