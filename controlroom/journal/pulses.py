"""Signs of life in PostgreSQL: who beats, when last, and what it knew of the journal then."""

import os
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.utils import timezone

from controlroom.journal.models import Pulse

# Dashboards' hubs, one per web process: "screens:<machine>:<process id>".
SCREENS = "screens:"


def beat(name: str, data: dict[str, Any] | None = None) -> None:
    """Write that this part lives now."""
    Pulse.objects.update_or_create(
        name=name, defaults={"at": timezone.now(), "data": data if data is not None else {}}
    )


def stop(name: str) -> None:
    """Take a part's sign of life away: it has ended in good order."""
    Pulse.objects.filter(name=name).delete()


def age(name: str) -> timedelta | None:
    """Give how long ago a part last beat; None when it never did."""
    at = Pulse.objects.filter(name=name).values_list("at", flat=True).first()
    return timezone.now() - at if at else None


def own_screens() -> str:
    return f"{SCREENS}{socket.gethostname()}:{os.getpid()}"


def screens() -> list[Pulse]:
    """Give the hubs' pulses; those of processes of this machine that are gone are removed."""
    found = []
    for pulse in Pulse.objects.filter(name__startswith=SCREENS).order_by("name"):
        machine, _colon, pid = pulse.name.removeprefix(SCREENS).rpartition(":")
        if machine == socket.gethostname() and not _runs(int(pid)):
            stop(pulse.name)
        else:
            found.append(pulse)
    return found


def _runs(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
