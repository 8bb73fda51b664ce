"""The demo city's ways: one network, whole, over which an engine reaches every named place."""

import pytest

from cctv.models import RoadEdge
from cctv.roads import routing
from linkage.demo import geography, ways
from linkage.demo.plane import distance_m, lon_lat

pytestmark = pytest.mark.django_db


def test_every_named_place_is_reached_from_every_other(city):
    assert ways.install_roads(municipality=city) == RoadEdge.objects.count() > 1000
    start = geography.SPOTS[0].at
    for spot in geography.SPOTS[1:]:
        way = routing.route(municipality_id=city.pk, start=lon_lat(start), end=lon_lat(spot.at))
        assert isinstance(way, routing.Route), spot.name_en
        assert 0.9 * distance_m(start, spot.at) < way.length_m < 2.5 * distance_m(start, spot.at)


def test_installing_again_changes_nothing(city):
    ways.install_roads(municipality=city)
    assert ways.install_roads(municipality=city) == 0
