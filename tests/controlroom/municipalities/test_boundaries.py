"""Municipalities, their boundaries and their codes over time."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from controlroom.errors import Invalid
from controlroom.municipalities import successors
from controlroom.municipalities.boundaries import import_boundaries
from controlroom.municipalities.models import Municipality, MunicipalityCode

SQUARE = [[127.0, 36.0], [127.2, 36.0], [127.2, 36.2], [127.0, 36.2], [127.0, 36.0]]


def feature(ring=SQUARE, **properties):
    geometry = {"type": "Polygon", "coordinates": [ring]} if ring else None
    return {"type": "Feature", "properties": properties, "geometry": geometry}


@pytest.fixture
def write(tmp_path):
    def write_features(*features):
        path = tmp_path / "b.geojson"
        path.write_text(
            json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
        )
        return path

    return write_features


def test_codes_that_changed_have_their_successor():
    assert successors.today("42190") == "51190"
    assert successors.today("45") == "52"
    assert successors.today("47720") == "27720"
    assert successors.today("47730") == "47730"
    assert successors.before("51190") == ("42190", "51190", date(2023, 6, 11))
    assert successors.before("30110") is None


@pytest.mark.django_db
def test_a_feature_becomes_a_municipality_with_its_old_code(write):
    path = write(feature(mois5_2022="42190", mois5_2025="51190", sido="강원도", sgg="태백시"))
    summary = import_boundaries(path)
    found = Municipality.objects.get()
    assert (summary.created, found.code, found.name_ko) == (1, "51190", "태백시")
    assert found.province_ko == "강원특별자치도"
    assert found.boundary.geom_type == "MultiPolygon"
    assert found.boundary.contains(found.centre)
    old = MunicipalityCode.objects.get(code="42190")
    assert (old.valid_until, old.successor) == (date(2023, 6, 10), "51190")


@pytest.mark.django_db
def test_an_old_code_means_the_municipality_only_in_its_time(write):
    import_boundaries(write(feature(mois5_2022="42190", mois5_2025="51190", sgg="태백시")))

    def means(code, on=None):
        return Municipality.objects.by_code(code, on=on).exists()

    assert [means(code) for code in ("42190", "51190", "5119000000")] == [True] * 3
    assert [means("42190", day) for day in (date(2022, 1, 1), date(2024, 1, 1))] == [True, False]
    assert [means("51190", day) for day in (date(2022, 1, 1), date(2024, 1, 1))] == [False, True]
    assert not means("99999")


@pytest.mark.django_db
def test_a_file_with_only_old_codes_becomes_todays_municipalities(write):
    import_boundaries(write(feature(SIG_CD="47720", SIG_KOR_NM="군위군")))
    found = Municipality.objects.get()
    assert (found.code, found.province_ko) == ("27720", "대구광역시")
    assert Municipality.objects.by_code("47720").get() == found


@pytest.mark.django_db
def test_the_same_file_again_updates_and_makes_nothing_twice(write):
    path = write(feature(code="30110", name="동구"))
    import_boundaries(path)
    Municipality.objects.update(camera_radius_m=700)
    summary = import_boundaries(write(feature(code="30110", name="새 이름")))
    found = Municipality.objects.get()
    assert (summary.created, summary.updated) == (0, 1)
    assert (found.name_ko, found.camera_radius_m) == ("새 이름", 700)
    assert MunicipalityCode.objects.count() == 1


@pytest.mark.django_db
def test_properties_of_any_name_come_by_mapping(write, capsys):
    path = write(feature(kennung="30110", bezeichnung="동구"))
    with pytest.raises(CommandError, match="kennung"):
        call_command("import_boundaries", str(path))
    call_command("import_boundaries", str(path), code="kennung", name="bezeichnung")
    assert Municipality.objects.get().name_ko == "동구"


@pytest.mark.django_db
def test_organisation_codes_come_from_a_file(write, tmp_path):
    table = tmp_path / "codes.csv"
    table.write_text("name,mois5_2025,org7\n태백시,51190,4220000;4221000\n", encoding="utf-8")
    import_boundaries(write(feature(code="51190", name="태백시")), organisations=table)
    found = Municipality.objects.get()
    assert found.organisation_code == "4220000"
    assert Municipality.objects.by_code("4221000").get() == found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"code": "4x", "name": "가"}, "4x"),
        ({"code": "30140", "name": "", "sgg": "나"}, "name"),
        ({"code": "30140", "name": "중구", "ring": None}, "중구"),
        ({"code": "30140", "name": "중구", "ring": [[9e5, 1e6], [9e5, 2e6], [8e5, 1e6]]}, "중구"),
        ({"code": "30110", "name": "동구"}, "30110"),
    ],
)
def test_a_wrong_feature_is_named_and_nothing_is_imported(write, bad, says):
    ring = bad.pop("ring", SQUARE)
    ring = [*ring, ring[0]] if ring else ring
    path = write(feature(code="30110", name="동구"), feature(ring, **bad))
    with pytest.raises(Invalid) as caught:
        import_boundaries(path)
    assert "2" in str(caught.value)
    assert says in str(caught.value)
    assert not Municipality.objects.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "FeatureCollection", "features": []}'])
def test_what_is_no_geojson_says_so(tmp_path, text):
    path = tmp_path / "b.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid):
        import_boundaries(path)


@pytest.mark.django_db
@pytest.mark.real_data
def test_the_whole_country_comes_in(real_data):
    folder = real_data / "boundaries"
    summary = import_boundaries(
        folder / "sgg_2022.geojson",
        organisations=folder / "municipality_codes_29_plus_daejeon5.csv",
    )
    assert summary.created == Municipality.objects.count() == 250
    assert Municipality.objects.by_code("47720").get().code == "27720"
    assert Municipality.objects.by_code("3640000").get().name_ko == "동구"
