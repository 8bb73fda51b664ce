"""A real dispatch log goes through the real intake: once each, late updates applied."""

import csv
import gzip
import json
from datetime import date
from functools import partial

import httpx
import pytest

from incidents.models import Incident, IncidentEvent
from linkage.models import Case, InboxMessage
from linkage.services.contracts import CONTRACTS
from linkage.simulator import dispatch
from linkage.simulator.dispatch import LATE, Move, Record, said_in_log, said_in_polls
from linkage.simulator.dispatch_feed import differences, feed, over_http, replay_links

LAST_DAY = date(2026, 11, 21)


def record(number="2026000001", *, minute=0, service="police112", **changes) -> Record:
    said = {
        "service": service,
        "number": number,
        "ts": dispatch.datetime(2026, 8, 14, 7, minute),
        "kind": "ACCIDENT",
        "place_text": "100 BLOCK MAIN ST",
        "lat": 38.95,
        "lon": -92.33,
    }
    return Record(**(said | changes))


@pytest.fixture
def links(city, settings):
    return replay_links(city)


@pytest.fixture
def recently():
    """Move the middle of the log onto the city and its last day to a day in the past."""

    def move(city, records):
        lon, lat = dispatch.middle(records)
        days = dispatch.days_to(records, last_day=dispatch.datetime.now().date())
        return Move(lon, lat, city.centre.x, city.centre.y, days - 1)

    return move


def state():
    return {
        "incidents": Incident.objects.count(),
        "versions": sorted(Incident.objects.values_list("number", "version")),
        "events": IncidentEvent.objects.count(),
        "inbox": InboxMessage.objects.count(),
        "cases": Case.objects.count(),
    }


def test_polls_repeat_a_case_and_it_stays_one(city, links, recently):
    first, other = record(), record("2026000002", minute=5)
    polls = [[first], [first, other], [other]]
    said = list(said_in_polls(polls))
    assert [one.version for one in said] == [1, 1, 1, 1]
    done = feed(said, links=links, move=recently(city, [first, other]))
    assert done.results == {"applied": 2, "answered from the store": 2}
    assert Incident.objects.count() == 2


def test_a_record_that_changed_between_polls_is_the_next_version_also_when_it_changes_back(
    city, links, recently
):
    first = record()
    moved = record(place_text="200 BLOCK MAIN ST")
    said = list(said_in_polls([[first], [moved], [first]]))
    assert [one.version for one in said] == [1, 2, 3]
    feed(said, links=links, move=recently(city, [first]))
    assert Incident.objects.get().address == "100 BLOCK MAIN ST"
    before = state()
    again = feed(said, links=links, move=recently(city, [first]))
    assert again.results == {"answered from the store": 3}
    assert state() == before


def test_late_updates_of_every_sort_come_as_second_versions_and_are_applied(city, links, recently):
    log = [record(f"{n:010d}", minute=n % 60) for n in range(120)]
    said = said_in_log(log)
    assert sum(one.version == 2 for one in said) == sum(LATE.values())
    move = recently(city, log)
    done = feed(said, links=links, move=move)
    assert done.results == {"applied": len(log) + sum(LATE.values())}
    assert differences(log, links=links, move=move) == {}
    assert Incident.objects.count() == len(log)


def test_posted_to_a_server_the_rooms_have_tokens_of_their_own_and_stay_idempotent(
    city, links, recently, client, monkeypatch
):
    def serve(asked: httpx.Request) -> httpx.Response:
        sent = {name: asked.headers[name] for name in ("Authorization", "Content-Type")}
        key = asked.headers.get("Idempotency-Key", "")
        headers = sent | ({"Idempotency-Key": key} if key else {})
        content_type = headers.pop("Content-Type")
        answer = client.generic(
            asked.method, asked.url.path, asked.read(), content_type, headers=headers
        )
        assert answer.status_code < 400, answer.content
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    web = partial(httpx.Client, transport=httpx.MockTransport(serve))
    monkeypatch.setattr("linkage.simulator.client.httpx.Client", web)
    log = [record(), record("2026000002", service="fire119", kind="VEHICLE FIRE")]
    hand, move = over_http(links, "http://testserver"), recently(city, log)
    done = feed(said_in_polls([log]), links=links, move=move, hand=hand)
    assert done.results == {"applied": 2}
    before = state()
    again = feed(said_in_polls([log]), links=links, move=move, hand=hand, speed=1_000_000)
    assert again.results == {"answered from the store": 2}
    assert state() == before
    assert differences(log, links=links, move=move) == {}


def test_what_went_wrong_is_told(city, links, recently):
    log = [record(), record("2026000002")]
    move = recently(city, log)
    feed(said_in_polls([log[:1]]), links=links, move=move)
    wrong_case = f"police112/{log[0].number}"
    Incident.objects.update(address="elsewhere")
    wrong = differences(log, links=links, move=move)
    assert wrong == {"address": [wrong_case], "missing": ["police112/2026000002"]}


def test_moving_keeps_distances_and_the_hour_of_the_day(city):
    move = Move(-92.33, 38.95, 127.4, 36.4, 99)
    assert move.place(-92.33, 38.95) == (127.4, 36.4)
    lon, lat = move.place(-92.32, 38.96)
    assert lat == pytest.approx(36.41)
    # The same metres are fewer degrees further south.
    assert 0.0095 < lon - 127.4 < 0.0099
    moved = move.time(record().ts)
    assert (moved.hour, moved.utcoffset()) == (7, dispatch.timedelta(hours=9))


def test_both_files_are_read(tmp_path):
    row = {
        "service": "PD",
        "incident": "2026221881",
        "datetime": "8/14/2026 7:53:41 PM",
        "type": "ABANDONED  VEHICLE",
        "agency": "",
        "location_txt": "4100 BLOCK  DUBLIN AVE",
        "lat": None,
        "lon": None,
    }
    (tmp_path / "a.json").write_text(json.dumps([row]))
    [[polled]] = dispatch.read_polls(tmp_path)
    assert (polled.ts.hour, polled.kind, polled.lat) == (19, "ABANDONED VEHICLE", None)
    with gzip.open(tmp_path / "log.csv.gz", "wt", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row | {"lat": "", "lon": ""})
    assert dispatch.read_log(tmp_path / "log.csv.gz") == [polled]


@pytest.mark.real_data
def test_the_eight_real_polls_fed_as_they_are_make_each_case_once(city, links, recently, real_data):
    polls = dispatch.read_polls(real_data / "dispatch" / "snapshots")
    records = [one for poll in polls for one in poll]
    said = list(said_in_polls(polls))
    assert (len(polls), len(said)) == (8, 733)
    move = recently(city, records)
    mine = {(one.service, one.number) for one in records if one.service in CONTRACTS}
    repeats = sum(one.service in CONTRACTS for one in records) - len(mine)
    done = feed(said, links=links, move=move)
    assert done.results["answered from the store"] == repeats
    assert Incident.objects.count() == Case.objects.count() == len(mine)
    assert differences(records, links=links, move=move) == {}
    before = state()
    again = feed(said, links=links, move=move)
    assert again.results["answered from the store"] == again.messages
    assert state() == before


@pytest.mark.real_data
def test_the_start_of_the_real_log_are_taken_in_with_their_late_updates(
    city, links, recently, real_data
):
    log = dispatch.read_log(real_data / "dispatch" / "dispatch_to_2026-06.csv.gz")[:60]
    move = recently(city, log)
    said = said_in_log(log)
    feed(said, links=links, move=move)
    assert differences(log, links=links, move=move) == {}
    before = state()
    feed(said, links=links, move=move)
    assert state() == before
