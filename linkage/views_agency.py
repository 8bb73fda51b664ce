"""The pages of an agency's own engineers, under /agency/: their links and nothing of the centre."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from rest_framework.exceptions import ValidationError

from controlroom.errors import DomainError, OutOfScope
from linkage import resyncs, self_service, trials
from linkage.agency_forms import OwnPasswordForm
from linkage.agency_pictures import picture_of
from linkage.choices import InboxResult, MessageType, OutboxState
from linkage.models import AgencySeat, InboxMessage, Link, OutboxMessage, StreamGrant
from linkage.replays import REPLAYABLE
from linkage.serializers import (
    AgencyReplaySerializer,
    AskAgainSerializer,
    MessagesSerializer,
    checked,
)
from linkage.services.contracts import CONTRACTS
from linkage.traffic import came_by, detail_of, owed_by, page_of, reveal

RESYNCS = 5
GUIDE = settings.BASE_DIR / "docs"
View = Callable[..., HttpResponse]


def for_engineers(view: View) -> View:
    """Let in who sits in an agency's seat now; another agency's link is not there at all."""

    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not AgencySeat.objects.of(request.user).exists():
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except OutOfScope as refusal:
            raise Http404(str(refusal)) from refusal

    return guarded


@for_engineers
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    rows = [picture_of(link) for link in self_service.links_of(request.user)]
    return render(request, "agency/desk.html", {"links": rows})


@sensitive_post_parameters()
@for_engineers
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Say who is signed in; by POST change the own password."""
    form = OwnPasswordForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        user: Any = request.user
        self_service.change_password(user=user, password=form.cleaned_data["new_password1"])
        # Every other session ends with the old password; this one goes on under a new key.
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed."))
        return redirect("agency:account")
    seats = AgencySeat.objects.of(request.user).select_related("agency", "municipality")
    return render(
        request,
        "agency/account.html",
        {"form": form, "seats": seats.defer("municipality__boundary")},
    )


@for_engineers
@require_GET
def link_page(request: HttpRequest, link: str) -> HttpResponse:
    """Show one link: how it stands, its signing secrets, and its delivery log."""
    found = self_service.link_of(request.user, link)
    try:
        asked = checked(MessagesSerializer, request.GET)
        refused = False
    except ValidationError:
        asked, refused = checked(MessagesSerializer, {}), True
    out = asked["direction"] == "out"
    states = OutboxState.choices if out else InboxResult.choices
    names = dict(states)
    rows, following = page_of(found, asked)
    for row in rows:
        row["state_name"] = names.get(row["state"], row["state"])
        row["when"] = datetime.fromisoformat(row["at"])
        row["replayable"] = row["direction"] == "out" and row["state"] in REPLAYABLE
    return render(
        request,
        "agency/link.html",
        {
            "link": picture_of(found),
            "rows": rows,
            "asked": {"state": "", "type": "", "case": "", **asked},
            "refused": refused,
            "older": _older(request, following),
            "replayable": any(row["replayable"] for row in rows),
            "states": states,
            "types": MessageType.choices,
            "watchable": StreamGrant.objects.in_force(timezone.now())
            .filter(link=found)
            .values_list("case_number", flat=True)
            .order_by("case_number")
            .distinct(),
            "resyncs": found.resyncs.select_related("message", "asked_by")[:RESYNCS],
        },
    )


def _older(request: HttpRequest, following: int | None) -> str:
    if following is None:
        return ""
    query = request.GET.copy()
    query["before"] = str(following)
    return query.urlencode()


@for_engineers
@require_http_methods(["GET", "POST"])
def message_page(request: HttpRequest, link: str, direction: str, name: str) -> HttpResponse:
    """Show one message with its attempts; by POST its bytes as well, which is put on record."""
    found = self_service.link_of(request.user, link)
    message = _message(found, direction, name)
    detail = detail_of(message)
    detail["when"] = datetime.fromisoformat(detail["at"])
    shown = None
    if request.method == "POST":
        user: Any = request.user
        shown = reveal(message=message, by=user, reason="agency self-service")
    return render(
        request,
        "agency/message.html",
        {
            "link": picture_of(found),
            "message": detail,
            "state": message.get_state_display()
            if isinstance(message, OutboxMessage)
            else message.get_result_display(),
            "shown": shown,
            "replayable": isinstance(message, OutboxMessage) and message.state in REPLAYABLE,
        },
    )


def _message(link: Link, direction: str, name: str) -> OutboxMessage | InboxMessage:
    """Raises: OutOfScope."""
    try:
        if direction == "out":
            return owed_by(link, UUID(name))
        if direction == "in" and name.isdecimal() and len(name) < 19:
            return came_by(link, int(name))
    except ValueError:
        pass
    raise OutOfScope(_("no such message of this link"))


@for_engineers
@require_POST
def send_test(request: HttpRequest, link: str) -> HttpResponse:
    found = self_service.link_of(request.user, link)
    try:
        message = trials.send(link=found, by=request.user, agent=found.code)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("agency:link", link=found.code)
    words = _("Test message %(number)s is under way; look here for its result.")
    messages.success(request, words % {"number": message.case_number})
    return redirect("agency:message", link=found.code, direction="out", name=str(message.uid))


@for_engineers
@require_POST
def replay(request: HttpRequest, link: str) -> HttpResponse:
    """Send chosen messages again that were given up; the form asks why."""
    found = self_service.link_of(request.user, link)
    said = {"ids": request.POST.getlist("ids"), "reason": request.POST.get("reason", "")}
    try:
        asked = checked(AgencyReplaySerializer, said)
    except ValidationError:
        messages.error(request, _("Choose at least one message, and say why it is sent again."))
        return redirect("agency:link", link=found.code)
    done = self_service.replay(
        link=found, uids=asked["ids"], by=request.user, reason=asked["reason"]
    )
    if done.count:
        words = ngettext("%d message queued again", "%d messages queued again", done.count)
        messages.success(request, words % done.count)
    if done.refused:
        words = ngettext(
            "%d message was not given up and is not sent again",
            "%d messages were not given up and are not sent again",
            len(done.refused),
        )
        messages.error(request, words % len(done.refused))
    return redirect("agency:link", link=found.code)


@for_engineers
@require_POST
def resync(request: HttpRequest, link: str) -> HttpResponse:
    """Have everything again since a moment; the form asks since when, and why."""
    found = self_service.link_of(request.user, link)
    try:
        asked = checked(AskAgainSerializer, request.POST)
        offered = resyncs.offer_again(link=found, **asked, by=request.user)
    except ValidationError:
        messages.error(request, _("Say since when you need everything again, and why."))
    except DomainError as refusal:
        reasons = "; ".join(str(one) for many in refusal.fields.values() for one in many)
        messages.error(request, ": ".join(filter(None, [str(refusal.message), reasons])))
    else:
        words = ngettext("%d message comes again", "%d messages come again", offered.messages)
        messages.success(request, words % offered.messages)
    return redirect("agency:link", link=found.code)


@for_engineers
@require_POST
def new_secret(request: HttpRequest, link: str) -> HttpResponse:
    """Make a new signing secret and show it once."""
    found = self_service.link_of(request.user, link)
    try:
        made = self_service.rotate_secret(link=found, by=request.user, agent=found.code)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("agency:link", link=found.code)
    return render(
        request,
        "agency/secret.html",
        {
            "link": picture_of(made.link),
            "secret": made.webhook_secret,
            "until": made.link.previous_secret_until,
        },
    )


@for_engineers
@require_GET
def guide(_request: HttpRequest, service: str = "") -> HttpResponse:
    """Give the agency guide of this very version, or its page of one service, as text."""
    if service and service not in CONTRACTS:
        raise Http404
    path = GUIDE / f"agency-api/{service}.md" if service else GUIDE / "agency-api.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Http404 from error
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
