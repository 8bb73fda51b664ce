"""Is there anybody at the other end: what an agency's own requests say about its link."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from linkage.choices import LinkState
from linkage.models import InboxMessage, Link
from linkage.models_life import SignOfLife

# A busy link is not written at every request.
WRITTEN_EVERY = timedelta(seconds=5)
# Of these nobody expects anything.
EXCUSED = (LinkState.SUSPENDED, LinkState.MAINTENANCE)


def heard(*, link: Link) -> None:
    """Note that the agency has made an authenticated request on the link."""
    now = timezone.now()
    known = getattr(link, "sign_of_life", None)
    if known is not None and now - known.at < WRITTEN_EVERY:
        return
    SignOfLife.objects.bulk_create(
        [SignOfLife(link_id=link.pk, at=now)],
        update_conflicts=True,
        unique_fields=["link"],
        update_fields=["at"],
    )


def last_heard(links: Iterable[Link]) -> dict[int, datetime]:
    """Give when each link's agency was last heard, by the link's key."""
    ids = [link.pk for link in links]
    return dict(SignOfLife.objects.filter(link__in=ids).values_list("link_id", "at"))


def is_excused(link: Link, now: datetime) -> bool:
    """Say whether nobody expects to hear anything of the link now."""
    return link.state in EXCUSED or link.in_maintenance(now)


def silence(link: Link, heard_at: datetime | None, now: datetime) -> timedelta | None:
    """Give for how long nothing has come, beyond what the link expects; None: all is well."""
    if link.silent_after_s is None or is_excused(link, now):
        return None
    quiet = now - max(heard_at or link.created_at, link.created_at)
    return quiet if quiet > timedelta(seconds=link.silent_after_s) else None


def newest(link: Link) -> datetime | None:
    """Give the arrival of the newest message, by the index of what is newest on a link."""
    rows = InboxMessage.objects.filter(link=link).order_by("-pk")
    at: datetime | None = rows.values_list("received_at", flat=True).first()
    return at
