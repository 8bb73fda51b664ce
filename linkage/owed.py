"""Lock a message that is owed, and put on record what became of it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from controlroom.audit import chain
from controlroom.journal import log
from linkage.exchanges import outbound
from linkage.models import Link, OutboxMessage


def locked(pk: int) -> OutboxMessage:
    """Locks: the message; everyone locks message, incident, link, journal counter in this order."""
    message: OutboxMessage = (
        OutboxMessage.objects.select_for_update(of=("self",), no_key=True)
        .select_related("link")
        .get(pk=pk)
    )
    return message


def locked_in_order(pks: Iterable[int]) -> list[OutboxMessage]:
    """Locks: the messages, the oldest first."""
    return list(
        OutboxMessage.objects.select_for_update(of=("self",), no_key=True)
        .select_related("link")
        .filter(pk__in=list(pks))
        .order_by("pk")
    )


def locked_of(link: Link, uid: UUID) -> OutboxMessage | None:
    """Locks: the message. None: not this link's."""
    message: OutboxMessage | None = (
        OutboxMessage.objects.select_for_update(of=("self",), no_key=True)
        .select_related("link")
        .filter(link=link, uid=uid)
        .first()
    )
    return message


def fact(message: OutboxMessage) -> log.Fact:
    of_case = message.incident_id is not None
    return log.Fact(
        kind=f"exchange.{message.state}",
        subject_kind="incident" if of_case else "link",
        subject_id=str(message.incident_id) if of_case else message.link.code,
        data={"exchange": outbound(message)},
    )


def announce(message: OutboxMessage) -> None:
    announce_all([message])


def announce_all(messages: Iterable[OutboxMessage], *others: tuple[int, log.Fact]) -> None:
    """Put on record what became of the messages, after other facts of their municipalities.

    Locks: the journals' counters, in the order of the municipalities.
    """
    facts: dict[int, list[log.Fact]] = {}
    for municipality_id, other in others:
        facts.setdefault(municipality_id, []).append(other)
    for message in messages:
        facts.setdefault(message.municipality_id, []).append(fact(message))
    for municipality_id in sorted(facts):
        log.append_all(municipality_id=municipality_id, facts=facts[municipality_id])


def record(action: str, message: OutboxMessage, by: Any, reason: str = "") -> None:
    chain.record(
        action=action,
        subject_kind="exchange",
        subject_id=str(message.uid),
        municipality_id=message.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else message.link.code,
        reason=reason[:300],
        detail={"link": message.link.code},
    )
