"""Ring the doorbell when the journal grew or someone's access changed."""

from typing import Any

from django.dispatch import receiver

from controlroom.accounts.revocation import access_changed
from controlroom.journal import doorbell
from controlroom.journal.log import appended


@receiver(appended)
def ring(municipality_id: int, number: int, **_kwargs: Any) -> None:
    doorbell.ring(municipality_id=municipality_id, number=number)


@receiver(access_changed)
def announce_revocation(user_id: int, **_kwargs: Any) -> None:
    doorbell.revoke(user_id=user_id)
