"""The console's list of agencies to telephone, and the record of a call."""

from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage import phone
from linkage.choices import PhoneState
from linkage.models import PhoneTask

LIMIT = 200


class CallSerializer(serializers.Serializer[Any]):
    who = serializers.CharField(max_length=80)
    at = serializers.DateTimeField()
    said = serializers.CharField(max_length=1000)


class TasksQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=PhoneState.choices, required=False)


@api_view(["GET"])
def tasks(request: Request, code: str) -> Response:
    """Give the telephone tasks, those to be called first; `?state=` keeps one state."""
    municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    asked = TasksQuerySerializer(data=request.query_params)
    asked.is_valid(raise_exception=True)
    rows = _visible(request.user, municipality)
    if state := asked.validated_data.get("state"):
        rows = rows.filter(state=state)
    first = Case(
        When(state=PhoneState.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    newest = rows.with_story().order_by(first, "-pk")[:LIMIT]
    return Response({"tasks": phone.task_items(newest)})


@api_view(["POST"])
def done(request: Request, code: str, task_id: int) -> Response:
    municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
    task = _visible(request.user, municipality).filter(pk=task_id).first()
    if task is None:
        raise OutOfScope(_("no such telephone task"))
    call = CallSerializer(data=request.data)
    call.is_valid(raise_exception=True)
    phone.done(task=task, by=request.user, **call.validated_data)
    told = PhoneTask.objects.with_story().get(pk=task.pk)
    return Response({"task": phone.task_item(told)})


def _visible(user: Any, municipality: Municipality) -> Any:
    return PhoneTask.objects.visible_to(user).filter(municipality=municipality)
