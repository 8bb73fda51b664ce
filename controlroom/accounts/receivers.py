"""What ends a person's access by itself: a changed account, a deleted session."""

from collections.abc import Iterable
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from controlroom.accounts import revocation
from controlroom.accounts.models import User


@receiver(pre_save, sender=User)
def notice_change(
    instance: User, update_fields: Iterable[str] | None = None, **_kwargs: Any
) -> None:
    # A copy that was read long ago must not set the version back.
    instance.access_version = revocation.stored_version(instance)
    instance.access_differs = revocation.differs_from_stored(instance, update_fields)


@receiver(post_save, sender=User)
def revoke_after_change(instance: User, **_kwargs: Any) -> None:
    if instance.access_differs:
        instance.access_differs = False
        revocation.revoke(user_id=instance.pk)


@receiver(post_delete, sender=Session)
def announce_ended_session(instance: Session, **_kwargs: Any) -> None:
    user_id = revocation.user_of(instance)
    if user_id is not None:
        revocation.announce(user_id=user_id)
