"""The console's view of links and exchanges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.models import Incident
from linkage import buckets, refusals
from linkage.exchanges import inbound, outbound
from linkage.models import InboxMessage, Link, OutboxMessage
from linkage.models_raw import RawIntake


@api_view(["GET"])
def links(request: Request, code: str) -> Response:
    """Give the links of the municipality with their queues: the console's link lights."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    rows = Link.objects.visible_to(request.user).serving(municipality).select_related("agency")
    queues = _queues([row.pk for row in rows], municipality)
    held, refused = buckets.held_back(rows), refusals.in_a_row(rows)
    return Response(
        {
            "links": [
                {
                    **_link(row, queues.get(row.pk)),
                    "held_back": held.get(row.pk, 0),
                    "refused_in_a_row": refused.get(row.pk, 0),
                }
                for row in rows
            ]
        }
    )


def _queues(link_ids: list[int], city: Municipality) -> dict[int, tuple[int, datetime]]:
    """Give the length and the oldest entry of each queue, by the index of what is pending."""
    owed = OutboxMessage.objects.filter(link__in=link_ids, municipality=city)
    waiting = owed.in_earnest().pending().order_by()
    grouped = (
        waiting.with_offered_since()
        .values_list("link_id")
        .annotate(length=Count("pk"), oldest=Min("since"))
    )
    return {link_id: (length, oldest) for link_id, length, oldest in grouped}


def _link(row: Link, queue: tuple[int, datetime] | None) -> dict[str, Any]:
    newest = InboxMessage.objects.filter(link=row).order_by("-pk")
    message_at = newest.values_list("received_at", flat=True).first()
    batches = RawIntake.objects.filter(link=row).order_by("-pk")
    batch_at = batches.values_list("again_at", flat=True).first()
    last_in = max((at for at in (message_at, batch_at) if at), default=None)
    age_s = (timezone.now() - queue[1]).total_seconds() if queue else None
    return {
        "code": row.code,
        "name": f"{row.agency} · {row.get_service_display()}",
        "agency": str(row.agency),
        "service": row.service,
        "state": row.state,
        "queued": queue[0] if queue else 0,
        "oldest_unsent_s": round(age_s, 1) if age_s is not None else None,
        "last_success_at": moment(row.last_success_at),
        "last_in_at": moment(last_in),
    }


@api_view(["GET"])
def exchanges(request: Request, code: str, incident_id: UUID) -> Response:
    """Give every message from and to agencies about one incident, oldest first."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    incident = (
        Incident.objects.visible_to(request.user)
        .filter(municipality=municipality, pk=incident_id)
        .first()
    )
    if incident is None:
        raise OutOfScope(_("no such incident"))
    came = InboxMessage.objects.visible_to(request.user).filter(incident=incident)
    owed = OutboxMessage.objects.visible_to(request.user).filter(incident=incident)
    rows = [inbound(row) for row in came.select_related("link").defer("raw")]
    rows += [
        outbound(row, row.deliveries.all())
        for row in owed.select_related("link").prefetch_related("deliveries")
    ]
    return Response({"exchanges": sorted(rows, key=lambda row: row["at"])})
