import time, random
from pathlib import Path
import pytest
from django.core.management import call_command
from cctv.models import RoadNode, RoadEdge
from cctv.roads import routing
from tests.conftest import make_municipality

def test_measure(db, real_data):
    city = make_municipality("30200", "유성구", 127.25, 36.25)
    call_command("import_roads", "30200", str(real_data/"roads"/"doan.nod.xml"), str(real_data/"roads"/"doan.edg.xml.gz"))
    print("edges", RoadEdge.objects.count())
    nodes = [(n.x, n.y) for n in RoadNode.objects.values_list("location", flat=True)]
    random.seed(1)
    scene = random.choice(nodes)
    routing.route(municipality_id=city.pk, start=nodes[0], end=scene)
    spans = []
    for at in random.sample(nodes, 200):
        began = time.perf_counter()
        found = routing.route(municipality_id=city.pk, start=at, end=scene)
        spans.append((time.perf_counter()-began)*1000)
    spans.sort()
    print("ms p50 %.1f p90 %.1f max %.1f" % (spans[100], spans[180], spans[-1]))
