"""WHEP: a browser's way to one-second video. The server offers, the browser answers.

The offer of Janus 1.1.2 is good, its answer to a browser's offer is not (`a=setup`), so a POST is
always answered by the counter-offer that the draft has for this.
Source: draft-ietf-wish-whep, "406 Not Acceptable" with a counter-offer, answered by PATCH.
"""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from cctv import view_checks
from cctv.choices import Quality
from cctv.gateway import whep, whep_ends
from cctv.gateway.janus import MOST_BYTES
from cctv.models import MediaSession
from cctv.passes import Pass
from cctv.video_api import VideoView, caller_of, stream_state, token_of
from controlroom.errors import Invalid, OutOfScope

SDP = "application/sdp"
# Room for the rest of the message.
MOST_SDP = MOST_BYTES // 2


class SdpMissing(Invalid):
    code = "sdp_missing"


class WhepView(VideoView):
    def post(self, request: Request, camera_id: int, quality: str) -> HttpResponse:
        """Open the view, then offer: the record is committed before anything can be sent."""
        if not settings.JANUS_SOCKET:
            raise OutOfScope(_("there is no WebRTC here"))
        entry = self.admit(request, camera_id, opening=True, sending=False)
        row = whep.reserve(view_id=entry.view_id, token=token_of(request))
        sdp = whep.offer(row=row, camera_id=camera_id, quality=Quality(quality))
        offered = HttpResponse(
            sdp,
            content_type=SDP,
            status=HTTPStatus.NOT_ACCEPTABLE,
            headers={
                "Location": f"/video/{camera_id}/whep/{quality}/{row.pk}",
                "Cache-Control": "no-store",
            },
        )
        # Each good offer would stand in the log as a fault.
        offered._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001  # Django's word
        return offered


class WhepSessionView(VideoView):
    def get(self, request: Request, camera_id: int, quality: str, row_id: int) -> Response:
        """Say what the stream does, and whether the session stands.

        Nothing is trusted here: each asking looks at the view, and says on record that pictures
        may leave for a while more if there are any.
        """
        stream = Quality(quality)
        entry = self._look(request, camera_id, sending=whep.flows(camera_id, stream))
        said = {**stream_state(camera_id, stream), "webrtc": self._row(entry, row_id) is not None}
        return Response(said, headers={"Cache-Control": "no-store"})

    def patch(self, request: Request, camera_id: int, quality: str, row_id: int) -> HttpResponse:
        """Take the answer; the candidates were all in the offer: there is no trickle."""
        if request.content_type != SDP:
            raise SdpMissing(_("an answer is needed"), fields={"body": [SDP]})
        sdp = request._request.body[: MOST_SDP + 1]  # noqa: SLF001  # no parser of DRF reads SDP
        if not sdp or len(sdp) > MOST_SDP:
            raise SdpMissing(_("an answer is needed"), fields={"body": [f"1 … {MOST_SDP}"]})
        row = self._standing(self._look(request, camera_id, sending=True), row_id)
        whep.answer(row=row, sdp=sdp.decode("utf-8", "replace"))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def put(self, request: Request, camera_id: int, quality: str, row_id: int) -> HttpResponse:
        """Go on with the camera's stream that the address now names."""
        row = self._standing(self._look(request, camera_id, sending=False), row_id)
        whep.switch(row=row, camera_id=camera_id, quality=Quality(quality))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def delete(self, request: Request, camera_id: int, quality: str, row_id: int) -> HttpResponse:
        """End the view; the ticket has done its work."""
        view_checks.stop(token=token_of(request), camera_id=camera_id, caller=caller_of(request))
        return HttpResponse(status=HTTPStatus.OK)

    def _look(self, request: Request, camera_id: int, *, sending: bool) -> Pass:
        return view_checks.admit(
            token=token_of(request),
            camera_id=camera_id,
            caller=caller_of(request),
            viewer=get_user(request._request),  # noqa: SLF001  # DRF authenticates nobody here
            sending=sending,
        )

    def _row(self, entry: Pass, row_id: int) -> MediaSession | None:
        rows = MediaSession.objects.filter(
            kind=whep_ends.KIND, view_id=entry.view_id, kicked_at=None
        )
        return rows.filter(pk=row_id).first()

    def _standing(self, entry: Pass, row_id: int) -> MediaSession:
        row = self._row(entry, row_id)
        if row is None:
            raise OutOfScope(_("there is no such session"))
        return row
