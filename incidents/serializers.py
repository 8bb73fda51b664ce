"""The bodies and queries that the console sends, checked before a verb sees them."""

from typing import Any

from django.contrib.gis.geos import Point
from rest_framework import serializers

from incidents.choices import Priority, Result, Service, Status


class PlaceSerializer(serializers.Serializer[Any]):
    """A place in WGS84, lon and lat together or not at all."""

    lon = serializers.FloatField(min_value=-180, max_value=180)
    lat = serializers.FloatField(min_value=-90, max_value=90)
    error_radius_m = serializers.FloatField(min_value=0, max_value=50_000, default=0)

    @staticmethod
    def point(data: dict[str, Any]) -> Point:
        return Point(data["lon"], data["lat"], srid=4326)


class VerbSerializer(serializers.Serializer[Any]):
    """What every verb may say: the version the person saw."""

    version = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class TextSerializer(VerbSerializer):
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class NoteSerializer(VerbSerializer):
    text = serializers.CharField(max_length=2000)


class CloseSerializer(TextSerializer):
    result = serializers.ChoiceField(choices=Result.choices)


class ReasonSerializer(VerbSerializer):
    reason = serializers.CharField(max_length=2000)


class PersonSerializer(VerbSerializer):
    to = serializers.IntegerField(min_value=1)


class TransferSerializer(ReasonSerializer):
    to = serializers.CharField(max_length=200)


class MoveSerializer(PlaceSerializer, VerbSerializer):
    address = serializers.CharField(max_length=200, required=False, allow_blank=True)


class OriginalSerializer(VerbSerializer):
    of = serializers.UUIDField()


class NewIncidentSerializer(serializers.Serializer[Any]):
    """An incident opened by hand (F2)."""

    service = serializers.ChoiceField(choices=Service.choices, default=Service.CITY)
    kind = serializers.CharField(max_length=30)
    urgency = serializers.CharField(max_length=4, required=False, allow_blank=True, default="")
    place = PlaceSerializer(required=False, allow_null=True, default=None)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    summary = serializers.CharField(max_length=500)
    occurred_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    is_drill = serializers.BooleanField(default=False)


class ListSerializer(serializers.Serializer[Any]):
    """The filters of the list; `ended` absent means open and ended alike."""

    status = serializers.MultipleChoiceField(choices=Status.choices, required=False)
    priority = serializers.MultipleChoiceField(choices=Priority.choices, required=False)
    service = serializers.ChoiceField(choices=Service.choices, required=False)
    owner = serializers.RegexField(r"^(me|none|\d{1,9})$", required=False)
    ended = serializers.BooleanField(required=False, allow_null=True, default=None)
    q = serializers.CharField(max_length=100, required=False, allow_blank=True)
    cursor = serializers.CharField(max_length=200, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
