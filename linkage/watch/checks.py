"""What the auditor looks at: each check gives what it found and answers for its kinds of alarm."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone

from cctv.models import ViewRecord
from controlroom.journal import pulses
from controlroom.journal.models import Entry, Pulse
from incidents.choices import Priority
from incidents.timers import overdue_escalations
from linkage import asked, clocks, life, phone
from linkage.choices import Direction, LinkState
from linkage.models import Link, OutboxMessage, StreamGrant
from linkage.models_city import Feed
from linkage.services.city import sensors
from linkage.services.disaster import cap_feeds, renewals, situations
from linkage.watch import canaries, link_checks, recording_checks
from linkage.watch.findings import GRACE, Check, Finding, late, of_line
from linkage.watch.scheduler import BEAT

DEAF_AFTER = timedelta(seconds=60)
AT_ONCE = 200
# So many turns of a traffic feed without an answer, and never under two minutes.
TURNS, SHORTEST_SILENCE_S = 3, 120


def overdue_messages() -> Iterator[Finding]:
    """Find links that owe a message of a city beyond its acknowledgement deadline."""
    now = timezone.now()
    owed = OutboxMessage.objects.in_earnest().pending().with_offered_since().order_by()
    waiting = owed.values("link_id", "municipality_id", "priority")
    oldest: dict[tuple[int, int], list[tuple[datetime, int, int]]] = {}
    for row in waiting.annotate(oldest=Min("since"), waiting=Count("pk")):
        rows = oldest.setdefault((row["link_id"], row["municipality_id"]), [])
        rows.append((row["oldest"], row["priority"], row["waiting"]))
    owing = Link.objects.filter(pk__in={link_id for link_id, _city in oldest})
    links = owing.exclude(state=LinkState.SUSPENDED).in_bulk()
    real = set(
        OutboxMessage.objects.pending()
        .filter(~Q(incident__is_drill=True), link__in=links)
        .values_list("link_id", "municipality_id")
    )
    for (link_id, municipality_id), rows in oldest.items():
        link = links.get(link_id)
        if link is None:
            continue
        overdue = [
            (at, priority) for at, priority, _n in rows if now - at > _deadline(link, priority)
        ]
        if overdue:
            yield Finding(
                "outbox.overdue",
                municipality_id,
                "link",
                link.code,
                {
                    "waiting": sum(number for _at, _priority, number in rows),
                    "oldest_s": round((now - min(at for at, _priority in overdue)).total_seconds()),
                    "priority": min(priority for _at, priority in overdue),
                    "state": str(link.state),
                    "is_drill": (link_id, municipality_id) not in real,
                },
                # Planned silence is known to those who planned it; the wait is said all the same.
                severity=Priority.P3.value if link.state == LinkState.MAINTENANCE else None,
            )


def _deadline(link: Link, priority: int) -> timedelta:
    own = getattr(link, "ack_deadline_s_for", lambda _priority: link.ack_deadline_s)
    return timedelta(seconds=own(priority)) + GRACE


def unasked_calls() -> Iterator[Finding]:
    """Find urgent messages that nobody was asked to telephone, and calls that nobody made."""
    found = phone.overdue()
    for message in found.unasked:
        yield Finding(
            "phone.unasked", message.municipality_id, "link", message.link.code, _of(message)
        )
    for task in found.uncalled:
        link = task.message.link
        yield Finding("phone.waiting", task.municipality_id, "link", link.code, _of(task.message))


def _of(message: OutboxMessage) -> dict[str, Any]:
    return {
        "message": str(message.uid),
        "incident": str(message.incident_id),
        "is_drill": message.is_drill,
    }


def unfinished_escalations() -> Iterator[Finding]:
    rows = overdue_escalations(grace=GRACE).order_by("rings_since")
    for incident in rows.only("pk", "municipality_id", "number", "escalation_level", "is_drill")[
        :AT_ONCE
    ]:
        detail = {
            "number": incident.number,
            "level": incident.escalation_level,
            "is_drill": incident.is_drill,
        }
        yield Finding(
            "escalation.overdue", incident.municipality_id, "incident", str(incident.pk), detail
        )


def silent_agencies() -> Iterator[Finding]:
    """Find links that expect to hear something, and have not heard it for so long.

    Who is only asked never speaks: its silence is that of its source.
    """
    now = timezone.now()
    asked_links = asked.by_link()
    expecting = list(Link.objects.filter(silent_after_s__isnull=False).select_related("region"))
    heard = life.last_heard(expecting)
    for link in expecting:
        heard_at = heard.get(link.pk) or life.newest(link)
        if heard_at is None and link.pk in asked_links:
            continue
        quiet = life.silence(link, heard_at, now)
        if quiet is not None:
            detail = {"silent_s": round(quiet.total_seconds()), "expected_s": link.silent_after_s}
            yield from of_line("link.silent", link, detail)


def silent_sources() -> Iterator[Finding]:
    """Find traffic feeds without a good answer for three turns: failing, or asked by nobody."""
    now = timezone.now()
    feeds = Feed.objects.filter(is_active=True).exclude(
        link__state__in=[LinkState.SUSPENDED, LinkState.MAINTENANCE]
    )
    for feed in feeds.exclude(link__direction=Direction.OUT).select_related("link"):
        patience = timedelta(seconds=max(TURNS * feed.interval_s, SHORTEST_SILENCE_S))
        # One that never answered is known by its failures, or by a question long due.
        is_failing = feed.answered_at is None and feed.failures >= TURNS
        if is_failing or now - (feed.answered_at or feed.next_poll_at) > patience:
            answered_s = round((now - feed.answered_at).total_seconds()) if feed.answered_at else -1
            detail = {"answered_s": answered_s, "failures": feed.failures}
            for municipality_id in feed.link.serving_ids():
                yield Finding("source.silent", municipality_id, "feed", str(feed), detail)


def silent_sensors() -> Iterator[Finding]:
    for sensor in sensors.silent(timezone.now()):
        detail = sensors.silence_detail(sensor)
        yield Finding(sensors.SILENT, sensor.municipality_id, "sensor", str(sensor.pk), detail)


def failing_alert_indexes() -> Iterator[Finding]:
    """Find indexes of other offices' CAP alerts that fail, or that nobody asks."""
    for source, detail in cap_feeds.failing(timezone.now()):
        yield from of_line(cap_feeds.FAILING, source.link, detail)


def overdue_situation_reports() -> Iterator[Finding]:
    for row in situations.overdue():
        detail = situations.overdue_detail(row)
        subject = ("incident", str(row.incident_id))
        yield Finding(situations.OVERDUE, row.municipality_id, *subject, detail)


def expiring_alerts() -> Iterator[Finding]:
    """Find public alerts of our own that run out while their situation goes on."""
    for row in renewals.late():
        detail = renewals.late_detail(row)
        subject = ("incident", str(row.incident_id))
        yield Finding(renewals.EXPIRING, row.municipality_id, *subject, detail)


def overdue_grants() -> Iterator[Finding]:
    """Find grants of video that stand open after their time: who ends them stands still.

    The door reads the times itself, so nothing is shown; but the record says that it may be.
    """
    horizon = timezone.now() - late() - GRACE
    rows = StreamGrant.objects.filter(ended_at=None, expires_at__lt=horizon).order_by()
    found = rows.values("municipality_id").annotate(open=Count("pk"), oldest=Min("expires_at"))
    for row in found:
        yield Finding("grant.overdue", row["municipality_id"], "", "", {"open": row["open"]})


def overdue_views() -> Iterator[Finding]:
    """Find views that outlived every time limit: the sweep of views stands."""
    longest = timezone.now() - timedelta(seconds=settings.VIEW_MAX_S) - late()
    rows = ViewRecord.objects.filter(ended_at=None, started_at__lt=longest).order_by()
    found = rows.values("municipality_id").annotate(open=Count("pk"), oldest=Min("started_at"))
    for row in found:
        yield Finding("view.overdue", row["municipality_id"], "", "", {"open": row["open"]})


def standing_workers() -> Iterator[Finding]:
    """Look at the canary and at beat's pulse; a beat that never lived here is a stopped one."""
    waited = canaries.waiting()
    silent = pulses.age(BEAT)
    beat_stands = silent is None or silent > late()
    if waited <= late():
        return
    detail = {"waited_s": round(waited.total_seconds())}
    if beat_stands:
        detail["beat_silent_s"] = round(silent.total_seconds()) if silent else -1
        yield Finding("beat.stopped", detail=detail)
    yield Finding("worker.stalled", detail=detail)


def stalled_screens() -> Iterator[Finding]:
    """Find web processes with open screens whose journal does not go on, or that hear no bell."""
    now = timezone.now()
    for pulse in pulses.screens():
        if not pulse.data.get("seats"):
            continue
        machine = pulse.name.removeprefix(pulses.SCREENS)
        if now - pulse.at > late():
            detail = {
                "seats": pulse.data["seats"],
                "silent_s": round((now - pulse.at).total_seconds()),
            }
            yield Finding("feed.stalled", subject_kind="web", subject_id=machine, detail=detail)
        elif _behind(pulse, "seen", late()):
            detail = {"seats": pulse.data["seats"], "behind": True}
            yield Finding("feed.stalled", subject_kind="web", subject_id=machine, detail=detail)
        elif _behind(pulse, "rung", DEAF_AFTER):
            detail = {"seats": pulse.data["seats"]}
            yield Finding("feed.deaf", subject_kind="web", subject_id=machine, detail=detail)


def _behind(pulse: Pulse, measure: str, patience: timedelta) -> bool:
    """Say whether an entry after the number that was reached is older than the patience."""
    missed = Q()
    for city, number in pulse.data.get(measure, {}).items():
        missed |= Q(municipality_id=int(city), number=number + 1)
    if not missed:
        return False
    return Entry.objects.filter(missed, at__lt=pulse.at - patience).exists()


CHECKS: tuple[Check, ...] = (
    Check(("outbox.overdue",), overdue_messages),
    Check(("phone.unasked", "phone.waiting"), unasked_calls),
    Check(("escalation.overdue",), unfinished_escalations),
    # After a stop of the centre itself nobody has been heard: they are within a round.
    Check(("link.silent",), silent_agencies, patience=2),
    # After a planned pause it is asked within a turn of beat: that is no silence.
    Check(("source.silent",), silent_sources, patience=3),
    Check((sensors.SILENT,), silent_sensors),
    Check((cap_feeds.FAILING,), failing_alert_indexes),
    Check((situations.OVERDUE,), overdue_situation_reports),
    # After a stop of the centre itself the workers renew within a turn of beat.
    Check((renewals.EXPIRING,), expiring_alerts, patience=3),
    Check(("view.overdue",), overdue_views),
    Check(("grant.overdue",), overdue_grants),
    Check(("worker.stalled", "beat.stopped"), standing_workers),
    Check(("feed.stalled", "feed.deaf"), stalled_screens, patience=2),
    Check(("cluster.unacknowledged",), link_checks.unacknowledged_clusters),
    Check(("link.down", "link.dormant"), link_checks.links_by_state),
    Check((clocks.KIND,), link_checks.wrong_clocks),
    Check(("link.conflict",), link_checks.used_twice),
    Check(("link.refusing",), link_checks.refused_in_a_row),
    Check(("link.sender_forged",), link_checks.forged_senders),
    Check(("link.held_back",), link_checks.held_back_for_long),
    Check(("link.unmapped_code",), link_checks.unmapped_codes),
    # A recorder that is begun again takes its first pieces within a round or two.
    Check(
        ("recording.stopped", "recording.missing"),
        recording_checks.missing_recordings,
        patience=3,
    ),
    Check(("neighbour.untold",), link_checks.untold_neighbours),
)
