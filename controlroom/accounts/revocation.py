"""When a person's access changed: their open sockets look again at what they may still hear."""

from collections.abc import Iterable

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.dispatch import Signal
from django.utils import timezone

from controlroom.accounts.models import User

# Sent after commit with user_id. A nudge: who misses it looks by the clock.
access_changed = Signal()

# A change of one of these fields ends what was granted before it.
WATCHED = ("password", "is_active", "is_staff", "is_superuser")


def announce(*, user_id: int) -> None:
    """Say, after the commit, that sockets of this person must be checked again."""
    transaction.on_commit(
        lambda: access_changed.send_robust(sender=User, user_id=user_id), robust=True
    )


def revoke(*, user_id: int) -> None:
    """End every grant given so far: open sockets close; whoever still may, comes back anew."""
    User.objects.filter(pk=user_id).update(access_version=F("access_version") + 1)
    announce(user_id=user_id)


def stored_version(user: User) -> int:
    """Read the version of today, the own one of a person not stored yet."""
    stored = User.objects.filter(pk=user.pk).values_list("access_version", flat=True).first()
    return user.access_version if stored is None else stored


def differs_from_stored(user: User, update_fields: Iterable[str] | None) -> bool:
    """Tell whether saving these fields would change the access of a stored person."""
    written = [name for name in WATCHED if update_fields is None or name in update_fields]
    if not written:
        return False
    stored = User.objects.filter(pk=user.pk).values_list(*written).first()
    return stored is not None and stored != tuple(getattr(user, name) for name in written)


def user_of(session: Session) -> int | None:
    """Read whose session this is; nobody's when it is anonymous, expired or unreadable."""
    if session.expire_date <= timezone.now():
        return None
    signed_in = session.get_decoded().get("_auth_user_id")
    return int(signed_in) if signed_in else None
