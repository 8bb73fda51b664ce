"""What the auditor looks at on links and between agencies and people, with no worker's help."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from incidents.cluster_alarms import STEPS
from incidents.models import ClusterAlarm
from linkage import buckets, clocks, link_states, neighbours, refusals
from linkage.choices import LinkState
from linkage.models import Alarm, Link
from linkage.models_agreements import KindMapping
from linkage.models_regions import NeighbourAgreement
from linkage.watch.findings import GRACE, Finding, late, of_line

CODES_NAMED = 20
CONFLICT_STANDS = timedelta(hours=1)
_SAID_OF = {LinkState.DOWN: "link.down", LinkState.DORMANT: "link.dormant"}


def links_by_state() -> Iterator[Finding]:
    """Bring the states of links up to date, and find those that are down or not used."""
    link_states.measure()
    for link in Link.objects.filter(state__in=_SAID_OF).select_related("region"):
        failures = max(link.failures, link.source_failures)
        detail = {"failures": failures} if link.state == LinkState.DOWN else {}
        yield from of_line(_SAID_OF[LinkState(link.state)], link, detail)


def wrong_clocks() -> Iterator[Finding]:
    for link, detail in clocks.wrong(timezone.now()):
        yield from of_line(clocks.KIND, link, detail)


def used_twice() -> Iterator[Finding]:
    """Let what inbox.report_conflict raised stand for an hour: nothing later can undo it."""
    horizon = timezone.now() - CONFLICT_STANDS
    for alarm in Alarm.objects.standing().filter(kind="link.conflict"):
        if datetime.fromisoformat(alarm.detail["at"]) > horizon:
            subject = (alarm.subject_kind, alarm.subject_id)
            yield Finding(alarm.kind, alarm.municipality_id, *subject, alarm.detail)


def refused_in_a_row() -> Iterator[Finding]:
    for link, detail in refusals.runs_too_long():
        yield Finding("link.refusing", link.municipality_id, "link", link.code, detail)


def forged_senders() -> Iterator[Finding]:
    for link, detail in refusals.forgeries(timezone.now()):
        yield Finding("link.sender_forged", link.municipality_id, "link", link.code, detail)


def held_back_for_long() -> Iterator[Finding]:
    held = buckets.lasting(timezone.now())
    for link in Link.objects.filter(pk__in=held):
        detail = {"held_back": held[link.pk]}
        yield Finding("link.held_back", link.municipality_id, "link", link.code, detail)


def unmapped_codes() -> Iterator[Finding]:
    """Find links by which a code came that nobody has mapped."""
    came = KindMapping.objects.filter(kind=None, seen_count__gt=0).select_related("link__region")
    codes: dict[Link, list[KindMapping]] = {}
    for row in came.order_by("link_id", "-seen_count", "code"):
        codes.setdefault(row.link, []).append(row)
    for link, rows in codes.items():
        detail = {
            "codes": [row.code for row in rows[:CODES_NAMED]],
            "reports": sum(row.seen_count for row in rows),
        }
        yield from of_line("link.unmapped_code", link, detail)


def unacknowledged_clusters() -> Iterator[Finding]:
    """Find clusters of reports that nobody has judged by the time somebody else is told."""
    now = timezone.now()
    patience = timedelta(seconds=STEPS[0].after_s) + GRACE
    rows = ClusterAlarm.objects.filter(ended_at=None, acknowledged_at=None)
    for row in rows.filter(rings_since__lte=now - patience).order_by("rings_since"):
        detail = {
            "reports": len(row.members),
            "level": row.escalation_level,
            "rings_s": round((now - row.rings_since).total_seconds()),
            "is_drill": row.is_drill,
        }
        yield Finding("cluster.unacknowledged", row.municipality_id, "cluster", str(row.pk), detail)


def untold_neighbours() -> Iterator[Finding]:
    """Find neighbours that wait for word of an incident although every sweep had its time."""
    waiting: dict[int, int] = {}
    for agreement_id, _incident in neighbours.untold(before=timezone.now() - late() - GRACE):
        waiting[agreement_id] = waiting.get(agreement_id, 0) + 1
    for row in NeighbourAgreement.objects.filter(pk__in=waiting).select_related("neighbour"):
        detail = {"incidents": waiting[row.pk], "neighbour": row.neighbour.code}
        subject = ("neighbour_agreement", str(row.pk))
        yield Finding("neighbour.untold", row.municipality_id, *subject, detail)
