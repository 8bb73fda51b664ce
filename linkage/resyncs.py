"""Everything again, for one who lost his store: our messages to an agency, or theirs to us.

Nothing is made anew. What an agency had acknowledged is offered again as the same message under the
same id, by the way of every other: in order within an incident, after urgent news, over either
transport. Its first acknowledgement stays known, and it is acknowledged once more.
Source: domain.md 2.1 (RESYNC).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.journal import log
from incidents.choices import Priority
from incidents.features import moment
from linkage import backlog, owed
from linkage.choices import Direction, InboxResult, LinkState, MessageType
from linkage.errors import LinkClosed, ResyncTooSoon
from linkage.models import Link, OutboxMessage
from linkage.models_resync import Asker, Resync
from linkage.obligations import owed as newly_owed
from linkage.replays import MOST
from linkage.services.handling import Done
from linkage.wire import Message, moment_of

# Each asks for thousands of messages: so many in a row are a fault at the other end.
GAP = timedelta(minutes=1)
MOST_PER_HOUR = 6
# What an agency is asked for reaches back no further than it is asked to keep its messages.
OLDEST = timedelta(days=30)

# One statement for all of them: locked in the order in which everybody locks them. What was never
# tried comes anyway. What is on its way at this moment is offered again when it has ended
# (linkage/settling.py), for who lost his store may have lost it as well.
_OFFER_AGAIN = """
WITH chosen AS (
  SELECT id, state FROM linkage_outboxmessage
  WHERE link_id = %(link)s AND id >= %(sequence)s AND created_at >= %(since)s
    AND incident_id IS NOT NULL
    AND (attempts > 0 OR sent_at IS NOT NULL OR acked_at IS NOT NULL OR state <> 'queued')
  ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE
), changed AS (
  UPDATE linkage_outboxmessage AS m SET
    state = CASE WHEN m.state IN ('manual_fallback', 'reconciled') THEN 'manual_fallback'
      ELSE 'queued' END,
    resent_at = %(now)s, next_try_at = %(now)s, is_offered = true, sent_at = NULL
  FROM chosen WHERE m.id = chosen.id
  RETURNING m.id, chosen.state
)
SELECT count(*), coalesce(min(id), 0), coalesce(max(id), 0),
  count(*) FILTER (WHERE state = 'dead') FROM changed
"""


@dataclass(frozen=True)
class Offered:
    """How many messages come again, and between which sequence numbers.

    `is_all`: False when there are more than one wish may bring; ask again from after the last.
    """

    messages: int
    first: int
    last: int
    is_all: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "messages": self.messages,
            "first_sequence": self.first or None,
            "last_sequence": self.last or None,
            "is_all": self.is_all,
        }


@transaction.atomic
def offer_again(
    *,
    link: Link,
    reason: str,
    from_sequence: int | None = None,
    since: datetime | None = None,
    by: Any = None,
) -> Offered:
    """Offer the agency again what it was told since, as far back as a message of its link lives.

    One transaction: all of it comes again, or, when this process dies in it, nothing changed.
    Emits: obligations.owed, in the transaction.
    Locks: the link's wishes, the messages, the alarm, then the journal's counters.
    Raises: ResyncTooSoon, Invalid for a moment that lies ahead.
    """
    now = timezone.now()
    if since is not None and since > now:
        raise Invalid(_("the time lies ahead"), fields={"since": [_("must not be in the future")]})
    _one_by_one(link, now)
    life = timedelta(hours=link.retry_life_h)
    asked: dict[str, Any] = {
        "link": link.pk,
        "sequence": from_sequence or 0,
        "since": max(since or now - life, now - life),
        "most": MOST,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OFFER_AGAIN, asked)
        count, first, last, given_up = cursor.fetchone()
    offered = Offered(count, first, last, is_all=count < MOST)
    resync = Resync.objects.create(
        link_id=link.pk,
        asker=Asker.AGENCY,
        asked_by=by,
        asked_at=now,
        from_sequence=from_sequence,
        since=since,
        reason=reason[:300],
        offered=count,
    )
    if given_up:
        backlog.report(link)
    _write(resync, link)
    if count:
        newly_owed.send(sender=OutboxMessage, link_id=link.pk, is_urgent=False)
    return offered


def _one_by_one(link: Link, now: datetime) -> None:
    """Let one wish of the link in at a time, and not too many.

    Raises: ResyncTooSoon.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('linkage.resync', %s))", [link.pk]
        )
    lately = Resync.objects.filter(link_id=link.pk, asker=Asker.AGENCY)
    in_hour = lately.filter(asked_at__gt=now - timedelta(hours=1)).count()
    if in_hour >= MOST_PER_HOUR or lately.filter(asked_at__gt=now - GAP).exists():
        raise ResyncTooSoon(
            _("once a minute, and %(count)s times an hour at most") % {"count": MOST_PER_HOUR}
        )


def take(link: Link, message: Message) -> Done:
    """The agency asks by a message; its answer says how many come again."""
    said = message.payload
    offered = offer_again(
        link=link,
        reason=said["reason"],
        from_sequence=said.get("from_sequence"),
        since=moment_of(said["since"]) if "since" in said else None,
    )
    return Done(InboxResult.APPLIED, more={"resync": offered.as_json()})


@transaction.atomic
def ask(*, link: Link, since: datetime, reason: str, by: Any) -> Resync:
    """Owe the agency our wish to have again what it sent since, after we lost it.

    It is the wish of the newest restored state: who waits for an answer to one asks no second.
    Emits: obligations.owed, in the transaction.
    Locks: the link row, then the journal's counters.
    Raises: LinkClosed, Invalid for a moment that lies ahead or too far back, ResyncTooSoon.
    """
    now = timezone.now()
    link = Link.objects.select_for_update(no_key=True, of=("self",)).get(pk=link.pk)
    if link.state == LinkState.SUSPENDED or link.direction != Direction.BOTH:
        raise LinkClosed(_("nothing is asked for on this link"))
    if not now - OLDEST <= since <= now:
        raise Invalid(
            _("that is no time to ask from"),
            fields={"since": [_("must lie within the last 30 days")]},
        )
    if OutboxMessage.objects.filter(link=link, message_type=MessageType.RESYNC).offered().exists():
        raise ResyncTooSoon(_("the agency was asked already and has not answered yet"))
    uid = uuid4()
    message = OutboxMessage.objects.create(
        uid=uid,
        municipality_id=link.municipality_id,
        link=link,
        message_type=MessageType.RESYNC,
        case_number=f"RESYNC-{uid.hex[:8]}",
        # Before all that is not urgent.
        priority=Priority.P2,
        payload={"since": moment(since), "reason": reason[:300], "at": moment(now)},
        created_at=now,
        next_try_at=now,
    )
    resync = Resync.objects.create(
        link=link,
        asker=Asker.CENTRE,
        asked_by=by,
        asked_at=now,
        since=since,
        reason=reason[:300],
        message=message,
    )
    _write(resync, link)
    owed.announce(message)
    newly_owed.send(sender=OutboxMessage, link_id=link.pk, is_urgent=False)
    return resync


def newest(links: Iterable[Link]) -> dict[int, list[Resync]]:
    """Give each link's newest wish of either side, if any, in one query; by the link's key."""
    rows = (
        Resync.objects.filter(link__in=[link.pk for link in links])
        .order_by("link_id", "asker", "-pk")
        .distinct("link_id", "asker")
        .select_related("link", "message")
    )
    found: dict[int, list[Resync]] = {}
    for row in rows:
        found.setdefault(row.link_id, []).append(row)
    return found


def item(resync: Resync) -> dict[str, Any]:
    """Give the one shape of a wish: in the journal and on the pages."""
    return {
        "id": resync.pk,
        "link": resync.link.code,
        "asker": str(resync.asker),
        "at": moment(resync.asked_at),
        "from_sequence": resync.from_sequence,
        "since": moment(resync.since),
        "reason": resync.reason,
        "offered": resync.offered,
        "state": str(resync.message.state) if resync.message else None,
    }


def _write(resync: Resync, link: Link) -> None:
    """Put the wish on record, for each municipality that the link serves."""
    by = resync.asked_by
    said = item(resync)
    chain.record(
        action="link.resynchronised",
        subject_kind="link",
        subject_id=link.code,
        municipality_id=link.municipality_id,
        actor_id=by.pk if by else None,
        agent=link.code if resync.asker == Asker.AGENCY else "",
        reason=resync.reason,
        detail=said,
    )
    fact = log.Fact(
        kind="link.resync",
        subject_kind="link",
        subject_id=link.code,
        data={"resync": said},
        actor_id=by.pk if by and resync.asker == Asker.CENTRE else None,
    )
    for municipality_id in link.serving_ids():
        log.append_all(municipality_id=municipality_id, facts=[fact])
