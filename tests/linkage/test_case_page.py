"""An agency's viewer page of one case: its granted cameras and their clocks, and nothing else."""

import pytest

from cctv.models import ViewRecord
from controlroom.accounts.models import User
from incidents.features import moment
from linkage import grants
from linkage.models import AgencySeat, StreamGrant
from tests.linkage.conftest import envelope
from tests.linkage.services.police112.conftest import *  # noqa: F403 - its room and its case
from tests.linkage.services.police112.conftest import RECEIPT, ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def seated(link, city, client):
    person = User.objects.create_user("engineer", display_name="이기사")
    AgencySeat.objects.create(municipality=city, agency=link.agency, user=person)
    client.force_login(person)
    return client


def under(link, number=RECEIPT, rest="") -> str:
    return f"/agency/case/{link.code}/{number}/watch/{rest}"


def test_it_shows_what_may_be_watched_for_this_case(seated, case, cameras, post, link):
    post(ask(cameras[0].pk))
    post(envelope(receipt_no="second"))
    said = {"purpose": "SCENE", "basis": "ACT-112", "cameras": [cameras[1].pk]}
    post(envelope("STREAM_REQUEST", receipt_no="second", **said))
    assert seated.get(under(link)).status_code == 200
    now = seated.get(under(link, rest="now")).json()
    (stream,) = now["streams"]
    grant, other = StreamGrant.objects.order_by("pk")
    assert (stream["grant"], stream["until"]) == (str(grant.reference), moment(grant.expires_at))
    assert set(now["case"]) == {"number", "kind", "urgency", "is_drill", "opened_at"}
    assert seated.post(under(link, rest=f"cameras/{other.reference}/ticket")).status_code == 404


def test_an_ended_grant_is_gone_and_says_why(seated, case, cameras, post, link, haneul):
    post(ask(cameras[0].pk))
    grant = StreamGrant.objects.get()
    grants.revoke(grant=grant, by=haneul, reason="시험")
    now = seated.get(under(link, rest="now")).json()
    assert now["streams"] == []
    (ended,) = now["ended"]
    assert (ended["grant"], ended["why"]) == (
        str(grant.reference),
        StreamGrant.objects.get().get_end_reason_display(),
    )
    assert seated.post(under(link, rest=f"cameras/{grant.reference}/ticket")).status_code == 404


def test_a_person_of_the_agency_watches_by_name_and_grant(
    seated, case, cameras, post, link, monkeypatch
):
    monkeypatch.setattr("cctv.streams.want", lambda *_asked, **_more: None)
    monkeypatch.setattr("cctv.streams.playlist", lambda *_asked: ("run", b"#EXTM3U\n"))
    post(ask(cameras[0].pk))
    grant = StreamGrant.objects.get()
    ticket = seated.post(under(link, rest=f"cameras/{grant.reference}/ticket")).json()
    assert "이기사" in ticket["mark"]
    assert RECEIPT in ticket["mark"]
    shown = {"Authorization": f"Ticket {ticket['ticket']}"}
    assert seated.get(ticket["playlist"], headers=shown).content == b"#EXTM3U\n"
    view = ViewRecord.objects.get()
    assert (view.viewer.username, view.grant) == ("engineer", grant.reference)


def test_nobody_else_finds_it(case, client, link, haneul, stranger, seated):
    assert seated.get(under(link, number="another")).status_code == 404
    client.logout()
    assert client.get(under(link)).status_code == 302
    assert client.get(under(link, rest="now")).status_code in {401, 403}
    for person in (haneul, stranger):
        client.force_login(person)
        assert client.get(under(link)).status_code == 403
        assert client.get(under(link, rest="now")).status_code == 404
