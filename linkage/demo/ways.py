"""Makes a network of ways from the drawn roads of the demo city: nodes where they cross."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from django.contrib.gis.geos import GEOSGeometry, LineString, MultiPoint, Point

from cctv.models import RoadNetwork
from cctv.models_roads import RoadClass
from cctv.roads.network import EdgeIn, NodeIn, replace_network
from controlroom.municipalities.models import Municipality
from linkage.demo import geography
from linkage.demo.geography import Road
from linkage.demo.plane import XY, distance_m, lon_lat

# By the rank of a road: the limit (km/h), lanes a direction, width.
RULES: dict[int, tuple[float, int, RoadClass]] = {
    1: (60.0, 3, RoadClass.WIDE),
    2: (50.0, 2, RoadClass.NORMAL),
    3: (30.0, 1, RoadClass.NARROW),
}
SHORTEST_M = 1.0


def install_roads(*, municipality: Municipality) -> int:
    """Give the city its network once; say how many roads were added."""
    if RoadNetwork.objects.filter(municipality=municipality).exists():
        return 0
    made = edges()
    replace_network(
        municipality=municipality,
        nodes=[NodeIn(ref, lon_lat(at)) for ref, at in _nodes(made).items()],
        edges=[edge for edge, _start, _end in made],
        source="demo city",
    )
    return len(made)


@cache
def edges() -> list[tuple[EdgeIn, XY, XY]]:
    """Cut every road at its crossings; each piece is an edge either way, with its two ends."""
    roads = geography.roads()
    lines = [LineString(road.line) for road in roads]
    found: list[tuple[EdgeIn, XY, XY]] = []
    for index, (road, line) in enumerate(zip(roads, lines, strict=True)):
        cuts = {0.0, line.length}
        for other in lines[:index] + lines[index + 1 :]:
            cuts |= {line.project(place) for place in _crossings(line, other)}
        apart = [at for at in sorted(cuts) if at == 0.0 or at > SHORTEST_M]
        for number, (begin, end) in enumerate(pairwise(apart)):
            if end - begin > SHORTEST_M:
                found += _both_ways(f"{index}-{number}", road, _piece(line, begin, end))
    return found


def _crossings(line: LineString, other: LineString) -> Iterator[Point]:
    if not line.intersects(other):
        return
    shared: GEOSGeometry = line.intersection(other)
    if isinstance(shared, Point):
        yield shared
    elif isinstance(shared, MultiPoint):
        yield from (Point(x, y) for x, y in shared.coords)


def _piece(line: LineString, begin: float, end: float) -> list[XY]:
    inner: list[XY] = []
    passed = 0.0
    for (x, y), (next_x, next_y) in pairwise(line.coords):
        passed += distance_m((x, y), (next_x, next_y))
        if begin < passed < end:
            inner.append((next_x, next_y))
    first, last = line.interpolate(begin), line.interpolate(end)
    return [(first.x, first.y), *inner, (last.x, last.y)]


def _both_ways(ref: str, road: Road, line: list[XY]) -> Iterator[tuple[EdgeIn, XY, XY]]:
    speed_kmh, lanes, width = RULES[road.rank]
    length_m = sum(distance_m(here, there) for here, there in pairwise(line))
    for suffix, way in (("a", line), ("b", line[::-1])):
        edge = EdgeIn(
            ref=f"{ref}{suffix}",
            start=_ref(way[0]),
            end=_ref(way[-1]),
            line=tuple(lon_lat(place) for place in way),
            speed_kmh=speed_kmh,
            length_m=length_m,
            lanes=lanes,
            name=road.name_ko,
            road_class=width,
        )
        yield edge, way[0], way[-1]


def _ref(place: XY) -> str:
    """Name a crossing by its place: two roads that meet there name it alike."""
    return f"{place[0]:.0f}/{place[1]:.0f}"


def _nodes(made: list[tuple[EdgeIn, XY, XY]]) -> dict[str, XY]:
    return {_ref(place): place for _edge, *ends in made for place in ends}
