"""Verbs on links: make, issue a client, rotate the signing secret, suspend and resume."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from oauth2_provider.generators import generate_client_id, generate_client_secret
from oauth2_provider.models import get_application_model

from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.journal import log
from controlroom.municipalities.models import Municipality
from controlroom.sealing import seal, unseal
from linkage import agreements, grants, video_requests
from linkage.choices import Direction, LinkState
from linkage.models import Agency, Link
from linkage.models_agreements import MaintenanceWindow
from linkage.models_video import GrantEnd

WINDOW = ("maintenance_from", "maintenance_until")
ROTATION_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True)
class Credentials:
    """What is shown once and never again."""

    link: Link
    client_id: str
    client_secret: str
    webhook_secret: str


@transaction.atomic
def create_link(
    *,
    municipality: Municipality,
    agency: Agency,
    service: str,
    code: str,
    push_url: str = "",
    allow_private_address: bool = False,
    client_id: str = "",
    client_secret: str = "",
    webhook_secret: str = "",
    by: Any = None,
    **options: Any,
) -> Credentials:
    """Make a link with its OAuth client and signing secret; given secrets are taken as they are.

    `options` are further fields of Link (rate_per_s, burst, ack_deadline_s, ...).
    Raises: Invalid for a push address that is not http(s).
    """
    client_secret = client_secret or generate_client_secret()
    application = _new_application(code, client_id or generate_client_id(), client_secret)
    webhook_secret = webhook_secret or new_webhook_secret()
    if options.get("direction") == Direction.OUT:
        # Nobody expects to hear anything of it.
        options.setdefault("silent_after_s", None)
    options = {**agreements.usual(service), **options}
    link = Link.objects.create(
        municipality=municipality,
        agency=agency,
        service=service,
        code=code,
        application=application,
        push_url=push_url,
        push_host=host_of(push_url),
        allow_private_address=allow_private_address,
        secret=seal(webhook_secret),
        **options,
    )
    _record("link.created", link, by)
    return Credentials(link, application.client_id, client_secret, webhook_secret)


@transaction.atomic
def issue_client(*, link: Link, by: Any = None, agent: str = "") -> Credentials:
    """Give the link a new client secret; the old one and its tokens end at once.

    Locks: the link row.
    """
    link = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
    secret = generate_client_secret()
    application: Any = link.application
    if application is None:
        application = _new_application(link.code, generate_client_id(), secret)
        link.application = application
        link.save(update_fields=["application"])
    else:
        application.client_secret = secret
        application.save()
        application.accesstoken_set.all().delete()
    _record("link.client_issued", link, by, agent=agent)
    return Credentials(link, application.client_id, secret, "")


@transaction.atomic
def rotate_webhook_secret(*, link: Link, by: Any = None, agent: str = "") -> Credentials:
    """Give the link a new signing secret; the old one signs too for a day.

    Locks: the link row.
    """
    link = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
    secret = new_webhook_secret()
    link.previous_secret = link.secret
    link.previous_secret_until = timezone.now() + ROTATION_OVERLAP
    link.secret = seal(secret)
    link.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    _record("link.secret_rotated", link, by, agent=agent)
    return Credentials(link, "", "", secret)


@transaction.atomic
def register_push(
    *, link: Link, push_url: str, allow_private_address: bool = False, by: Any = None
) -> Link:
    """Change where the link posts; its host becomes the only one that it may reach."""
    link.push_url, link.push_host = push_url, host_of(push_url)
    link.allow_private_address = allow_private_address
    link.save(update_fields=["push_url", "push_host", "allow_private_address"])
    _record("link.push_registered", link, by)
    return link


@transaction.atomic
def set_state(*, link: Link, state: LinkState, by: Any = None, reason: str = "") -> Link:
    """Suspend a link, put it into maintenance, or bring it back up.

    A suspension ends the video that the link holds, and what it has asked for.
    Emits: "link.state" in the journal of each city that it serves.
    Locks: the incidents of its open video, the link row, grants and requests, then the journals'
    counters in the order of the cities.
    """
    if state not in {LinkState.UP, LinkState.MAINTENANCE, LinkState.SUSPENDED}:
        raise Invalid(_("this state is measured, not set"), fields={"state": [state]})
    link = _held(link, with_video=state == LinkState.SUSPENDED)
    before = link.state
    now = timezone.now()
    if state == LinkState.UP and link.in_maintenance(now):
        MaintenanceWindow.objects.filter(link=link, starts_at__lt=now, ends_at__gt=now).update(
            ends_at=now
        )
        take_windows(link, now)
    link.state, link.failures, link.paused_until = state, 0, None
    link.save(update_fields=["state", "failures", "paused_until", *WINDOW])
    _record(f"link.{state}", link, by, reason)
    if state == LinkState.SUSPENDED:
        video_requests.end(requests=link.video_requests.all())
        grants.end(grants=link.grants.all(), why=GrantEnd.LINK_SUSPENDED, by=by, reason=reason)
    for municipality_id in link.serving_ids():
        log.append(
            municipality_id=municipality_id,
            kind="link.state",
            subject_kind="link",
            subject_id=link.code,
            actor_id=by.pk if by else None,
            data={"link": link.code, "state": str(state), "before": str(before)},
        )
    return link


class _Joined(Exception):
    """Rolls back to before the locks."""


def _held(link: Link, *, with_video: bool) -> Link:
    """Lock the link; its incidents with video before it, as everybody does."""
    while True:
        incidents = _with_video(link) if with_video else set()
        try:
            with transaction.atomic():
                grants.lock_incidents(incidents)
                locked: Link = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
                # Nobody is given more while we hold the link; what came before, we hold as well.
                if with_video and not _with_video(link) <= incidents:
                    raise _Joined
                return locked
        except _Joined:
            continue


def _with_video(link: Link) -> set[Any]:
    return grants.open_incidents_of(link) | video_requests.open_incidents_of(link)


def take_windows(link: Link, now: datetime) -> None:
    """Put the current or next maintenance window on the link's row, unsaved (fields: WINDOW)."""
    window = link.maintenance.filter(ends_at__gt=now).order_by("starts_at", "pk").first()
    link.maintenance_from = window.starts_at if window else None
    link.maintenance_until = window.ends_at if window else None


@transaction.atomic
def windows_changed(*, link: Link, by: Any = None) -> Link:
    """Take over what was planned for the link, after its windows were written.

    Locks: the link row.
    """
    link = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
    take_windows(link, timezone.now())
    link.save(update_fields=[*WINDOW])
    _record("link.maintenance_planned", link, by)
    return link


def signing_secrets(link: Link) -> list[str]:
    """Give the secrets that sign now, the newest first."""
    found = [unseal(link.secret)] if link.secret else []
    until = link.previous_secret_until
    if link.previous_secret and until and until > timezone.now():
        found.append(unseal(link.previous_secret))
    return found


def new_webhook_secret() -> str:
    """Source: Standard Webhooks, secrets of 24 to 64 random bytes with the whsec_ prefix."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def host_of(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise Invalid(
            _("a push address is http(s) without a user name"), fields={"push_url": [url]}
        )
    return parts.hostname


def _new_application(code: str, client_id: str, client_secret: str) -> Any:
    model = get_application_model()
    return model.objects.create(
        name=code,
        client_id=client_id,
        client_secret=client_secret,
        client_type=model.CLIENT_CONFIDENTIAL,
        authorization_grant_type=model.GRANT_CLIENT_CREDENTIALS,
    )


def _record(action: str, link: Link, by: Any, reason: str = "", agent: str = "") -> None:
    chain.record(
        action=action,
        subject_kind="link",
        subject_id=link.code,
        municipality_id=link.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else agent or "system",
        reason=reason,
    )
