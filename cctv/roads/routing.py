"""Finds the fastest way over a municipality's roads, or says in words why there is none."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import dist
from typing import Any

import networkx as nx
from django.db import connection
from django.utils.translation import gettext as _

from cctv.models import RoadEdge, RoadNetwork
from cctv.models_roads import RoadClass
from cctv.roads.network import LonLat

# How far from a road a place may lie: a scene inside a large block still has a nearest road.
REACH_M = 400.0
# Roads this much farther than the nearest one count as the same road: its other direction.
SAME_ROAD_M = 8.0
NETWORKS_KEPT = 8
START, END = "start", "end"

_NEAREST_SQL = """
SELECT e.id, e.start_id, e.end_id, ST_LineLocatePoint(e.line::geometry, p.place::geometry),
       ST_Distance(e.line, p.place)
  FROM cctv_roadedge e, (SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography AS place) p
 WHERE e.municipality_id = %s AND NOT e.is_blocked AND ST_DWithin(e.line, p.place, %s)
 ORDER BY 5, 1 LIMIT 8
"""


@dataclass(frozen=True, slots=True)
class Route:
    """A way from a place to another; `seconds` counts with `factor` of the roads' speeds.

    Units: metres, seconds, lon-lat pairs in the order of travel.
    """

    line: tuple[LonLat, ...]
    length_m: float
    seconds: float
    factor: float
    narrow_m: float


@dataclass(frozen=True, slots=True)
class NoRoute:
    """Why there is no way; `code` is stable, `detail` is for people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Way:
    line: tuple[LonLat, ...]
    length_m: float
    free_s: float
    narrow_m: float


@dataclass(frozen=True, slots=True)
class _Foot:
    """Where a place meets a road: at this share of the edge's length."""

    edge: int
    start: int
    end: int
    share: float


def route(*, municipality_id: int, start: LonLat, end: LonLat) -> Route | NoRoute:
    """Find the fastest way for an engine; turn restrictions and signals are not known to it."""
    network = RoadNetwork.objects.filter(municipality_id=municipality_id).first()
    if network is None:
        return NoRoute("no_network", _("This municipality has no road network."))
    found = _way(municipality_id, (network.pk, network.version), _rounded(start), _rounded(end))
    if isinstance(found, str):
        return NoRoute(found, _words(found))
    return Route(
        line=found.line,
        length_m=found.length_m,
        seconds=found.free_s / network.engine_factor,
        factor=network.engine_factor,
        narrow_m=found.narrow_m,
    )


def _words(code: str) -> str:
    return {
        "start_off_network": _("The starting point is not near any road of the network."),
        "place_off_network": _("The scene is not near any road of the network."),
        "unreachable": _("No way leads there: the roads at the scene cannot be reached from here."),
    }[code]


def _rounded(place: LonLat) -> LonLat:
    """To about a metre, so that consoles that look at the same engine share one answer."""
    return round(place[0], 5), round(place[1], 5)


@lru_cache(maxsize=512)
def _way(municipality_id: int, edition: tuple[int, int], start: LonLat, end: LonLat) -> _Way | str:
    starts, ends = _feet(municipality_id, start), _feet(municipality_id, end)
    if not starts or not ends:
        return "place_off_network" if starts else "start_off_network"
    graph = _graph(municipality_id, edition)
    steps = graph.path(starts, ends)
    return _drawn(graph, steps) if steps else "unreachable"


def _feet(municipality_id: int, place: LonLat) -> list[_Foot]:
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST_SQL, [*place, municipality_id, REACH_M])
        rows = cursor.fetchall()
    return [_Foot(*row[:4]) for row in rows if row[4] <= rows[0][4] + SAME_ROAD_M]


@dataclass(frozen=True, slots=True)
class _Step:
    """A part of an edge: from this share of its length to that."""

    edge: int
    first: float = 0.0
    last: float = 1.0


class _Graph:
    """The roads of one municipality in memory; a question hangs its two ends in for a moment."""

    def __init__(self, municipality_id: int, edition: tuple[int, int]) -> None:
        self.edition = edition
        self._lock = threading.Lock()
        self._graph: Any = nx.DiGraph()
        self.lengths: dict[int, tuple[float, float, bool]] = {}
        rows = RoadEdge.objects.filter(municipality_id=municipality_id, is_blocked=False)
        for edge, start, end, length_m, speed_kmh, road_class in rows.values_list(
            "pk", "start_id", "end_id", "length_m", "speed_kmh", "road_class"
        ):
            seconds = length_m / (speed_kmh / 3.6)
            self.lengths[edge] = (length_m, seconds, road_class == RoadClass.NARROW)
            known = self._graph.get_edge_data(start, end)
            if known is None or seconds < known["s"]:
                self._graph.add_edge(start, end, s=seconds, step=_Step(edge))

    def path(self, starts: Sequence[_Foot], ends: Sequence[_Foot]) -> list[_Step]:
        """Give the steps of the fastest way, none when there is no way."""
        with self._lock:
            try:
                self._hang_in(starts, ends)
                _seconds, nodes = nx.bidirectional_dijkstra(self._graph, START, END, weight="s")
                return [self._graph.edges[pair]["step"] for pair in pairwise(nodes)]
            except nx.NetworkXNoPath:
                return []
            finally:
                self._graph.remove_nodes_from([START, END])

    def _hang_in(self, starts: Sequence[_Foot], ends: Sequence[_Foot]) -> None:
        self._graph.add_nodes_from([START, END])
        for foot in starts:
            self._join(START, foot.end, _Step(foot.edge, foot.share, 1.0))
        for foot in ends:
            self._join(foot.start, END, _Step(foot.edge, 0.0, foot.share))
        for one in starts:
            for other in ends:
                if one.edge == other.edge and one.share <= other.share:
                    self._join(START, END, _Step(one.edge, one.share, other.share))

    def _join(self, start: int | str, end: int | str, step: _Step) -> None:
        if step.edge not in self.lengths:
            return
        seconds = self.lengths[step.edge][1] * (step.last - step.first)
        known = self._graph.get_edge_data(start, end)
        if known is None or seconds < known["s"]:
            self._graph.add_edge(start, end, s=seconds, step=step)


_graphs: dict[int, _Graph] = {}
_graphs_lock = threading.Lock()


def _graph(municipality_id: int, edition: tuple[int, int]) -> _Graph:
    """Give the roads of this edition, read once; an older edition is dropped."""
    with _graphs_lock:
        known = _graphs.pop(municipality_id, None)
        if known is None or known.edition != edition:
            known = _Graph(municipality_id, edition)
        _graphs[municipality_id] = known
        while len(_graphs) > NETWORKS_KEPT:
            del _graphs[next(iter(_graphs))]
        return known


def _drawn(graph: _Graph, steps: Sequence[_Step]) -> _Way:
    edges = {step.edge for step in steps}
    lines = dict(RoadEdge.objects.filter(pk__in=edges).values_list("pk", "line"))
    points: list[LonLat] = []
    length_m = free_s = narrow_m = 0.0
    for step in steps:
        whole_m, whole_s, is_narrow = graph.lengths[step.edge]
        share = step.last - step.first
        length_m += whole_m * share
        free_s += whole_s * share
        narrow_m += whole_m * share if is_narrow else 0.0
        for place in cut(lines[step.edge].coords, step.first, step.last):
            if not points or points[-1] != place:
                points.append(place)
    return _Way(tuple(points), length_m, free_s, narrow_m)


def cut(line: Sequence[LonLat], first: float, last: float) -> list[LonLat]:
    """Give the part of a line between two shares of its length."""
    total = sum(dist(one, other) for one, other in pairwise(line))
    begin, finish = first * total, last * total
    points, gone = [_along(line, begin)], 0.0
    for one, other in pairwise(line):
        gone += dist(one, other)
        if begin < gone < finish:
            points.append((other[0], other[1]))
    return [*points, _along(line, finish)]


def _along(line: Sequence[LonLat], way: float) -> LonLat:
    for one, other in pairwise(line):
        length = dist(one, other)
        if way <= length and length > 0:
            share = way / length
            return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
        way -= length
    return line[-1][0], line[-1][1]
