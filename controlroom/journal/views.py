"""Catching up with the journal over HTTP, for a client that noticed a gap."""

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from controlroom.errors import NotAllowed, OutOfScope
from controlroom.journal import log
from controlroom.journal.audiences import audiences_of
from controlroom.journal.errors import UnknownCursor
from controlroom.journal.serializers import PageSerializer
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Municipality


class EventsView(APIView):
    """Entries after a number, in the scope of the person who asks."""

    schema = None

    def get(self, request: Request, code: str) -> Response:
        municipality = Municipality.objects.visible_to(request.user).filter(code=code).first()
        if municipality is None:
            raise OutOfScope(_("no such municipality"))
        audiences = audiences_of(rights_in(request.user, municipality.pk))
        if not audiences:
            raise NotAllowed(_("your role does not allow this"))
        page = PageSerializer(data=request.query_params)
        page.is_valid(raise_exception=True)
        after = page.validated_data["after"]
        if after > log.heads([municipality.pk]).get(municipality.pk, 0):
            raise UnknownCursor(_("the journal does not reach this number"))
        events = log.read_after(
            municipality_id=municipality.pk, audiences=audiences, **page.validated_data
        )
        head = log.scope_head(municipality_id=municipality.pk, audiences=audiences)
        return Response({"events": events, "head": head, "server_time": timezone.now().isoformat()})
