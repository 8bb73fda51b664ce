"""The console's way to send again what a link gave up."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import NotAllowed, OutOfScope
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage import replays, tasks
from linkage.models import Link

# At night no administrator is there: a supervisor may too.
MAY_REPLAY = frozenset({Right.LINKS_MANAGE, Right.SUPERVISE})
IDS = 1000


class ReplaySerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=IDS
    )
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    reason = serializers.CharField(min_length=2, max_length=300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if set(attrs) - {"reason"} not in ({"ids"}, {"since", "until"}):
            raise serializers.ValidationError({"ids": [_("give either ids, or since and until")]})
        return attrs


@api_view(["POST"])
def replay(request: Request, code: str, link_code: str) -> Response:
    """Queue messages again: {"reason", "ids": [...]}, or "since", "until" for an outage."""
    link = _link(request.user, code, link_code)
    sent = ReplaySerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    asked = sent.validated_data
    if "ids" in asked:
        done = replays.replay_many(
            link=link, uids=asked["ids"], by=request.user, reason=asked["reason"]
        )
    else:
        done = replays.replay_outage(link=link, **asked, by=request.user)
    if done.count and link.push_url:
        transaction.on_commit(lambda: tasks.nudge(link.pk), robust=True)
    return Response({"replayed": done.count, "refused": done.refused})


def _link(user: Any, code: str, link_code: str) -> Link:
    municipality = Municipality.objects.visible_to(user).filter(code=code).defer("boundary").first()
    if municipality is None:
        raise OutOfScope(_("no such municipality"))
    held = MAY_REPLAY & rights_in(user, municipality.pk)
    if not held:
        raise NotAllowed(_("your role does not allow this"))
    visible = Link.objects.visible_to(user, min(held))
    link: Link | None = visible.filter(municipality=municipality, code=link_code).first()
    if link is None:
        raise OutOfScope(_("no such link"))
    return link
