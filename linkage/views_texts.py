"""The console's view of disaster text messages: the city's, and those that may be the city's."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid
from controlroom.municipalities.access import municipality_for
from controlroom.municipalities.roles import Right
from linkage.models_messages import DisasterMessage
from linkage.services.disaster import decisions

PAGE = 50


@api_view(["GET"])
def text_messages(request: Request, code: str) -> Response:
    """Give what may concern the city, what was decided, and what landed here: newest first.

    `before` (a message's number) goes on to the older ones of those that wait.
    """
    city = municipality_for(request.user, code, Right.OPERATIONS_VIEW)
    waiting = decisions.waiting_for(city)
    since = timezone.now() - decisions.RECENT
    page = waiting
    if before := request.query_params.get("before", ""):
        page = _older(waiting, before)
    ours = DisasterMessage.objects.filter(places__municipality=city).distinct()
    said: dict[str, list[DisasterMessage]] = {
        "waiting": list(decisions.with_decisions(page)[: PAGE + 1])
    }
    has_more = len(said["waiting"]) > PAGE
    said["waiting"] = said["waiting"][:PAGE]
    if not before:
        said["decided"] = list(decisions.with_decisions(decisions.decided_by(city))[:PAGE])
        said["ours"] = list(decisions.with_decisions(ours)[:PAGE])
    lists = {name: [decisions.feature(row, city) for row in rows] for name, rows in said.items()}
    counts = {
        "total": waiting.count(),
        "recent": waiting.filter(issued_at__gte=since).count(),
    }
    return Response({**lists, "has_more": has_more, "counts": counts})


def _older(waiting: Any, before: str) -> Any:
    """Raises: Invalid for what is no message's number."""
    last = DisasterMessage.objects.filter(number=before).first() if before.isdecimal() else None
    if last is None:
        raise Invalid(_("no such message"), fields={"before": [before]})
    return waiting.filter(issued_at__lte=last.issued_at).exclude(
        issued_at=last.issued_at, number__gte=last.number
    )


@api_view(["POST"])
def decide(request: Request, code: str, number: int) -> Response:
    """Say whether a message that may concern the city does; give it as it is then."""
    city = municipality_for(request.user, code, Right.INCIDENT_WORK)
    said: Any = request.data
    is_ours = said.get("is_ours") if isinstance(said, dict) else None
    if not isinstance(is_ours, bool):
        raise Invalid(_("say whether it is this city's"), fields={"is_ours": [_("true or false")]})
    decisions.decide(number=number, municipality=city, is_ours=is_ours, by=request.user)
    row = decisions.with_decisions(DisasterMessage.objects.filter(number=number)).get()
    return Response({"message": decisions.feature(row, city)})
