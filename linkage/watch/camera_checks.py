"""What the auditor looks at of the cameras: recorders that are gone, and whether anybody looks."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from cctv import maintenance
from cctv.choices import HostState, SourceKind
from cctv.models import Camera, CameraHost
from cctv.prober import PULSE
from controlroom.journal import pulses
from controlroom.journal.models import Pulse
from linkage.watch.findings import Finding

HOST_DOWN, UNWATCHED = "camera.host_down", "camera.unwatched"
SILENT_AFTER = timedelta(seconds=60)


def unreachable_hosts() -> Iterator[Finding]:
    """Find recorders that are down, unless all their cameras are being worked on as planned."""
    now = timezone.now()
    for host in CameraHost.objects.filter(state=HostState.DOWN):
        its = Camera.objects.in_register().filter(
            municipality_id=host.municipality_id, condition__host_key=host.key
        )
        count = its.exclude(maintenance.in_planned_work(now)).aggregate(n=Count("pk"))["n"]
        if count:
            detail = {
                "cameras": count,
                "reason": host.reason,
                "since_s": round((now - host.since).total_seconds()),
            }
            yield Finding(HOST_DOWN, host.municipality_id, "camera_host", host.label, detail)


def standing_prober() -> Iterator[Finding]:
    """Find that no prober beats, or that its cameras have been due for a whole turn."""
    if not Camera.objects.in_register().filter(source_kind=SourceKind.STREAM).exists():
        return
    silent = pulses.age(PULSE)
    pulse = Pulse.objects.filter(name=PULSE).first()
    late_s = pulse.data.get("late_s", 0) if pulse else 0
    if silent is None or silent > SILENT_AFTER:
        yield Finding(
            UNWATCHED, detail={"silent_s": round(silent.total_seconds()) if silent else -1}
        )
    elif late_s > settings.PROBE_TURN_S:
        yield Finding(UNWATCHED, detail={"late_s": late_s})
