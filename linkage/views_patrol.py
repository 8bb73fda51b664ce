"""A police terminal's page and pictures, under /patrol/: known by its own key, and no person's.

Each request reads anew who asks and what is shared: nothing here is trusted from before. Live
pictures need a ticket besides, so that what a terminal watches is a view on record like a person's.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv import passes, posters, streams, view_checks
from cctv.errors import TicketRefused
from cctv.passes import Caller, Pass
from cctv.video_api import (
    PIECE_TYPE,
    PLAYLIST_TYPE,
    AnyAccepted,
    caller_of,
    first_playlist,
    mark_of,
    poster_answer,
    reported,
    stream_state,
    token_of,
)
from controlroom.accounts import enrolment
from controlroom.errors import OutOfScope
from incidents.features import moment
from linkage import buckets, viewing
from linkage.models import StreamGrant, Terminal, TerminalShare
from linkage.services.police112 import patrol, shares, terminals
from linkage.services.police112.terminals import CodeRefused, TerminalUnknown

COOKIE = "patrol"
# 58 bits of code against ten tries and then one a minute from an address.
TRIES, TRIES_PER_S = 10, 1 / 60


# --- the pages ---------------------------------------------------------------------------
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    try:
        terminal = terminals.by_key(request.COOKIES.get(COOKIE, ""))
    except TerminalUnknown:
        return _door(request)
    config = {
        "now": reverse("patrol:now"),
        "cameras": reverse("patrol:page") + "cameras/",
        "stills": reverse("patrol:page") + "stills/",
        "number": terminal.number,
        "agency": str(terminal.link.agency),
    }
    return render(request, "patrol/page.html", {"terminal": terminal, "config": config})


@never_cache
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Take the code of a terminal; its browser gets the key that it is known by from now on."""
    address = caller_of(request).address
    held = buckets.take(key=f"enrol:{address}", rate_per_s=TRIES_PER_S, burst=TRIES)
    if not held.allowed:
        said = _("Too many tries from this machine. Wait a minute.")
        response = _door(request, said, status=429)
        response["Retry-After"] = str(held.retry_after_s)
        return response
    try:
        _terminal, key = terminals.enrol(code=request.POST.get("code", "")[:60], address=address)
    except CodeRefused:
        return _door(request, _("This code is wrong, was used before, or is too old."), status=403)
    response = redirect("patrol:page")
    enrolment.keep_key(response, key, cookie=COOKIE, path=reverse("patrol:page"))
    return response


def _door(request: HttpRequest, refusal: str = "", *, status: int = 200) -> HttpResponse:
    return render(request, "patrol/enrol.html", {"refusal": refusal}, status=status)


# --- what the page asks for --------------------------------------------------------------
class PatrolView(APIView):
    """Let in the browser of an enrolled terminal; who may be signed in on it is not asked."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class: type[BaseContentNegotiation] = AnyAccepted

    def terminal(self) -> Terminal:
        """Raises: TerminalUnknown (401)."""
        return terminals.by_key(self.request.COOKIES.get(COOKIE, ""))

    def granted(self, reference: UUID) -> tuple[TerminalShare, StreamGrant]:
        """Raises: TerminalUnknown, ShareOver (403), OutOfScope for a grant that is not in force."""
        share = shares.shown_to(self.terminal())
        return share, patrol.grant_of(share, reference)

    def admit(
        self,
        share: TerminalShare,
        grant: StreamGrant,
        *,
        opening: bool = False,
        sending: bool = True,
    ) -> Pass:
        """Raises: TicketRefused, ViewEnded."""
        return viewing.admit(
            grant=grant,
            token=token_of(self.request),
            caller=self.caller(),
            agent=viewing.terminal_name(share.terminal),
            opening=opening,
            sending=sending,
        )

    def caller(self) -> Caller:
        return Caller(self.request.COOKIES.get(COOKIE, ""), caller_of(self.request).address)

    def send(self, body: bytes, content_type: str) -> HttpResponse:
        return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})

    def picture(
        self, share: TerminalShare, held: StreamGrant, body: bytes, content_type: str
    ) -> HttpResponse:
        """Give a part of the live picture, once it is on record who watches."""
        shares.note_viewed(share=share, grant=held)
        passes.count(self.admit(share, held), len(body))
        return self.send(body, content_type)

    def answer(self, body: dict[str, Any]) -> Response:
        return Response(body, headers={"Cache-Control": "no-store"})


class NowView(PatrolView):
    def get(self, request: Request) -> Response:
        """Give the one case that is shared with the terminal now, or why there is none."""
        share = shares.shown_to(self.terminal())
        shares.note_opened(share=share)
        return self.answer(
            {
                "now": moment(timezone.now()),
                "share": {
                    "id": str(share.reference),
                    "unit": share.unit,
                    "since": moment(share.given_at),
                    "until": moment(share.expires_at),
                },
                **patrol.picture(share),
            }
        )


class StillView(PatrolView):
    def get(self, request: Request, still: UUID) -> HttpResponse:
        share = shares.shown_to(self.terminal())
        return self.send(patrol.still_of(share, still), "image/jpeg")


class TicketView(PatrolView):
    def post(self, request: Request, grant: UUID) -> Response:
        """Issue a ticket and start the relay at once."""
        share, held = self.granted(grant)
        issued = viewing.ticket(
            grant=held, caller=self.caller(), agent=viewing.terminal_name(share.terminal)
        )
        streams.want(held.camera_id)
        under = reverse("patrol:page") + f"cameras/{held.reference}/"
        return Response(
            {
                "ticket": issued.token,
                "playlist": f"{under}live.m3u8",
                "state": f"{under}state",
                "poster": f"{under}poster.jpg",
                "report": f"{under}report",
                "mark": mark_of(
                    f"{share.terminal.number} {share.unit}", str(held.link.agency), issued.what_for
                ),
                "expires_at": moment(issued.expires_at),
            },
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )


class PlaylistView(PatrolView):
    def get(self, request: Request, grant: UUID) -> HttpResponse:
        share, held = self.granted(grant)
        self.admit(share, held, opening=True, sending=False)
        body = first_playlist(
            held.camera_id, meanwhile=lambda: self.admit(share, held, sending=False)
        )
        share, held = self.granted(grant)
        return self.picture(share, held, body, PLAYLIST_TYPE)


class PosterView(PatrolView):
    def get(self, request: Request, grant: UUID) -> HttpResponse:
        share, held = self.granted(grant)
        shown = posters.show(
            token=token_of(request),
            camera_id=held.camera_id,
            caller=self.caller(),
            agent=viewing.terminal_name(share.terminal),
        )
        if shown is not None:
            shares.note_viewed(share=share, grant=held)
        return poster_answer(shown)


class PieceView(PatrolView):
    def get(self, request: Request, grant: UUID, piece: str) -> HttpResponse:
        share, held = self.granted(grant)
        body = streams.segment(held.camera_id, piece)
        if body is None:
            raise OutOfScope(_("no such piece"))
        streams.want(held.camera_id)
        return self.picture(share, held, body, PIECE_TYPE)


class StateView(PatrolView):
    def get(self, request: Request, grant: UUID) -> Response:
        """Say what the stream does; an unused ticket may ask, which opens no view."""
        share, held = self.granted(grant)
        try:
            self.admit(share, held, sending=False)
        except TicketRefused:
            view_checks.peek(
                token=token_of(request),
                camera_id=held.camera_id,
                caller=self.caller(),
                agent=viewing.terminal_name(share.terminal),
            )
        return self.answer(stream_state(held.camera_id))

    def delete(self, request: Request, grant: UUID) -> Response:
        """End the viewing now, as the player does when it closes."""
        _share, held = self.granted(grant)
        view_checks.stop(token=token_of(request), camera_id=held.camera_id, caller=self.caller())
        return Response(status=HTTPStatus.NO_CONTENT)


class ReportView(PatrolView):
    def post(self, request: Request, grant: UUID) -> Response:
        """Take the player's word on what it decoded."""
        _share, held = self.granted(grant)
        view_checks.note_report(
            token=token_of(request),
            camera_id=held.camera_id,
            caller=self.caller(),
            **reported(request.data),
        )
        return Response(status=HTTPStatus.NO_CONTENT)
