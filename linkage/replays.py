"""Send again what was given up: one message, many, or a whole outage."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.municipalities.models import Municipality
from linkage import backlog, owed
from linkage.choices import OutboxState
from linkage.errors import NotReplayable
from linkage.models import Link, OutboxMessage

# So few in one transaction, that the journal's counter is never held for long.
AT_ONCE = 200
MOST = 20_000
REPLAYABLE = (OutboxState.DEAD, OutboxState.MANUAL_FALLBACK)


@dataclass
class Replayed:
    """How many go out again, and which of those named do not, because nobody gave them up."""

    count: int = 0
    refused: list[str] = field(default_factory=list)


@transaction.atomic
def replay(*, message: OutboxMessage, by: Any, reason: str) -> OutboxMessage:
    """Send a given-up message again, with a new life; who wants it and why is put on record.

    Raises: NotReplayable.
    """
    message = owed.locked(message.pk)
    if message.state not in REPLAYABLE:
        raise NotReplayable(_("only a message that was given up is sent again"))
    _renew(message, timezone.now())
    owed.record("exchange.replayed", message, by, reason)
    backlog.report(message.link)
    owed.announce(message)
    return message


def replay_many(
    *,
    link: Link,
    uids: Iterable[UUID],
    by: Any,
    reason: str,
    city: Municipality | None = None,
) -> Replayed:
    """Send these messages of the link again; those that were not given up are named, not sent.

    `city`: only its own, as the consoles ask; the agency may ask for all.
    """
    asked = list(dict.fromkeys(uids))
    found = OutboxMessage.objects.filter(link=link, uid__in=asked, state__in=REPLAYABLE)
    if city is not None:
        found = found.filter(municipality=city)
    replayed = _renew_all(link, list(found.order_by("pk").values_list("pk", flat=True)))
    sent = set(replayed)
    refused = [str(uid) for uid in asked if uid not in sent]
    _record(link, by, reason, {"asked": len(asked), "replayed": len(replayed)})
    return Replayed(len(replayed), refused)


def replay_outage(
    *,
    link: Link,
    since: datetime,
    until: datetime,
    by: Any,
    reason: str,
    city: Municipality | None = None,
) -> Replayed:
    """Send again all that was given up of what came up between two moments.

    `city`: as for replay_many.

    Raises: Invalid for moments in the wrong order.
    """
    if since >= until:
        raise Invalid(
            _("the outage ends before it begins"), fields={"until": [_("must be after since")]}
        )
    lost = OutboxMessage.objects.filter(
        link=link, state__in=REPLAYABLE, created_at__gte=since, created_at__lt=until
    )
    if city is not None:
        lost = lost.filter(municipality=city)
    replayed = _renew_all(link, list(lost.order_by("pk").values_list("pk", flat=True)[:MOST]))
    detail = {"since": since.isoformat(), "until": until.isoformat(), "replayed": len(replayed)}
    _record(link, by, reason, detail)
    return Replayed(len(replayed))


def _renew_all(link: Link, pks: list[int]) -> list[UUID]:
    done: list[UUID] = []
    for start in range(0, len(pks), AT_ONCE):
        with transaction.atomic():
            now = timezone.now()
            rows = owed.locked_in_order(pks[start : start + AT_ONCE])
            messages = [row for row in rows if row.state in REPLAYABLE]
            for message in messages:
                _renew(message, now)
            backlog.report(link)
            for message in messages:
                owed.announce(message)
            done += [message.uid for message in messages]
    return done


def _renew(message: OutboxMessage, now: datetime) -> None:
    # What a person has told by telephone stays told; the line only confirms it.
    if message.state == OutboxState.DEAD:
        message.state = OutboxState.QUEUED
    message.created_at = message.next_try_at = now
    message.is_offered = True
    # Handed out anew: a commit of the fetch transport must not cover it before it was fetched.
    message.sent_at = None
    message.save(update_fields=["state", "created_at", "next_try_at", "is_offered", "sent_at"])


def _record(link: Link, by: Any, reason: str, detail: dict[str, Any]) -> None:
    chain.record(
        action="link.replayed",
        subject_kind="link",
        subject_id=link.code,
        municipality_id=link.municipality_id,
        actor_id=by.pk,
        reason=reason[:300],
        detail=detail,
    )
