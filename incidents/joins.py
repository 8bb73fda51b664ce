"""Join incidents that are answered together; each keeps its own life, number and owner."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.facts import note_fact
from incidents.features import moment
from incidents.models import Incident, IncidentLink
from incidents.models_joins import JoinKind

# The fact that each side is told.
VERBS = {
    JoinKind.CO_RESPONSE: "co-response",
    JoinKind.TRANSFER: "handed-on",
    JoinKind.RELATED: "related",
}


@transaction.atomic
def join(
    *,
    incident: Incident,
    other: Incident,
    kind: str,
    by: User | None = None,
    agent: str = "",
    reason: str = "",
) -> IncidentLink:
    """Join two incidents of one municipality; the same again changes nothing.

    Emits: fact_recorded on both, in the transaction.
    Locks: both incident rows, in the order of their ids.
    Raises: NotAllowed, Invalid.
    """
    if by is not None:
        require(by, incident.municipality_id, Right.INCIDENT_WORK)
    if kind not in JoinKind.values:
        raise Invalid(_("no such kind of link"), fields={"kind": [kind]})
    if incident.pk == other.pk or incident.municipality_id != other.municipality_id:
        raise Invalid(_("not an incident to link with"), fields={"other": [str(other.pk)]})
    pair = Incident.objects.filter(pk__in=[incident.pk, other.pk]).order_by("pk")
    list(pair.select_for_update(no_key=True))
    link, created = IncidentLink.objects.get_or_create(
        incident=incident,
        other=other,
        kind=kind,
        defaults={
            "municipality_id": incident.municipality_id,
            "reason": reason.strip()[:500],
            "by": by,
            "agent": agent,
        },
    )
    if created:
        _tell_both(link)
    return link


def _tell_both(link: IncidentLink) -> None:
    verb = VERBS[JoinKind(link.kind)]
    for mine, theirs, direction in (
        (link.incident, link.other, "out"),
        (link.other, link.incident, "in"),
    ):
        note_fact(
            incident=mine,
            verb=verb,
            by=link.by,
            agent=link.agent,
            text=link.reason,
            data={"other": str(theirs.pk), "number": theirs.number, "direction": direction},
        )


def joins_of(incident: Incident) -> list[dict[str, Any]]:
    """Give the incidents joined with this one, whichever side began it."""
    rows = IncidentLink.objects.filter(Q(incident=incident) | Q(other=incident))
    found = rows.select_related("incident__kind", "other__kind", "by").order_by("pk")
    return [_item(row, incident) for row in found]


def _item(row: IncidentLink, incident: Incident) -> dict[str, Any]:
    outward = row.incident_id == incident.pk
    theirs = row.other if outward else row.incident
    return {
        "kind": row.kind,
        "direction": "out" if outward else "in",
        "reason": row.reason,
        "at": moment(row.at),
        "by": str(row.by) if row.by else row.agent,
        "incident": {
            "id": str(theirs.pk),
            "number": theirs.number,
            "is_drill": theirs.is_drill,
            "service": theirs.service,
            "status": str(theirs.status),
            "kind": {
                "code": theirs.kind.code,
                "name_ko": theirs.kind.name_ko,
                "name_en": theirs.kind.name_en,
            },
            "address": theirs.address,
        },
    }
