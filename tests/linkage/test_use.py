"""Whether a link is used: counted, said by people, exported, and dormant beside its peers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from incidents import lifecycle
from incidents.models import Incident
from linkage.models import Case, Link
from linkage.use import use_of
from tests.linkage.conftest import api_client, envelope

JSON = "application/json"


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


def test_a_link_is_dormant_when_its_peers_have_cases_and_it_has_none(link, other_link, incident):
    links = Link.objects.order_by("pk")
    assert [row["dormant"] for row in use_of(links, city=link.municipality).values()] == [
        False,
        True,
    ]
    long_ago = timezone.now() - timedelta(days=link.dormant_after_days + 1)
    Case.objects.update(opened_at=long_ago)
    assert [row["dormant"] for row in use_of(links, city=link.municipality).values()] == [
        False,
        False,
    ]
    api_client(other_link).post(
        f"/api/v1/links/{other_link.code}/messages", envelope(), format="json"
    )
    assert [row["dormant"] for row in use_of(links, city=link.municipality).values()] == [
        True,
        False,
    ]


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
