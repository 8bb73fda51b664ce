"""A small network: a square of 4 junctions, a street that goes one way, an island, a dead start."""

import pytest

from cctv.models import RoadNetwork
from cctv.roads.network import EdgeIn, NodeIn, replace_network

# About 890 m from west to east and 1110 m from south to north.
CORNERS = {
    "sw": (127.40, 36.40),
    "se": (127.41, 36.40),
    "ne": (127.41, 36.41),
    "nw": (127.40, 36.41),
    # Roads lead out of here, none leads in.
    "source": (127.42, 36.40),
    "island1": (127.45, 36.45),
    "island2": (127.46, 36.45),
}


def edge(start: str, end: str, **more) -> EdgeIn:
    said = {"speed_kmh": 36.0, "length_m": 900.0, "lanes": 2} | more
    return EdgeIn(
        ref=f"{start}-{end}", start=start, end=end, line=(CORNERS[start], CORNERS[end]), **said
    )


EDGES = (
    edge("sw", "se"),
    edge("se", "sw"),
    edge("se", "ne", length_m=1100),
    edge("ne", "nw"),
    edge("nw", "sw", length_m=1100, lanes=1, speed_kmh=10),
    edge("source", "se"),
    edge("island1", "island2"),
    edge("island2", "island1"),
)


@pytest.fixture
def roads(city) -> RoadNetwork:
    nodes = [NodeIn(ref, place) for ref, place in CORNERS.items()]
    return replace_network(municipality=city, nodes=nodes, edges=EDGES, source="a square")
