"""An agency that hangs is its own trouble: the others notice nothing."""

import pytest

from incidents import lifecycle
from linkage import delivery
from linkage.choices import AgencyKind, OutboxState
from linkage.links import create_link
from linkage.models import Agency, Link, OutboxMessage
from tests.linkage.conftest import drain, taken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch):
    monkeypatch.setattr("linkage.tasks.nudge", lambda _link: None)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", lambda _link: None)


@pytest.fixture
def neighbour(city, agency) -> Link:
    """Link another agency, with a door that works."""
    other = Agency.objects.create(
        kind=AgencyKind.POLICE, organisation_code="1320999", name_ko="이웃 상황실"
    )
    return create_link(
        municipality=city,
        agency=other,
        service="police112",
        code="police112-neighbour",
        push_url=agency.url,
        allow_private_address=True,
        webhook_secret=agency.secret,
    ).link


def test_a_hanging_agency_holds_up_no_other(pushed, neighbour, agency, haneul, deaf_door):
    Link.objects.filter(pk=pushed.pk).update(push_url=deaf_door.url)
    for number in range(3):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=f"h{number}"), by=haneul)
        lifecycle.acknowledge(incident=taken(neighbour, receipt_no=f"n{number}"), by=haneul)
    hanging = deaf_door.deliver_in_background(pushed)
    deaf_door.heard.wait(60)
    # The hanging post is under way: it holds no lock that the neighbour needs.
    assert drain(neighbour) == 3
    assert hanging.is_alive()
    deaf_door.let_go()
    hanging.join(60)
    waiting = OutboxMessage.objects.filter(link=pushed)
    assert set(waiting.values_list("state", flat=True)) <= {
        OutboxState.RETRYING,
        OutboxState.QUEUED,
    }
    pushed.refresh_from_db()
    assert delivery._turns_at_most(pushed) == 1
