"""The same accident from several sources is suggested, and a person decides; nothing by itself."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents import catalogue
from incidents.choices import KindClass
from incidents.correlation import counts_of_open, joined_with, judge, probably_same_as
from incidents.models import Incident, IncidentLink
from incidents.reports import ReportIn, take_report
from incidents.sameness import NEAR_M, WITHIN, Sign, distance_m, pairs, probably_same
from incidents.statuses import Status

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LON, LAT = 127.4, 36.4
# The four sources of one accident: link, agency's number, service, kind.
SOURCES = {
    "112": ("police112-90010", "112-1", "police112", "401"),
    "119": ("fire119-90010", "119-1", "fire119", "R01"),
    "its": ("city-90010", "its:1", "city", "C07"),
    "utic": ("city-90010", "utic:1", "city", "C07"),
}


def place(east_m, north_m=0):
    return LON + east_m / 89_600, LAT + north_m / 110_970


def say(city, source, *, east_m=0, north_m=0, minutes=0, case="", **changes):
    link, number, service, kind = SOURCES[source]
    lon, lat = place(east_m, north_m)
    said = {
        "service": service,
        "external_id": f"{number}{case}",
        "kind_code": kind,
        "place": Point(lon, lat, srid=4326),
        "occurred_at": AT + timedelta(minutes=minutes),
    }
    taken = take_report(municipality=city, source=link, message=ReportIn(**(said | changes)))
    return taken.incident


# A loaded machine is no fault of the rule.
CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def kinds(db):
    catalogue.install()


def ids(incident):
    return [item["id"] for item in probably_same_as(incident)]


signs = st.builds(
    Sign,
    source=st.sampled_from("abc"),
    kind_class=st.sampled_from(["traffic", "fire", "other"]),
    at=st.integers(-1200, 1200).map(lambda s: AT + timedelta(seconds=s)),
    lon=st.floats(LON - 0.004, LON + 0.004),
    lat=st.floats(LAT - 0.004, LAT + 0.004),
    is_drill=st.booleans(),
)


@CALM
@given(one=signs, other=signs)
def test_the_rule_is_the_same_both_ways_and_never_about_one_source(one, other):
    assert probably_same(one, other) == probably_same(other, one)
    assert not probably_same(one, one)


@CALM
@given(one=signs, other=signs)
def test_what_is_the_same_keeps_every_limit(one, other):
    if not probably_same(one, other):
        return
    assert one.kind_class == other.kind_class != KindClass.OTHER
    assert one.source != other.source
    assert one.is_drill == other.is_drill
    assert abs(one.at - other.at) <= WITHIN
    assert distance_m(one, other) <= NEAR_M


@CALM
@given(found=st.lists(signs, max_size=25))
def test_the_sweep_finds_exactly_the_pairs_of_the_rule(found):
    everyone = {
        frozenset((n, m))
        for n, one in enumerate(found)
        for m, other in enumerate(found)
        if n < m and probably_same(one, other)
    }
    assert {frozenset(pair) for pair in pairs(found)} == everyone


def test_one_accident_from_four_sources_is_suggested_from_each_side(city, kinds):
    told = [say(city, name, east_m=40 * n, minutes=n) for n, name in enumerate(SOURCES)]
    for incident in told:
        others = {str(other.pk) for other in told} - {str(incident.pk)}
        assert set(ids(incident)) == others
    [nearest, *_rest] = probably_same_as(told[0])
    assert nearest["distance_m"] == pytest.approx(40, abs=1)
    assert nearest["apart_s"] == 60
    assert all(incident.status == Status.RECEIVED for incident in Incident.objects.all())
    assert not IncidentLink.objects.exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"east_m": 195}, 1),
        ({"east_m": 205}, 0),
        ({"minutes": 10}, 1),
        ({"minutes": -10}, 1),
        ({"minutes": 10.1}, 0),
        ({"kind_code": "F01"}, 0),
        ({"is_drill": True}, 0),
        ({"place": None}, 0),
        ({"state": "cancel"}, 0),
    ],
)
def test_the_limits_of_the_rule(city, kinds, change, expected):
    incident = say(city, "112")
    say(city, "119", **change)
    assert len(ids(incident)) == expected


def test_calls_of_one_source_are_no_correlation_and_unclassed_kinds_neither(city, kinds):
    incident = say(city, "112")
    say(city, "112", case="2")
    assert ids(incident) == []
    unclassed = say(city, "112", case="3", kind_code="Z1")
    say(city, "119", kind_code="Z2")
    assert ids(unclassed) == []


def test_the_database_says_the_same_as_the_rule(city, kinds):
    draw = random.Random(5)
    made = []
    for n in range(24):
        name = draw.choice(list(SOURCES))
        east, north, minutes = draw.uniform(-250, 250), draw.uniform(-250, 250), draw.uniform(0, 25)
        incident = say(city, name, east_m=east, north_m=north, minutes=minutes, case=f"-{n}")
        lon, lat = place(east, north)
        made.append((incident, Sign(name, "traffic", incident.occurred_at, lon, lat)))
    for incident, sign in made:
        # The sphere and the spheroid differ by up to half a per cent.
        clear = [(o, s) for o, s in made if abs(distance_m(sign, s) - NEAR_M) > 2]
        expected = {str(o.pk) for o, s in clear if probably_same(sign, s)}
        found = set(ids(incident)) & {str(o.pk) for o, _s in clear}
        assert found == expected


def test_a_person_says_different_and_the_pair_is_suggested_no_more(city, kinds, haneul):
    one, other = say(city, "112"), say(city, "119")
    judge(incident=one, other=other, verdict="different", by=haneul)
    judge(incident=other, other=one, verdict="different", by=haneul)
    assert ids(one) == ids(other) == []
    assert one.status == Status.RECEIVED
    # Both timelines say it, once, so that every desk hears it.
    for mine, theirs in ((one, other), (other, one)):
        [said] = mine.events.filter(verb="different")
        assert (said.actor, said.data["number"]) == (haneul, theirs.number)


def test_the_same_ends_as_a_duplicate_of_the_open_one_and_keeps_its_reports_and_timeline(
    city, kinds, haneul
):
    told = [say(city, name, east_m=30 * n) for n, name in enumerate(SOURCES)]
    police, fire, its, utic = told
    assert counts_of_open(city) == {str(one.pk): 3 for one in told}
    judge(incident=police, other=its, verdict="same", by=haneul)
    judge(incident=police, other=utic, verdict="same", by=haneul)
    assert counts_of_open(city) == {str(police.pk): 1, str(fire.pk): 1}
    its.refresh_from_db()
    assert (its.status, its.duplicate_of) == (Status.DUPLICATE, police)
    assert its.reports.count() == 1
    assert its.events.filter(verb="open").count() == 1
    # The one that others were joined to goes on, from whichever side it is asked.
    judge(incident=fire, other=police, verdict="same", by=haneul)
    said = joined_with(Incident.objects.get(pk=police.pk))
    assert {one["number"] for one in said["joined"]} == {its.number, utic.number, fire.number}
    assert said["into"] is None
    fire.refresh_from_db()
    assert joined_with(fire)["into"]["number"] == police.number
    assert counts_of_open(city) == {}


def test_counts_are_of_ones_own_city(client, city, other_city, kinds, haneul):
    one, other = say(city, "112"), say(city, "119")
    client.force_login(haneul)
    assert client.get("/m/90010/same/").json() == {
        "counts": {str(one.pk): 1, str(other.pk): 1},
    }
    assert counts_of_open(other_city) == {}


def test_a_person_says_related_and_both_live_on_joined(city, kinds, haneul):
    one, other = say(city, "112"), say(city, "119")
    judge(incident=one, other=other, verdict="related", by=haneul)
    assert IncidentLink.objects.get().kind == "related"
    assert ids(one) == []


def test_the_console_confirms_a_duplicate_by_the_existing_verb(client, city, kinds, haneul):
    one, other = say(city, "utic"), say(city, "112")
    client.force_login(haneul)
    url = f"/m/90010/incidents/{one.pk}/same/"
    assert [item["id"] for item in client.get(url).json()["same"]] == [str(other.pk)]
    body = {"other": str(other.pk), "verdict": "duplicate"}
    answer = client.post(url, body, content_type="application/json")
    assert (answer.status_code, answer.json()["same"]) == (200, [])
    assert answer.json()["into"]["id"] == str(other.pk)
    one.refresh_from_db()
    assert (one.status, one.duplicate_of) == (Status.DUPLICATE, other)
    assert (
        client.post(url, body | {"verdict": "merge"}, content_type="application/json").status_code
        == 400
    )


def test_an_auditor_and_a_stranger_judge_nothing(client, city, kinds, bada, stranger):
    one, other = say(city, "utic"), say(city, "112")
    body = {"other": str(other.pk), "verdict": "different"}
    for user, status in ((bada, 403), (stranger, 404)):
        client.force_login(user)
        url = f"/m/90010/incidents/{one.pk}/same/"
        assert client.post(url, body, content_type="application/json").status_code == status
