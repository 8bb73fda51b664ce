"""Sign-ins, sign-outs and refused sign-ins go on record."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from controlroom.audit.chain import record


def _municipality_of(user: Any) -> int | None:
    first = user.memberships.in_force().first()
    return first.municipality_id if first else None


@receiver(user_logged_in, dispatch_uid="audit.signed_in")
def signed_in(user: Any, **_kwargs: Any) -> None:
    record(
        action="signed_in",
        subject_kind="user",
        subject_id=user.pk,
        actor_id=user.pk,
        municipality_id=_municipality_of(user),
    )


@receiver(user_logged_out, dispatch_uid="audit.signed_out")
def signed_out(user: Any, **_kwargs: Any) -> None:
    if user is not None:
        record(
            action="signed_out",
            subject_kind="user",
            subject_id=user.pk,
            actor_id=user.pk,
            municipality_id=_municipality_of(user),
        )


@receiver(user_login_failed, dispatch_uid="audit.sign_in_refused")
def sign_in_refused(credentials: dict[str, Any], **_kwargs: Any) -> None:
    record(
        action="sign_in_refused",
        subject_kind="user",
        subject_id=str(credentials.get("username", ""))[:60],
    )
