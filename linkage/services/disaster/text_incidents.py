"""An emergency text message opens an incident in each city it landed on, as its policy says."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from controlroom.municipalities.models import Municipality
from incidents.choices import Service
from incidents.reports import ReportIn, take_report
from linkage.models_messages import (
    DisasterMessage,
    DisasterMessagePlace,
    MessageDecision,
    MessagePolicy,
    OpensFrom,
)
from linkage.services.disaster import kinds, text_areas

# Older than this is history: it is kept, and nobody is told now.
NEWS = timedelta(hours=6)
# What a person has just called this city's may be a little older.
NEWS_BY_HAND = timedelta(hours=24)
SOURCE = "disaster-text"
# The ministry's words for the steps, and the level that an incident of each begins with.
CRITICAL, URGENT = "위급재난", "긴급재난"
LEVELS = {CRITICAL: "4", URGENT: "3"}
STEPS: dict[str, frozenset[str]] = {
    OpensFrom.URGENT: frozenset({CRITICAL, URGENT}),
    OpensFrom.CRITICAL: frozenset({CRITICAL}),
    OpensFrom.NEVER: frozenset(),
}
AT_ONCE = 200


def open_due(*, message: DisasterMessage | None = None) -> int:
    """Open what fresh emergency messages, or this one, still lack: each in its own transaction.

    What a worker that died left behind is found by the next call. Give how many were opened.
    """
    policies = dict(MessagePolicy.objects.values_list("municipality_id", "opens_from"))
    now = timezone.now()
    by_hand = MessageDecision.objects.filter(
        message=OuterRef("message"), municipality=OuterRef("municipality"), is_ours=True
    )
    waiting = DisasterMessagePlace.objects.filter(
        Q(message__issued_at__gt=now - NEWS) | Exists(by_hand),
        municipality__isnull=False,
        incident=None,
        message__step__in=LEVELS,
        message__issued_at__gt=now - NEWS_BY_HAND,
    ).exclude(municipality__in=[pk for pk, said in policies.items() if said == OpensFrom.NEVER])
    if message is not None:
        waiting = waiting.filter(message=message)
    opened = 0
    for place in waiting.select_related("message").order_by("pk")[:AT_ONCE]:
        policy = policies.get(place.municipality_id, OpensFrom.URGENT)
        if place.message.step in STEPS[policy]:
            opened += _open(place)
    return opened


@transaction.atomic
def _open(place: DisasterMessagePlace) -> bool:
    """Locks: the place, then the case."""
    locked = DisasterMessagePlace.objects.select_for_update(of=("self",), no_key=True)
    row = locked.select_related("message", "municipality").get(pk=place.pk)
    city = row.municipality
    if row.incident_id is not None or city is None:
        return False
    taken = take_report(municipality=city, source=SOURCE, message=_report(row.message, city))
    row.incident = taken.incident
    row.save(update_fields=["incident"])
    return taken.created


def _report(message: DisasterMessage, city: Municipality) -> ReportIn:
    """Say it as a report without a place: it concerns the city, or the parts that it names."""
    parts = ", ".join(text_areas.parts_of(message, city))
    return ReportIn(
        service=Service.DISASTER,
        external_id=str(message.number),
        kind_code=kinds.code_of(f"{message.category} {message.text}") or message.category,
        kind_name=message.category,
        urgency=LEVELS[message.step],
        address=f"{city.name_ko} {parts}".strip()[:200],
        summary=f"[{message.step}] {' '.join(message.text.split())}",
        occurred_at=message.issued_at,
        raw={
            "number": message.number,
            "agency": message.agency,
            "category": message.category,
            "step": message.step,
        },
    )
