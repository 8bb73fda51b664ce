"""The console's addresses for incidents: read them, open one, do a verb. They only translate."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from controlroom.accounts.models import User
from controlroom.errors import Invalid, OutOfScope
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents import lifecycle, serializers
from incidents.cameras import current_choice
from incidents.clusters import cluster_of
from incidents.detail import cameras_item, incident_detail, with_history
from incidents.listing import page_of
from incidents.models import Incident, Kind
from incidents.snapshot import snapshot
from incidents.statuses import Verb


def viewer(request: Request) -> User:
    """Give the person who asks; every view here needs one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def find(user: Any, municipality: Municipality, pk: UUID) -> Incident:
    """Find an incident that this person may see here.

    Raises: OutOfScope.
    """
    visible = Incident.objects.visible_to(user).filter(municipality=municipality)
    incident: Incident | None = with_history(visible).filter(pk=pk).first()
    if incident is None:
        raise OutOfScope(_("no such incident"))
    return incident


def checked(form: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    sent = form(data=data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


class SnapshotView(APIView):
    schema = None

    def get(self, request: Request, code: str) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        return Response(snapshot(municipality=municipality, viewer=viewer(request)))


class IncidentsView(APIView):
    """The list, and opening one by hand."""

    schema = None

    def get(self, request: Request, code: str) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        asked = checked(serializers.ListSerializer, request.query_params)
        visible = Incident.objects.visible_to(request.user).filter(municipality=municipality)
        features, cursor = page_of(visible, asked=asked, viewer=viewer(request))
        return Response({"incidents": features, "next": cursor})

    def post(self, request: Request, code: str) -> Response:
        municipality = municipality_for(request.user, code, Right.INCIDENT_WORK)
        sent = checked(serializers.NewIncidentSerializer, request.data)
        place = sent.pop("place")
        kind = Kind.objects.filter(service=sent["service"], code=sent.pop("kind")).first()
        if kind is None:
            raise Invalid(_("no such kind"), fields={"kind": [_("no such kind")]})
        incident = lifecycle.open_incident(
            municipality=municipality,
            kind=kind,
            place=serializers.PlaceSerializer.point(place) if place else None,
            error_radius_m=place["error_radius_m"] if place else 0,
            by=viewer(request),
            **{**sent, "occurred_at": sent["occurred_at"] or timezone.now()},
        )
        return Response(
            incident_detail(find(request.user, municipality, incident.pk), viewer=viewer(request)),
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("incident", args=[code, incident.pk])},
        )


class IncidentView(APIView):
    schema = None

    def get(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        incident = find(request.user, municipality, pk)
        return Response(incident_detail(incident, viewer=viewer(request)), headers=etag(incident))


class CamerasView(APIView):
    schema = None

    def get(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        return Response(cameras_item(current_choice(find(request.user, municipality, pk))))


class ClusterView(APIView):
    schema = None

    def get(self, request: Request, code: str, pk: UUID) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        return Response({"cluster": cluster_of(find(request.user, municipality, pk))})


class Command(NamedTuple):
    """A verb with the body it takes; `arguments` turns the checked body into its keywords."""

    verb: Callable[..., Incident]
    form: type[Serializer[Any]] = serializers.VerbSerializer
    arguments: Callable[[Municipality, dict[str, Any]], Mapping[str, Any]] | None = None


def _colleague(municipality: Municipality, sent: dict[str, Any]) -> dict[str, Any]:
    members = User.objects.filter(memberships__municipality=municipality, is_active=True)
    to = members.filter(pk=sent["to"]).first()
    if to is None:
        raise Invalid(_("no such colleague"), fields={"to": [_("no such colleague")]})
    return {"to": to}


def _place(_municipality: Municipality, sent: dict[str, Any]) -> dict[str, Any]:
    return {
        "place": serializers.PlaceSerializer.point(sent),
        "error_radius_m": sent["error_radius_m"],
        "address": sent.get("address"),
    }


def _original(municipality: Municipality, sent: dict[str, Any]) -> dict[str, Any]:
    of = Incident.objects.filter(municipality=municipality, pk=sent["of"]).first()
    if of is None:
        raise Invalid(_("no such incident"), fields={"of": [_("no such incident")]})
    return {"of": of}


COMMANDS: dict[Verb, Command] = {
    Verb.ACKNOWLEDGE: Command(lifecycle.acknowledge),
    Verb.CLAIM: Command(lifecycle.claim),
    Verb.RELEASE: Command(lifecycle.release, serializers.TextSerializer),
    Verb.OFFER: Command(lifecycle.offer, serializers.PersonSerializer, _colleague),
    Verb.ACCEPT_OFFER: Command(lifecycle.accept_offer),
    Verb.DECLINE_OFFER: Command(lifecycle.decline_offer),
    Verb.TAKE_OVER: Command(lifecycle.take_over, serializers.ReasonSerializer),
    Verb.NOTE: Command(lifecycle.add_note, serializers.NoteSerializer),
    Verb.RESPOND: Command(lifecycle.respond, serializers.TextSerializer),
    Verb.MOVE: Command(lifecycle.move, serializers.MoveSerializer, _place),
    Verb.CLOSE: Command(lifecycle.close, serializers.CloseSerializer),
    Verb.FALSE_ALARM: Command(lifecycle.mark_false_alarm, serializers.TextSerializer),
    Verb.CANCEL: Command(lifecycle.cancel, serializers.TextSerializer),
    Verb.TRANSFER: Command(lifecycle.transfer, serializers.TransferSerializer),
    Verb.REOPEN: Command(lifecycle.reopen, serializers.ReasonSerializer),
    Verb.MARK_DUPLICATE: Command(
        lifecycle.mark_duplicate, serializers.OriginalSerializer, _original
    ),
}


class VerbView(APIView):
    """Do a verb to an incident; the answer is its detail as it is then."""

    schema = None

    def post(self, request: Request, code: str, pk: UUID, verb: str) -> Response:
        municipality = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
        command = COMMANDS.get(verb)  # type: ignore[call-overload]  # a StrEnum is its string
        if command is None:
            raise OutOfScope(_("no such verb"))
        incident = find(request.user, municipality, pk)
        sent = checked(command.form, request.data)
        version = sent.pop("version") or seen_version(request)
        told = command.arguments(municipality, sent) if command.arguments else sent
        command.verb(incident=incident, by=viewer(request), expected_version=version, **told)
        incident = find(request.user, municipality, pk)
        return Response(incident_detail(incident, viewer=viewer(request)), headers=etag(incident))


def etag(incident: Incident) -> dict[str, str]:
    return {"ETag": f'"{incident.version}"'}


def seen_version(request: Request) -> int | None:
    """Read If-Match; what is not one of our tags matches no version.

    Raises: Invalid.
    """
    tag = request.headers.get("If-Match", "").strip()
    if tag in {"", "*"}:
        return None
    number = tag.removeprefix("W/").strip('"')
    if not number.isdecimal():
        raise Invalid(_("If-Match must be a version"), fields={"If-Match": [_("not a version")]})
    return int(number)
