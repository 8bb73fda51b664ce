"""The messages of one link, newest first: what the console's drill-down lists and opens."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import OutOfScope
from incidents.features import moment
from linkage.choices import MessageType
from linkage.envelopes import cloud_event, encoded
from linkage.exchanges import outbound
from linkage.models import DeliveryAttempt, InboxMessage, Link, OutboxMessage

Row = dict[str, Any]


def page_of(link: Link, asked: Mapping[str, Any]) -> tuple[list[Row], int | None]:
    """Give a page of one direction and the number to ask for the next one after.

    Newest first by our own number, so that what comes meanwhile shifts no page.
    """
    limit: int = asked["limit"]
    if asked["direction"] == "in":
        rows = _filtered(InboxMessage.objects.filter(link=link), asked, "result")
        found = [
            _came(row)
            for row in rows.select_related("incident")
            .defer("raw", "response")
            .annotate(size=Length("raw"))[: limit + 1]
        ]
    else:
        rows = _filtered(OutboxMessage.objects.filter(link=link), asked, "state")
        light = rows.select_related("incident").defer("payload")
        found = [_owed(row) for row in light[: limit + 1]]
    more = len(found) > limit
    return found[:limit], found[limit - 1]["sequence"] if more else None


def _filtered(rows: Any, asked: Mapping[str, Any], state: str) -> QuerySet[Any]:
    wanted = {
        state: asked.get("state"),
        "message_type": asked.get("type"),
        "case_number": asked.get("case"),
        "pk__lt": asked.get("before"),
    }
    kept: QuerySet[Any] = rows.filter(**{name: value for name, value in wanted.items() if value})
    return kept.order_by("-pk")


def _owed(row: OutboxMessage) -> Row:
    return {
        "sequence": row.pk,
        "id": str(row.uid),
        "direction": "out",
        "type": row.message_type,
        "type_name": row.get_message_type_display(),
        "state": str(row.state),
        "case": row.case_number,
        "incident": _incident(row.incident),
        "is_drill": row.is_drill,
        "at": moment(row.created_at),
        "priority": row.priority,
        "is_resent": row.resent_at is not None,
        "attempts": row.attempts,
        "error": row.last_error,
    }


def _came(row: Any) -> Row:
    return {
        "sequence": row.pk,
        "id": row.message_id,
        "direction": "in",
        "type": row.message_type,
        "type_name": row.get_message_type_display(),
        "state": str(row.result),
        "case": row.case_number,
        "incident": _incident(row.incident),
        "is_drill": row.message_type == MessageType.TEST
        or bool(row.incident and row.incident.is_drill),
        "at": moment(row.received_at),
        "version": row.version,
        "skew_ms": row.skew_ms,
        "bytes": row.size,
    }


def _incident(incident: Any) -> Row | None:
    if incident is None:
        return None
    return {"id": str(incident.pk), "number": incident.number, "is_drill": incident.is_drill}


def owed_by(link: Link, uid: UUID) -> OutboxMessage:
    """Raises: OutOfScope."""
    found: OutboxMessage | None = (
        OutboxMessage.objects.filter(link=link, uid=uid)
        .select_related("link__municipality", "link__agency", "incident")
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such message of this link"))
    return found


def came_by(link: Link, sequence: int) -> InboxMessage:
    """Raises: OutOfScope."""
    found: InboxMessage | None = (
        InboxMessage.objects.filter(link=link, pk=sequence)
        .select_related("incident", "link")
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such message of this link"))
    return found


def detail_of(message: OutboxMessage | InboxMessage) -> Row:
    """Describe one message with its attempts, or with the answer that we gave; no content."""
    if isinstance(message, OutboxMessage):
        tries = list(message.deliveries.all())
        return {
            **_owed(message),
            "steps": outbound(message, tries)["steps"],
            "tries": [attempt_of(one) for one in tries],
        }
    message.size = len(bytes(message.raw))  # type: ignore[attr-defined]  # as annotated in lists
    answer = message.response or {}
    return {
        **_came(message),
        "sent_at": moment(message.sent_at),
        "sha256": message.sha256,
        "answer": {"status": answer.get("status"), "body": answer.get("body")} if answer else None,
    }


def attempt_of(attempt: DeliveryAttempt) -> Row:
    """Describe one try to deliver: in the console and in the agency's own delivery log."""
    return {
        "number": attempt.number,
        "started_at": moment(attempt.started_at),
        "finished_at": moment(attempt.finished_at),
        "outcome": str(attempt.outcome),
        "outcome_name": attempt.get_outcome_display(),
        "http_status": attempt.http_status,
        "error": attempt.error,
    }


@transaction.atomic
def reveal(*, message: OutboxMessage | InboxMessage, by: User, reason: str) -> Row:
    """Give the content as it came or goes out, and put on record who asked and why."""
    if isinstance(message, OutboxMessage):
        subject, name = str(message.uid), str(message.uid)
        text, exact = encoded(cloud_event(message)), True
    else:
        raw = bytes(message.raw)
        subject, name = f"inbox-{message.pk}", message.message_id
        text = raw.decode("utf-8", "replace")
        exact = text.encode() == raw
    chain.record(
        action="exchange.revealed",
        subject_kind="exchange",
        subject_id=subject,
        municipality_id=message.municipality_id,
        actor_id=by.pk,
        reason=reason[:300],
        detail={"link": message.link.code, "message_id": name},
    )
    return {"text": text, "exact": exact}
