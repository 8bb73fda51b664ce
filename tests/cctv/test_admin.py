"""The camera admin: scoped, recorded, and blind to sources once they are kept."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cctv import sources
from cctv.choices import Health, Purpose, Quality, SourceKind
from cctv.models import Camera, CameraPolicy, Site, ViewRecord
from controlroom.audit.models import Record
from tests.cctv.builders import away, make_camera, make_site

pytestmark = pytest.mark.django_db

SITES = "/admin/cctv/site/"


def site_form(site, **fields):
    data = {
        "register_id": site.register_id, "name": site.name, "managing_agency": "",
        "road_address": "", "lot_address": "", "purpose": site.purpose,
        "location": json.dumps({"type": "Point", "coordinates": list(site.location.coords)}),
        "camera_count": 1, "direction_text": "", "phone": "",
        "cameras-TOTAL_FORMS": 0, "cameras-INITIAL_FORMS": 0,
    }  # fmt: skip
    return {**data, **fields}


def camera_form(camera, **fields):
    return {"position": camera.position, "name": camera.name, "source_change": "keep", **fields}


def test_an_administrator_sees_the_own_register_only(client, administrator, city, other_city):
    own, foreign = make_camera(city), make_camera(other_city)
    client.force_login(administrator)
    listed = client.get(SITES)
    assert own.site.name in listed.text
    assert foreign.site.name not in listed.text
    assert other_city.name_ko not in listed.text
    for address in (
        f"{SITES}{foreign.site_id}/change/",
        f"/admin/cctv/camera/{foreign.pk}/change/",
    ):
        assert client.get(address).status_code in {302, 403, 404}
    assert client.get(f"{SITES}{own.site_id}/change/").status_code == 200


def test_an_operator_and_a_stranger_have_no_register_admin(client, haneul, stranger, city):
    site = make_site(city, away())
    for user in (haneul, stranger):
        client.force_login(user)
        assert client.get(f"{SITES}{site.pk}/change/").status_code in {302, 403}


def test_the_list_costs_the_same_for_many_sites(client, administrator, city):
    client.force_login(administrator)
    costs = []
    for number in (2, 30):
        for n in range(number):
            make_camera(city, north_m=n)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(SITES).status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_the_map_page_names_only_our_own_addresses_and_shows_the_cameras(
    client, administrator, city
):
    camera = make_camera(city, bearing_deg=45, field_of_view_deg=90)
    client.force_login(administrator)
    page = client.get(f"{SITES}{camera.site_id}/change/")
    assert reverse("base-map", args=[city.code]) in page.text
    assert "openstreetmap" not in page.text
    assert 'name="cameras-0-bearing_deg" value="45' in page.text


def test_a_change_by_hand_is_on_record(client, administrator, city):
    site = make_site(city, away())
    client.force_login(administrator)
    answer = client.post(f"{SITES}{site.pk}/change/", site_form(site, name="새 이름"))
    assert answer.status_code == 302, answer.context["errors"]
    site.refresh_from_db()
    assert (site.name, site.municipality) == ("새 이름", city)
    record = Record.objects.get(action="site.changed")
    assert record.actor == administrator
    assert record.municipality == city
    assert client.get(f"{SITES}{site.pk}/history/").status_code == 200


def test_a_camera_added_on_the_page_belongs_to_the_site_s_municipality(client, administrator, city):
    site = make_site(city, away())
    client.force_login(administrator)
    data = site_form(
        site,
        **{
            "cameras-TOTAL_FORMS": 1, "cameras-0-position": 1, "cameras-0-name": "북쪽",
            "cameras-0-bearing_deg": "10", "cameras-0-field_of_view_deg": "60",
            "cameras-0-health": "offline",
        },
    )  # fmt: skip
    assert client.post(f"{SITES}{site.pk}/change/", data).status_code == 302
    camera = site.cameras.get()
    assert (camera.municipality, camera.bearing_deg) == (city, 10)
    assert camera.health == Health.UNKNOWN


def test_health_and_place_in_the_register_change_by_verbs_only(client, administrator, city):
    camera = make_camera(city, health=Health.ONLINE)
    client.force_login(administrator)
    sent = camera_form(camera, health="offline", gone_at_0="2026-01-01", name="n")
    assert client.post(f"/admin/cctv/camera/{camera.pk}/change/", sent).status_code == 302
    camera.refresh_from_db()
    assert (camera.health, camera.gone_at, camera.name) == (Health.ONLINE, None, "n")


def test_a_source_goes_in_and_never_comes_out(client, administrator, city):
    camera = make_camera(city, source_kind=SourceKind.NONE)
    address = f"/admin/cctv/camera/{camera.pk}/change/"
    client.force_login(administrator)
    url = "rtsp://viewer:geheim-77@10.1.2.3/live"
    sent = camera_form(camera, source_change="set", source_url=url)
    assert client.post(address, sent).status_code == 302
    camera.refresh_from_db()
    assert camera.source_kind == SourceKind.STREAM
    assert sources.source_of(camera).address.host == "10.1.2.3"
    assert "geheim-77" not in client.get(address).text
    assert "geheim-77" not in client.get(f"/admin/cctv/camera/{camera.pk}/history/").text
    assert "geheim-77" not in json.dumps(list(Record.objects.values_list("detail", flat=True)))
    sent = camera_form(camera, source_change="remove")
    assert client.post(address, sent).status_code == 302
    assert Camera.objects.get(pk=camera.pk).source_kind == SourceKind.NONE


@pytest.mark.parametrize(
    ("change", "url"),
    [("set", ""), ("set", "file:///etc/passwd"), ("keep", "rtsp://10.1.2.3/x"), ("set", "rtsp://")],
)
def test_a_source_that_is_not_allowed_is_refused_at_the_form(
    client, administrator, city, change, url
):
    camera = make_camera(city, source_kind=SourceKind.NONE)
    client.force_login(administrator)
    answer = client.post(
        f"/admin/cctv/camera/{camera.pk}/change/",
        camera_form(camera, source_change=change, source_url=url),
    )
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert Camera.objects.get(pk=camera.pk).source_kind == SourceKind.NONE


def test_the_register_is_exported_with_formulas_quoted(client, administrator, city):
    site = make_site(city, away(), name="x", road_address="=HYPERLINK(1)")
    client.force_login(administrator)
    answer = client.post(SITES, {"action": "export_register", "_selected_action": [site.pk]})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text


def test_sites_are_retired_and_brought_back_never_deleted(client, administrator, city):
    site = make_site(city, away())
    client.force_login(administrator)
    client.post(SITES, {"action": "retire", "_selected_action": [site.pk]})
    assert Site.objects.get(pk=site.pk).gone_at is not None
    assert site.name not in client.get(SITES).text
    assert site.name in client.get(f"{SITES}?register=gone").text
    client.post(f"{SITES}?register=gone", {"action": "restore", "_selected_action": [site.pk]})
    assert Site.objects.get(pk=site.pk).gone_at is None
    actions = set(Record.objects.values_list("action", flat=True))
    assert {"site.retired", "site.restored"} <= actions
    assert client.post(f"{SITES}{site.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_supervisor_keeps_the_policy_and_the_auditor_reads_who_watched(
    client, supervisor, bada, city, haneul
):
    client.force_login(supervisor)
    sent = {
        "municipality": city.pk, "service": "police112", "purpose": Purpose.TRAFFIC_ENFORCEMENT,
        "allowed": "on", "basis": "협약 2026-1",
    }  # fmt: skip
    assert client.post("/admin/cctv/camerapolicy/add/", sent).status_code == 302
    assert CameraPolicy.objects.get().allowed
    assert Record.objects.filter(action="camerapolicy.added").exists()
    record = ViewRecord.objects.create(
        municipality=city, camera=make_camera(city), viewer=haneul, purpose="112 신고"
    )
    client.force_login(bada)
    assert "112 신고" in client.get("/admin/cctv/viewrecord/").text
    assert client.post(f"/admin/cctv/viewrecord/{record.pk}/delete/").status_code == 403


def test_a_sub_stream_goes_in_beside_a_main_one_and_never_comes_out(client, administrator, city):
    camera = make_camera(city, source_kind=SourceKind.NONE)
    client.force_login(administrator)
    page = f"/admin/cctv/camera/{camera.pk}/change/"
    small = {"sub_change": "set", "sub_url": "rtsp://root:geheim4711@10.1.2.3/small"}
    assert client.post(page, camera_form(camera, **small)).status_code == 200
    main = {"source_change": "set", "source_url": "rtsp://root:geheim4711@10.1.2.3/large"}
    assert client.post(page, camera_form(camera, **main, **small)).status_code == 302
    camera.refresh_from_db()
    assert camera.qualities == [Quality.MAIN, Quality.SUB]
    assert "geheim4711" not in client.get(page).text
    assert client.post(page, camera_form(camera, sub_change="remove")).status_code == 302
    camera.refresh_from_db()
    assert camera.qualities == [Quality.MAIN]
    assert camera.source_kind == SourceKind.STREAM
