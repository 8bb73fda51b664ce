"""Puts a road network into the database, whole or not at all, and marks every change of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice

from django.contrib.gis.geos import LineString, Point
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.errors import RoadsInvalid
from cctv.models import RoadEdge, RoadNetwork, RoadNode
from cctv.models_roads import RoadClass
from controlroom.municipalities.models import Municipality

BATCH = 2_000
WIDE_FROM_LANES = 3
# A single lane of such a speed is an alley (골목): large engines pass it slowly if at all.
NARROW_UP_TO_KMH = 20.0

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class NodeIn:
    ref: str
    place: LonLat


@dataclass(frozen=True, slots=True)
class EdgeIn:
    ref: str
    start: str
    end: str
    line: tuple[LonLat, ...]
    speed_kmh: float
    length_m: float
    lanes: int = 1
    name: str = ""
    road_class: str = ""


@transaction.atomic
def replace_network(
    *,
    municipality: Municipality,
    nodes: Iterable[NodeIn],
    edges: Iterable[EdgeIn],
    source: str,
    data_date: date | None = None,
) -> RoadNetwork:
    """Put this network in the place of the one that the municipality had.

    Locks: the network's row, so that two imports follow each other.
    Raises: RoadsInvalid for an edge whose node is not there, or a network without edges.
    """
    RoadNetwork.objects.get_or_create(municipality=municipality)
    network: RoadNetwork = RoadNetwork.objects.select_for_update().get(municipality=municipality)
    RoadEdge.objects.filter(municipality=municipality).delete()
    RoadNode.objects.filter(municipality=municipality).delete()
    ids = _add_nodes(municipality, nodes)
    if not _add_edges(municipality, edges, ids):
        raise RoadsInvalid(_("this network has no roads"))
    network.source, network.data_date = source[:200], data_date
    network.version += 1
    network.imported_at = timezone.now()
    network.save()
    return network


def _add_nodes(municipality: Municipality, nodes: Iterable[NodeIn]) -> dict[str, int]:
    ids: dict[str, int] = {}
    coming = iter(nodes)
    while batch := list(islice(coming, BATCH)):
        rows = RoadNode.objects.bulk_create(
            RoadNode(
                municipality=municipality, ref=node.ref, location=Point(*node.place, srid=4326)
            )
            for node in batch
        )
        ids |= {row.ref: row.pk for row in rows}
    return ids


def _add_edges(municipality: Municipality, edges: Iterable[EdgeIn], ids: dict[str, int]) -> int:
    coming, added = iter(edges), 0
    while batch := list(islice(coming, BATCH)):
        for edge in batch:
            if missing := {edge.start, edge.end} - ids.keys():
                raise RoadsInvalid(
                    _("a road names a node that is not there"),
                    fields={edge.ref: [", ".join(sorted(missing))]},
                )
        added += len(RoadEdge.objects.bulk_create(_edge(municipality, one, ids) for one in batch))
    return added


def _edge(municipality: Municipality, edge: EdgeIn, ids: dict[str, int]) -> RoadEdge:
    return RoadEdge(
        municipality=municipality,
        ref=edge.ref,
        name=edge.name,
        start_id=ids[edge.start],
        end_id=ids[edge.end],
        line=LineString(edge.line, srid=4326),
        length_m=edge.length_m,
        speed_kmh=edge.speed_kmh,
        lanes=edge.lanes,
        road_class=edge.road_class or class_of(edge.lanes, edge.speed_kmh),
    )


def class_of(lanes: int, speed_kmh: float) -> RoadClass:
    """Guess the width where the source has none: by lanes, and an alley by its speed."""
    if lanes >= WIDE_FROM_LANES:
        return RoadClass.WIDE
    return RoadClass.NARROW if lanes == 1 and speed_kmh <= NARROW_UP_TO_KMH else RoadClass.NORMAL


def touch(municipality_id: int) -> None:
    """Mark that roads changed, so that every process reads them anew."""
    RoadNetwork.objects.filter(municipality_id=municipality_id).update(version=F("version") + 1)
