"""A role given, changed or taken away ends what was granted on the roles before."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from controlroom.accounts import revocation
from controlroom.municipalities.models import Membership


@receiver([post_save, post_delete], sender=Membership)
def revoke_on_changed_role(instance: Membership, **_kwargs: Any) -> None:
    revocation.revoke(user_id=instance.user_id)
