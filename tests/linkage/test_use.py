"""Whether a link is used: counted, said by people, exported, and dormant beside its peers."""

from datetime import UTC, datetime

import pytest

from controlroom.audit.models import Record
from incidents import catalogue, lifecycle
from incidents.models import Incident
from linkage.choices import LinkState
from linkage.demo.link import room_link
from linkage.models import Link
from linkage.models_city import Feed
from linkage.services.city import feeds
from linkage.services.city.adapters import utic_events
from linkage.use import use_of
from tests.linkage.city.answers import UTIC_ROW, utic_answer
from tests.linkage.conftest import api_client, envelope

JSON = "application/json"
STARTED = datetime(2026, 11, 22, 0, 40, tzinfo=UTC)


@pytest.fixture
def incident(post, haneul) -> Incident:
    post(envelope())
    post(envelope(receipt_no="20261122-000002"))
    incident = Incident.objects.get(cases__external_id="20261122-000001")
    return lifecycle.acknowledge(incident=incident, by=haneul)


def test_the_use_counts_real_cases_and_who_opened_them(link, incident):
    use = use_of([link], city=link.municipality)[link.pk]
    assert (use["triggered"], use["opened"], use["watched"]) == (2, 1, 0)
    assert use["last_real_at"]
    Incident.objects.update(is_drill=True)
    use = use_of([link], city=link.municipality)[link.pk]
    assert (use["triggered"], use["last_real_at"]) == (0, None)


def test_whether_it_is_dormant_is_the_links_own_state_and_nothing_else(link, other_link, incident):
    links = Link.objects.order_by("pk")
    found = use_of(links, city=link.municipality).values()
    assert [row["dormant"] for row in found] == [False, False]
    Link.objects.filter(pk=link.pk).update(state=LinkState.DORMANT)
    found = use_of(links.all(), city=link.municipality).values()
    assert [row["dormant"] for row in found] == [True, False]


def test_events_of_a_source_that_we_ask_are_use_and_a_bell_is_counted_once(city, haneul):
    catalogue.install()
    link = room_link("city", municipality=city).link
    feed = Feed.objects.create(
        municipality=city, link=link, adapter="utic_events", url="http://x.example/"
    )
    feeds.take(feed=feed, reading=utic_events(utic_answer(UTIC_ROW)), now=STARTED)
    send = api_client(link, "city").post
    place = {"lon": 127.4, "lat": 36.4, "error_radius_m": 5, "method": "gps"}
    send(
        f"/api/v1/links/{link.code}/messages", envelope(kind_code="C07", place=place), format="json"
    )
    use = use_of([link], city=city)[link.pk]
    assert (use["triggered"], use["opened"]) == (2, 0)
    assert use["last_real_at"]
    lifecycle.acknowledge(incident=Incident.objects.get(cases=None), by=haneul)
    assert use_of([link], city=city)[link.pk]["opened"] == 1
    Incident.objects.update(is_drill=True)
    assert use_of([link], city=city)[link.pk]["triggered"] == 0


def test_a_person_says_whether_it_was_of_use_and_may_change_their_mind(
    client, haneul, bada, stranger, city, link, incident
):
    path = f"/m/{city.code}/linkage/incidents/{incident.pk}/useful/"
    for person, status in ((stranger, 404), (bada, 403)):
        client.force_login(person)
        assert client.post(path, {"useful": True}, content_type=JSON).status_code == status
    client.force_login(haneul)
    assert client.post(path, {}, content_type=JSON).status_code == 400
    client.post(path, {"useful": True}, content_type=JSON)
    client.post(path, {"useful": False}, content_type=JSON)
    use = use_of([link], city=link.municipality)[link.pk]
    assert (use["useful"], use["not_useful"]) == (0, 1)
    assert Record.objects.filter(action="incident.use_said", actor_id=haneul.pk).count() == 2


def test_the_export_is_a_file_in_which_no_cell_is_a_formula(client, haneul, city, link, incident):
    link.agency.name_ko = "=HYPERLINK(1)"
    link.agency.save()
    client.force_login(haneul)
    answer = client.get(f"/m/{city.code}/linkage/console/use.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert answer["Content-Type"].startswith("text/csv")
    assert link.code in text
    assert ",=HYPERLINK" not in text
    assert "HYPERLINK" in text
