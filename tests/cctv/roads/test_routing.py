"""The fastest way, how long it takes, and a clear word where there is none."""

import pytest

from cctv.models import RoadEdge, RoadNetwork
from cctv.roads import routing
from cctv.roads.network import touch
from cctv.roads.routing import NoRoute, Route, cut, route
from tests.cctv.roads.conftest import CORNERS


def ask(city, start, end) -> Route | NoRoute:
    return route(municipality_id=city.pk, start=start, end=end)


def test_a_way_goes_around_where_a_street_goes_one_way(city, roads):
    found = ask(city, CORNERS["ne"], CORNERS["se"])
    assert isinstance(found, Route)
    # ne -> nw -> sw -> se, although ne lies next to se.
    assert found.length_m == pytest.approx(900 + 1100 + 900, rel=0.01)
    assert [round(lon, 2) for lon, _lat in found.line] == [127.41, 127.40, 127.40, 127.41]
    assert found.narrow_m == pytest.approx(1100, rel=0.01)


def test_the_time_counts_length_speed_and_the_engines_factor(city, roads):
    found = ask(city, CORNERS["sw"], CORNERS["se"])
    assert found.seconds == pytest.approx(900 / 10 / 0.7, rel=0.01)
    RoadNetwork.objects.update(engine_factor=1.0)
    assert ask(city, CORNERS["sw"], CORNERS["se"]).seconds == pytest.approx(90, rel=0.01)


def test_a_way_begins_and_ends_in_the_middle_of_a_road(city, roads):
    found = ask(city, (127.4025, 36.4001), (127.4075, 36.4001))
    assert found.length_m == pytest.approx(450, rel=0.01)
    assert [round(lon, 4) for lon, _lat in found.line] == [127.4025, 127.4075]


def test_behind_oneself_on_a_one_way_road_leads_around(city, roads):
    # Northwards only: the place lies behind the engine.
    found = ask(city, (127.41, 36.408), (127.41, 36.402))
    assert found.length_m > 3000


def test_the_place_where_one_stands_is_no_way_at_all(city, roads):
    found = ask(city, (127.4025, 36.4), (127.4025, 36.4))
    assert (found.length_m, found.seconds) == (pytest.approx(0, abs=1), pytest.approx(0, abs=1))


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (CORNERS["sw"], CORNERS["source"], "unreachable"),
        (CORNERS["sw"], CORNERS["island1"], "unreachable"),
        ((127.30, 36.30), CORNERS["sw"], "start_off_network"),
        (CORNERS["sw"], (127.30, 36.30), "place_off_network"),
    ],
)
def test_no_way_is_an_answer_with_a_code_and_words(city, roads, start, end, code):
    found = ask(city, start, end)
    assert isinstance(found, NoRoute)
    assert found.code == code
    assert found.detail


def test_a_city_without_roads_says_so(city):
    assert ask(city, CORNERS["sw"], CORNERS["se"]).code == "no_network"


def test_the_graph_is_kept_and_read_anew_when_roads_change(city, roads, django_assert_num_queries):
    ask(city, CORNERS["sw"], CORNERS["se"])
    with django_assert_num_queries(1):  # only which network counts
        assert isinstance(ask(city, CORNERS["sw"], CORNERS["se"]), Route)
    RoadEdge.objects.filter(ref="se-sw").update(is_blocked=True)
    RoadEdge.objects.filter(ref="sw-se").update(is_blocked=True)
    touch(city.pk)
    found = ask(city, CORNERS["sw"], CORNERS["se"])
    assert isinstance(found, NoRoute)


def test_a_question_leaves_nothing_in_the_graph(city, roads):
    ask(city, CORNERS["sw"], CORNERS["source"])
    ask(city, CORNERS["ne"], CORNERS["se"])
    graph = routing._graphs[city.pk]
    assert not {"start", "end"} & set(graph._graph)


@pytest.mark.parametrize(
    ("first", "last", "points"),
    [
        (0, 1, [(0, 0), (2, 0), (2, 2)]),
        (0.25, 0.75, [(1, 0), (2, 0), (2, 1)]),
        (0.5, 0.5, [(2, 0), (2, 0)]),
        (0, 0.25, [(0, 0), (1, 0)]),
    ],
)
def test_a_line_is_cut_by_shares_of_its_length(first, last, points):
    assert cut([(0, 0), (2, 0), (2, 2)], first, last) == [pytest.approx(one) for one in points]
