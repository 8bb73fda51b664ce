"""Incidents answered together are linked and stay two."""

import pytest

from controlroom.errors import Invalid, NotAllowed
from controlroom.journal.models import Entry
from incidents.joins import join, joins_of
from incidents.models import IncidentLink
from tests.incidents.conftest import make_incident


@pytest.fixture
def other(city, robbery):
    return make_incident(city, robbery)


@pytest.mark.parametrize("kind", ["co_response", "transfer", "related"])
def test_both_are_told_and_neither_changes_its_status(incident, other, haneul, kind):
    join(incident=incident, other=other, kind=kind, by=haneul, reason="화재 동반")
    for mine, direction in ((incident, "out"), (other, "in")):
        mine.refresh_from_db()
        assert mine.status == "received"
        (row,) = joins_of(mine)
        assert (row["kind"], row["direction"], row["reason"]) == (kind, direction, "화재 동반")
        assert mine.events.latest("pk").data["direction"] == direction
    assert Entry.objects.filter(subject_id=str(other.pk)).exists()


def test_the_same_link_again_changes_nothing(incident, other, haneul):
    join(incident=incident, other=other, kind="related", by=haneul)
    join(incident=incident, other=other, kind="related", by=haneul)
    assert IncidentLink.objects.count() == 1
    assert incident.events.filter(verb="related").count() == 1


def test_nothing_is_linked_with_itself_or_with_another_city(incident, haneul, other_city, robbery):
    with pytest.raises(Invalid):
        join(incident=incident, other=incident, kind="related", by=haneul)
    far = make_incident(other_city, robbery)
    with pytest.raises(Invalid):
        join(incident=incident, other=far, kind="related", by=haneul)


def test_who_only_reads_links_nothing(incident, other, bada):
    with pytest.raises(NotAllowed):
        join(incident=incident, other=other, kind="related", by=bada)


def test_the_console_reads_and_adds_links(incident, other, client, haneul, city):
    client.force_login(haneul)
    path = f"/m/{city.code}/incidents/{incident.pk}/joins/"
    body = {"other": str(other.pk), "kind": "co_response"}
    assert client.post(path, body, content_type="application/json").status_code == 201
    (row,) = client.get(path).json()["joins"]
    assert row["incident"]["number"] == other.number
