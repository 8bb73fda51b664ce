"""What a 119 case leaves behind: its incident, its stamps, its engines, its facts."""

from datetime import timedelta
from datetime import timezone as timezone_of

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident, IncidentEvent, IncidentLink, Kind
from incidents.statuses import Status
from linkage import filed
from linkage.models import Case, Engine, FireCase, FireTime
from linkage.services.fire119 import cases
from tests.linkage.services.fire119.conftest import ago, fire_message, position, time_of

pytestmark = pytest.mark.django_db
ODD_ZONE = timezone_of(timedelta(hours=18, minutes=8))


def stamps() -> set[tuple[str, str]]:
    return {(stamp.unit, stamp.step) for stamp in cases.stamps_of(Case.objects.get())}


def test_a_report_opens_a_fire_with_its_floor_engines_and_time_of_report(fire):
    assert fire(fire_message()).status_code == 201
    incident = Incident.objects.get()
    assert (incident.service, incident.kind.code, incident.priority) == ("fire119", "F01", 1)
    assert incident.address == "한빛시 도안로 12 지하 1층"
    assert Engine.objects.get().vehicle == "pumper"
    assert stamps() == {("", "received")}


def test_all_time_stamps_are_kept_by_engine(fire):
    fire(fire_message())
    steps = ["ordered", "departed", "arrived", "under_control", "withdrawn"]
    for unit in ("한빛펌프1", "한빛구급2"):
        times = [time_of(step, ago(minutes=9 - n), unit) for n, step in enumerate(steps)]
        fire(fire_message("STATUS_UPDATE", times=times))
    assert stamps() == {("", "received")} | {
        (unit, step) for unit in ("한빛펌프1", "한빛구급2") for step in steps
    }
    assert set(Engine.objects.values_list("call_sign", flat=True)) == {"한빛펌프1", "한빛구급2"}


def test_a_corrected_stamp_counts_and_the_first_one_is_kept(fire):
    fire(fire_message())
    wrong, right = timezone.now() - timedelta(minutes=3), timezone.now() - timedelta(minutes=2)
    for at in (wrong, right, right):
        fire(fire_message("STATUS_UPDATE", times=[time_of("arrived", at, "한빛펌프1")]))
    rows = FireTime.objects.filter(step="arrived")
    assert set(rows.values_list("at", flat=True)) == {wrong, right}
    arrived = [one.at for one in cases.stamps_of(Case.objects.get()) if one.step == "arrived"]
    assert arrived == [right]


def test_an_engine_on_its_way_makes_an_owned_incident_respond(fire, haneul):
    fire(fire_message())
    lifecycle.claim(incident=Incident.objects.get(), by=haneul)
    fire(fire_message("STATUS_UPDATE", times=[time_of("ordered", ago(minutes=2))]))
    assert Incident.objects.get().status == Status.ACCEPTED
    fire(fire_message("STATUS_UPDATE", times=[time_of("departed", ago(minutes=1), "한빛펌프1")]))
    assert Incident.objects.get().status == Status.RESPONDING
    assert "한빛펌프1 출발" in IncidentEvent.objects.latest("pk").text


def test_positions_out_of_order_leave_the_newest(fire):
    fire(fire_message())
    new, old = position(lon=127.335, at=ago(seconds=5)), position(lon=127.31, at=ago(seconds=60))
    assert fire(fire_message("UNIT_POSITION", positions=[new])).data["result"] == "applied"
    assert fire(fire_message("UNIT_POSITION", positions=[old])).data["result"] == "stale"
    assert Engine.objects.get().location.x == pytest.approx(127.335)


def test_a_position_from_the_future_hides_no_later_one(fire):
    fire(fire_message())
    ahead = (timezone.now() + timedelta(hours=3)).isoformat()
    far = fire_message("UNIT_POSITION", positions=[position(lon=127.31, at=ahead)])
    assert fire(far).data["result"] == "stale"
    fire(fire_message("UNIT_POSITION", positions=[position(lon=127.335)]))
    assert Engine.objects.get().location.x == pytest.approx(127.335)


@pytest.mark.parametrize("at", ["3263-08-15T21:05:36+18:08", "1999-12-31T23:59:60Z"])
def test_a_stamp_that_no_clock_makes_is_refused_by_its_name(fire, at):
    fire(fire_message())
    times = [time_of("ordered", ago(minutes=1)), time_of("departed", at)]
    response = fire(fire_message("STATUS_UPDATE", times=times))
    assert (response.status_code, response.data["code"]) == (409, "time_out_of_range")
    assert list(response.data["errors"]) == ["payload.times[1].at"]
    assert not FireTime.objects.filter(step="ordered").exists()


def test_an_odd_offset_is_the_same_moment(fire):
    fire(fire_message(received_at=timezone.now().astimezone(ODD_ZONE).isoformat()))
    assert abs(FireTime.objects.get().at - timezone.now()) < timedelta(minutes=1)


def test_a_stream_of_positions_is_one_fact_in_a_while(fire):
    fire(fire_message())
    for n in range(5):
        fire(fire_message("UNIT_POSITION", positions=[position(at=ago(milliseconds=900 - n))]))
    assert Entry.objects.filter(kind="fire119.positions").count() == 1
    FireCase.objects.update(announced_at=timezone.now() - cases.ANNOUNCE_EVERY)
    fire(fire_message("UNIT_POSITION", positions=[position(at=ago(milliseconds=1))]))
    fact = Entry.objects.filter(kind="fire119.positions").latest("pk")
    incident = str(Incident.objects.get().pk)
    assert (fact.subject_kind, fact.subject_id) == ("incident", incident)
    assert fact.data == {"incident_id": incident}


def test_the_rooms_close_leaves_the_incident_with_its_person(fire, haneul):
    fire(fire_message())
    lifecycle.claim(incident=Incident.objects.get(), by=haneul)
    fire(fire_message("CLOSE", closing_code="EXTINGUISHED", text="완진"))
    incident = Incident.objects.get()
    assert (incident.status, incident.owner) == (Status.ACCEPTED, haneul)
    assert IncidentEvent.objects.latest("pk").text == "119 상황 종료 · EXTINGUISHED · 완진"
    assert FireCase.objects.get().closing_code == "EXTINGUISHED"


def test_an_unknown_kind_is_taken_in_under_its_own_name(fire):
    fire(fire_message(kind_code="F77", kind_name="태양광화재"))
    kind = Incident.objects.get().kind
    assert (kind.is_mapped, kind.name_ko) == (False, "태양광화재")


def test_the_room_is_told_of_what_the_centre_does(fire, haneul):
    fire(fire_message())
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    assert Case.objects.get().link.outbox.get().message_type == "ACK"


def test_a_case_that_began_with_our_report_keeps_stamps_told_before_and_after_its_number(
    fire, fire_link, haneul
):
    report = filed.file_report(
        link=fire_link,
        by=haneul,
        kind=Kind.objects.get(service="fire119", code="F01"),
        text="시장 뒤 연기",
        place=Point(127.34, 36.35, srid=4326),
    )
    early = fire(fire_message("STATUS_UPDATE", times=[time_of("ordered", ago(minutes=3), "펌프1")]))
    assert early.data["result"] == "filed"
    answer = fire_message("ACK", report_no=str(report.uid))
    assert fire(answer | {"correlation_id": str(report.message.uid)}).data["result"] == "applied"
    fire(fire_message("STATUS_UPDATE", times=[time_of("departed", ago(minutes=2), "펌프1")]))
    assert stamps() == {("펌프1", "ordered"), ("펌프1", "departed")}
    assert Case.objects.get().incident == report.incident
    assert fire(fire_message("CANCEL", version=2, reason="오인")).data["result"] == "applied"
    assert Incident.objects.get().status != Status.CANCELLED


@pytest.mark.parametrize("kind", ["co_response", "transfer"])
def test_the_room_links_its_case_with_another_incident_and_both_stay(fire, fire_link, haneul, kind):
    fire(fire_message())
    mine = Incident.objects.get()
    city_kind = Kind.objects.get(service="city", code="C07")
    other = lifecycle.open_incident(
        municipality=fire_link.municipality,
        service="city",
        kind=city_kind,
        place=None,
        occurred_at=timezone.now(),
        by=haneul,
    )
    said = {"text": "112와 함께", "incident_number": other.number}
    assert fire(fire_message(kind.upper(), **said)).data["result"] == "applied"
    join = IncidentLink.objects.get()
    assert (join.incident, join.other, join.kind) == (mine, other, kind)
    assert not Incident.objects.exclude(ended_at=None).exists()
