"""What an operator does where no agency has spoken: declare a situation, draw a circle."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from controlroom.errors import Conflict, Invalid
from incidents.models import Incident
from incidents.statuses import OPEN
from linkage.models_disaster import Situation
from linkage.services.disaster import geometry, situations

RADIUS_M = (50, 50_000)


@transaction.atomic
def declare(*, incident: Incident, level: int, radius_m: int | None, by: Any) -> Situation:
    """Make an open incident a situation, with a circle around its place as its area.

    Locks: the incident, the situation.
    Raises: NotAllowed, Invalid, Conflict when it is one already or the incident is over.
    """
    row = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    if row.status not in OPEN:
        raise Conflict(_("the incident is over"))
    if Situation.objects.filter(incident=row, ended_at=None).exists():
        raise Conflict(_("this incident is a disaster situation already"))
    area = _circle(row, radius_m) if radius_m is not None else None
    names = [row.address] if row.address else []
    return situations.declare(incident=row, level=level, area=area, area_names=names, by=by)


def set_circle(*, situation: Situation, radius_m: int, by: Any) -> Situation:
    """Draw the area anew as a circle around the incident's place.

    Raises: NotAllowed, Invalid, Conflict when it has ended.
    """
    area = _circle(situation.incident, radius_m)
    return situations.set_area(situation=situation, area=area, by=by)


def _circle(incident: Incident, radius_m: int) -> Any:
    """Raises: Invalid."""
    if incident.location is None:
        raise Invalid(
            _("the incident has no place yet"), fields={"radius_m": [_("set its place first")]}
        )
    least, most = RADIUS_M
    if not least <= radius_m <= most:
        said = _("between %(least)s and %(most)s m") % {"least": least, "most": most}
        raise Invalid(said, fields={"radius_m": [said]})
    return geometry.around(incident.location, radius_m)
