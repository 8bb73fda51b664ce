"""The admin pages of the city's systems and of the rooms say what their keeper looks for."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv.models_roads import RoadNetwork
from controlroom.audit.models import Record
from incidents.models import SiteOfConcern
from linkage import alarms
from linkage.models_city import Bell, Sensor
from linkage.models_raw import RawIntake
from linkage.services.city import sensors
from tests.linkage.conftest import envelope

PLACE = Point(127.4, 36.4, srid=4326)


@pytest.fixture
def page(client, administrator):
    client.force_login(administrator)

    def get(path):
        answer = client.get(f"/admin/{path}")
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_what_the_city_has_and_measured_is_listed_and_only_read(page, client, link, post):
    sensor = Sensor.objects.create(
        municipality=link.municipality,
        link=link,
        code="underpass-1",
        name="중앙지하차도",
        kind="water_level",
        unit="m",
        location=PLACE,
        attention_from=1.0,
    )
    now = timezone.now()
    readings = [
        {"sensor": sensor.code, "at": (now - timedelta(minutes=n)).isoformat(), "value": 0.5 + n}
        for n in range(3)
    ]
    sensors.take_readings(link=link, readings=readings, raw=b'{"readings": []}')
    assert "0.5 m" in page("linkage/sensor/")
    batch = RawIntake.objects.get()
    assert "&quot;readings&quot;" not in page("linkage/rawintake/")
    assert "&quot;readings&quot;" in page(f"linkage/rawintake/{batch.pk}/change/")
    assert Record.objects.filter(action="raw_intake.read", subject_id=batch.pk).count() == 1
    page("linkage/trafficcamera/")
    shown = page(f"linkage/sensor/{sensor.pk}/change/")
    assert "1.5 m ·" in shown
    city = link.municipality
    Bell.objects.create(municipality=city, register_id="b1", number="한빛-1", location=PLACE)
    document = envelope() | {"payload": {"receipt_no": "1", "version": 1, "kind_code": "C01"}}
    document["payload"]["bell_id"] = "b1"
    assert post(document).status_code == 201
    assert '<td class="field-pressed">1</td>' in page("linkage/bell/?there=yes")
    RoadNetwork.objects.create(municipality=city, source="표준노드링크")
    assert "표준노드링크" in page("cctv/roadnetwork/")
    SiteOfConcern.objects.create(
        municipality=city, kind="hydrant", ref="h1", name="소화전 1", location=PLACE, source="시"
    )
    assert "소화전 1" in page("incidents/siteofconcern/")
    alarms.raise_(kind="source.silent", municipality=city, subject_id="city-90010 its_events")
    assert "city-90010 its_events" in page("linkage/alarm/?standing=yes")
    for name in ("firecase", "firetime", "engine", "streamgrant", "filedreport", "feed"):
        page(f"linkage/{name}/")
    page("incidents/clusteralarm/")
    assert client.get("/admin/linkage/alarm/add/").status_code == 403
