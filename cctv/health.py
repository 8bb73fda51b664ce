"""Whether a camera gives a picture that is worth something, since when, and why not.

Two see it: a running relay (`observe`: lost, frozen, there) and looks at the picture (`note_look`,
of cctv.prober, which also probes cameras that nobody watches); and a camera may report tampering of
itself (`note_tampering`, by cctv.onvif.pulling). A change is written at once to the camera, its
condition and its intervals; what the desk hears of it is cctv.health_facts, of a recorder whose
cameras all fail (`note_host`) as one fact.

Locks: the camera rows (by id), their conditions, then the municipality's counter row.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from cctv import health_facts, picture_judgement
from cctv.choices import Health, HostState, SourceKind
from cctv.health_steps import AGAIN_S, STEPS, Memory, step
from cctv.models import Camera, CameraCondition, CameraHost, CameraInterval
from cctv.picture_judgement import Measures, Reference
from cctv.probe_turns import next_turn

# domain.md 8: a clock is marked when it differs by more than 5 s; read twice, for one may be late.
CLOCK_WRONG_MS, CLOCK_RIGHT_MS, CLOCK_LOOKS = 5_000, 3_000, 2
# A relay that plays says nothing of what the picture shows; it only ends these.
RELAY_CLEARS = frozenset({Health.UNKNOWN, Health.OFFLINE, Health.FROZEN})
HOST_DOWN, HOST_BACK, TAMPERING = "host_down", "host_back", "tampering"
# What the camera says of itself stands where its picture shows nothing worse.
UNDER_TAMPERING = frozenset({Health.UNKNOWN, Health.ONLINE})
# Cameras of a recorder that came back are looked at within this time, not all at once.
BACK_WITHIN_S = 60.0

# Sent in the transaction with camera_id, health and at, when it is news, before the journal's.
changed = Signal()


@dataclass(frozen=True)
class Look:
    """What one look at a camera gave: a picture's measures, or why there was none."""

    reason: str = ""
    measures: Measures | None = None
    width: int | None = None
    height: int | None = None


@transaction.atomic
def observe(*, camera_id: int, health: Health, reason: str = "") -> bool:
    """Take what a running relay saw of a camera; say whether that is news.

    Locks: the camera, its condition.
    """
    found = _locked(camera_id)
    if found is None:
        return False
    camera, condition = found
    now = timezone.now()
    condition.checked_at = now
    condition.suspect, condition.suspect_since, condition.suspect_looks = "", None, 0
    if health == Health.ONLINE:
        condition.picture_at = now
        if Health(camera.health) not in RELAY_CLEARS:
            health = Health(camera.health)
    is_news = _become(camera, condition, health, now, reason)
    condition.save()
    return is_news


@transaction.atomic
def note_look(*, camera_id: int, look: Look, at: datetime | None = None) -> str:
    """Take one look at a camera into account; give the state that is suspected instead, or "".

    Locks: the camera, its condition.
    """
    found = _locked(camera_id)
    if found is None:
        return ""
    camera, condition = found
    now = at or timezone.now()
    hour = timezone.localtime(now).hour
    reference = Reference.of_json(condition.reference)
    seen: str = Health.OFFLINE
    if look.measures is not None:
        seen = picture_judgement.judge(look.measures, reference, hour).value
        condition.picture_at = now
        condition.width = look.width or condition.width
        condition.height = look.height or condition.height
        if camera.health == Health.FROZEN and look.measures.change is None:
            # One frame says nothing of whether the picture moves again.
            seen = Health.FROZEN
    condition.checked_at = now
    memory = step(_memory(camera, condition), seen, now)
    condition.suspect, condition.suspect_looks = memory.suspect, memory.looks
    condition.suspect_since = memory.suspect_since
    _become(camera, condition, Health(memory.state), memory.since, look.reason)
    is_well = seen == memory.state == Health.ONLINE and condition.tampered_since is None
    if look.measures is not None and is_well:
        condition.reference = picture_judgement.learn(look.measures, reference, hour).as_json()
    if memory.suspects:
        condition.next_probe_at = now + timedelta(seconds=AGAIN_S)
    condition.save()
    return memory.suspect


@transaction.atomic
def note_tampering(*, camera_id: int, since: datetime | None) -> bool:
    """Take that the camera itself reports tampering, or with None that this is over; say if news.

    A good picture does not end it, for a camera that was turned away shows one: only the camera's
    own word or a person's does.
    Locks: the camera, its condition.
    """
    found = _locked(camera_id)
    if found is None:
        return False
    camera, condition = found
    if (condition.tampered_since is None) == (since is None):
        return False
    now = timezone.now()
    condition.tampered_since = since
    health = Health(camera.health)
    if health == Health.TAMPERED:
        health = Health.ONLINE if condition.picture_at else Health.UNKNOWN
    if since is None and condition.next_probe_at is not None:
        condition.next_probe_at = now
    if not _become(camera, condition, health, now, condition.reason):
        # The state is another one, but why it is told has changed.
        condition.version += 1
    condition.save()
    return True


@transaction.atomic
def note_clock(*, camera_id: int, skew_ms: int, source: str) -> bool:
    """Take what a source told of its clock; say whether it turned wrong or right.

    Units: milliseconds that the camera is ahead of us. `source` says how it was read: "rtsp_date",
    "http_date" or "onvif".
    Locks: the camera, its condition.
    """
    found = _locked(camera_id)
    if found is None:
        return False
    _camera, condition = found
    now = timezone.now()
    condition.clock_skew_ms = max(-(2**31), min(2**31 - 1, skew_ms))
    condition.clock_source, condition.clock_at = source, now
    was_wrong = condition.clock_wrong_since is not None
    says = abs(skew_ms) > (CLOCK_RIGHT_MS if was_wrong else CLOCK_WRONG_MS)
    condition.clock_looks = 0 if says == was_wrong else condition.clock_looks + 1
    turned = condition.clock_looks >= CLOCK_LOOKS
    if turned:
        condition.clock_wrong_since = None if was_wrong else now
        condition.clock_looks = 0
        condition.version += 1
    condition.save()
    return turned


@transaction.atomic
def begin_anew(*, camera_id: int, host_key: str = "") -> None:
    """Forget what was usual of a camera whose source changed: it may look elsewhere now.

    Locks: the camera, its condition.
    """
    found = _locked(camera_id)
    if found is None:
        return
    camera, condition = found
    now = timezone.now()
    condition.reference, condition.host_key, condition.next_probe_at = {}, host_key, now
    condition.width = condition.height = None
    condition.suspect, condition.suspect_since, condition.suspect_looks = "", None, 0
    condition.clock_skew_ms = condition.clock_wrong_since = condition.clock_at = None
    if camera.source_kind not in {SourceKind.STREAM, SourceKind.SYNTHETIC}:
        condition.next_probe_at = None
    _become(camera, condition, Health.UNKNOWN, now, "")
    condition.save()


def enroll(*, turn_s: float, most: int = 5_000) -> int:
    """Give connected cameras of the register that have none a condition, each with its own turn."""
    fresh = list(
        Camera.objects.in_register()
        .filter(condition=None, source_kind__in=[SourceKind.STREAM, SourceKind.SYNTHETIC])
        .only("pk", "municipality_id", "health")[:most]
    )
    now = timezone.now()
    CameraCondition.objects.bulk_create(
        (
            CameraCondition(
                camera=one,
                municipality_id=one.municipality_id,
                next_probe_at=next_turn(one.pk, now, turn_s),
            )
            for one in fresh
        ),
        ignore_conflicts=True,
    )
    CameraInterval.objects.bulk_create(
        (
            CameraInterval(
                camera=one, municipality_id=one.municipality_id, state=one.health, began_at=now
            )
            for one in fresh
        ),
        ignore_conflicts=True,
    )
    return len(fresh)


@transaction.atomic
def note_host(
    *, municipality_id: int, key: str, is_there: bool, reason: str = "", turn_s: float = 300.0
) -> bool:
    """Take whether a recorder answered; its cameras go down and come back with it as one fact.

    Locks: the host, its cameras and their conditions, then the counter row.
    Emits: "camera.host" in the journal when it turned.
    """
    now = timezone.now()
    host: CameraHost
    host, _made = CameraHost.objects.select_for_update().get_or_create(
        municipality_id=municipality_id, key=key, defaults={"since": now, "checked_at": now}
    )
    needed = STEPS[Health.OFFLINE]
    # While it is up and failing, `since` is when it failed first.
    host.checked_at, turned = now, False
    if is_there:
        turned = host.state == HostState.DOWN
        if host.failed_looks:
            host.since, host.failed_looks = now, 0
    elif host.state == HostState.UP:
        host.since = host.since if host.failed_looks else now
        host.failed_looks += 1
        long_enough = now - host.since >= timedelta(seconds=needed.seconds)
        turned = host.failed_looks >= needed.looks and long_enough
        host.reason = reason
    if turned:
        host.state = HostState.UP if is_there else HostState.DOWN
        host.since, host.failed_looks = (now if is_there else host.since), 0
        site_ids, count = _together(host, now, turn_s)
        health_facts.tell_host(host, site_ids, count)
    host.save()
    return turned


def _locked(camera_id: int) -> tuple[Camera, CameraCondition] | None:
    camera = (
        Camera.objects.select_for_update(of=("self",), no_key=True)
        .defer("source_secret")
        .filter(pk=camera_id)
        .first()
    )
    if camera is None:
        return None
    condition, _made = CameraCondition.objects.select_for_update().get_or_create(
        camera=camera, defaults={"municipality_id": camera.municipality_id}
    )
    return camera, condition


def _memory(camera: Camera, condition: CameraCondition) -> Memory:
    # Of the picture itself nothing is held against a camera that only says this of itself.
    state = Health.ONLINE if camera.health == Health.TAMPERED else camera.health
    return Memory(
        state,
        camera.health_at,
        condition.suspect,
        condition.suspect_since,
        condition.suspect_looks,
    )


def _become(
    camera: Camera,
    condition: CameraCondition,
    health: Health,
    since: datetime | None,
    reason: str,
) -> bool:
    """Let the camera be in this state; when that is news, write camera and interval and count it.

    The camera's row is written for news alone: it is read by every choice.
    """
    said = condition.tampered_since
    if said is not None and health in UNDER_TAMPERING:
        health, since = Health.TAMPERED, said
    if health != Health.OFFLINE:
        # The name of the state itself says as much; what stands before it is told with it.
        reason = TAMPERING if said and health != Health.TAMPERED else ""
    condition.reason = reason
    if camera.health == health and camera.health_at is not None:
        return False
    is_news = camera.health != health
    began = since or timezone.now()
    camera.health, camera.health_at = health, began
    camera.save(update_fields=["health", "health_at"])
    if not is_news:
        return False
    changed.send(sender=Camera, camera_id=camera.pk, health=health, at=began)
    condition.version += 1
    open_one = CameraInterval.objects.filter(camera=camera, ended_at=None).first()
    if open_one is not None:
        # What was believed last began after the first suspicion of this: it is not turned back.
        began = max(began, open_one.began_at)
        open_one.ended_at = began
        open_one.save(update_fields=["ended_at"])
    CameraInterval.objects.create(
        camera=camera, municipality_id=camera.municipality_id, state=health, began_at=began
    )
    return True


def _together(host: CameraHost, now: datetime, turn_s: float) -> tuple[list[int], int]:
    """Take all cameras of a host down, or let them wait for their next look, in few statements."""
    its = Q(
        condition__host_key=host.key,
        municipality_id=host.municipality_id,
        source_kind=SourceKind.STREAM,
    )
    if host.state == HostState.DOWN:
        its &= ~Q(health=Health.OFFLINE)
        state, reason = Health.OFFLINE, HOST_DOWN
    else:
        its &= Q(condition__reason=HOST_DOWN)
        state, reason = Health.UNKNOWN, HOST_BACK
    cameras = list(
        Camera.objects.filter(its)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
        .values_list("pk", "site_id")
    )
    ids = [camera_id for camera_id, _site in cameras]
    Camera.objects.filter(pk__in=ids).update(health=state, health_at=now)
    for camera_id in ids:
        changed.send(sender=Camera, camera_id=camera_id, health=state, at=now)
    # `told` follows: the one fact of the host tells it for all of them.
    conditions = CameraCondition.objects.filter(pk__in=ids)
    conditions.update(
        reason=reason, suspect="", suspect_since=None, suspect_looks=0, checked_at=now
    )
    CameraInterval.objects.filter(camera_id__in=ids, ended_at=None).update(ended_at=now)
    CameraInterval.objects.bulk_create(
        CameraInterval(
            camera_id=camera_id,
            municipality_id=host.municipality_id,
            state=state,
            began_at=now,
        )
        for camera_id in ids
    )
    if host.state == HostState.UP:
        within_s = min(turn_s, BACK_WITHIN_S)
        rows = [
            CameraCondition(pk=camera_id, next_probe_at=next_turn(camera_id, now, within_s))
            for camera_id in ids
        ]
        CameraCondition.objects.bulk_update(rows, ["next_probe_at"], batch_size=500)
    return sorted({site_id for _camera, site_id in cameras}), len(ids)
