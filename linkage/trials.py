"""A test message over a link: the whole way of a real one, without an incident behind it.

It is marked as a drill, is never counted as use, and alarms nobody when the line does not take it.
"""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from incidents.features import moment
from linkage import owed
from linkage.choices import Direction, LinkState, MessageType
from linkage.errors import DrillNotAllowed, LinkClosed, TestsWaiting
from linkage.models import Link, OutboxMessage
from linkage.obligations import owed as newly_owed

# After all that is real.
PRIORITY = 4
MOST_WAITING = 5


@transaction.atomic
def send(*, link: Link, by: Any = None, agent: str = "") -> OutboxMessage:
    """Owe the agency a test message, asked for by a person of the centre or by the agency.

    It is of the city as which the link is seen (linkage/regions.py).

    Emits: obligations.owed, in the transaction.
    Locks: the link row, then the journal's counter.
    Raises: LinkClosed, DrillNotAllowed, TestsWaiting.
    """
    municipality_id = link.municipality_id
    link = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
    _check(link)
    now = timezone.now()
    uid = uuid4()
    number = f"TEST-{uid.hex[:8]}"
    message = OutboxMessage.objects.create(
        uid=uid,
        municipality_id=municipality_id,
        link=link,
        message_type=MessageType.TEST,
        case_number=number,
        priority=PRIORITY,
        payload={
            "receipt_no": number,
            "status": "TEST",
            "at": moment(now),
            "asked_by": "agency" if agent else "centre",
        },
        created_at=now,
        next_try_at=now,
    )
    chain.record(
        action="link.tested",
        subject_kind="link",
        subject_id=link.code,
        municipality_id=municipality_id,
        actor_id=by.pk if by else None,
        agent=agent,
        detail={"message": str(uid)},
    )
    owed.announce(message)
    newly_owed.send(sender=OutboxMessage, link_id=link.pk, is_urgent=False)
    return message


def _check(link: Link) -> None:
    if link.state == LinkState.SUSPENDED or link.direction == Direction.IN:
        raise LinkClosed(_("nothing is sent on this link"))
    if not link.allows_drills:
        raise DrillNotAllowed(_("this link takes no drills, and a test message is one"))
    waiting = OutboxMessage.objects.filter(link=link, message_type=MessageType.TEST).offered()
    if waiting.count() >= MOST_WAITING:
        raise TestsWaiting(
            _("%(count)s test messages are under way already") % {"count": MOST_WAITING}
        )
