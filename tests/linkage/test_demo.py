"""The demonstration city: whole, plausible, and the same however often it is asked for."""

import json
from io import StringIO
from itertools import islice

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.gis.db.models.functions import Area
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from cctv.choices import Health, Purpose
from cctv.models import Camera, Site
from cctv.selection import choose
from controlroom.accounts.models import User
from controlroom.municipalities.models import Membership, Municipality
from incidents.models import Kind
from linkage.demo import city, geography, register
from linkage.demo.plane import is_inside
from linkage.links import signing_secrets
from linkage.models import Link
from linkage.simulator.agencies import AGENCIES

pytestmark = pytest.mark.django_db


@pytest.fixture
def password(monkeypatch):
    monkeypatch.setenv("CONTROLROOM_DEMO_PASSWORD", "a-demo-password")
    return "a-demo-password"


@pytest.fixture
def shared(monkeypatch):
    for name, value in SHARED.items():
        monkeypatch.setenv(f"CONTROLROOM_SIM_{name}", value)


SHARED = {
    "CLIENT_ID": "demo-police112",
    "CLIENT_SECRET": "a-demo-client-secret",
    "WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "LINK": "police112-90010",
    "PORT": "9112",
}


def demo(**options) -> str:
    out = StringIO()
    call_command("demo", stdout=out, **options)
    return out.getvalue()


def everything():
    return (
        list(Site.objects.order_by("pk").values_list("pk", "register_id", "location")),
        list(Camera.objects.order_by("pk").values_list("pk", "site", "name", "bearing_deg")),
        list(User.objects.order_by("pk").values_list("pk", "password")),
        list(Membership.objects.order_by("pk").values_list("pk", "user", "role")),
        list(Municipality.objects.order_by("pk").values_list("pk", "code")),
    )


def test_the_command_fills_the_city_and_again_changes_nothing(client, password):
    demo()
    first = everything()
    assert len(first[1]) >= 1500
    assert len(first[0]) >= 600
    assert client.login(username="haneul", password=password)
    roles = set(Membership.objects.values_list("user__username", "role"))
    assert roles == {
        ("haneul", "operator"), ("sup", "supervisor"), ("admin", "administrator"),
        ("bada", "auditor"), ("police", "police"),
    }  # fmt: skip
    demo()
    assert everything() == first


def test_the_register_grows_without_changing_what_was_there(password):
    demo(cameras=100)
    before = everything()[1]
    demo(cameras=300)
    after = everything()[1]
    assert len(after) >= 300
    assert after[: len(before)] == before


def test_another_password_is_taken_over(client, password, monkeypatch):
    demo(cameras=5)
    monkeypatch.setenv("CONTROLROOM_DEMO_PASSWORD", "another-one-now")
    demo(cameras=5)
    assert client.login(username="police", password="another-one-now")


def test_the_kinds_of_the_services_are_there(password):
    demo(cameras=5)
    assert Kind.objects.filter(service="police112").count() > 20


def test_the_112_room_is_linked_with_the_given_secrets(password, shared):
    assert "links: police112 made, fire119 made, disaster made" in demo(cameras=5)
    link = Link.objects.get(code="police112-90010")
    assert link.push_url == "http://127.0.0.1:9112/agency/police112-90010/"
    assert link.allow_private_address
    assert signing_secrets(link) == [SHARED["WEBHOOK_SECRET"]]
    assert link.application.client_id == SHARED["CLIENT_ID"]
    assert check_password(SHARED["CLIENT_SECRET"], link.application.client_secret)
    assert "links: police112 unchanged, fire119 unchanged" in demo(cameras=5)


def test_secrets_of_a_new_state_folder_are_taken_over(password, shared, monkeypatch):
    demo(cameras=5)
    monkeypatch.setenv("CONTROLROOM_SIM_CLIENT_SECRET", "quite-another-secret")
    monkeypatch.setenv("CONTROLROOM_SIM_WEBHOOK_SECRET", "whsec_" + "QUJD" * 11)
    monkeypatch.setenv("CONTROLROOM_SIM_PORT", "9113")
    assert "links: police112 changed, fire119 changed" in demo(cameras=5)
    link = Link.objects.get(code="police112-90010")
    assert check_password("quite-another-secret", link.application.client_secret)
    assert signing_secrets(link) == ["whsec_" + "QUJD" * 11]
    assert link.push_url == "http://127.0.0.1:9113/agency/police112-90010/"
    assert Link.objects.count() == len(AGENCIES)


def test_no_password_is_ever_made_up(monkeypatch):
    monkeypatch.delenv("CONTROLROOM_DEMO_PASSWORD", raising=False)
    with pytest.raises(ImproperlyConfigured):
        demo()
    assert not User.objects.exists()


def test_the_three_boundaries_are_valid_and_touch_without_overlapping():
    city.install_municipalities()
    own, *others = Municipality.objects.order_by("code").annotate(area=Area("boundary"))
    assert 60e6 < own.area.sq_m < 160e6
    for one in (own, *others):
        assert one.boundary.valid
        assert one.boundary.contains(one.centre)
    for other in others:
        assert own.boundary.intersection(other.boundary).area == pytest.approx(0, abs=1e-9)
        assert own.boundary.touches(other.boundary) or own.boundary.intersects(other.boundary)


def test_the_base_map_is_small_and_lies_in_the_city():
    base_map = geography.base_map()
    assert len(json.dumps(base_map, ensure_ascii=False).encode()) < 200_000
    kinds = {feature["properties"]["kind"] for feature in base_map["features"]}
    assert {"river", "park", "road", "dong"} <= kinds
    ring = list(geography.boundary())
    for road in geography.roads():
        assert all(is_inside(ring, place) for place in road.line)


def test_the_generated_register_is_plausible_and_repeatable():
    sites = list(register.sites(1500))
    assert sites[:50] == list(islice(register.sites(1500), 50))
    assert len({site.register_id for site in sites}) == len({site.name for site in sites})
    assert {site.purpose for site in sites} == set(Purpose.values)
    healths = [camera.health for site in sites for camera in site.cameras]
    # Only a camera itself says that it is tampered with.
    assert set(healths) == set(Health.values) - {Health.TAMPERED}
    assert healths.count("online") > 0.85 * len(healths)
    assert all(site.name and site.road_address and site.lot_address for site in sites)


def test_cameras_are_chosen_in_the_demo_city(password):
    demo(cameras=1500)
    municipality = Municipality.objects.get(code="90010")
    choice = choose(
        municipality=municipality,
        place=municipality.centre,
        error_radius_m=50,
        service="police112",
    )
    assert len(choice.picks) == 5
    assert any(pick.judged.in_view for pick in choice.picks)
