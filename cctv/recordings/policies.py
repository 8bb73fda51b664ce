"""Which cameras are recorded and for how long: the word on the camera, else on its purpose, else no."""

from datetime import timedelta

from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.db.models.functions import Least

from cctv.choices import SourceKind
from cctv.models import Camera, RecordingPart, RecordingPolicy
from cctv.recordings.tape import Wanted
from controlroom.accounts.models import User
from controlroom.audit import chain

_SOURCES = (SourceKind.STREAM, SourceKind.SYNTHETIC)


def wanted() -> dict[int, Wanted]:
    """Give the cameras that are to be recorded now; never another operator's."""
    rows = list(RecordingPolicy.objects.all())
    of_camera = {row.camera_id: row for row in rows if row.camera_id}
    of_purpose = {(row.municipality_id, row.purpose): row for row in rows if row.purpose}
    if not any(row.is_on for row in rows):
        return {}
    cameras = Camera.objects.in_register().filter(source_kind__in=_SOURCES)
    found = {}
    for pk, city, purpose in cameras.values_list("pk", "municipality_id", "site__purpose"):
        row = of_camera.get(pk) or of_purpose.get((city, purpose))
        if row is not None and row.is_on:
            found[pk] = Wanted(pk, city, timedelta(hours=row.retention_hours))
    return found


@transaction.atomic
def write(*, policy: RecordingPolicy, by: User) -> RecordingPolicy:
    """Put a policy into force. A shorter time counts for what is kept already, a longer one not.

    Raises: ValidationError, before anything is changed.
    """
    policy.full_clean()
    policy.save()
    _shorten(policy)
    chain.record(
        action="recording.policy_set",
        subject_kind="recording_policy",
        subject_id=policy.pk,
        municipality_id=policy.municipality_id,
        actor_id=by.pk,
        reason=policy.justification or policy.basis,
        detail=_said(policy),
    )
    return policy


@transaction.atomic
def remove(*, policy: RecordingPolicy, by: User) -> None:
    """Take a policy away: nothing more is recorded by it; what is kept stays until its time."""
    chain.record(
        action="recording.policy_removed",
        subject_kind="recording_policy",
        subject_id=policy.pk,
        municipality_id=policy.municipality_id,
        actor_id=by.pk,
        reason=policy.basis,
        detail=_said(policy),
    )
    policy.delete()


def _said(policy: RecordingPolicy) -> dict[str, object]:
    return {
        "purpose": policy.purpose,
        "camera": policy.camera_id,
        "on": policy.is_on,
        "hours": policy.retention_hours,
        "basis": policy.basis,
    }


def _shorten(policy: RecordingPolicy) -> None:
    own = RecordingPolicy.objects.exclude(camera=None).values("camera_id")
    parts = RecordingPart.objects.filter(municipality_id=policy.municipality_id)
    if policy.camera_id:
        parts = parts.filter(camera_id=policy.camera_id)
    else:
        parts = parts.filter(camera__site__purpose=policy.purpose).exclude(camera_id__in=own)
    keep = Value(timedelta(hours=policy.retention_hours), output_field=DurationField())
    now_until = ExpressionWrapper(F("began_at") + keep, output_field=DateTimeField())
    parts.filter(keep_until__gt=now_until).update(keep_until=Least("keep_until", now_until))
