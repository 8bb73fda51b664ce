"""Events that cameras report: one listener a camera, in a process of its own, never in the web.

Real cameras leak subscriptions and stall: a listener keeps one subscription, renews it, gives it
back when it stops, waits longer after each failure, and only so many run at once.
"""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, Q
from django.dispatch import Signal
from django.utils import timezone

from cctv import health
from cctv.choices import CameraEventKind, PullState
from cctv.models import CameraCondition, CameraEvent, OnvifDevice
from cctv.onvif import devices
from cctv.onvif.line import CameraOdd, understood
from controlroom.errors import DomainError

log = structlog.get_logger(__name__)

# Sent after commit with event_id when a camera reported a change; losing it harms nobody.
camera_reported = Signal()

WAIT_S = 10.0
LASTING_S = 60
FIRST_AGAIN_S, LAST_AGAIN_S = 2.0, 300.0
KEEP = timedelta(days=30)
# By the last words of the topic; vendors put their own in front.
KINDS = {
    "MotionAlarm": CameraEventKind.MOTION,
    "CellMotionDetector/Motion": CameraEventKind.MOTION,
    "GlobalSceneChange": CameraEventKind.TAMPER,
    "TamperDetector/Tamper": CameraEventKind.TAMPER,
    "Trigger/DigitalInput": CameraEventKind.INPUT,
}
ITEMS = ("State", "IsMotion", "IsTamper", "LogicalState")


def kind_of(topic: str) -> CameraEventKind | None:
    return next((kind for part, kind in KINDS.items() if part in topic), None)


def take_in(device: OnvifDevice, message: dict[str, Any]) -> CameraEvent | None:
    """Keep what a camera reported if it is news.

    Tampering is a state of the camera until every part of it says that it is over.
    Locks: the device's row, so that of two listeners one writes; then the camera, its condition.
    Emits: camera_reported, after commit.
    """
    kind = kind_of(str(message.get("topic", "")))
    said = message.get("data") or {}
    value = next((said[name] for name in ITEMS if name in said), None)
    if kind is None or value is None:
        return None
    is_on = str(value).lower() in {"true", "1"}
    source = ",".join(str(part) for part in (message.get("source") or {}).values())[:64]
    with transaction.atomic():
        OnvifDevice.objects.select_for_update(of=("self",)).filter(pk=device.pk).first()
        last = CameraEvent.objects.filter(
            camera_id=device.camera_id, kind=kind, source=source
        ).first()
        if (last.is_on if last else False) == is_on:
            return None
        event: CameraEvent = CameraEvent.objects.create(
            municipality_id=device.municipality_id,
            camera_id=device.camera_id,
            kind=kind,
            source=source,
            is_on=is_on,
            at=_moment(str(message.get("utc_time", "")), device.clock_offset_s),
        )
        if kind == CameraEventKind.TAMPER:
            _note_tampering(event)
        transaction.on_commit(
            lambda: camera_reported.send_robust(sender=CameraEvent, event_id=event.pk), robust=True
        )
    return event


def _note_tampering(event: CameraEvent) -> None:
    """Let it be a state from the first part's word until the last one's that it is over.

    What a person has reviewed does not come back by another part's word. By our clock: a state must
    not begin years ago because the camera's own is wrong.
    """
    if event.is_on:
        health.note_tampering(camera_id=event.camera_id, since=event.seen_at)
        return
    condition = CameraCondition.objects.filter(camera_id=event.camera_id).first()
    since = condition and condition.tampered_since
    if since is None:
        return
    newest = (
        CameraEvent.objects.filter(camera_id=event.camera_id, kind=CameraEventKind.TAMPER)
        .order_by("source", "-seen_at", "-pk")
        .distinct("source")
    )
    if not any(one.is_on and one.seen_at >= since for one in newest):
        health.note_tampering(camera_id=event.camera_id, since=None)


def _moment(said: str, offset_s: float) -> datetime:
    """Read the camera's time, corrected by what is known of its clock; else it is now."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return timezone.now()
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at - timedelta(seconds=offset_s)


def forget_old() -> int:
    """Delete events older than what is kept, but for what still goes on: its end is news too."""
    newer = CameraEvent.objects.filter(
        camera=OuterRef("camera"),
        kind=OuterRef("kind"),
        source=OuterRef("source"),
        seen_at__gt=OuterRef("seen_at"),
    )
    old = CameraEvent.objects.filter(seen_at__lt=timezone.now() - KEEP)
    return old.filter(Q(is_on=False) | Exists(newer)).delete()[0]


class Listener(threading.Thread):
    """Listens to one camera until it is stopped."""

    def __init__(self, device_id: int, *, again_s: float = FIRST_AGAIN_S) -> None:
        super().__init__(name=f"onvif-{device_id}", daemon=True)
        self.device_id = device_id
        self.stopping = threading.Event()
        self._first_again_s = again_s

    def run(self) -> None:
        again_s = self._first_again_s
        while not self.stopping.is_set():
            began = time.monotonic()
            why = ""
            try:
                self._listen()
            except DomainError as refusal:
                why = str(refusal.message)
            except Exception:
                log.exception("camera_events_failed", device=self.device_id)
                why = "internal"
            finally:
                connections.close_all()
            if self.stopping.is_set():
                break
            # What held for a while starts over with the short wait.
            if time.monotonic() - began > LASTING_S:
                again_s = self._first_again_s
            self._note(PullState.WAITING, why)
            self.stopping.wait(again_s * random.uniform(0.8, 1.2))  # noqa: S311  # spreads
            again_s = min(LAST_AGAIN_S, again_s * 2)
        self._note(PullState.OFF, "")
        connections.close_all()

    def stop(self) -> None:
        self.stopping.set()

    def _listen(self) -> None:
        device = OnvifDevice.objects.get(pk=self.device_id)
        with devices.listening(device, wait_s=WAIT_S) as client, understood():
            answer = client.events_create_pull_point(termination_time=f"PT{LASTING_S}S")
            url = str(answer.get("subscription_url") or "")
            if not url:
                raise CameraOdd("the camera names no subscription")
            try:
                self._pull(device, client, url)
            finally:
                self._give_back(client, url)

    def _pull(self, device: OnvifDevice, client: Any, url: str) -> None:
        renew_at = time.monotonic() + LASTING_S / 2
        noted_at = 0.0
        while not self.stopping.is_set():
            if time.monotonic() >= renew_at:
                client.events_renew(subscription_url=url, termination_time=f"PT{LASTING_S}S")
                renew_at = time.monotonic() + LASTING_S / 2
            said = client.events_pull_messages(subscription_url=url)
            for message in said["messages"]:
                take_in(device, message)
            if time.monotonic() - noted_at > LASTING_S / 2:
                self._note(PullState.LISTENING, "")
                noted_at = time.monotonic()
            connections.close_all()

    def _give_back(self, client: Any, url: str) -> None:
        """Unsubscribe; a camera that is gone forgets by itself when the time is over."""
        try:
            with understood():
                client.events_unsubscribe(subscription_url=url)
        except DomainError as refusal:
            log.info("camera_keeps_subscription", device=self.device_id, why=refusal.code)

    def _note(self, state: PullState, why: str) -> None:
        changes: dict[str, Any] = {"pull_state": state, "pull_error": why[:200]}
        if state == PullState.LISTENING:
            changes["pull_at"] = timezone.now()
        OnvifDevice.objects.filter(pk=self.device_id).update(**changes)


class Listeners:
    """Keeps a listener for each camera that wants one, up to the limit."""

    def __init__(self, make: Callable[[int], Listener] = Listener) -> None:
        self._make = make
        self.running: dict[int, Listener] = {}

    def match(self) -> None:
        """Start and stop listeners so that they are those that the register wants now."""
        wanted = set(
            OnvifDevice.objects.filter(
                pulls_events=True,
                has_events=True,
                camera__gone_at=None,
                camera__site__gone_at=None,
            )
            .order_by("pk")
            .values_list("pk", flat=True)[: settings.EVENT_PULL_LIMIT]
        )
        for device_id in [one for one in self.running if one not in wanted]:
            self.running.pop(device_id).stop()
        for device_id in wanted:
            found = self.running.get(device_id)
            if found is None or not found.is_alive():
                self.running[device_id] = self._make(device_id)
                self.running[device_id].start()

    def stop(self, *, within_s: float = WAIT_S + 5) -> None:
        """Stop all; each gives its subscription back."""
        until = time.monotonic() + within_s
        for one in self.running.values():
            one.stop()
        for one in self.running.values():
            one.join(max(0.0, until - time.monotonic()))
        self.running.clear()
