"""The boundary of the own city, with its neighbours, for nobody else."""

import pytest

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
