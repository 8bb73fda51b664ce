"""Whether a camera gives a picture: kept on the camera, told to everyone when it changes."""

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from cctv.choices import Health
from cctv.models import Camera, CameraEvent
from controlroom.journal import log as journal

# Sent in the transaction with camera_id, health and at, when it is news, before the journal's.
changed = Signal()


def observe(*, camera_id: int, health: Health) -> bool:
    """Note what was seen of a camera; say whether that is news.

    Emits: changed, in the transaction.
    Locks: the camera row, then the municipality's counter row.
    """
    with transaction.atomic():
        camera = (
            Camera.objects.select_for_update(of=("self",), no_key=True)
            .select_related("site")
            .filter(pk=camera_id)
            .first()
        )
        if camera is None:
            return False
        is_news: bool = camera.health != health
        camera.health, camera.health_at = health, timezone.now()
        camera.save(update_fields=["health", "health_at"])
        if is_news:
            changed.send(sender=Camera, camera_id=camera_id, health=health, at=camera.health_at)
            journal.append(
                municipality_id=camera.municipality_id,
                kind="camera.health",
                subject_kind="camera",
                subject_id=camera.pk,
                data={
                    "camera": {
                        "id": camera.pk,
                        "site_id": camera.site_id,
                        "name": str(camera),
                        "health": str(health),
                        "health_at": camera.health_at.isoformat(),
                    }
                },
            )
    return is_news


def tell_event(event: CameraEvent) -> None:
    """Tell the desk what a camera reported of itself.

    Locks: the municipality's counter row.
    """
    with transaction.atomic():
        journal.append(
            municipality_id=event.municipality_id,
            kind="camera.event",
            subject_kind="camera",
            subject_id=event.camera_id,
            data={
                "camera": {"id": event.camera_id, "name": str(event.camera)},
                "event": {"kind": event.kind, "is_on": event.is_on, "at": event.at.isoformat()},
            },
        )
