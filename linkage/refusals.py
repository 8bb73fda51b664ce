"""What was refused on a link: counted by code and hour, and how often in a row.

A refusal leaves nothing of its message, so this is written after its rollback: two rows, however
many messages come, with neither their content nor personal data.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import UnsupportedMediaType

from controlroom.audit import chain
from controlroom.errors import DomainError
from controlroom.journal import log
from incidents.features import moment
from linkage.cap.errors import WrongSender
from linkage.choices import LinkState
from linkage.errors import KeyInFlight, PreconditionFailed
from linkage.models import Link, RefusalRun, RefusedMessages

WINDOW = timedelta(hours=24)
KEPT = timedelta(days=92)
# So many in a row are no slip any more.
TOO_MANY = 10
FORGERY = WrongSender.code
# Nothing later can undo that somebody spoke in another's name: it is said for an hour.
FORGERY_STANDS = timedelta(hours=1)
READING = "reading_refused"
# Not faults of the message: the protocol's own way of saying "wait" or "read again".
_NO_REFUSALS = (KeyInFlight, PreconditionFailed)
# What a sender may name its fields; other letters could be anybody's name.
_FIELD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")

WORDS: dict[str, str | Promise] = {
    "invalid": _("does not follow its schema"),
    "too_large": _("too large"),
    "unsupported_media_type": _("not the content type of this address"),
    "message_id_conflict": _("message number used for other content"),
    "idempotency_key_reused": _("key used for another request"),
    "time_out_of_range": _("send time out of range"),
    "wrong_receiver": _("addressed to another link"),
    "payload_hash_mismatch": _("payload is not the one that was hashed"),
    "kind_not_allowed": _("kind outside the agreement"),
    "drill_not_allowed": _("drill on a link without drills"),
    "case_cancelled": _("correction of a cancelled case"),
    "out_of_sequence": _("not allowed as the case stands"),
    "link_closed": _("the link takes no messages"),
    "precondition_required": _("correction without If-Match"),
    "cap_unreadable": _("CAP: cannot be read"),
    "cap_not_an_alert": _("CAP: not an alert"),
    "cap_is_index": _("CAP: an index, not an alert"),
    "cap_schema": _("CAP: against the schema"),
    "cap_meaning": _("CAP: times, references or areas that cannot be"),
    "cap_profile": _("CAP: against the Korean profile"),
    FORGERY: _("CAP: in another sender's name"),
    READING: _("reading of an unknown sensor or of the future"),
}

_COUNT = """
INSERT INTO linkage_refusedmessages AS r
  (link_id, code, hour, count, first_at, last_at, message_id, reason)
VALUES (%(link)s, %(code)s, date_trunc('hour', %(now)s::timestamptz), %(number)s, %(now)s, %(now)s,
  %(message_id)s, %(reason)s)
ON CONFLICT (link_id, code, hour) DO UPDATE SET
  count = r.count + excluded.count, last_at = GREATEST(r.last_at, excluded.last_at),
  message_id = excluded.message_id, reason = excluded.reason
RETURNING count
"""
_RUN = """
INSERT INTO linkage_refusalrun AS r (link_id, in_a_row, began_at, last_at)
VALUES (%(link)s, 1, %(now)s, %(now)s)
ON CONFLICT (link_id) DO UPDATE SET
  in_a_row = r.in_a_row + 1, last_at = excluded.last_at,
  began_at = CASE WHEN r.in_a_row = 0 THEN excluded.began_at ELSE r.began_at END
"""


@dataclass
class Named:
    """What is known of a message while it is being taken: its number, as far as it was read."""

    message_id: str = ""


@contextmanager
def noted(*, link: Link) -> Iterator[Named]:
    """Put on record whatever is refused inside, after it was rolled back."""
    named = Named()
    try:
        yield named
    except _NO_REFUSALS:
        raise
    except UnsupportedMediaType as refused:
        note(link=link, code=refused.default_code, message_id=named.message_id)
        raise
    except DomainError as refused:
        note(
            link=link,
            code=refused.code,
            message_id=named.message_id,
            reason=_reason(refused),
            forged_sender=_sender(refused),
        )
        raise


def _reason(refused: DomainError) -> str:
    names = [name if _FIELD.fullmatch(name) else "…" for name in sorted(map(str, refused.fields))]
    return ", ".join(dict.fromkeys(names))


def _sender(refused: DomainError) -> str | None:
    """Give whom a forged alert speaks of; None when nothing was forged."""
    if not isinstance(refused, WrongSender):
        return None
    return next((str(value) for values in refused.fields.values() for value in values), "")


@transaction.atomic
def note(
    *,
    link: Link,
    code: str,
    message_id: str = "",
    reason: str = "",
    number: int = 1,
    forged_sender: str | None = None,
) -> None:
    """Count refusals of one code; in another's name they go to the audit as well.

    Emits: "link.refused" in the journal with the first of a code within an hour.
    Locks: the two rows, then the journal's counter.
    """
    named = _plain(message_id)[:80]
    values: dict[str, int | str | datetime] = {
        "link": link.pk,
        "code": code[:40],
        "now": timezone.now(),
        "number": number,
        "message_id": named,
        "reason": _plain(reason)[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        (count,) = cursor.fetchone()
        cursor.execute(_RUN, values)
    if forged_sender is not None:
        chain.record(
            action="link.sender_forged",
            subject_kind="link",
            subject_id=link.code,
            municipality_id=link.municipality_id,
            agent=link.code,
            detail={
                "link": link.code,
                "sender": _plain(forged_sender)[:200],
                "message_id": named,
            },
        )
    if count == number:
        log.append(
            municipality_id=link.municipality_id,
            kind="link.refused",
            subject_kind="link",
            subject_id=link.code,
            data={"link": link.code, "code": code[:40]},
        )


def _plain(text: str) -> str:
    """Leave out what cannot be stored or shown."""
    return "".join(char for char in text if char.isprintable())


def taken(*, link: Link) -> None:
    """End the link's run of refusals; nothing is written while there is none."""
    run = getattr(link, "refusal_run", None)
    if run is not None and run.in_a_row:
        RefusalRun.objects.filter(link=link).update(in_a_row=0)


def of_links(
    links: Iterable[Link], *, now: datetime | None = None
) -> dict[int, list[dict[str, Any]]]:
    """Give what was refused within the last day, by link and code, the newest first."""
    since = (now or timezone.now()) - WINDOW
    rows = RefusedMessages.objects.filter(
        link__in=[link.pk for link in links], last_at__gt=since
    ).order_by("-last_at")
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in rows:
        by_code = found.setdefault(row.link_id, {})
        if row.code in by_code:
            newer = by_code[row.code]
            newer |= {"count": newer["count"] + row.count, "first_at": row.first_at}
        else:
            by_code[row.code] = _item(row)
    return {link_id: list(by_code.values()) for link_id, by_code in found.items()}


def _item(row: RefusedMessages) -> dict[str, Any]:
    return {
        "code": row.code,
        "words": str(WORDS.get(row.code, row.code)),
        "count": row.count,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "message_id": row.message_id,
        "reason": row.reason,
    }


def as_json(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**one, "first_at": moment(one["first_at"]), "last_at": moment(one["last_at"])}
        for one in items
    ]


def in_a_row(links: Iterable[Link]) -> dict[int, int]:
    """Give how many messages of each link were refused since one was taken."""
    runs = RefusalRun.objects.filter(link__in=[link.pk for link in links], in_a_row__gt=0)
    return dict(runs.values_list("link_id", "in_a_row"))


def runs_too_long() -> Iterator[tuple[Link, dict[str, Any]]]:
    """Give the links whose last messages were all refused, with how many and as what."""
    runs = RefusalRun.objects.filter(in_a_row__gte=TOO_MANY).select_related("link")
    for run in runs.exclude(link__state=LinkState.SUSPENDED):
        since = RefusedMessages.objects.filter(link=run.link, last_at__gte=run.began_at)
        codes = since.order_by("-last_at").values_list("code", flat=True)
        yield (
            run.link,
            {
                "in_a_row": run.in_a_row,
                "codes": list(dict.fromkeys(codes[:20])),
                "last_at": moment(run.last_at),
            },
        )


def forgeries(now: datetime) -> Iterator[tuple[Link, dict[str, Any]]]:
    """Give the links that spoke in another sender's name of late, with the last such message."""
    rows = RefusedMessages.objects.filter(code=FORGERY, last_at__gt=now - FORGERY_STANDS)
    for row in rows.order_by("-last_at").select_related("link"):
        yield (
            row.link,
            {"count": row.count, "message_id": row.message_id, "last_at": moment(row.last_at)},
        )


def forget_old() -> int:
    """Delete the counts that nobody looks at any more."""
    old = RefusedMessages.objects.filter(hour__lt=timezone.now() - KEPT)
    gone, _by_model = old.delete()
    return gone
