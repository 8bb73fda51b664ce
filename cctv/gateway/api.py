"""The addresses of the media server's way: an entry and a state for viewers, a callback for it."""

import json
import secrets
from base64 import b64decode
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response

from cctv import view_checks
from cctv.choices import Quality
from cctv.gateway import admissions
from cctv.gateway.choice import media_server
from cctv.video_api import VideoView, caller_of, token_of
from controlroom.errors import OutOfScope

MOST_BYTES = 20_000


class EntryView(VideoView):
    def post(self, request: Request, camera_id: int, quality: str) -> Response:
        """Open the view, then give the way in: the record is committed before there is one."""
        entry = self.admit(request, camera_id, opening=True, sending=False)
        try:
            found = admissions.entry_for(
                view_id=entry.view_id,
                camera_id=camera_id,
                quality=Quality(quality),
                address=caller_of(request).address,
            )
        except LookupError:
            raise OutOfScope(_("there is no media server")) from None
        return Response(
            {"playlist": found.playlist, "authorization": found.authorization},
            status=HTTPStatus.CREATED,
            headers={"Cache-Control": "no-store"},
        )


class MediaStateView(VideoView):
    def get(self, request: Request, camera_id: int, quality: str) -> Response:
        """Say what the stream does; asking keeps the session of an open view alive.

        That bytes leave is what the server says (gateway.admissions), not that somebody asks.
        """
        self.admit(request, camera_id, sending=False)
        server = media_server()
        if server is None:
            raise OutOfScope(_("there is no media server"))
        now = server.seen(camera_id, Quality(quality))
        said = {"state": now.state, "last_frame_age_s": now.last_frame_age_s}
        return Response(
            {**said, "run": now.run, "reason": now.reason}, headers={"Cache-Control": "no-store"}
        )

    def delete(self, request: Request, camera_id: int, quality: str) -> Response:
        view_checks.stop(token=token_of(request), camera_id=camera_id, caller=caller_of(request))
        return Response(status=HTTPStatus.NO_CONTENT)


@method_decorator(csrf_exempt, name="dispatch")
class AuthView(View):
    """What the media server asks before it lets anybody read. 401 makes a client show its pass."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if not _is_server(request.headers.get("Authorization", "")):
            return HttpResponse(status=HTTPStatus.FORBIDDEN)
        try:
            asked = json.loads(request.body[:MOST_BYTES])
        except ValueError:
            asked = None
        may = isinstance(asked, dict) and admissions.admit(asked)
        return HttpResponse(status=HTTPStatus.NO_CONTENT if may else HTTPStatus.UNAUTHORIZED)


def _is_server(header: str) -> bool:
    """Compare the password in the address that the server was told (authHTTPAddress)."""
    try:
        shown = b64decode(header.removeprefix("Basic "), validate=True).partition(b":")[2]
    except ValueError:
        return False
    secret = settings.MEDIA_SERVER_SECRET.encode()
    return bool(secret) and secrets.compare_digest(shown, secret)
