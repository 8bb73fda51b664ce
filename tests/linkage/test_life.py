"""An agency that is there says so by anything it does; one that is not rings, until it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linkage.choices import LinkState
from linkage.models import Alarm, Link, SignOfLife
from linkage.watch.rounds import Auditor
from tests.linkage.conftest import api_client, envelope

HOUR = timedelta(hours=1)


@pytest.fixture
def expected(link) -> Link:
    """Let the link expect a sign every ten minutes, and none has come for an hour."""
    Link.objects.update(silent_after_s=600, created_at=timezone.now() - HOUR)
    link.refresh_from_db()
    return link


def standing() -> list[Alarm]:
    """Give the alarms after the two rounds that the auditor's patience takes."""
    auditor = Auditor()
    auditor.round()
    auditor.round()
    return list(Alarm.objects.standing().filter(kind="link.silent"))


def test_a_heartbeat_says_what_is_expected_and_ends_the_alarm(police, expected):
    assert [alarm.subject_id for alarm in standing()] == [expected.code]
    said = police.post(f"/api/v1/links/{expected.code}/heartbeat")
    assert (said.status_code, said.data["state"], said.data["silent_after_s"]) == (200, "up", 600)
    assert standing() == []
    SignOfLife.objects.update(at=timezone.now() - timedelta(seconds=601))
    assert standing()[0].detail["expected_s"] == 600


@pytest.mark.parametrize("path", ["links/{code}/outbound", "links/{code}/deliveries", "incidents"])
def test_any_request_of_its_own_counts(police, expected, path):
    assert police.get(f"/api/v1/{path.format(code=expected.code)}").status_code == 200
    assert timezone.now() - SignOfLife.objects.get(link=expected).at < HOUR


def test_a_refused_message_is_a_sign_and_a_strangers_request_is_none(
    police, expected, other_link, post
):
    api_client(other_link).post(f"/api/v1/links/{expected.code}/heartbeat")
    assert not SignOfLife.objects.filter(link=expected).exists()
    assert post(envelope() | {"schema_ver": "0"}).status_code == 400
    assert SignOfLife.objects.filter(link=expected).exists()


def test_a_busy_link_is_written_once_in_a_while(police, expected):
    address = f"/api/v1/links/{expected.code}/heartbeat"
    police.post(address)
    first = SignOfLife.objects.get().at
    police.post(address)
    assert SignOfLife.objects.get().at == first
    SignOfLife.objects.update(at=timezone.now() - timedelta(seconds=6))
    police.post(address)
    assert SignOfLife.objects.get().at > first


def test_nobody_expects_anything_of_a_closed_link(expected):
    for state in (LinkState.MAINTENANCE, LinkState.SUSPENDED):
        Link.objects.update(state=state)
        assert standing() == []


def test_the_link_console_shows_the_silence(client, haneul, city, police, expected):
    client.force_login(haneul)
    address = f"/m/{city.code}/linkage/console/"
    came = client.get(address).json()["links"][0]["directions"][1]
    assert came["silent_s"] >= 3600
    police.post(f"/api/v1/links/{expected.code}/heartbeat")
    came = client.get(address).json()["links"][0]["directions"][1]
    assert (came["silent_s"], came["heard_at"] is None) == (None, False)
