"""A text message concerns an area: the parts that it names, or the city; never a point."""

import json

import pytest
from django.contrib.gis.geos import Polygon
from django.core.management import CommandError, call_command

from controlroom.municipalities import parts
from controlroom.municipalities.models import MapLayer
from incidents.models import CameraChoice, Incident
from linkage.models_messages import DisasterMessage
from linkage.services.disaster import decisions, text_areas, text_messages
from tests.conftest import make_municipality
from tests.incidents.conftest import make_camera
from tests.linkage.services.disaster.test_text_messages import row

KNOWN = {"가온동", "라온동", "화명1동", "화명제2동", "송악면"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("하천 범람, 높은 곳으로 대피", ()),
        ("가온동 하천 범람", ("가온동",)),
        ("가온동·라온동 주민은 대피", ("가온동", "라온동")),
        ("화명동 산사태", ("화명1동", "화명제2동")),
        ("화명1동에 산사태", ("화명1동",)),
        ("송악면에서 산불", ("송악면",)),
        ("한빛시 전역 침수, 가온동 하상도로 통제", ()),
        ("가온동 등 3개 동 침수", ()),
        # A part whose boundary is unknown is listed too: better the whole city than too little.
        ("가온동, 새말동 침수", ()),
        ("새말동/가온동 침수", ()),
        ("너른가온동 침수", ()),
    ],
)
def test_a_text_names_parts_or_means_the_city(text, found):
    assert text_areas.named_in(text, KNOWN) == found


@pytest.fixture
def drawn(city, tmp_path):
    """Boundaries of two parts of the city and one of elsewhere, as the public file has them."""

    def part(name, code, west):
        square = Polygon.from_bbox((west, 36.35, west + 0.02, 36.37))
        said = {"adm_nm": f"한빛시 {name}", "adm_cd2": code}
        return {"type": "Feature", "properties": said, "geometry": json.loads(square.json)}

    rows = [
        part("가온동", "9001051000", 127.35),
        part("라온동", "9001052000", 127.40),
        part("먼동", "9003051000", 128.0),
    ]
    path = tmp_path / "parts.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    call_command("import_parts", path, municipality="90010")
    city.parts_file = path
    return city


def opened(text: str = "하천 범람, 높은 곳으로 대피") -> Incident:
    said = {**row(1, "긴급재난"), "MSG_CN": text}
    text_messages.take_in(rows=iter([said]), places=text_messages.own_gazetteer())
    return Incident.objects.get()


def standing(client, haneul) -> dict:
    client.force_login(haneul)
    return client.get("/m/90010/linkage/situations/").json()


def test_parts_are_kept_as_a_map_layer_of_their_city(drawn, other_city):
    assert parts.names_of(drawn.pk) == {"가온동", "라온동"}
    assert MapLayer.objects.get(municipality=drawn).name == "dong"
    with pytest.raises(CommandError, match="새벽시"):
        call_command("import_parts", drawn.parts_file, municipality="90020")


def test_an_incident_of_a_text_is_the_whole_city_and_no_point(client, drawn, haneul):
    incident = opened()
    assert incident.location is None
    assert incident.address == "한빛시"
    assert not CameraChoice.objects.filter(incident=incident).exists()
    found = standing(client, haneul)
    (text,) = found["texts"]
    assert (text["incident"], text["area_names"], text["area"]) == (str(incident.pk), [], None)
    assert found["city_area"]["type"] == "MultiPolygon"


def test_named_parts_are_its_area_and_give_its_cameras(client, drawn, haneul):
    near, far = make_camera(drawn, 127.36, 36.36), make_camera(drawn, 127.41, 36.36, "라온로")
    incident = opened("가온동 하천 범람")
    assert incident.address == "한빛시 가온동"
    found = standing(client, haneul)
    (text,) = found["texts"]
    assert (text["area_names"], found["city_area"]) == (["가온동"], None)
    (polygon,) = text["area"]["coordinates"]
    assert {lon for lon, _lat in polygon[0]} == {127.35, 127.37}
    base = f"/m/90010/linkage/incidents/{incident.pk}"
    assert client.get(f"{base}/disaster/").json()["text"] == {"names": ["가온동"], "city": "한빛시"}
    cameras = client.get(f"{base}/area-cameras/").json()["cameras"]
    assert [one["id"] for one in cameras] == [near.pk]
    assert far.pk not in {one["id"] for one in cameras}


def test_a_place_or_a_declared_area_takes_its_stead(client, drawn, haneul):
    incident = opened()
    client.force_login(haneul)
    area = {"type": "Polygon", "coordinates": [[[127.35, 36.35], [127.4, 36.35], [127.4, 36.4]]]}
    base = f"/m/90010/linkage/incidents/{incident.pk}/disaster/"

    def say(verb, **said):
        answer = client.post(f"{base}{verb}/", said, content_type="application/json")
        assert answer.status_code in {200, 201}, answer.json()

    say("declare", level=2)
    assert len(standing(client, haneul)["texts"]) == 1
    say("area", area=area)
    found = standing(client, haneul)
    assert (found["texts"], len(found["situations"])) == ([], 1)
    assert client.get(base).json()["text"] is None


def test_a_message_to_several_cities_names_the_parts_of_any_of_them(drawn, haneul):
    make_municipality("90030", "가람군", 127.8, 36.3)
    said = {
        **row(1, "긴급재난"),
        "MSG_CN": "한빛시, 가람군 가온동 범람",
        "ISSU_INST_NM": "행정안전부",
    }
    text_messages.take_in(rows=iter([said]), places=text_messages.own_gazetteer())
    message = DisasterMessage.objects.get()
    assert message.places.count() == 2
    assert text_areas.parts_of(message, drawn) == ()


def test_one_taken_as_ours_names_its_parts(drawn, haneul):
    make_municipality("90030", "한빛시", 127.8, 36.3)
    said = {**row(1, "긴급재난"), "MSG_CN": "가온동 하천 범람"}
    text_messages.take_in(rows=iter([said]), places=text_messages.own_gazetteer())
    place = decisions.decide(number=1, municipality=drawn, is_ours=True, by=haneul)
    assert place.incident.address == "한빛시 가온동"


def test_the_real_parts_of_a_district_are_read(real_data, db, capsys):
    city = make_municipality("30110", "동구", 127.4, 36.25)
    call_command("import_parts", real_data / "dong" / "daejeon.geojson", municipality="30110")
    names = parts.names_of(city.pk)
    assert {"효동", "대청동"} <= names
    assert parts.area_of(city.pk, names).area > 0.01
