"""The console's link lights and exchanges, and that a stranger gets neither."""

import pytest

from incidents import lifecycle
from incidents.models import Incident
from tests.linkage.conftest import envelope


@pytest.fixture
def incident(post, haneul) -> Incident:
    post(envelope())
    incident = Incident.objects.get()
    lifecycle.acknowledge(incident=incident, by=haneul)
    return incident


def test_the_links_show_state_and_queue(client, haneul, city, link, incident):
    client.force_login(haneul)
    (row,) = client.get(f"/m/{city.code}/linkage/links/").json()["links"]
    assert (row["code"], row["state"], row["queued"]) == (link.code, "up", 1)
    assert row["oldest_unsent_s"] >= 0
    assert row["last_in_at"]


def test_the_exchanges_of_an_incident_go_both_ways(client, haneul, city, incident):
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/incidents/{incident.pk}/exchanges/"
    came, owed = client.get(path).json()["exchanges"]
    assert (came["direction"], came["type"], came["state"]) == ("in", "EVENT_NOTIFY", "applied")
    assert (owed["direction"], owed["type"], owed["state"]) == ("out", "ACK", "queued")
    assert owed["steps"][0]["name"] == "queued"


@pytest.mark.parametrize("path", ["links/", "incidents/{pk}/exchanges/"])
def test_a_stranger_gets_nothing(client, stranger, city, incident, path):
    client.force_login(stranger)
    address = f"/m/{city.code}/linkage/{path.format(pk=incident.pk)}"
    assert client.get(address).status_code == 404


def test_a_stranger_gets_nothing_by_the_own_city_either(client, stranger, other_city, incident):
    client.force_login(stranger)
    path = f"/m/{other_city.code}/linkage/incidents/{incident.pk}/exchanges/"
    assert client.get(path).status_code == 404


def test_an_auditor_does_not_see_operations(client, bada, city, link):
    client.force_login(bada)
    assert client.get(f"/m/{city.code}/linkage/links/").status_code == 403
