"""Incidents as CSV, for a spreadsheet: no cell is taken for a formula."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from cctv.register.export import csv_blocks
from incidents.features import moment
from incidents.models import Incident
from incidents.querysets import IncidentQuerySet


def incidents_file(incidents: IncidentQuerySet) -> Iterator[bytes]:
    """Write one line an incident, its times with their offset."""
    rows = incidents.select_related("municipality", "kind", "owner").defer(
        "municipality__boundary", "municipality__centre"
    )
    cells = (_cells(incident) for incident in rows.iterator(chunk_size=500))
    return csv_blocks(_header(), cells, "utf-8-sig")


def _header() -> list[str]:
    return [
        _("number"),
        _("municipality"),
        _("service"),
        _("kind"),
        _("urgency code"),
        _("priority"),
        _("status"),
        _("result"),
        _("drill"),
        _("occurred"),
        _("received"),
        _("acknowledged"),
        _("ended"),
        _("owner"),
        _("address"),
        _("longitude"),
        _("latitude"),
        _("error radius (m)"),
    ]


def _cells(incident: Incident) -> list[Any]:
    place = incident.location
    return [
        incident.number,
        incident.municipality.code,
        incident.get_service_display(),
        incident.kind.name,
        incident.urgency,
        incident.get_priority_display(),
        incident.get_status_display(),
        incident.get_result_display(),
        _("yes") if incident.is_drill else "",
        moment(incident.occurred_at),
        moment(incident.received_at),
        moment(incident.acknowledged_at),
        moment(incident.ended_at),
        str(incident.owner or ""),
        incident.address,
        place.x if place else "",
        place.y if place else "",
        incident.error_radius_m,
    ]
