"""The link console: its page, its matrix, a link's messages, and what a person does to them."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid, NotAllowed, OutOfScope
from controlroom.journal import log
from controlroom.journal.audiences import audiences_of
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.features import moment
from incidents.models import Incident
from incidents.snapshot import one_moment
from linkage import links, regions, tasks, traffic, trials, use
from linkage.choices import InboxResult, LinkState, MessageType, OutboxState
from linkage.matrix import matrix, shown_state
from linkage.models import InboxMessage, Link, OutboxMessage
from linkage.serializers import (
    MessagesSerializer,
    ReasonSerializer,
    UsefulSerializer,
    checked,
)

# Who looks after links may look without working at incidents.
VIEW = (Right.OPERATIONS_VIEW, Right.LINKS_MANAGE)
# At night no administrator is there: a supervisor may too.
ACT = (Right.SUPERVISE, Right.LINKS_MANAGE)


def municipality_of(user: Any, code: str, *rights: Right) -> tuple[Municipality, Right]:
    """Find the municipality for a user who holds one of these rights there, and the first held.

    Raises: OutOfScope (404), NotAllowed (403).
    """
    municipality: Municipality | None = (
        Municipality.objects.visible_to(user).filter(code=code).defer("boundary").first()
    )
    if municipality is None:
        raise OutOfScope(_("no such municipality"))
    held = rights_in(user, municipality.pk)
    for right in rights:
        if right in held:
            return municipality, right
    raise NotAllowed(_("your role does not allow this"))


def link_of(user: Any, code: str, link: str, *rights: Right) -> Link:
    """Find a link that serves the municipality, as this one sees it (linkage/regions.py).

    Raises: OutOfScope, NotAllowed.
    """
    municipality, right = municipality_of(user, code, *rights)
    found: Link | None = (
        Link.objects.visible_to(user, right)
        .serving(municipality)
        .filter(code=link)
        .select_related("municipality", "agency")
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such link"))
    return regions.seen_by(found, municipality)


def kept_link_of(user: Any, code: str, link: str) -> Link:
    """Find a link to pause or resume: for all that it serves, so only where it is kept.

    Raises: OutOfScope, NotAllowed.
    """
    seen = link_of(user, code, link, *ACT)
    found: Link = Link.objects.select_related("municipality").get(pk=seen.pk)
    if found.municipality_id != seen.municipality_id:
        raise NotAllowed(_("the line is kept by %(city)s") % {"city": found.municipality})
    return found


@require_GET
@login_required
@ensure_csrf_cookie
def page(request: HttpRequest, code: str) -> HttpResponse:
    try:
        municipality, _right = municipality_of(request.user, code, *VIEW)
    except OutOfScope as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    user: Any = request.user
    rights = rights_in(user, municipality.pk)
    config = {
        "code": municipality.code,
        "name": municipality.name,
        "user": {"id": user.pk, "name": str(user)},
        "language": get_language(),
        "rights": sorted(rights),
        "may": {"act": bool(rights & set(ACT)), "phone": Right.INCIDENT_WORK in rights},
        "urls": _addresses(municipality.code),
        "choices": {
            "types": _words(MessageType.choices),
            "out": _words(OutboxState.choices),
            "in": _words(InboxResult.choices),
        },
    }
    return render(
        request,
        "linkage/links.html",
        {
            "config": config,
            "municipality": municipality,
            "may_operate": Right.OPERATIONS_VIEW in rights,
        },
    )


def _words(choices: Any) -> list[dict[str, str]]:
    return [{"value": value, "label": str(label)} for value, label in choices]


def _addresses(code: str) -> dict[str, str]:
    base = f"/m/{code}/"
    return {
        "socket": f"/ws{base}live",
        "events": f"{base}live/events",
        "snapshot": reverse("linkage:matrix", args=[code]),
        "links": f"{base}linkage/console/",
        "replay": f"{base}linkage/links/",
        "use": f"{base}linkage/console/use.csv",
        "phone": f"{base}linkage/phone-tasks/",
    }


@api_view(["GET"])
def show_matrix(request: Request, code: str) -> Response:
    """Give every link by its directions, and the journal number that this picture belongs to."""
    municipality, right = municipality_of(request.user, code, *VIEW)
    with one_moment():
        audiences = audiences_of(rights_in(request.user, municipality.pk))
        cursor = log.scope_head(municipality_id=municipality.pk, audiences=audiences)
        rows = matrix(
            Link.objects.visible_to(request.user, right)
            .serving(municipality)
            .select_related("agency", "municipality"),
            city=municipality,
        )
    return Response({"cursor": cursor, "server_time": moment(timezone.now()), "links": rows})


@api_view(["GET"])
def messages(request: Request, code: str, link: str) -> Response:
    found = link_of(request.user, code, link, *VIEW)
    asked = checked(MessagesSerializer, request.query_params)
    rows, following = traffic.page_of(found, asked, city=found.municipality)
    return Response({"messages": rows, "next": following})


@api_view(["GET"])
def message(request: Request, code: str, link: str, direction: str, name: str) -> Response:
    found = link_of(request.user, code, link, *VIEW)
    return Response(traffic.detail_of(_message(found, direction, name)))


@api_view(["POST"])
def reveal(request: Request, code: str, link: str, direction: str, name: str) -> Response:
    """Show the bytes of a message to who may see them; the reason is put on record."""
    found = link_of(request.user, code, link, *ACT)
    reason = checked(ReasonSerializer, request.data)["reason"]
    user: Any = request.user
    shown = traffic.reveal(message=_message(found, direction, name), by=user, reason=reason)
    return Response(shown)


def _message(link: Link, direction: str, name: str) -> OutboxMessage | InboxMessage:
    try:
        if direction == "out":
            return traffic.owed_by(link, UUID(name), city=link.municipality)
        if direction == "in" and name.isdecimal() and len(name) < 19:
            return traffic.came_by(link, int(name), city=link.municipality)
    except ValueError:
        pass
    raise OutOfScope(_("no such message of this link"))


@api_view(["POST"])
def pause(request: Request, code: str, link: str) -> Response:
    """Put a link into maintenance: what it is owed waits, and what it sends is still taken."""
    found = kept_link_of(request.user, code, link)
    reason = checked(ReasonSerializer, request.data)["reason"]
    if found.state == LinkState.SUSPENDED:
        raise Invalid(_("a suspended link is not paused"), fields={"state": [found.state]})
    changed = links.set_state(
        link=found, state=LinkState.MAINTENANCE, by=request.user, reason=reason
    )
    return Response({"state": str(changed.state)})


@api_view(["POST"])
def resume(request: Request, code: str, link: str) -> Response:
    found = kept_link_of(request.user, code, link)
    reason = checked(ReasonSerializer, request.data)["reason"]
    if shown_state(found, timezone.now()) != LinkState.MAINTENANCE:
        raise Invalid(
            _("only a paused link is resumed here; a suspension is lifted in the administration"),
            fields={"state": [found.state]},
        )
    changed = links.set_state(link=found, state=LinkState.UP, by=request.user, reason=reason)
    if changed.push_url:
        transaction.on_commit(lambda: tasks.nudge(changed.pk), robust=True)
    return Response({"state": str(changed.state)})


@api_view(["POST"])
def send_test(request: Request, code: str, link: str) -> Response:
    """Owe the agency a test message; its way is seen in the delivery log."""
    message = trials.send(link=link_of(request.user, code, link, *ACT), by=request.user)
    return Response({"id": str(message.uid), "state": str(message.state)}, status=201)


@require_GET
@login_required
def use_csv(request: HttpRequest, code: str) -> StreamingHttpResponse:
    """Give the use of each link in the last thirty days as CSV."""
    try:
        municipality, right = municipality_of(request.user, code, *VIEW)
    except OutOfScope as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    rows = Link.objects.visible_to(request.user, right).serving(municipality)
    answer = StreamingHttpResponse(
        use.use_file(rows.select_related("agency"), city=municipality),
        content_type="text/csv; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="links-{municipality.code}.csv"'
    return answer


@api_view(["POST"])
def say_useful(request: Request, code: str, incident_id: UUID) -> Response:
    """Keep whether what the agencies sent was of use in this incident."""
    municipality, _right = municipality_of(request.user, code, Right.INCIDENT_WORK)
    incident = (
        Incident.objects.visible_to(request.user)
        .filter(municipality=municipality, pk=incident_id)
        .first()
    )
    if incident is None:
        raise OutOfScope(_("no such incident"))
    is_useful = checked(UsefulSerializer, request.data)["useful"]
    user: Any = request.user
    use.say_useful(incident=incident, by=user, is_useful=is_useful)
    return Response({"useful": is_useful})
