"""What a reader of the journal may ask for."""

from rest_framework import serializers

LONGEST_PAGE = 1000


class PageSerializer(serializers.Serializer[dict[str, int]]):
    after = serializers.IntegerField(min_value=0, max_value=2**62)
    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=500)
