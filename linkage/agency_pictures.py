"""How a link stands, as its agency may know it: nothing of people or of what they do here."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from linkage import buckets, life, refusals
from linkage.choices import LinkState, OutboxState
from linkage.matrix import shown_state
from linkage.models import Link, OutboxMessage
from linkage.self_service import both_sign_until


def picture_of(link: Link) -> dict[str, Any]:
    """Describe a link for its engineers."""
    now = timezone.now()
    owed = OutboxMessage.objects.filter(link=link).order_by()
    waiting = owed.pending().with_offered_since().aggregate(count=Count("pk"), oldest=Min("since"))
    heard_at = _heard(link)
    state = shown_state(link, now)
    paused = link.paused_until
    return {
        "code": link.code,
        "agency": str(link.agency),
        "service": link.get_service_display(),
        "service_code": link.service,
        "municipality": link.municipality.name,
        "state": state,
        "state_name": LinkState(state).label,
        "pushes": bool(link.push_url),
        "push_host": link.push_host,
        "waiting": waiting["count"],
        "oldest_at": waiting["oldest"],
        "given_up": owed.filter(state=OutboxState.DEAD).count(),
        "delivered_at": link.last_success_at,
        "paused_until": paused if paused and paused > now else None,
        "maintenance_until": link.maintenance_until if link.in_maintenance(now) else None,
        "heard_at": heard_at,
        "silent": life.silence(link, heard_at, now) is not None,
        "silent_after_s": link.silent_after_s,
        "held_back": buckets.held_back([link]).get(link.pk, 0),
        "refused": refusals.of_links([link]).get(link.pk, []),
        "refused_in_a_row": refusals.in_a_row([link]).get(link.pk, 0),
        "life_h": link.retry_life_h,
        "takes_drills": link.allows_drills,
        "both_sign_until": both_sign_until(link),
        "signs": link.secret is not None,
    }


def _heard(link: Link) -> datetime | None:
    sign = getattr(link, "sign_of_life", None)
    return sign.at if sign else life.newest(link)
