"""What the room of cameras hears: signs of life from the relays, changed sources, sign-outs."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from cctv import health, health_facts, posters, sources, streams, tasks, view_ends
from cctv.choices import CameraEventKind, EndReason, Health, PtzEnd
from cctv.gateway import admissions, whep_ends
from cctv.gateway.choice import media_server
from cctv.models import Camera, CameraEvent, ViewRecord
from cctv.onvif import locks, pulling
from cctv.register import batches
from cctv.relay_watch import StreamState
from controlroom.audit import searching

# Of what people call by these words.
FOUND_AT_MOST = 100
HEALTH_OF = {
    StreamState.LIVE: Health.ONLINE,
    StreamState.FROZEN: Health.FROZEN,
    StreamState.LOST: Health.OFFLINE,
}


@receiver(streams.state_changed)
def keep_health(sender: Any, *, camera_id: int, state: StreamState, **_: Any) -> None:
    if seen := HEALTH_OF.get(state):
        health.observe(camera_id=camera_id, health=seen, reason=streams.seen(camera_id).reason)


@receiver(sources.source_changed)
def begin_again(sender: Any, *, camera_id: int, **_: Any) -> None:
    streams.retire(camera_id)
    posters.remove(camera_id)
    health.begin_anew(camera_id=camera_id)


@receiver(sources.source_changed)
def tell_media_server(sender: Any, *, camera_id: int, **_: Any) -> None:
    if server := media_server():
        server.retire(camera_id)


@receiver(post_save, sender=ViewRecord)
def hang_up(
    sender: Any, *, instance: ViewRecord, update_fields: Collection[str] | None, **_: Any
) -> None:
    """Tell whoever else sends pictures when a view ends; what is written of it later is no news."""
    if instance.ended_at is None or "ended_at" not in (update_fields or ()):
        return
    if media_server():
        transaction.on_commit(admissions.kick_ended, robust=True)
    if settings.JANUS_SOCKET:
        transaction.on_commit(whep_ends.cut_ended, robust=True)


@receiver(pulling.camera_reported)
def tell_of_tampering(sender: Any, *, event_id: int, **_: Any) -> None:
    """Motion is in the list; that somebody laid hands on a camera is news at the desk."""
    event = CameraEvent.objects.filter(pk=event_id, kind=CameraEventKind.TAMPER).first()
    if event is not None:
        health_facts.tell_event(event)


@receiver(user_logged_out)
def end_views_of_sign_in(sender: Any, *, request: HttpRequest, **_: Any) -> None:
    if key := request.session.session_key:
        view_ends.end_views(session_key=key, reason=EndReason.SIGNED_OUT)


@receiver(user_logged_out)
def take_hand_off_cameras(sender: Any, *, user: Any, **_: Any) -> None:
    if user is not None and user.pk:
        locks.end_locks(holder_id=user.pk, reason=PtzEnd.SIGNED_OUT)


@receiver(batches.work_waits)
def set_to_work(sender: Any, *, batch_id: int, **_: Any) -> None:
    tasks.advance_import.delay(batch_id)


@receiver(searching.named)
def cameras_called(
    sender: Any, *, kind: str, words: str, municipality_ids: Collection[int], **_: Any
) -> list[str]:
    """People know a camera by its name or that of its site; the audit record knows its id."""
    if kind != "camera":
        return []
    called = Q(name__icontains=words) | Q(site__name__icontains=words)
    found = Camera.objects.filter(called, municipality__in=municipality_ids)
    return [str(pk) for pk in found.values_list("pk", flat=True)[:FOUND_AT_MOST]]
