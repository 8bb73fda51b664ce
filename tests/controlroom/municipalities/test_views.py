"""The boundary of the own city, with its neighbours, for nobody else."""

import pytest

from controlroom.municipalities.models import MapLayer
from tests.conftest import make_municipality

pytestmark = pytest.mark.django_db


def test_the_boundary_comes_with_the_neighbours_but_not_the_far(client, haneul, city, other_city):
    make_municipality("90030", "가람군", 127.5, 36.3)
    client.force_login(haneul)
    answer = client.get(f"/m/{city.code}/boundary.geojson")
    features = {f["properties"]["code"]: f["properties"]["own"] for f in answer.json()["features"]}
    assert features == {"90010": True, "90030": False}


def test_a_stranger_finds_no_boundary(client, stranger, city):
    client.force_login(stranger)
    answer = client.get(f"/m/{city.code}/boundary.geojson")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_base_map_joins_the_layers_and_is_sent_again_only_when_changed(client, haneul, city):
    client.force_login(haneul)
    address = f"/m/{city.code}/basemap.geojson"
    assert client.get(address).json() == {"type": "FeatureCollection", "features": []}
    for name in ("b", "a"):
        feature = {"type": "Feature", "properties": {"kind": name}, "geometry": None}
        MapLayer.objects.create(
            municipality=city,
            name=name,
            geojson={"type": "FeatureCollection", "features": [feature]},
        )
    first = client.get(address)
    assert [f["properties"]["kind"] for f in first.json()["features"]] == ["a", "b"]
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 304
    MapLayer.objects.get(name="a").save()
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_a_stranger_finds_no_base_map(client, stranger, city):
    client.force_login(stranger)
    assert client.get(f"/m/{city.code}/basemap.geojson").status_code == 404
