"""Who may sit at the live socket, and who must leave it."""

from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import is_same_domain

from controlroom.accounts.models import User
from controlroom.journal.audiences import audiences_of
from controlroom.journal.lines import COME_BACK
from controlroom.journal.seats import NO_RIGHT, SESSION_ENDED, Ticket
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Membership, Municipality
from controlroom.municipalities.roles import rights_of

log = structlog.get_logger(__name__)


def origin_allowed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether the page that opens the socket is our own, as the CSRF check would."""
    named = {name: value.decode("latin-1") for name, value in headers}
    host = named.get(b"host", "")
    try:
        page = urlsplit(named.get(b"origin", ""))
    except ValueError:
        return False
    for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS):
        if page.scheme == trusted.scheme and is_same_domain(
            page.netloc, trusted.netloc.lstrip("*")
        ):
            return True
    if page.scheme not in ({"https"} if settings.HTTPS else {"http", "https"}):
        return False
    domain, _port = split_domain_port(host)
    return page.netloc.lower() == host.lower() and validate_host(domain, settings.ALLOWED_HOSTS)


def refuse_foreign(scope: dict[str, Any]) -> bool:
    """Tell whether this handshake must be refused for its origin, and log it if so."""
    if origin_allowed(scope["headers"]):
        return False
    origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
    client = (scope.get("client") or ["unknown"])[0]
    log.warning("socket_origin_refused", origin=origin[:200], client=client)
    return True


def admit(*, user: Any, session_key: str | None, code: str) -> Ticket | int:
    """Give a ticket for the municipality, or the code to close with.

    Who is no member learns nothing: an unknown municipality looks the same.
    """
    if not user.is_authenticated or not user.is_active or not session_key:
        return SESSION_ENDED
    municipality = Municipality.objects.visible_to(user).filter(code=code).first()
    audiences = audiences_of(rights_in(user, municipality.pk)) if municipality else frozenset()
    if municipality is None or not audiences:
        return NO_RIGHT
    return Ticket(
        user_id=user.pk,
        user_name=str(user),
        session_key=session_key,
        access_version=user.access_version,
        municipality_id=municipality.pk,
        audiences=audiences,
    )


def verdicts(tickets: Collection[Ticket]) -> dict[Ticket, int | None]:
    """Tell for each ticket the code to close its sockets with, None for those that hold."""
    user_ids = {ticket.user_id for ticket in tickets}
    users = User.objects.filter(is_active=True).in_bulk(user_ids)
    signed_in = _signed_in({ticket.session_key for ticket in tickets})
    roles: dict[tuple[int, int], list[str]] = {}
    for user_id, municipality_id, role in (
        Membership.objects.filter(user__in=user_ids)
        .in_force()
        .values_list("user_id", "municipality_id", "role")
    ):
        roles.setdefault((user_id, municipality_id), []).append(role)
    return {
        ticket: _verdict(
            ticket,
            users.get(ticket.user_id),
            signed_in.get(ticket.session_key, {}),
            audiences_of(rights_of(roles.get((ticket.user_id, ticket.municipality_id), []))),
        )
        for ticket in tickets
    }


def _signed_in(session_keys: set[str]) -> dict[str, dict[str, Any]]:
    """Read the sessions that still stand, by key."""
    standing = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return {session.session_key: session.get_decoded() for session in standing}


def _verdict(
    ticket: Ticket, user: User | None, session: dict[str, Any], audiences: frozenset[str]
) -> int | None:
    if user is None or session.get(SESSION_KEY) != str(user.pk):
        return SESSION_ENDED
    proof = session.get(HASH_SESSION_KEY, "")
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    if not any(constant_time_compare(proof, one) for one in valid):
        return SESSION_ENDED
    if not audiences:
        return NO_RIGHT
    if audiences != ticket.audiences or user.access_version != ticket.access_version:
        return COME_BACK
    return None
