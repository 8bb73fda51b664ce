"""The queries and bodies that the link console sends, checked before a verb sees them."""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import Serializer

from linkage.choices import MessageType


def checked(form: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    sent = form(data=data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(min_length=2, max_length=300)


class MessagesSerializer(serializers.Serializer[Any]):
    direction = serializers.ChoiceField(choices=["in", "out"], default="out")
    state = serializers.CharField(max_length=20, required=False, allow_blank=True)
    type = serializers.ChoiceField(choices=MessageType.choices, required=False, allow_blank=True)
    case = serializers.CharField(max_length=60, required=False, allow_blank=True)
    before = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=25)


class AgencyReplaySerializer(ReasonSerializer):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)


class AskAgainSerializer(ReasonSerializer):
    since = serializers.DateTimeField()


class UsefulSerializer(serializers.Serializer[Any]):
    useful = serializers.BooleanField()
