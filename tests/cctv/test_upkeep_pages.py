"""Pages of camera life: who sees them, what a step does, and figures that are never bare."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from cctv import health
from cctv.choices import Health
from cctv.models import CameraInterval, MaintenanceTicket
from tests.cctv.builders import make_camera
from tests.conftest import make_member

pytestmark = pytest.mark.django_db


def page(client, name, *args, **query):
    return client.get(reverse(name, args=["90010", *args]), query)


@pytest.fixture
def covered(city):
    camera = make_camera(city, name="한빛초 정문", health=Health.UNKNOWN)
    health.observe(camera_id=camera.pk, health=Health.OFFLINE, reason="unauthorized")
    return camera


def test_what_is_not_well_is_listed_with_its_reason(client, city, covered, haneul):
    make_camera(city, name="멀쩡한 카메라")
    client.force_login(haneul)
    text = page(client, "camera-condition").content.decode()
    assert "한빛초 정문" in text
    assert "로그인 거부" in text
    assert "멀쩡한 카메라" not in text
    assert "멀쩡한 카메라" in page(client, "camera-condition", state="online").content.decode()


def test_an_operator_opens_a_ticket_and_a_supervisor_takes_its_steps(
    client, city, covered, haneul, supervisor
):
    client.force_login(haneul)
    sent = {"camera": covered.pk, "cause": "offline", "priority": "2", "text": "비밀번호 변경됨"}
    client.post(reverse("camera-ticket-open", args=["90010"]), sent)
    ticket = MaintenanceTicket.objects.get()
    assert (ticket.opened_by, list(ticket.cameras.all())) == (haneul, [covered])
    step = reverse("camera-ticket-step", args=["90010", ticket.pk, "assign"])
    assert client.post(step, {"contractor": "한빛영상"}).status_code == 403
    client.force_login(supervisor)
    answer = client.post(step, {"contractor": ""}, follow=True)
    assert "작업할 업체가 필요합니다" in answer.content.decode()
    client.post(step, {"contractor": "한빛영상"})
    text = page(client, "camera-tickets").content.decode()
    assert "한빛영상" in text
    assert "비밀번호 변경됨" in text
    wrong = reverse("camera-ticket-step", args=["90010", ticket.pk, "verify"])
    client.post(wrong)
    ticket.refresh_from_db()
    assert ticket.state == "assigned"


def test_a_camera_of_another_city_gets_no_ticket(client, other_city, city, haneul):
    other = make_camera(other_city)
    client.force_login(haneul)
    for camera in (other.pk, "x", ""):
        client.post(reverse("camera-ticket-open", args=["90010"]), {"camera": camera})
    assert not MaintenanceTicket.objects.exists()


def test_availability_shows_numerator_denominator_and_what_is_not_known(client, city, supervisor):
    now = timezone.now()
    camera = make_camera(city, maker="한화비전")
    CameraInterval.objects.create(
        camera=camera, municipality=city, state="online", began_at=now - timedelta(hours=6),
        ended_at=now - timedelta(hours=3),
    )  # fmt: skip
    client.force_login(supervisor)
    text = page(client, "camera-availability", by="maker").content.decode()
    assert "한화비전" in text
    assert "3.0 / 3.0" in text
    table = page(client, "camera-availability", by="maker", format="csv")
    head, row = b"".join(table.streaming_content).decode("utf-8-sig").splitlines()
    assert head.split(",")[2:5] == ["usable_camera_hours", "known_camera_hours", "usable_of_known"]
    assert row.split(",")[:5] == ["한화비전", "1", "3.0", "3.0", "1.0"]
    assert float(row.split(",")[7]) > 600


def test_figures_are_for_who_may_count_and_an_auditor_sees_neither(client, city, haneul, bada):
    reader = make_member("statistician", city, "statistics")
    for who, seen in ((haneul, 403), (bada, 403), (reader, 200)):
        client.force_login(who)
        assert page(client, "camera-availability").status_code == seen
    client.force_login(bada)
    assert page(client, "camera-condition").status_code == 403
    client.force_login(reader)
    assert page(client, "camera-condition").status_code == 403
