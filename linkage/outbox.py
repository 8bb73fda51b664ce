"""The life of an owed message: confirmed, answered, given up, sent again.

Source: domain.md 2.2.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.utils import timezone

from linkage import backlog, owed, phone, retries
from linkage.choices import OFFERED, MessageType, OutboxState
from linkage.models import Link, OutboxMessage

CONFIRMED = frozenset({OutboxState.ACKED, OutboxState.ANSWERED, OutboxState.RECONCILED})


def confirm(message: OutboxMessage, now: datetime) -> None:
    """Write down that the agency has the locked message; call in its transaction."""
    before = message.state
    confirmed(message, now)
    message.save()
    if before == OutboxState.DEAD:
        backlog.report(message.link)
    phone.line_confirmed([message])
    owed.announce(message)


def confirmed(message: OutboxMessage, now: datetime) -> None:
    """Set what an acknowledgement changes; the caller saves and puts it on record.

    Of one that was asked for again the first acknowledgement stays known, and its answer.
    """
    if message.state == OutboxState.MANUAL_FALLBACK:
        message.state = OutboxState.RECONCILED
    else:
        message.state = OutboxState.ANSWERED if message.answered_at else OutboxState.ACKED
    message.sent_at = message.sent_at or now
    message.acked_at = message.acked_at or now
    message.lease_until = None


def offer_again(message: OutboxMessage, now: datetime) -> None:
    """Set what makes a confirmed message go out once more; the caller saves."""
    told = message.state == OutboxState.RECONCILED
    message.state = OutboxState.MANUAL_FALLBACK if told else OutboxState.QUEUED
    message.next_try_at, message.is_offered, message.sent_at = now, True, None


@transaction.atomic
def acknowledge(*, link: Link, uid: UUID) -> OutboxMessage | None:
    """Record that the agency has the message; again changes nothing. None: not this link's."""
    message = owed.locked_of(link, uid)
    if message is not None and message.state not in CONFIRMED:
        confirm(message, timezone.now())
    return message


def handed_out(messages: Iterable[OutboxMessage]) -> None:
    """Note that fetching has shown these to their agency, for commit_up_to."""
    unseen = [message.pk for message in messages if message.sent_at is None]
    OutboxMessage.objects.filter(pk__in=unseen, sent_at__isnull=True).update(sent_at=timezone.now())


def commit_up_to(*, link: Link, sequence: int) -> int:
    """Record that the agency has all that it fetched up to a sequence; give how many were new.

    Numbers may become visible out of order, so what was never handed out stays owed.
    """
    owed_still = OutboxMessage.objects.filter(
        link=link, pk__lte=sequence, sent_at__isnull=False, state__in=OFFERED, is_offered=True
    )
    done = 0
    for pk in list(owed_still.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            message = owed.locked(pk)
            if message.state not in CONFIRMED and message.sent_at is not None:
                confirm(message, timezone.now())
                done += 1
    return done


def lock_to_answer(*, link: Link, uid: UUID) -> OutboxMessage | None:
    """Lock the message that an answer names, before its incident: the order of all who lock both.

    Locks: the message, until the caller's transaction ends.
    """
    return owed.locked_of(link, uid)


@transaction.atomic
def mark_answered(*, message: OutboxMessage) -> OutboxMessage:
    """Record that the agency answered the locked message by one of its own."""
    if message.answered_at is not None and message.state in CONFIRMED:
        return message
    now = timezone.now()
    message.answered_at = message.answered_at or now
    if message.state not in CONFIRMED:
        confirm(message, now)
    else:
        phone.line_confirmed([message])
    if message.state == OutboxState.ACKED:
        message.state = OutboxState.ANSWERED
    message.save()
    owed.announce(message)
    return message


def end_of_line(message: OutboxMessage) -> None:
    """Give a message up, or only its line when a person has told the agency; the caller saves."""
    message.is_offered = False
    message.lease_until = None
    if message.state != OutboxState.MANUAL_FALLBACK:
        message.state = OutboxState.DEAD


def give_up_expired() -> int:
    """Bury what outlived its link's life untold, fetched links included; give how many.

    So are drills whose link has ceased to take drills: they may not leave any more.
    """
    dead = _over(timezone.now()).order_by("pk").values_list("pk", flat=True)
    return sum(_bury(pk) for pk in list(dead[:500]))


def _over(now: datetime) -> Any:
    hours = F("link__retry_life_h") * Value(timedelta(hours=1))
    life = ExpressionWrapper(hours, output_field=DurationField())
    tests = Q(message_type=MessageType.TEST, created_at__lt=now - retries.TEST_LIFE)
    withheld = Q(incident__is_drill=True, link__allows_drills=False)
    owed_still = OutboxMessage.objects.offered().with_offered_since()
    old = owed_still.filter(tests | withheld | Q(since__lt=Value(now) - life))
    # One that is under way may be acknowledged yet.
    return old.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))


@transaction.atomic
def _bury(pk: int) -> bool:
    message = owed.locked(pk)
    if not _over(timezone.now()).filter(pk=pk).exists():
        return False
    end_of_line(message)
    message.save()
    if message.state == OutboxState.DEAD:
        backlog.report(message.link)
        owed.announce(message)
    return True
