"""What the room of cameras hears: signs of life from the relays, changed sources, sign-outs."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from cctv import health, sources, streams, tasks, tickets
from cctv.choices import EndReason, Health
from cctv.register import batches
from cctv.relay_watch import StreamState

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
    health.begin_anew(camera_id=camera_id)


@receiver(user_logged_out)
def end_views_of_sign_in(sender: Any, *, request: HttpRequest, **_: Any) -> None:
    if key := request.session.session_key:
        tickets.end_views(session_key=key, reason=EndReason.SIGNED_OUT)


@receiver(batches.work_waits)
def set_to_work(sender: Any, *, batch_id: int, **_: Any) -> None:
    tasks.advance_import.delay(batch_id)
