"""The one shape of an exchange: in the console's list and in the journal."""

from collections.abc import Iterable
from typing import Any

from incidents.features import moment
from linkage.choices import OutboxState
from linkage.models import DeliveryAttempt, InboxMessage, OutboxMessage

Exchange = dict[str, Any]


def outbound(message: OutboxMessage, deliveries: Iterable[DeliveryAttempt] = ()) -> Exchange:
    final = message.state not in {OutboxState.QUEUED, OutboxState.SENT, OutboxState.RETRYING}
    return {
        "id": str(message.uid),
        "link": message.link.code,
        "direction": "out",
        "type": message.message_type,
        "state": str(message.state),
        "at": moment(message.created_at),
        "attempts": message.attempts,
        "last_error": message.last_error,
        "next_try_at": None if final else moment(message.next_try_at),
        "steps": _outbound_steps(message, deliveries),
    }


def _outbound_steps(
    message: OutboxMessage, deliveries: Iterable[DeliveryAttempt]
) -> list[dict[str, Any]]:
    steps = [("queued", message.created_at)]
    steps += [
        (f"attempt {d.number}: {d.outcome}", d.finished_at or d.started_at) for d in deliveries
    ]
    steps += [
        (name, at)
        for name, at in (
            ("offered again", message.resent_at),
            ("sent", message.sent_at),
            ("acked", message.acked_at),
            ("answered", message.answered_at),
        )
        if at
    ]
    return [
        {"name": name, "at": moment(at)} for name, at in sorted(steps, key=lambda step: step[1])
    ]


def inbound(message: InboxMessage) -> Exchange:
    return {
        "id": message.message_id,
        "link": message.link.code,
        "direction": "in",
        "type": message.message_type,
        "state": str(message.result),
        "at": moment(message.received_at),
        "attempts": 1,
        "last_error": "",
        "next_try_at": None,
        "steps": [
            {"name": "sent", "at": moment(message.sent_at)},
            {"name": "received", "at": moment(message.received_at)},
            {"name": str(message.result), "at": moment(message.received_at)},
        ],
    }
