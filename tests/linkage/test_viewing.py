"""A ticket opens one viewing for its holder; shown in any other way it opens nothing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from cctv import passes, posters, view_checks
from cctv.choices import Action
from cctv.errors import TicketRefused, ViewEnded
from cctv.models import VideoTicket, ViewRecord
from cctv.passes import Caller
from cctv.posters import Poster
from controlroom.accounts.models import User
from incidents import lifecycle
from incidents.choices import Result
from linkage import grants, viewing
from linkage.models import AgencySeat, Link, StreamGrant, TerminalShare
from linkage.models_agreements import LegalBasis
from linkage.models_video import GrantEnd
from linkage.services.police112 import shares
from linkage.services.police112.shares import ShareEnd
from tests.linkage.services.police112.conftest import *  # noqa: F403 - its room and its case
from tests.linkage.services.police112.conftest import ask
from tests.linkage.services.police112.terminals import enrolled, share

pytestmark = pytest.mark.django_db
HERE = Caller("the holder's own sign-in", "192.0.2.7")


@pytest.fixture(autouse=True)
def nothing_known(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"
    passes._passes.clear()
    yield
    passes._passes.clear()


@pytest.fixture
def grant(case, cameras, post) -> StreamGrant:
    assert post(ask(cameras[0].pk)).status_code == 201
    return StreamGrant.objects.get()


@pytest.fixture(params=["system", "terminal", "person"])
def holder(request, grant, police, link, city) -> dict:
    """Who watches by a grant: the agency's system, its terminal, its person."""
    if request.param == "person":
        person = User.objects.create_user("engineer")
        AgencySeat.objects.create(municipality=city, agency=link.agency, user=person)
        return {"viewer": person}
    if request.param == "terminal":
        enrolled(police, link)
        assert share(police, link).status_code == 201
        return {"agent": viewing.terminal_name(TerminalShare.objects.get().terminal)}
    return {"agent": viewing.system_of(link)}


@pytest.fixture
def token(grant, holder) -> str:
    return viewing.ticket(grant=grant, caller=HERE, **holder).token


def admit(token, grant, holder, **otherwise):
    shown = {"token": token, "camera_id": grant.camera_id, "caller": HERE, "opening": True}
    return view_checks.admit(**shown | holder | otherwise)


def over(token, grant, holder) -> None:
    view_checks.stop(token=token, camera_id=grant.camera_id, caller=HERE)


def late(token, grant, holder) -> None:
    VideoTicket.objects.update(expires_at=timezone.now() - timedelta(milliseconds=1))


OF_PIECES = {"action", "opening"}
# What is done with the ticket before: used, ended, left lying. How it is shown. What is said.
WRONG = {
    "again after its viewing": ([admit, over], {}, ViewEnded),
    "after its minute": ([late], {}, ViewEnded),
    "by another sign-in": ([], {"caller": Caller("another", HERE.address)}, TicketRefused),
    "by another sign-in, while used": (
        [admit],
        {"caller": Caller("another", HERE.address)},
        TicketRefused,
    ),
    "from another address": ([], {"caller": Caller(HERE.session_key, "192.0.2.8")}, TicketRefused),
    "from another address, while used": (
        [admit],
        {"caller": Caller(HERE.session_key, "192.0.2.8")},
        TicketRefused,
    ),
    "by another agency": ([], {"agent": "fire119-90010", "viewer": None}, TicketRefused),
    "by another terminal": ([], {"agent": "police112-90010 T-99", "viewer": None}, TicketRefused),
    "by nobody": ([], {"agent": "", "viewer": AnonymousUser()}, TicketRefused),
    "for another camera": ([], {"camera_id": 10**9}, TicketRefused),
    "for another action": ([], {"action": Action.RECORDED}, TicketRefused),
    "for another action, while used": ([admit], {"action": Action.RECORDED}, TicketRefused),
    "for a piece before the play list": ([], {"opening": False}, TicketRefused),
}


def poster(token, grant, holder, **otherwise):
    shown = {"token": token, "camera_id": grant.camera_id, "caller": HERE}
    return posters.show(**shown | holder | otherwise)


def seen(grant, at) -> None:
    """Let the camera have been looked at then."""
    mark = posters.mark_of(grant.camera)
    picture = Poster(b"\xff\xd8 before \xff\xd9", at)
    posters.keep(camera_id=grant.camera_id, mark=mark, poster=picture)


# A poster has no action of its own, and opens the view.
ASKED = [(admit, name) for name in WRONG] + [
    (poster, name) for name, (_, shown, _) in WRONG.items() if shown.keys().isdisjoint(OF_PIECES)
]


@pytest.mark.parametrize(("ask_for", "name"), ASKED)
def test_a_ticket_is_refused(grant, holder, token, ask_for, name):
    before, otherwise, refusal = WRONG[name]
    seen(grant, timezone.now())
    for act in before:
        act(token, grant, holder)
    views = ViewRecord.objects.count()
    with pytest.raises(refusal):
        ask_for(token, grant, holder, **otherwise)
    assert ViewRecord.objects.count() == views
    if refusal is TicketRefused:  # and its holder is not disturbed by who shows it wrongly
        admit(token, grant, holder)


def test_a_grant_shows_no_picture_of_before_it(grant, holder, token):
    seen(grant, grant.granted_at - timedelta(milliseconds=2))
    assert poster(token, grant, holder) is None
    assert not ViewRecord.objects.exists()
    seen(grant, grant.granted_at + timedelta(milliseconds=2))
    assert poster(token, grant, holder)
    assert ViewRecord.objects.get().grant == grant.reference


# How a viewing ends of itself, and what the record says.
ENDS = {
    "revoked": ("revoked", lambda grant, by: grants.revoke(grant=grant, by=by, reason="x")),
    "its time": (
        "expired",
        lambda grant, by: StreamGrant.objects.update(expires_at=timezone.now()),
    ),
    "closed by the agency": (
        "agency_closed",
        lambda grant, by: grants.end(grants=StreamGrant.objects.all(), why=GrantEnd.AGENCY_CLOSE),
    ),
    "the incident": ("incident_ended", lambda grant, by: close(grant.incident, by)),
    "the link": ("link_stopped", lambda grant, by: suspend(grant)),
    "the basis": ("link_stopped", lambda grant, by: LegalBasis.objects.update(allowed_data=[])),
    "the camera": (
        "camera_gone",
        lambda grant, by: type(grant.camera).objects.update(gone_at=timezone.now()),
    ),
}


def suspend(grant) -> None:
    grants.end(grants=StreamGrant.objects.all(), why=GrantEnd.LINK_SUSPENDED)
    Link.objects.update(state="suspended")


def close(incident, by) -> None:
    lifecycle.claim(incident=incident, by=by)
    lifecycle.close(incident=incident, by=by, result=Result.RESOLVED, text="")


@pytest.mark.parametrize("name", list(ENDS))
def test_a_viewing_ends_with(grant, holder, token, haneul, name):
    reason, act = ENDS[name]
    admit(token, grant, holder)
    act(grant, haneul)
    with pytest.raises(ViewEnded) as refusal:
        admit(token, grant, holder, opening=False)
    view = ViewRecord.objects.get()
    assert (refusal.value.fields["reason"], view.end_reason) == ([reason], reason)


def test_a_share_taken_back_ends_what_its_terminal_watches(grant, police, link):
    enrolled(police, link)
    share(police, link)
    agent = viewing.terminal_name(TerminalShare.objects.get().terminal)
    token = viewing.ticket(grant=grant, caller=HERE, agent=agent).token
    admit(token, grant, {"agent": agent})
    shares.end(shares=TerminalShare.objects.all(), why=ShareEnd.TAKEN_BACK)
    assert ViewRecord.objects.get().end_reason == "share_ended"
    with pytest.raises(TicketRefused):
        viewing.ticket(grant=grant, caller=HERE, agent=agent)


def test_who_sits_for_the_agency_no_more_sees_no_more(grant, link, city):
    person = User.objects.create_user("engineer")
    seat = AgencySeat.objects.create(municipality=city, agency=link.agency, user=person)
    token = viewing.ticket(grant=grant, caller=HERE, viewer=person).token
    admit(token, grant, {"viewer": person})
    seat.delete()
    with pytest.raises(ViewEnded) as refusal:
        admit(token, grant, {"viewer": person}, opening=False)
    assert refusal.value.fields["reason"] == ["right_lost"]
    with pytest.raises(TicketRefused):
        viewing.ticket(grant=grant, caller=HERE, viewer=person)
