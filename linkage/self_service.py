"""What an agency's engineers may do to their own links, at /agency/ and by the agency API."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.errors import OutOfScope
from linkage import links, replays
from linkage.errors import RotationRunning
from linkage.models import AgencySeat, Link
from linkage.querysets import LinkQuerySet


def links_of(user: Any) -> LinkQuerySet:
    """Give the links that this person looks after for an agency, with what a page shows of them."""
    seats = AgencySeat.objects.of(user).filter(
        agency=OuterRef("agency"), municipality=OuterRef("municipality")
    )
    rows: LinkQuerySet = (
        Link.objects.filter(Exists(seats))
        .select_related("agency", "municipality", "sign_of_life")
        .defer("municipality__boundary")
    )
    return rows


def link_of(user: Any, code: str) -> Link:
    """Raises: OutOfScope; another agency's link looks like none."""
    found: Link | None = links_of(user).filter(code=code).first()
    if found is None:
        raise OutOfScope(_("no such link"))
    return found


def both_sign_until(link: Link) -> datetime | None:
    """Give until when the older secret signs beside the newer one; None: one signs alone."""
    until = link.previous_secret_until
    return until if link.previous_secret and until and until > timezone.now() else None


@transaction.atomic
def rotate_secret(*, link: Link, by: Any = None, agent: str = "") -> links.Credentials:
    """Give the link a new signing secret, unless two sign already: none in use is ever lost.

    Locks: the link row.
    Raises: RotationRunning.
    """
    locked = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
    if both_sign_until(locked):
        raise RotationRunning(_("two secrets sign already; wait until the older one ends"))
    return links.rotate_webhook_secret(link=locked, by=by, agent=agent)


def replay(*, link: Link, uids: Iterable[UUID], by: Any, reason: str) -> replays.Replayed:
    """Send again what the link gave up; who of the agency wants it, and why, is put on record."""
    return replays.replay_many(link=link, uids=uids, by=by, reason=reason)


@transaction.atomic
def change_password(*, user: Any, password: str) -> None:
    """Set the person's own password; the caller has asked for the old one.

    It is on record wherever the person serves an agency, for each municipality reads its own.
    Emits: accounts.access_changed, after commit: all that was open by the old password ends.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    served = AgencySeat.objects.of(user).order_by("municipality")
    for municipality_id in served.values_list("municipality_id", flat=True).distinct():
        chain.record(
            action="password.changed",
            subject_kind="user",
            subject_id=user.pk,
            municipality_id=municipality_id,
            actor_id=user.pk,
        )
