"""Reads what the console sends about cameras."""

from math import isfinite
from typing import Any

from rest_framework import serializers

from cctv.policies import ALLOWED


class FiniteField(serializers.FloatField):
    """A number: JSON's NaN and "inf" would pass every comparison."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not isfinite(value):
            self.fail("invalid")
        return value


class SearchSerializer(serializers.Serializer[Any]):
    """A search names its type; the fields that type needs are checked by `SHAPES`."""

    type = serializers.ChoiceField(["nearest", "circle", "polygon", "line", "text"])
    service = serializers.ChoiceField(sorted(ALLOWED), default="city")
    lon = FiniteField(min_value=-180, max_value=180, required=False)
    lat = FiniteField(min_value=-90, max_value=90, required=False)
    radius_m = FiniteField(min_value=1, max_value=10_000, required=False)
    error_radius_m = FiniteField(min_value=0, max_value=10_000, default=0)
    buffer_m = FiniteField(min_value=1, max_value=1_000, default=50)
    limit = serializers.IntegerField(min_value=1, max_value=50, required=False)
    coordinates = serializers.ListField(
        child=serializers.ListField(child=FiniteField(), min_length=2, max_length=2),
        max_length=500,
        required=False,
    )
    q = serializers.CharField(min_length=1, max_length=100, required=False)

    NEEDED = {
        "nearest": ("lon", "lat"),
        "circle": ("lon", "lat", "radius_m"),
        "polygon": ("coordinates",),
        "line": ("coordinates",),
        "text": ("q",),
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in self.NEEDED[attrs["type"]] if name not in attrs]
        if missing:
            message = self.fields[missing[0]].error_messages["required"]
            raise serializers.ValidationError({name: [message] for name in missing})
        return attrs
