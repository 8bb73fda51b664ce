"""Police work terminals: registered by their room, enrolled once by a code, known by their key.

A terminal's row is locked before every other row that a verb needs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts import enrolment
from controlroom.audit import chain
from controlroom.errors import NotAllowed, OutOfScope
from incidents.choices import Service
from linkage.models import Link, Terminal, TerminalShare
from linkage.models_terminals import ShareEnd
from linkage.services.police112 import shares

CODES = "linkage.terminal"
# A terminal asks every few seconds; this often it is written down.
NOTED_EVERY = timedelta(seconds=30)


class CodeRefused(NotAllowed):
    """No terminal waits for this code: wrong, used before, or too old."""

    code = "code_refused"


class TerminalUnknown(NotAllowed):
    code = "terminal_unknown"
    status = 401


@dataclass(frozen=True)
class Registered:
    """A terminal and its code; the only place where the code is not a hash."""

    terminal: Terminal
    code: str


def of_link(link: Link) -> Any:
    """Give the link's terminals that are not retired.

    Raises: OutOfScope for a link of another service.
    """
    if link.service != Service.POLICE112:
        raise OutOfScope(_("this link has no terminals"))
    return Terminal.objects.filter(link=link, retired_at=None).order_by("number")


@transaction.atomic
def register(*, link: Link, number: str, call_sign: str) -> Registered:
    """Enter a terminal, or give a known one a new code; a code that was not used yet ends.

    The browser that is enrolled stays so until the new code is used.
    Locks: the terminal.
    """
    terminal, _created = (
        of_link(link)
        .select_for_update()
        .get_or_create(
            link=link,
            number=number,
            retired_at=None,
            defaults={"municipality_id": link.municipality_id, "call_sign": call_sign},
        )
    )
    code = enrolment.new_code()
    terminal.call_sign = call_sign
    terminal.code_digest = enrolment.code_digest(code, of=CODES)
    terminal.code_expires_at = timezone.now() + enrolment.CODE_LASTS
    terminal.save(update_fields=["call_sign", "code_digest", "code_expires_at"])
    _record("terminal.registered", terminal, agent=link.code)
    return Registered(terminal, enrolment.grouped(code))


@transaction.atomic
def enrol(*, code: str, address: str | None) -> tuple[Terminal, str]:
    """Exchange a code for the key of this browser; whatever browser had one is out.

    Locks: the terminal, then what is shared with it.
    Raises: CodeRefused.
    """
    now = timezone.now()
    terminal: Terminal | None = (
        Terminal.objects.select_for_update()
        .filter(
            code_digest=enrolment.code_digest(enrolment.plain(code), of=CODES),
            code_expires_at__gt=now,
            retired_at=None,
        )
        .first()
    )
    if terminal is None:
        raise CodeRefused(_("no terminal waits for this code"))
    shares.end(shares=TerminalShare.objects.filter(terminal=terminal), why=ShareEnd.TERMINAL)
    key = enrolment.new_key()
    terminal.key_digest, terminal.enrolled_at = enrolment.key_digest(key), now
    terminal.code_digest, terminal.code_expires_at = "", None
    terminal.last_seen_at = now
    terminal.save(
        update_fields=[
            "key_digest",
            "enrolled_at",
            "code_digest",
            "code_expires_at",
            "last_seen_at",
        ]
    )
    _record("terminal.enrolled", terminal, agent=str(terminal.number), address=address or "")
    return terminal, key


@transaction.atomic
def retire(*, terminal: Terminal, by: Any = None, agent: str = "", reason: str = "") -> Terminal:
    """End a terminal, its code, its key and what is shared with it; the same again does nothing.

    Locks: the terminal, then what is shared with it.
    """
    row: Terminal = Terminal.objects.select_for_update().get(pk=terminal.pk)
    if row.retired_at is not None:
        return row
    shares.end(shares=TerminalShare.objects.filter(terminal=row), why=ShareEnd.TERMINAL, by=by)
    row.retired_at = timezone.now()
    row.code_digest, row.code_expires_at, row.key_digest = "", None, ""
    row.save(update_fields=["retired_at", "code_digest", "code_expires_at", "key_digest"])
    _record("terminal.retired", row, by=by, agent=agent, reason=reason)
    return row


def by_key(key: str) -> Terminal:
    """Find the terminal whose browser holds this key, and note that it is there.

    Raises: TerminalUnknown.
    """
    found: Terminal | None = None
    if key:
        found = (
            Terminal.objects.select_related("link__legal_basis", "link__agency")
            .filter(key_digest=enrolment.key_digest(key), retired_at=None)
            .first()
        )
    if found is None:
        raise TerminalUnknown(_("this browser is no enrolled terminal"))
    _note_seen(found, timezone.now())
    return found


def _note_seen(terminal: Terminal, now: datetime) -> None:
    if terminal.last_seen_at is None or now - terminal.last_seen_at > NOTED_EVERY:
        Terminal.objects.filter(pk=terminal.pk).update(last_seen_at=now)


def _record(
    action: str,
    terminal: Terminal,
    *,
    by: Any = None,
    agent: str = "",
    reason: str = "",
    **detail: Any,
) -> None:
    chain.record(
        action=action,
        subject_kind="terminal",
        subject_id=terminal.pk,
        municipality_id=terminal.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else agent,
        reason=reason,
        detail={"number": terminal.number, "link": terminal.link.code, **detail},
    )
