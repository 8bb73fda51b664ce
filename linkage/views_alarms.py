"""The console's view of alarms."""

from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from linkage import alarms
from linkage.models_alarm import Alarm

SHOWN = 200


@api_view(["GET"])
def listing(request: Request, code: str) -> Response:
    """Give the alarms that stand; with ?cleared=1 also the newest of those that do not."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    rows = Alarm.objects.visible_to(request.user).concerning(municipality.pk)
    if request.query_params.get("cleared") != "1":
        rows = rows.standing()
    return Response({"alarms": [alarms.feature(row) for row in alarms.standing_first(rows, SHOWN)]})


@api_view(["POST"])
def acknowledge(request: Request, code: str, alarm_id: int) -> Response:
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    rows = Alarm.objects.visible_to(request.user).concerning(municipality.pk)
    alarm = rows.filter(pk=alarm_id).first()
    if alarm is None:
        raise OutOfScope(_("no such alarm"))
    alarms.require_to_acknowledge(user=request.user, municipality=municipality, alarm=alarm)
    alarm = alarms.acknowledge(alarm=alarm, by=request.user)
    return Response({"alarm": alarms.feature(alarm)})
