"""What the auditor looks at in recording: whether the recorder lives, and what it lacks."""

from collections.abc import Iterator

from django.utils import timezone

from cctv.models import Camera
from cctv.recordings import policies
from cctv.recordings.recorder import RECORDER
from controlroom.journal.models import Pulse
from linkage.watch.findings import Finding, late


def missing_recordings() -> Iterator[Finding]:
    """Find a recorder that is gone or stopped, and cameras that it should record and does not."""
    wanted = policies.wanted()
    if not wanted:
        return
    pulse = Pulse.objects.filter(name=RECORDER).first()
    if pulse is None or timezone.now() - pulse.at > late():
        silent_s = round((timezone.now() - pulse.at).total_seconds()) if pulse else -1
        yield Finding("recording.stopped", detail={"silent_s": silent_s, "cameras": len(wanted)})
    elif pulse.data.get("stopped"):
        yield Finding("recording.stopped", detail={"why": pulse.data["stopped"]})
    else:
        lacking = {int(key): seconds for key, seconds in pulse.data.get("lacking", {}).items()}
        for camera in Camera.objects.filter(pk__in=lacking.keys() & wanted.keys()).only(
            "pk", "municipality_id"
        ):
            yield Finding(
                "recording.missing",
                camera.municipality_id,
                "camera",
                str(camera.pk),
                {"seconds": lacking[camera.pk]},
            )
