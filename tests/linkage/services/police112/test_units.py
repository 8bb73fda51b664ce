"""Patrol cars on their way: the newest word counts, the journal is not flooded, ages are kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cctv.roads.network import NodeIn, replace_network
from controlroom.journal.models import Entry
from incidents import lifecycle
from linkage.models import UnitPosition
from linkage.services.police112 import units
from linkage.services.police112.approach import approach
from tests.cctv.roads.conftest import CORNERS, EDGES
from tests.linkage.conftest import envelope
from tests.linkage.services.police112.conftest import RECEIPT, owed


def at(unit="중앙12", *, lat=36.41, seconds_ago=1, **said):
    when = (timezone.now() - timedelta(seconds=seconds_ago)).isoformat()
    place = {"unit": unit, "at": when, "lon": 127.4, "lat": lat}
    return envelope("UNIT_POSITION", receipt_no=RECEIPT, **(place | said))


def test_a_position_is_kept_and_told_with_its_own_time(case, post):
    assert post(at(speed_kmh=50, heading_deg=180)).status_code == 201
    unit = UnitPosition.objects.get()
    assert (unit.unit, unit.speed_kmh, unit.incident) == ("중앙12", 50, case)
    (told,) = Entry.objects.filter(kind="unit.position", subject_id=str(case.pk))
    assert told.data["unit"]["at"]


def test_positions_every_second_are_one_row_and_one_entry(case, post, monkeypatch):
    # However slow the machine that tests it.
    monkeypatch.setattr(units, "TOLD_EVERY", timedelta(hours=1))
    for ago in (5, 4, 3, 2, 1):
        assert post(at(seconds_ago=ago, lat=36.41 - ago / 1000)).status_code == 201
    assert UnitPosition.objects.get().location.y == pytest.approx(36.409)
    assert Entry.objects.filter(kind="unit.position").count() == 1


def test_a_late_older_position_changes_nothing(case, post):
    post(at(seconds_ago=1))
    assert post(at(seconds_ago=60, lat=36.5)).data["result"] == "stale"
    assert UnitPosition.objects.get().location.y == pytest.approx(36.41)


def test_a_clock_that_runs_ahead_makes_no_position_of_the_future(case, post):
    post(at(seconds_ago=-120))
    assert UnitPosition.objects.get().at <= timezone.now()


def test_a_unit_taken_off_the_case_is_shown_no_more(case, post, client, haneul, city):
    post(at())
    post(at("중앙13", lat=36.402))
    post(envelope("STATUS_UPDATE", receipt_no=RECEIPT, status="WITHDRAWN", unit="중앙12"))
    assert post(at()).data["result"] == "stale"
    client.force_login(haneul)
    shown = client.get(f"/m/{city.code}/linkage/incidents/{case.pk}/police112/").json()["units"]
    assert [unit["unit"] for unit in shown] == ["중앙13"]
    assert shown[0]["eta_s"] > 0
    assert [u["unit"] for u in client.get(f"/m/{city.code}/linkage/units/").json()["units"]] == [
        "중앙13"
    ]


def test_a_unit_that_is_sent_again_counts_again(case, post):
    post(at(seconds_ago=9))
    for status in ("WITHDRAWN", "DISPATCHED"):
        post(envelope("STATUS_UPDATE", receipt_no=RECEIPT, status=status, unit="중앙12"))
    assert post(at()).data["result"] == "applied"
    assert UnitPosition.objects.get().left_at is None


@pytest.mark.parametrize(
    ("distance_m", "speed_kmh", "eta_s", "is_there"),
    [(40, 0, 0, True), (1000, 50, 101, False), (1000, None, 202, False), (1000, 3, 202, False)],
)
def test_without_roads_the_time_left_is_the_straight_lines_and_a_standing_car_still_comes(
    city, distance_m, speed_kmh, eta_s, is_there
):
    found = approach(
        municipality_id=city.pk,
        start=(127.4, 36.41),
        end=(127.4, 36.4),
        distance_m=distance_m,
        speed_kmh=speed_kmh,
    )
    assert (found.eta_s, found.is_there, found.by_road) == (eta_s, is_there, False)


def test_the_time_left_goes_by_the_roads_that_the_city_has(case, post, client, haneul, city):
    nodes = [NodeIn(ref, place) for ref, place in CORNERS.items()]
    replace_network(municipality=city, nodes=nodes, edges=EDGES, source="a square")
    post(at(speed_kmh=120))
    # No road is near this one.
    post(at("중앙13", lat=36.47))
    client.force_login(haneul)
    shown = client.get(f"/m/{city.code}/linkage/incidents/{case.pk}/police112/").json()["units"]
    assert [(unit["unit"], unit["by_road"]) for unit in shown] == [
        ("중앙12", True),
        ("중앙13", False),
    ]
    assert shown[0]["distance_m"] == pytest.approx(1100, rel=0.01)
    # 1,100 m of an alley at 10 km/h, and what junctions cost: no car flies over it.
    assert shown[0]["eta_s"] == pytest.approx(1100 / (10 / 3.6) / 0.7, rel=0.01)


def test_a_direction_of_escape_goes_to_the_room_with_the_next_cameras(
    case, cameras, client, haneul, city
):
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/incidents/{case.pk}/escape-route/"
    body = {"bearing_deg": 0, "text": "검은 점퍼, 시장 쪽"}
    response = client.post(path, body, content_type="application/json")
    assert response.status_code == 201, response.content
    (message,) = owed("ESCAPE_ROUTE")
    assert (message.payload["bearing_deg"], message.payload["text"]) == (0, body["text"])
    ahead = {row["id"] for row in message.payload["cameras"]}
    assert ahead
    assert cameras[3].pk not in ahead
    assert case.events.get(verb="escape-route").actor == haneul


def test_a_direction_without_a_number_is_refused(case, client, haneul, city):
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/incidents/{case.pk}/escape-route/"
    assert client.post(path, {}, content_type="application/json").status_code == 400


def test_who_only_reads_sends_no_direction(case, client, bada, city):
    client.force_login(bada)
    path = f"/m/{city.code}/linkage/incidents/{case.pk}/escape-route/"
    body = {"bearing_deg": 1}
    assert client.post(path, body, content_type="application/json").status_code == 403


def test_nobody_is_followed_after_the_end(case, post, haneul):
    lifecycle.claim(incident=case, by=haneul)
    lifecycle.close(incident=case, by=haneul, result="resolved")
    assert post(at()).status_code == 409
    assert not UnitPosition.objects.exists()
