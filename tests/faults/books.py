"""The count: what was accepted, the journal, the screens and the agencies' books must agree."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Max, Min
from django.utils import timezone

from controlroom.journal.models import Entry, Stream
from incidents.models import Incident
from linkage.choices import OutboxState
from linkage.models import Case, InboxMessage, Link, OutboxMessage, StreamGrant

ENDED_WITHIN = timedelta(seconds=60)
ACCEPTED = frozenset({200, 201, 202})
DELIVERED = frozenset({OutboxState.ACKED, OutboxState.ANSWERED, OutboxState.RECONCILED})


def of_the_intake(sent: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Compare each agency's book of answers with the inbox and the cases."""
    for link, rows in sent.items():
        held = set(
            InboxMessage.objects.filter(link__code=link).values_list("message_id", flat=True)
        )
        accepted = {row["id"] for row in rows if row["status"] in ACCEPTED}
        refused = {row["id"] for row in rows if row["status"] not in ACCEPTED} - accepted
        if lost := accepted - held:
            yield f"{link}: {len(lost)} accepted messages are not in the inbox: {some(lost)}"
        if kept := refused & held:
            yield f"{link}: {len(kept)} refused messages are in the inbox: {some(kept)}"
        wanted = {
            row["case"] for row in rows if row["id"] in accepted and row["type"] == "EVENT_NOTIFY"
        }
        known = set(Case.objects.filter(link__code=link).values_list("external_id", flat=True))
        if lost := wanted - known:
            yield f"{link}: {len(lost)} accepted cases have no incident: {some(lost)}"
        owners = Case.objects.filter(link__code=link).values_list("external_id", "incident_id")
        shared = [case for case, count in Counter(case for case, _i in owners).items() if count > 1]
        if shared:
            yield f"{link}: {len(shared)} cases have two incidents: {some(shared)}"
    incidents, cases = Incident.objects.count(), Case.objects.values("incident").distinct().count()
    if incidents != cases:
        yield f"{incidents} incidents stand for {cases} cases"


def of_the_journal() -> Iterator[str]:
    """The numbers have no gap, and every incident's last fact is its row."""
    for stream in Stream.objects.all():
        entries = Entry.objects.filter(municipality_id=stream.municipality_id)
        if entries.count() != stream.head:
            yield f"the journal has {entries.count()} entries up to number {stream.head}"
    facts = Entry.objects.filter(subject_kind="incident", kind__startswith="incident.").order_by()
    last = {
        row["subject_id"]: row["number"]
        for row in facts.values("subject_id").annotate(number=Max("number"))
    }
    rows = Entry.objects.filter(number__in=last.values(), kind__startswith="incident.")
    told = {
        row.subject_id: row.data["incident"] for row in rows if last[row.subject_id] == row.number
    }
    for incident in Incident.objects.all():
        feature = told.get(str(incident.pk))
        if feature is None:
            yield f"incident {incident.number} is not in the journal"
        elif not _same(feature, incident):
            yield f"incident {incident.number} is not as its last fact says"


def of_the_screens(shown: list[dict[str, dict[str, Any]]]) -> Iterator[str]:
    """Every screen holds every incident as it is."""
    incidents = list(Incident.objects.all())
    for index, screen in enumerate(shown):
        missing = [row.number for row in incidents if str(row.pk) not in screen]
        wrong = [
            row.number
            for row in incidents
            if str(row.pk) in screen and not _same(screen[str(row.pk)], row)
        ]
        if missing:
            yield f"screen {index} lacks {len(missing)} incidents: {some(missing)}"
        if wrong:
            yield f"screen {index} shows {len(wrong)} incidents as they were: {some(wrong)}"


def of_the_agencies(
    links: Iterable[str], told_to: Callable[[str], list[dict[str, Any]]]
) -> Iterator[str]:
    """Every obligation took effect once, in its order, and nothing else did.

    The agency's book is opened after ours: what is delivered meanwhile must not look as if it were
    not.
    """
    for link in Link.objects.filter(code__in=links):
        owed = list(OutboxMessage.objects.filter(link=link).order_by("pk"))
        told = told_to(link.code)
        place = {str(row.uid): number for number, row in enumerate(owed)}
        heard = [row["id"] for row in told]
        heard_of = set(heard)
        undelivered = [row for row in owed if row.state not in DELIVERED]
        if undelivered:
            states = dict(Counter(str(row.state) for row in undelivered))
            yield f"{link.code}: {len(undelivered)} obligations are not met: {states}"
        met = {str(row.uid): row for row in owed if row.state in DELIVERED}
        if lost := [_said(row) for uid, row in met.items() if uid not in heard_of]:
            yield f"{link.code}: {len(lost)} messages count as delivered and were not: {some(lost)}"
        if strange := heard_of - set(place):
            yield f"{link.code}: {len(strange)} effects without an obligation: {some(strange)}"
        # An operator acknowledges a case once: twice is one fact that took effect twice.
        acks = Counter(row["case"] for row in told if row["type"] == "ACK")
        if twice := [case for case, number in acks.items() if number > 1]:
            yield f"{link.code}: {len(twice)} cases were acknowledged twice: {some(twice)}"
        yield from _disorder(link.code, owed, [uid for uid in heard if uid in place])


def _said(row: OutboxMessage) -> str:
    return f"{row.message_type} {row.uid} ({row.state}, owed {row.created_at:%H:%M:%S})"


def _disorder(link: str, owed: list[OutboxMessage], heard: list[str]) -> Iterator[str]:
    of = {str(row.uid): row for row in owed}
    newest: dict[Any, int] = {}
    late = []
    for uid in heard:
        row = of[uid]
        if row.pk < newest.get(row.incident_id, 0):
            late.append(uid)
        newest[row.incident_id] = max(row.pk, newest.get(row.incident_id, 0))
    if late:
        yield f"{link}: {len(late)} messages came after later ones of their incident: {some(late)}"


def of_the_grants() -> Iterator[str]:
    """No picture is granted beyond its time."""
    ended_by = timezone.now() - ENDED_WITHIN
    over = StreamGrant.objects.filter(ended_at=None, expires_at__lt=ended_by)
    if number := over.count():
        yield f"{number} grants of video are open after their time"


def repeats(sent: dict[str, list[dict[str, Any]]]) -> int:
    """Count the posts of a message that was on its way before, and the answers beyond the first."""
    total = 0
    for rows in sent.values():
        answered = Counter(row["id"] for row in rows if row["status"] in ACCEPTED)
        total += sum(row["tries"] - 1 for row in rows) + sum(answered.values()) - len(answered)
    return total


def clocks() -> dict[str, tuple[float, float]]:
    rows = InboxMessage.objects.order_by().values_list("link__code")
    found = rows.annotate(least=Min("skew_ms"), most=Max("skew_ms"))
    return {link: (least / 1000, most / 1000) for link, least, most in found}


def undelivered() -> int:
    return OutboxMessage.objects.pending().count()


def _same(feature: dict[str, Any], incident: Incident) -> bool:
    return (feature["version"], feature["status"]) == (incident.version, str(incident.status))


def some(things: Any) -> str:
    return ", ".join(str(thing) for thing in sorted(things, key=str)[:3])
