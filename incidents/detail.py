"""Everything the incident panel shows: the feature, its history, reports, cameras and reasons."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import override

from controlroom.accounts.models import User
from controlroom.municipalities.access import rights_in
from incidents.cameras import current_choice
from incidents.clusters import cluster_of
from incidents.events import OPEN
from incidents.features import Feature, incident_feature, moment, person
from incidents.models import CameraChoice, Incident, IncidentEvent, Report
from incidents.permitted import verbs_for
from incidents.querysets import IncidentQuerySet


def with_history(incidents: IncidentQuerySet) -> IncidentQuerySet:
    """Fetch with the incidents what incident_detail shows of them."""
    timeline = IncidentEvent.objects.select_related("actor").order_by("pk")
    return incidents.with_people().prefetch_related(Prefetch("events", timeline), "reports")


def incident_detail(incident: Incident, *, viewer: User) -> dict[str, Any]:
    choice = current_choice(incident)
    events = list(incident.events.all())
    feature: Feature = incident_feature(incident, choice.picks if choice else [])
    return {
        **feature,
        "timeline": [timeline_item(event) for event in events],
        "reports": [report_item(report) for report in incident.reports.all()],
        "cameras": cameras_item(choice),
        "allowed": verbs_for(viewer, incident, rights_in(viewer, incident.municipality_id)),
        "why": why(incident, events),
        "cluster": cluster_of(incident),
    }


def timeline_item(event: IncidentEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "verb": event.verb,
        "at": moment(event.at),
        "actor": person(event.actor),
        "agent": event.agent,
        "text": event.text,
        "from_status": event.from_status,
        "to_status": event.to_status,
        "data": event.data,
    }


def report_item(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "service": report.service,
        "source": report.source,
        "external_id": report.external_id,
        "version": report.version,
        "state": report.state,
        "applied": report.is_applied,
        "received_at": moment(report.received_at),
        "raw": report.raw,
    }


def cameras_item(choice: CameraChoice | None) -> dict[str, Any]:
    if choice is None:
        return {"radius_m": None, "chosen_at": None, "picks": [], "skipped": []}
    return {
        "radius_m": choice.radius_m,
        "chosen_at": moment(choice.chosen_at),
        "picks": choice.picks,
        "skipped": choice.skipped,
    }


def why(incident: Incident, events: list[IncidentEvent]) -> dict[str, str]:
    """Say from whom it came and which rule gave its priority, as the rule was at the time."""
    opening = next((event for event in events if event.verb == OPEN), None)
    ruled = [event.data for event in events if "rule" in event.data]
    data: dict[str, Any] = ruled[-1] if ruled else {}
    source = (opening.agent or str(opening.actor or "")) if opening else ""
    said = {}
    for language in ("ko", "en"):
        with override(language):
            said[language] = _rule_text(incident, data)
    return {"source": source, "rule_ko": said["ko"], "rule_en": said["en"]}


def _rule_text(incident: Incident, data: dict[str, Any]) -> str:
    if data.get("rule") is None:
        text = _("No rule for this report: the default priority P%(priority)s")
        return text % {"priority": data.get("priority", incident.priority)}
    kind, urgency = data.get("rule_kind"), data.get("rule_urgency")
    named = {
        "service": incident.get_service_display(),
        "kind": incident.kind.name if incident.kind.code == kind else kind,
        "urgency": urgency,
        "priority": data.get("priority"),
    }
    if kind and urgency:
        return _("%(service)s, %(kind)s, urgency code %(urgency)s: P%(priority)s") % named
    if kind:
        return _("%(service)s, %(kind)s: P%(priority)s") % named
    if urgency:
        return _("%(service)s, urgency code %(urgency)s: P%(priority)s") % named
    return _("%(service)s, every report: P%(priority)s") % named
