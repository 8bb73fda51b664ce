"""What the console is given of a 119 case, on a small network and on the real one."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.utils import timezone

from cctv.models import RoadEdge, RoadNode
from cctv.roads.routing import NoRoute, Route, route
from incidents.concerns import import_rows, is_stale, near
from incidents.models import Incident, SiteOfConcern
from tests.cctv.builders import make_camera, make_site
from tests.cctv.roads.conftest import CORNERS, roads  # noqa: F401 - a fixture
from tests.linkage.services.fire119.conftest import ago, fire_message, position, time_of

pytestmark = pytest.mark.django_db


def camera_at(city, lon: float, lat: float) -> None:
    make_camera(city, site=make_site(city, Point(lon, lat, srid=4326)))


def scene(place) -> dict:
    lon, lat = place
    return {"lon": lon, "lat": lat, "error_radius_m": 10, "method": "address"}


@pytest.fixture
def shown(client, city, haneul):
    client.force_login(haneul)

    def get(**query):
        incident = Incident.objects.get()
        response = client.get(f"/m/{city.code}/linkage/incidents/{incident.pk}/fire119/", query)
        assert response.status_code == 200
        return response.json()

    return get


def test_times_are_listed_and_the_measure_is_derived(fire, shown):
    fire(fire_message(received_at=ago(minutes=8)))
    times = [time_of("ordered", ago(minutes=7)), time_of("arrived", ago(minutes=2), "한빛펌프1")]
    fire(fire_message("STATUS_UPDATE", times=times))
    told = shown()
    assert [one["step"] for one in told["times"]] == ["received", "ordered", "arrived"]
    assert told["measure"]["received_to_arrival_s"] == pytest.approx(360, abs=5)
    assert told["measure"]["ordered_to_arrival_s"] == pytest.approx(300, abs=5)
    assert told["measure"]["within_target"] is True
    assert told["case"]["floor"] == "지하 1층"


def test_an_engine_has_its_way_its_arrival_and_the_cameras_on_it(fire, shown, city, roads):  # noqa: F811
    for lon in (127.4075, 127.4025):
        camera_at(city, lon, 36.4001)
    fire(fire_message(place=scene(CORNERS["se"])))
    lon, lat = CORNERS["sw"]
    fire(fire_message("UNIT_POSITION", positions=[position(lon=lon, lat=lat)]))
    told = shown()
    (engine,) = told["engines"]
    assert engine["problem"] is None
    assert engine["route"]["eta_s"] == pytest.approx(900 / 10 / 0.7, rel=0.02)
    assert engine["route"]["factor"] == 0.7
    assert not engine["is_stale"]
    along = [one["along_m"] for one in told["route"]["cameras"]]
    assert along == sorted(along)
    assert len(along) == 2
    assert told["route"]["cameras"][0]["reasons"][0]["code"] == "along_way"


def test_no_way_is_told_with_a_code_and_words(fire, shown, city, roads):  # noqa: F811
    fire(fire_message(place=scene(CORNERS["source"])))
    lon, lat = CORNERS["sw"]
    fire(fire_message("UNIT_POSITION", positions=[position(lon=lon, lat=lat)]))
    told = shown()
    (engine,) = told["engines"]
    assert engine["route"] is None
    assert engine["problem"]["code"] == "unreachable"
    assert engine["problem"]["detail"]
    assert told["route"] is None


def test_engines_are_no_longer_shown_when_119_has_ended_its_case(fire, shown):
    fire(fire_message())
    fire(fire_message("UNIT_POSITION", positions=[position()]))
    fire(fire_message("CLOSE", closing_code="DONE"))
    assert shown()["engines"] == []
    assert shown()["case"]["state"] == "ended"


def test_a_stranger_sees_nothing_of_it(fire, client, city, stranger):
    fire(fire_message())
    client.force_login(stranger)
    url = f"/m/{city.code}/linkage/incidents/{Incident.objects.get().pk}/fire119/"
    assert client.get(url).status_code == 404


def test_sites_of_concern_come_by_distance_with_the_age_of_their_data(city, haneul, tmp_path):
    today = timezone.localdate()
    rows = tmp_path / "sites.csv"
    rows.write_text(
        "kind,ref,name,lon,lat,detail,source,data_date\n"
        f"hydrant,h1,지상식 소화전,127.401,36.401,구경 100,소방본부,{today}\n"
        f"hazard,z1,주유소,127.4005,36.4005,휘발유 2만 L,소방본부,{today - timedelta(days=400)}\n"
        "parked,p1,상습 주차,127.4008,36.4008,010-1234-5678 흰색 SUV,순찰,\n"
        "hydrant,h2,먼 소화전,127.48,36.48,,소방본부,\n"
        "bunker,b1,?,127.4,36.4,,소방본부,\n"
        "hydrant,h3,?,서쪽,36.4,,소방본부,\n",
        encoding="cp949",
    )
    out, err = StringIO(), StringIO()
    call_command("import_concerns", city.code, str(rows), stdout=out, stderr=err)
    assert "4" in out.getvalue()
    assert [line.split(":")[0] for line in err.getvalue().splitlines()] == ["6", "7"]
    place = Point(127.4, 36.4, srid=4326)
    found = near(user=haneul, municipality=city, place=place)
    assert [one["kind"] for one in found] == ["hazard", "parked", "hydrant"]
    assert [one["is_stale"] for one in found] == [True, True, False]
    assert [one["age_days"] for one in found] == [400, None, 0]
    assert SiteOfConcern.objects.get(ref="p1").detail == "010-****-5678 흰색 SUV"


def test_the_same_row_again_replaces_itself(city):
    head = "kind,ref,name,lon,lat,detail,source,data_date"
    for name in ("옛 이름", "새 이름"):
        import_rows(
            municipality=city, lines=[head, f"hydrant,h1,{name},127.4,36.4,,본부,2026-01-01"]
        )
    assert SiteOfConcern.objects.get().name == "새 이름"
    assert SiteOfConcern.objects.get().data_date == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("kind", "age", "stale"),
    [("hydrant", 365, False), ("hydrant", 366, True), ("parked", 2, True), ("gate", None, True)],
)
def test_each_kind_grows_old_at_its_own_pace(kind, age, stale):
    assert is_stale(kind, age) is stale


@pytest.fixture
def doan(city, real_data):
    folder = real_data / "roads"
    files = [str(folder / name) for name in ("doan.edg.xml.gz", "doan.nod.xml")]
    call_command("import_roads", city.code, *files, stdout=StringIO())


def at(node: RoadNode) -> tuple[float, float]:
    return node.location.x, node.location.y


@pytest.mark.real_data
def test_on_the_real_network_cameras_line_the_way_and_the_arrival_is_told(fire, shown, city, doan):
    for n in range(12):
        for m in range(12):
            camera_at(city, 127.320 + n * 0.004, 36.328 + m * 0.0035)
    fire(fire_message(place=scene((127.3480, 36.3480))))
    fire(fire_message("UNIT_POSITION", positions=[position(lon=127.3300, lat=36.3345)]))
    told = shown()
    (engine,) = told["engines"]
    way = engine["route"]
    # About 2.2 km as the crow flies.
    assert 2200 < way["length_m"] < 6000
    assert 120 < way["eta_s"] < 1200
    along = [one["along_m"] for one in told["route"]["cameras"]]
    assert along == sorted(along)
    assert along


@pytest.mark.real_data
def test_on_the_real_network_every_pair_has_a_way_or_a_clear_word(city, doan):
    """171 of its nodes are not on a round trip; asked from one place of the large part."""
    nodes = list(RoadNode.objects.order_by("pk"))
    leads_in = set(RoadEdge.objects.values_list("end_id", flat=True))
    start = (127.3400, 36.3450)
    closed = [node for node in nodes if node.pk not in leads_in]
    assert closed, "the real network has nodes that nothing leads to"
    found = [route(municipality_id=city.pk, start=start, end=at(node)) for node in closed[:20]]
    lost = [one for one in found if isinstance(one, NoRoute)]
    assert lost
    assert {one.code for one in lost} == {"unreachable"}
    assert all(one.detail for one in lost)
    reached = [route(municipality_id=city.pk, start=start, end=at(node)) for node in nodes[::200]]
    assert sum(isinstance(one, Route) for one in reached) > len(reached) / 2
