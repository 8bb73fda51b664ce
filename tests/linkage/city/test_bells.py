"""A press of a bell is an event where the bell stands; each bell's false alarms are counted."""

import csv
import io

import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command

from cctv.models import Site
from controlroom.audit.models import Record
from controlroom.municipalities.boundaries import import_boundaries
from incidents import lifecycle
from incidents.models import Incident
from linkage.models_city import Bell, BellPress
from linkage.services.city import bells
from linkage.services.city.bell_register import NotABellRegister, import_bells
from tests.incidents.conftest import make_camera
from tests.linkage.conftest import envelope

ROW = {
    "개방자치단체코드": "0090010",
    "관리번호": "202600001",
    "안전비상벨관리번호": "2022-47",
    "설치목적": "방범용",
    "설치장소유형": "화장실",
    "설치위치": "중앙공원 화장실",
    "소재지도로명주소": "한빛시 중앙로 1",
    "소재지지번주소": "",
    "WGS84위도": "36.4001",
    "WGS84경도": "127.4001",
    "연계방식": "양방향",
    "경찰연계유무": "Y",
    "경비업체연계유무": "N",
    "관리사무소연계유무": "N",
    "부가기능": "경보등",
    "안전비상벨설치연도": "2022",
    "최종점검일자": "2026-05-30",
    "최종점검결과구분": "Y",
    "관리기관명": "한빛시청",
    "관리기관전화번호": "000-0000",
    "데이터기준일자": "2026-05-30",
}


@pytest.fixture
def register(tmp_path, city):
    def write(*rows, encoding="cp949"):
        text = io.StringIO()
        writer = csv.DictWriter(text, ROW)
        writer.writeheader()
        writer.writerows(rows)
        path = tmp_path / "bells.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        return path

    return write


@pytest.fixture
def bell(city):
    return Bell.objects.create(
        municipality=city,
        register_id="202600001",
        number="2022-47",
        place_text="중앙공원 화장실",
        road_address="한빛시 중앙로 1",
        location=Point(127.4001, 36.4001, srid=4326),
    )


def press(post, number, **payload):
    body = {"version": 1, "kind_code": "C01", "bell_id": "202600001"} | payload
    # The envelope's own place is replaced by where the bell stands.
    return post(envelope(receipt_no=number, **body))


def test_a_press_is_an_urgent_event_at_the_bell_with_the_nearest_cameras(post, bell, city):
    make_camera(city, 127.4003, 36.4001, "중앙공원")
    assert press(post, "b-1").status_code == 201
    incident = Incident.objects.get()
    assert (incident.location.x, incident.location.y) == (127.4001, 36.4001)
    assert (incident.priority, incident.address) == (1, "한빛시 중앙로 1")
    assert len(incident.camera_choices.get().picks) == 1
    assert Site.objects.count() == 1
    assert BellPress.objects.get().bell == bell


def test_the_same_press_again_and_its_next_version_are_one_press(post, bell):
    press(post, "b-1")
    press(post, "b-1", version=2, summary="다시 누름")
    assert BellPress.objects.count() == Incident.objects.count() == 1


def test_a_bell_that_nobody_knows_rings_all_the_same(post, bell):
    assert press(post, "b-1", bell_id="unknown").status_code == 201
    assert Incident.objects.get().address == "한빛시 중앙로 12"
    assert not BellPress.objects.exists()


def test_a_number_that_two_bells_have_names_none(city, bell):
    assert bells.find(municipality=city, named="2022-47") == bell
    Bell.objects.create(
        municipality=city, register_id="2", number="2022-47", location=bell.location
    )
    assert bells.find(municipality=city, named="2022-47") is None
    assert bells.find(municipality=city, named="2").register_id == "2"


def test_false_alarms_are_counted_by_bell_without_drills(post, bell, haneul, city):
    for n in range(4):
        press(post, f"b-{n}")
    first, second, third, _fourth = Incident.objects.order_by("number")
    for incident in (first, second):
        lifecycle.claim(incident=incident, by=haneul)
        lifecycle.mark_false_alarm(incident=incident, by=haneul)
    lifecycle.claim(incident=third, by=haneul)
    lifecycle.close(incident=third, by=haneul, result="resolved")
    post(
        {
            **envelope(receipt_no="d", version=1, kind_code="C01", bell_id="2022-47"),
            "is_drill": True,
        }
    )
    assert bells.statistics(BellPress.objects.all()) == {
        "presses": 4,
        "real": 1,
        "false": 2,
        "open": 1,
    }
    [row] = bells.by_bell(municipality=city)
    assert (row["presses"], row["false"], row["real"]) == (4, 2, 1)


def test_the_console_reads_the_statistics_of_its_own_city(client, post, bell, haneul, stranger):
    press(post, "b-1")
    client.force_login(haneul)
    answer = client.get("/m/90010/linkage/bells/").json()
    assert (answer["total"]["presses"], answer["bells"][0]["number"]) == (1, "2022-47")
    client.force_login(stranger)
    assert client.get("/m/90010/linkage/bells/").status_code == 404


def test_a_register_comes_in_and_again_changes_nothing(register, city):
    path = register(ROW, ROW | {"관리번호": "202600002", "안전비상벨관리번호": "2"})
    report = import_bells(path)
    assert (report.rows, report.new) == (2, 2)
    bell = Bell.objects.get(register_id="202600001")
    assert (bell.municipality, bell.police_linked, bell.installed_year) == (city, True, 2022)
    again = import_bells(path)
    assert (again.new, again.changed, again.unchanged, again.gone) == (0, 0, 2, 0)
    assert Record.objects.filter(action="bells.imported").count() == 2


def test_each_bad_row_has_its_reason(register, other_city):
    def changed(number, **changes):
        return ROW | {"관리번호": number} | changes

    report = import_bells(
        register(
            ROW,
            changed("202600001", 안전비상벨관리번호="twice"),
            changed(""),
            changed("3", WGS84위도="", WGS84경도=""),
            changed("4", WGS84위도="127.4", WGS84경도="36.4"),
            changed("5", WGS84위도="35.4001", WGS84경도="128.4001"),
            changed("6", 개방자치단체코드="1", 관리기관명="어딘가", 소재지도로명주소="어딘가 1"),
            changed("7"),
        )
    )
    assert report.reasons() == {
        "duplicate_id": 1,
        "no_id": 1,
        "no_place": 1,
        "out_of_korea": 1,
        "outside_municipality": 1,
        "municipality_unknown": 1,
    }
    [outside] = [v for v in report.quarantined if v.code == "outside_municipality"]
    assert outside.detail == "새벽시"
    assert [remark.code for remark in report.remarks] == ["alike"]
    assert set(Bell.objects.values_list("register_id", flat=True)) == {"202600001", "7"}


def test_a_bell_that_the_file_lacks_is_gone_and_comes_back(register, city):
    rows = [ROW | {"관리번호": str(n), "안전비상벨관리번호": str(n)} for n in range(4)]
    import_bells(register(*rows))
    assert import_bells(register(*rows[:3])).gone == 1
    assert Bell.objects.filter(gone_at=None).count() == 3
    assert import_bells(register(*rows)).changed == 1
    assert Bell.objects.filter(gone_at=None).count() == 4


def test_a_file_that_lacks_most_of_the_bells_marks_none_as_gone(register, city):
    rows = [ROW | {"관리번호": str(n), "안전비상벨관리번호": str(n)} for n in range(10)]
    import_bells(register(*rows))
    report = import_bells(register(*rows[:2]))
    assert (report.gone, report.kept_missing) == (0, 8)


def test_a_row_set_aside_does_not_make_its_bell_gone(register, city):
    rows = [ROW | {"관리번호": str(n), "안전비상벨관리번호": str(n)} for n in range(3)]
    import_bells(register(*rows))
    rows[0] = rows[0] | {"WGS84위도": "0"}
    assert import_bells(register(*rows)).gone == 0


def test_a_file_of_something_else_is_refused(tmp_path, city):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(NotABellRegister):
        import_bells(path)


@pytest.mark.real_data
def test_the_real_register_of_daejeon(real_data, db, capsys):
    import_boundaries(real_data / "boundaries" / "sgg_2022.geojson")
    path = real_data / "bells" / "emergency_bells_daejeon.csv"
    call_command("import_bells", str(path))
    said = capsys.readouterr().out
    bells_now = Bell.objects.count()
    assert said.startswith(f"575 rows: {bells_now} new")
    assert 540 <= bells_now <= 560
    report = import_bells(path)
    assert (report.new, report.unchanged, report.gone) == (0, bells_now, 0)
    # The rows in other counties that the description of the file speaks of.
    assert 20 <= report.reasons()["outside_municipality"] <= 30
