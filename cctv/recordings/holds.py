"""Legal holds: placed with a letter, released by another person; what they cover stays."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.models import Camera, LegalHold
from cctv.recordings.errors import HoldRefused
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right


@transaction.atomic
def place(
    *,
    camera: Camera,
    since: datetime,
    until: datetime,
    kept_until: datetime,
    reason: str,
    letter_number: str,
    by: User,
) -> LegalHold:
    """Keep a period of a camera from destruction until a time. What is gone already stays gone.

    Locks: the camera row, as destruction does: what is held after this was not destroyed before.
    Raises: NotAllowed, Invalid.
    """
    require(by, camera.municipality_id, Right.POLICY_MANAGE)
    fields = {}
    if since >= until:
        fields["until"] = [_("must be after the start")]
    if kept_until <= timezone.now():
        fields["kept_until"] = [_("must be in the future")]
    if not reason.strip():
        fields["reason"] = [_("say why")]
    if not letter_number.strip():
        fields["letter_number"] = [_("name the letter")]
    if fields:
        raise Invalid(_("this hold cannot be placed"), fields=fields)
    Camera.objects.select_for_update(of=("self",)).get(pk=camera.pk)
    hold: LegalHold = LegalHold.objects.create(
        municipality_id=camera.municipality_id,
        camera=camera,
        since=since,
        until=until,
        kept_until=kept_until,
        reason=reason.strip(),
        letter_number=letter_number.strip(),
        placed_by=by,
    )
    _record("recording.hold_placed", hold, by, hold.reason)
    return hold


@transaction.atomic
def release(*, hold: LegalHold, reason: str, by: User) -> LegalHold:
    """End a hold; who placed it may not. What it covered is destroyed when its time is over.

    Locks: the hold.
    Raises: NotAllowed, Invalid, HoldRefused.
    """
    require(by, hold.municipality_id, Right.POLICY_MANAGE)
    if not reason.strip():
        raise Invalid(_("say why the hold ends"), fields={"reason": [_("say why")]})
    hold = LegalHold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
    if hold.released_at is not None:
        raise HoldRefused(
            _("this hold was released already"), fields={"hold": [_("released already")]}
        )
    if hold.placed_by_id == by.pk:
        raise HoldRefused(
            _("another person must release this hold"),
            fields={"hold": [_("you placed it yourself")]},
        )
    hold.released_at, hold.released_by, hold.release_reason = timezone.now(), by, reason.strip()
    hold.save(update_fields=["released_at", "released_by", "release_reason"])
    _record("recording.hold_released", hold, by, hold.release_reason)
    return hold


def _record(action: str, hold: LegalHold, by: User, reason: str) -> None:
    chain.record(
        action=action,
        subject_kind="camera",
        subject_id=hold.camera_id,
        municipality_id=hold.municipality_id,
        actor_id=by.pk,
        reason=reason,
        detail={
            "hold": hold.pk,
            "letter": hold.letter_number,
            "since": hold.since.isoformat(),
            "until": hold.until.isoformat(),
            "kept_until": hold.kept_until.isoformat(),
        },
    )
