"""Road files are read as a stream, whole or not at all, and nothing in them is trusted."""

import gzip
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cctv.errors import RoadsInvalid
from cctv.models import RoadEdge, RoadNetwork, RoadNode
from cctv.roads import sumo

NODES = '<nodes><node id="a" x="127.40" y="36.40"/><node id="b" x="127.41" y="36.40"/></nodes>'
EDGE = (
    '<edge id="e1" from="a" to="b" numLanes="1" speed="10.0" edge_len="900" '
    'shape="127.40,36.40 127.41,36.40"/>'
)


@pytest.fixture
def files(tmp_path):
    def write(nodes=NODES, edges=f"<edges>{EDGE}</edges>"):
        (tmp_path / "n.xml").write_text(nodes, encoding="utf-8")
        (tmp_path / "e.xml.gz").write_bytes(gzip.compress(edges.encode()))
        return [str(tmp_path / "e.xml.gz"), str(tmp_path / "n.xml")]

    return write


def run(*args) -> str:
    out = StringIO()
    call_command("import_roads", *args, stdout=out)
    return out.getvalue()


def test_files_are_known_by_their_content_and_replace_what_was_there(city, files):
    run(city.code, *files())
    first = RoadNetwork.objects.get().version
    run(city.code, *files())
    assert RoadNode.objects.count() == 2
    edge = RoadEdge.objects.get()
    assert (edge.start.ref, edge.end.ref, edge.road_class) == ("a", "b", "narrow")
    assert RoadNetwork.objects.get().version == first + 1


@pytest.mark.parametrize(
    "edges",
    [
        "<edges></edges>",
        "<edges>",
        f"<other>{EDGE}</other>",
        "<edges>" + EDGE.replace('to="b"', 'to="nowhere"') + "</edges>",
        f"<edges>{EDGE.replace('10.0', '0')}</edges>",
        f"<edges>{EDGE.replace('10.0', 'nan')}</edges>",
        f"<edges>{EDGE.replace('127.41,36.40', '327.41,36.40')}</edges>",
        f"<edges>{EDGE.replace(' 127.41,36.40', '')}</edges>",
        f'<!DOCTYPE e [<!ENTITY x "y">]><edges>{EDGE}</edges>',
        f'<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]><edges>{EDGE}&x;</edges>',
    ],
)
def test_a_bad_file_is_refused_whole(city, files, edges):
    run(city.code, *files())
    with pytest.raises(CommandError):
        run(city.code, *files(edges=edges))
    assert RoadEdge.objects.count() == 1


def test_a_file_that_unpacks_beyond_the_limit_is_refused(files, monkeypatch):
    monkeypatch.setattr(sumo, "MAX_BYTES", 1000)
    path = sumo.Path(files(edges=f"<edges>{EDGE * 100}</edges>")[0])
    with pytest.raises(RoadsInvalid):
        list(sumo.edges(path))


@pytest.mark.real_data
def test_the_network_of_doan_comes_in_whole(city, real_data):
    folder = real_data / "roads"
    said = run(city.code, str(folder / "doan.nod.xml"), str(folder / "doan.edg.xml.gz"))
    assert "2290" in said
    assert "5445" in said
    assert RoadEdge.objects.filter(speed_kmh__gt=0, length_m__gt=0).count() == 5445
