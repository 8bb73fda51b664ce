"""The console's way to send again what a link gave up."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from linkage import replays, tasks
from linkage.console import ACT, link_of

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
    """Queue one's own messages again: a reason, with ids or with "since" and "until"."""
    link = link_of(request.user, code, link_code, *ACT)
    sent = ReplaySerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    asked = sent.validated_data
    if "ids" in asked:
        done = replays.replay_many(
            link=link,
            uids=asked["ids"],
            by=request.user,
            reason=asked["reason"],
            city=link.municipality,
        )
    else:
        done = replays.replay_outage(link=link, **asked, by=request.user, city=link.municipality)
    if done.count and link.push_url:
        transaction.on_commit(lambda: tasks.nudge(link.pk), robust=True)
    return Response({"replayed": done.count, "refused": done.refused})
