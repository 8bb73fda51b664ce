"""Emergency bells: which one was pressed, and how often each was pressed for nothing."""

from typing import Any

from django.db.models import Count, Q

from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from incidents.statuses import OPEN, Status
from linkage.models_city import Bell, BellPress

_FALSE = Q(incident__status__in=[Status.FALSE_ALARM, Status.CANCELLED])
_REAL = Q(incident__status__in=[Status.CLOSED, Status.TRANSFERRED])


def find(*, municipality: Municipality, named: str) -> Bell | None:
    """Find a bell by its management number, or by its own number where only one has it.

    A bell that left the register and rings all the same is still where it was.
    """
    if not named:
        return None
    here = Bell.objects.filter(municipality=municipality)
    exact: Bell | None = here.filter(register_id=named).first()
    if exact is not None:
        return exact
    numbered = list(here.filter(number=named, gone_at=None)[:2])
    return numbered[0] if len(numbered) == 1 else None


def note_press(*, bell: Bell, incident: Incident) -> BellPress:
    press: BellPress = BellPress.objects.create(
        bell=bell, incident=incident, pressed_at=incident.occurred_at
    )
    return press


def statistics(presses: Any) -> dict[str, int]:
    """Count presses without drills: what was real, what was false, what is not judged yet."""
    judged: dict[str, int] = presses.filter(incident__is_drill=False).aggregate(
        presses=Count("pk"),
        real=Count("pk", filter=_REAL),
        false=Count("pk", filter=_FALSE),
        open=Count("pk", filter=Q(incident__status__in=OPEN)),
    )
    return judged


def by_bell(*, municipality: Municipality, most: int = 50) -> list[dict[str, Any]]:
    """Give the bells that were pressed most often for nothing, the worst first."""
    prefixed = Q(presses__incident__is_drill=False)
    rows = (
        Bell.objects.filter(municipality=municipality)
        .annotate(
            pressed=Count("presses", filter=prefixed),
            false=Count(
                "presses",
                filter=prefixed
                & Q(presses__incident__status__in=[Status.FALSE_ALARM, Status.CANCELLED]),
            ),
            real=Count(
                "presses",
                filter=prefixed
                & Q(presses__incident__status__in=[Status.CLOSED, Status.TRANSFERRED]),
            ),
        )
        .filter(pressed__gt=0)
        .order_by("-false", "-pressed", "pk")[:most]
    )
    return [
        {
            "id": row.pk,
            "number": row.number,
            "place": row.place_text,
            "lon": row.location.x,
            "lat": row.location.y,
            "presses": row.pressed,
            "real": row.real,
            "false": row.false,
        }
        for row in rows
    ]
