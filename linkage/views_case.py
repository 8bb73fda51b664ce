"""An agency's viewer page of one of its cases: the cameras that it was granted, and their clocks.

Whoever sits for the agency sees it, by the link of the case; nothing else of the centre is here.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv import streams
from cctv.onvif.hands import PtzRefused
from cctv.onvif.ptz import NoPtz
from cctv.video_api import caller_of, mark_of
from controlroom.accounts.models import User
from controlroom.errors import Invalid, OutOfScope
from incidents.features import moment
from linkage import grants, ptz, self_service, viewing
from linkage.models import Case, Link, StreamGrant
from linkage.policy.words import Access
from linkage.services.casework import worked_on
from linkage.views_agency import for_engineers

# So long the page still says why a camera is gone.
END_SHOWN = timedelta(minutes=30)
NOT_KEPT = {"Cache-Control": "no-store"}


@for_engineers
@require_safe
def page(request: HttpRequest, link: str, number: str) -> HttpResponse:
    case = _case(self_service.link_of(request.user, link), number)
    under = reverse("agency:case", args=[case.link.code, case.external_id])
    config = {"now": f"{under}now", "cameras": f"{under}cameras/"}
    return render(request, "agency/case.html", {"case": case, "config": config})


class CaseView(APIView):
    """Let in who sits for the agency whose case this is; to anybody else it is not there."""

    def case(self, link: str, number: str) -> Case:
        """Raises: OutOfScope."""
        return _case(self_service.link_of(self.request.user, link), number)


class NowView(CaseView):
    def get(self, request: Request, link: str, number: str) -> Response:
        """Give the case, what of it may be watched now, and why the rest may not any more."""
        case, now = self.case(link, number), timezone.now()
        incident = worked_on(case)
        rows = StreamGrant.objects.filter(link=case.link, case_number=case.external_id)
        rows = rows.select_related("camera__site")
        held = rows.in_force(now).filter(camera__gone_at=None)
        over = rows.filter(ended_at__gt=now - END_SHOWN) | rows.filter(
            ended_at=None, expires_at__lte=now, expires_at__gt=now - END_SHOWN
        )
        return Response(
            {
                "now": moment(now),
                "case": {
                    "number": case.external_id,
                    "kind": case.incident.kind.name,
                    "urgency": incident.urgency,
                    "is_drill": incident.is_drill,
                    "opened_at": moment(case.opened_at),
                },
                "streams": [_stream(grant, request.user) for grant in held.order_by("pk")],
                "ended": [_ended(grant) for grant in over.order_by("-ended_at", "-pk")[:20]],
            },
            headers=NOT_KEPT,
        )


class TicketView(CaseView):
    def post(self, request: Request, link: str, number: str, grant: UUID) -> Response:
        """Issue a ticket for the signed-in person, and start the relay at once."""
        case = self.case(link, number)
        held = grants.open_to(link=case.link, reference=grant)
        if held.case_number != case.external_id:
            raise OutOfScope(_("no such grant, or it is over"))
        user: Any = request.user
        issued = viewing.ticket(grant=held, caller=caller_of(request), viewer=user)
        streams.want(held.camera_id)
        under = f"/video/{held.camera_id}/"
        return Response(
            {
                "ticket": issued.token,
                "playlist": f"{under}live.m3u8",
                "state": f"{under}state",
                "poster": f"{under}poster.jpg",
                "report": f"{under}report",
                "mark": mark_of(str(user), str(case.link.agency), issued.what_for),
                "expires_at": moment(issued.expires_at),
            },
            status=HTTPStatus.CREATED,
            headers=NOT_KEPT,
        )


class PtzView(CaseView):
    """Turning a camera of the case by the grant that says so: as the agency API, by a person."""

    def grant(self, link: str, number: str, reference: UUID) -> StreamGrant:
        """Raises: OutOfScope, PtzRefused."""
        case = self.case(link, number)
        found = ptz.grant_of(link=case.link, reference=reference)
        if found.case_number != case.external_id:
            raise OutOfScope(_("no such grant"))
        return found

    def get(self, request: Request, link: str, number: str, grant: UUID) -> Response:
        user = cast(User, request.user)
        said = ptz.state(grant=self.grant(link, number, grant), user=user)
        return Response(said, headers=NOT_KEPT)


class PtzActView(PtzView):
    act: str = ""

    def get(self, request: Request, link: str, number: str, grant: UUID) -> Response:
        """List the presets, the one thing of a camera that is asked for."""
        if self.act != "preset":
            raise MethodNotAllowed("GET")
        found = self.grant(link, number, grant)
        return Response({"presets": ptz.presets(found)}, headers=NOT_KEPT)

    def post(self, request: Request, link: str, number: str, grant: UUID) -> Response:
        found, user = self.grant(link, number, grant), cast(User, request.user)
        if "person" in request.data:
            raise Invalid(_("who is signed in acts"), fields={"person": [_("unknown field")]})
        data = cast(dict[str, Any], request.data)
        said = ptz.act(grant=found, name=self.act, said=data, user=user)
        return Response(said, headers=NOT_KEPT)


def _case(link: Link, number: str) -> Case:
    """Raises: OutOfScope."""
    found: Case | None = (
        Case.objects.filter(link=link, external_id=number, municipality_id=link.municipality_id)
        .select_related("link__agency", "incident__kind", "incident__duplicate_of")
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such case of yours"))
    return found


def _stream(grant: StreamGrant, user: Any) -> dict[str, Any]:
    return {
        "id": grant.camera_id,
        "grant": str(grant.reference),
        "name": str(grant.camera),
        "until": moment(grant.expires_at),
        "ptz": _turning(grant, user),
    }


def _turning(grant: StreamGrant, user: Any) -> dict[str, Any] | None:
    """Say how the camera is held; None where it is not this agency's to turn, or does not."""
    if Access.PTZ not in grant.rights:
        return None
    try:
        return ptz.state(grant=grant, user=user)
    except (NoPtz, PtzRefused):
        return None


def _ended(grant: StreamGrant) -> dict[str, Any]:
    at = grant.ended_at or grant.expires_at
    return {
        "grant": str(grant.reference),
        "name": str(grant.camera),
        "at": moment(at),
        "why": str(grant.get_end_reason_display() or _("its time ran out")),
    }
