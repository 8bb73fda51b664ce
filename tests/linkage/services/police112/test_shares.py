"""A case on a terminal: given by a named rule, bound to case and device, over by every end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cctv.models import ViewRecord
from controlroom.audit import chain
from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import Direction, LinkState
from linkage.models import StreamGrant, Terminal, TerminalShare
from linkage.models_agreements import LegalBasis
from linkage.models_terminals import ShareEnd
from linkage.services.police112 import shares, terminals
from linkage.services.police112.escape import send_escape_route
from tests.linkage.conftest import api_client, envelope
from tests.linkage.services.conftest import locked_too_late
from tests.linkage.services.police112.conftest import RECEIPT, ask
from tests.linkage.services.police112.terminals import (
    enrolled,
    reason,
    register,
    sent_still,
    share,
)


@pytest.fixture
def browser(case, police, link) -> Client:
    """The terminal T-01 with the case on its screen."""
    opened = enrolled(police, link)
    assert share(police, link).status_code == 201
    assert opened.get("/patrol/now/").status_code == 200
    return opened


def refusal(answer) -> dict:
    assert answer.status_code == 409, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "share_refused"
    return answer.json()["errors"]


def test_a_shared_case_is_shown_with_the_age_of_every_datum(
    browser, case, cameras, post, police, link, haneul
):
    when = timezone.now().isoformat()
    post(
        envelope("UNIT_POSITION", receipt_no=RECEIPT, unit="중앙12", at=when, lon=127.4, lat=36.41)
    )
    send_escape_route(incident=case, by=haneul, bearing_deg=0, text="시장 쪽")
    post(ask(cameras[1].pk, cameras[0].pk))
    seen = browser.get("/patrol/now/").json()
    assert seen["case"]["kind"] == case.kind.name_ko
    assert seen["case"]["urgency"] == "1"
    assert seen["address"] == "한빛시 중앙로 12"
    assert seen["unit"]["distance_m"] == pytest.approx(1110, abs=10)
    assert seen["unit"]["eta_s"] > 0
    assert (seen["escape"]["bearing_deg"], seen["escape"]["text"]) == (0, "시장 쪽")
    assert [row["id"] for row in seen["streams"]] == [camera.pk for camera in cameras[:2]]
    for part in ("case", "place", "unit", "escape"):
        assert seen[part]["at"], part
    assert seen["withheld"] == []
    assert "주점 앞 다툼" not in str(seen)


def test_giving_and_opening_are_on_record_and_live(browser, case, link):
    given = TerminalShare.objects.get()
    assert given.expires_at - given.given_at == timedelta(minutes=60)
    assert given.opened_at
    fact = case.events.get(verb="terminal-share")
    assert (fact.agent, fact.text) == (link.code, "T-01 · 중앙12")
    kinds = Entry.objects.filter(kind__startswith="share.").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["share.given", "share.opened"]
    browser.get("/patrol/now/")
    actions = Record.objects.filter(action__startswith="share.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["share.given", "share.opened"]


def test_the_same_again_is_the_share_as_it_stands(browser, police, link):
    again = share(police, link)
    assert again.status_code == 200
    assert str(TerminalShare.objects.get().reference) == again.data["share"]


def test_without_a_record_nothing_leaves(case, police, link, monkeypatch):
    opened = enrolled(police, link)
    share(police, link)

    def broken(**said):
        raise RuntimeError(said["action"])

    monkeypatch.setattr(chain, "record", broken)
    with pytest.raises(RuntimeError, match=r"share\.opened"):
        opened.get("/patrol/now/")
    assert TerminalShare.objects.get().opened_at is None


@pytest.mark.parametrize(
    ("spoil", "errors"),
    [
        ("unknown", {"terminal": ["terminal_unknown"]}),
        ("retired", {"terminal": ["terminal_retired"]}),
        ("not enrolled", {"terminal": ["terminal_not_enrolled"]}),
        ("inbound", {"link": ["inbound_only"]}),
        ("no basis", {"link": ["basis_not_allowed"]}),
        ("ended", {"receipt_no": ["closed"]}),
        ("cancelled", {"receipt_no": ["cancelled"]}),
    ],
)
def test_a_share_is_refused_by_its_rule(case, post, police, link, haneul, spoil, errors):
    enrolled(police, link)
    register(police, link, "T-02")
    number = {"unknown": "T-09", "not enrolled": "T-02"}.get(spoil, "T-01")
    if spoil == "retired":
        terminals.retire(terminal=Terminal.objects.get(number="T-01"))
    elif spoil == "inbound":
        link.direction = Direction.IN
        link.save()
    elif spoil == "no basis":
        LegalBasis.objects.update(allowed_data=["live_video"])
    elif spoil == "ended":
        lifecycle.claim(incident=case, by=haneul)
        lifecycle.close(incident=case, by=haneul, result="resolved")
    elif spoil == "cancelled":
        post(envelope("CANCEL", receipt_no=RECEIPT, version=2))
    assert refusal(share(police, link, number)) == errors
    assert not TerminalShare.objects.exists()


def test_on_a_suspended_link_nothing_is_shared(case, police, link):
    enrolled(police, link)
    link.state = LinkState.SUSPENDED
    link.save()
    answer = share(police, link)
    assert (answer.status_code, answer.json()["code"]) == (403, "link_closed")
    assert not TerminalShare.objects.exists()


def test_a_case_or_terminal_of_another_link_is_not_there(case, police, link, other_link):
    stranger = api_client(other_link)
    enrolled(stranger, other_link, "T-77")
    assert share(stranger, other_link, "T-77").status_code == 404
    assert share(stranger, link, "T-77").status_code == 404
    assert refusal(share(police, link, "T-77")) == {"terminal": ["terminal_unknown"]}
    assert not TerminalShare.objects.exists()


ENDS = {
    "closed by the room": (
        "agency_close",
        lambda post, **_: post(envelope("CLOSE", receipt_no=RECEIPT)),
    ),
    "status closed": (
        "agency_close",
        lambda post, **_: post(envelope("STATUS_UPDATE", receipt_no=RECEIPT, status="CLOSED")),
    ),
    "unit withdrawn": (
        "unit_left",
        lambda post, **_: post(
            envelope("STATUS_UPDATE", receipt_no=RECEIPT, status="WITHDRAWN", unit="중앙12")
        ),
    ),
    "incident cancelled": (
        "incident_ended",
        lambda post, **_: post(envelope("CANCEL", receipt_no=RECEIPT, version=2)),
    ),
    "taken back": (
        "taken_back",
        lambda police, link, given, **_: police.delete(
            f"/api/v1/links/{link.code}/cases/{RECEIPT}/shares/{given.reference}"
        ),
    ),
    "revoked": (
        "revoked",
        lambda given, haneul, **_: shares.revoke(share=given, by=haneul, reason="오인 공유"),
    ),
    "expired": (
        "expired",
        lambda **_: TerminalShare.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
    ),
    "suspended": ("link_stopped", lambda link, **_: type(link).objects.update(state="suspended")),
    "basis ended": ("link_stopped", lambda **_: LegalBasis.objects.update(allowed_data=[])),
}


@pytest.mark.parametrize("name", list(ENDS))
def test_a_share_ends_when(browser, case, cameras, post, police, link, haneul, name):
    post(ask(cameras[0].pk))
    (camera,) = browser.get("/patrol/now/").json()["streams"]
    wanted, act = ENDS[name]
    act(post=post, police=police, link=link, given=TerminalShare.objects.get(), haneul=haneul)
    # Before any sweep: the door reads for itself.
    assert reason(browser.get("/patrol/now/")) == wanted
    for piece in ("live.m3u8", "state", "00000000-000001.m4s"):
        assert reason(browser.get(f"/patrol/cameras/{camera['grant']}/{piece}")) == wanted
    shares.end_overdue()
    assert TerminalShare.objects.get().end_reason == wanted
    assert Record.objects.filter(action="share.ended", detail__why=wanted).count() == 1
    assert Entry.objects.filter(kind="share.ended", subject_id=str(case.pk)).count() == 1
    assert reason(browser.get("/patrol/now/")) == wanted


def test_another_unit_that_leaves_ends_nothing(browser, post):
    post(envelope("STATUS_UPDATE", receipt_no=RECEIPT, status="WITHDRAWN", unit="중앙13"))
    assert browser.get("/patrol/now/").status_code == 200


def test_a_terminal_that_is_enrolled_anew_or_retired_shows_nothing(browser, police, link):
    other = enrolled(police, link)
    assert browser.get("/patrol/now/").status_code == 401
    assert reason(other.get("/patrol/now/")) == "terminal"
    assert share(police, link).status_code == 201
    assert police.delete(f"/api/v1/links/{link.code}/terminals/T-01").status_code == 204
    assert TerminalShare.objects.order_by("-pk")[0].end_reason == "terminal"
    assert other.get("/patrol/now/").status_code == 401


def test_another_case_takes_the_place_of_the_first(browser, post, police, link):
    post(envelope(receipt_no="second", address="한빛시 강변로 3"))
    assert share(police, link, receipt_no="second").status_code == 201
    assert browser.get("/patrol/now/").json()["address"] == "한빛시 강변로 3"
    first, second = TerminalShare.objects.order_by("pk")
    assert (first.end_reason, second.ended_at) == ("replaced", None)
    (row,) = police.get(f"/api/v1/links/{link.code}/cases/second/shares").data["shares"]
    assert row["terminal"] == "T-01"
    assert police.get(f"/api/v1/links/{link.code}/cases/{RECEIPT}/shares").data["shares"] == []


def test_another_terminal_sees_nothing_of_it(browser, cameras, post, police, link):
    post(ask(cameras[0].pk))
    grant = StreamGrant.objects.get()
    beside = enrolled(police, link, "T-02")
    assert reason(beside.get("/patrol/now/")) == ""
    assert reason(beside.get(f"/patrol/cameras/{grant.reference}/live.m3u8")) == ""
    nobody = Client()
    assert nobody.get(f"/patrol/cameras/{grant.reference}/live.m3u8").status_code == 401


def test_a_person_of_the_centre_is_no_terminal(browser, haneul):
    person = Client()
    person.force_login(haneul)
    assert person.get("/patrol/now/").status_code == 401


def ticket(browser, grant) -> str:
    return browser.post(f"/patrol/cameras/{grant.reference}/ticket").json().get("ticket", "")


def watched(browser, grant, token="", piece="live.m3u8"):
    shown = {"Authorization": f"Ticket {token or ticket(browser, grant)}"}
    return browser.get(f"/patrol/cameras/{grant.reference}/{piece}", headers=shown)


@pytest.fixture
def pictures(monkeypatch):
    """The relay's files, without a relay."""
    monkeypatch.setattr("cctv.streams.want", lambda camera_id: None)
    monkeypatch.setattr("cctv.streams.playlist", lambda camera_id: ("run", b"#EXTM3U\n"))
    monkeypatch.setattr("cctv.streams.segment", lambda camera_id, name: b"piece")


def test_only_cameras_granted_for_this_very_case_are_shown(
    browser, cameras, post, police, link, pictures
):
    post(ask(cameras[0].pk))
    post(envelope(receipt_no="second"))
    said = {"purpose": "SCENE", "basis": "ACT-112", "cameras": [cameras[1].pk]}
    post(envelope("STREAM_REQUEST", receipt_no="second", **said))
    own, others = StreamGrant.objects.order_by("pk")
    token = ticket(browser, own)
    assert watched(browser, own, token).content == b"#EXTM3U\n"
    assert watched(browser, others).status_code == 404
    view = ViewRecord.objects.get()
    assert (view.agent, view.grant, view.viewer) == (
        f"{own.link.code} T-01",
        own.reference,
        None,
    )
    record = Record.objects.get(action="share.viewed")
    assert (record.detail["camera"], record.detail["terminal"]) == (cameras[0].pk, "T-01")
    piece = watched(browser, own, token, "00000000-000001.m4s")
    assert piece.content == b"piece"
    assert Record.objects.filter(action="share.viewed").count() == 1
    type(own).objects.filter(pk=own.pk).update(ended_at=timezone.now(), end_reason="revoked")
    assert watched(browser, own, token, "00000000-000001.m4s").status_code == 404


def test_an_end_that_comes_while_a_request_is_under_way_still_counts(
    browser, cameras, post, pictures
):
    post(ask(cameras[0].pk))
    grant, given = StreamGrant.objects.get(), TerminalShare.objects.get()
    shares.end(shares=TerminalShare.objects.all(), why=ShareEnd.TAKEN_BACK)
    # Read before the end, written after it: nothing is recorded as seen, and nothing leaves.
    with pytest.raises(shares.ShareOver):
        shares.note_viewed(share=given, grant=grant)
    given.opened_at = None
    with pytest.raises(shares.ShareOver):
        shares.note_opened(share=given)
    assert not Record.objects.filter(action="share.viewed").exists()


def test_without_a_record_no_picture_leaves(browser, cameras, post, pictures, monkeypatch):
    post(ask(cameras[0].pk))
    grant = StreamGrant.objects.get()
    token = ticket(browser, grant)

    def broken(**said):
        raise RuntimeError(said["action"])

    monkeypatch.setattr(chain, "record", broken)
    for piece in ("live.m3u8", "00000000-000001.m4s"):
        with pytest.raises(RuntimeError, match=r"share\.viewed|video\.view"):
            watched(browser, grant, token, piece)


def test_stills_sent_for_the_case_come_with_it_and_are_on_record(
    browser, case, cameras, post, link, haneul
):
    post(envelope(receipt_no="second"))
    other = Incident.objects.exclude(pk=case.pk).get()
    theirs = sent_still(link, other, cameras[1], haneul, receipt_no="second")
    own = sent_still(link, case, cameras[0], haneul)
    (shown,) = browser.get("/patrol/now/").json()["stills"]
    assert (shown["id"], shown["text"]) == (str(own.still.reference), "2명")
    assert browser.get(f"/patrol/stills/{shown['id']}").content == b"jpeg"
    assert Record.objects.get(action="still.viewed").agent == f"{link.code} T-01"
    assert browser.get(f"/patrol/stills/{theirs.still.reference}").status_code == 404
    post(envelope("CLOSE", receipt_no=RECEIPT))
    assert reason(browser.get(f"/patrol/stills/{shown['id']}")) == "agency_close"
    assert Client().get(f"/patrol/stills/{shown['id']}").status_code == 401


def test_what_the_basis_does_not_cover_is_left_out(browser, cameras, post, link, haneul, case):
    post(ask(cameras[0].pk))
    send_escape_route(incident=case, by=haneul, bearing_deg=90, text="시장 쪽")
    LegalBasis.objects.filter(pk=link.legal_basis_id).update(allowed_data=["place"])
    seen = browser.get("/patrol/now/").json()
    assert seen["withheld"] == ["cameras", "stills", "streams", "text"]
    assert "streams" not in seen
    assert set(seen["escape"]) == {"bearing_deg", "at"}
    assert watched(browser, StreamGrant.objects.get()).status_code == 404


def test_a_duplicates_case_is_shared_as_the_incident_it_is_worked_on(
    browser, case, post, police, link, haneul
):
    post(envelope(receipt_no="second"))
    other = Incident.objects.exclude(pk=case.pk).get()
    lifecycle.acknowledge(incident=case, by=haneul)
    lifecycle.mark_duplicate(incident=case, by=haneul, of=other)
    assert reason(browser.get("/patrol/now/")) == "incident_ended"
    assert share(police, link).status_code == 201
    assert TerminalShare.objects.open().get().incident == other


@pytest.mark.parametrize("end", ["CLOSE", "STATUS_UPDATE"])
def test_incidents_are_locked_before_the_journal(browser, case, post, police, link, haneul, end):
    post(envelope(receipt_no="second"))
    other = Incident.objects.exclude(pk=case.pk).get()
    lifecycle.acknowledge(incident=case, by=haneul)
    lifecycle.mark_duplicate(incident=case, by=haneul, of=other)
    share(police, link)
    said = {"status": "CLOSED"} if end == "STATUS_UPDATE" else {}
    with CaptureQueriesContext(connection) as asked:
        assert post(envelope(end, receipt_no=RECEIPT, **said)).status_code == 201
    assert not TerminalShare.objects.open().exists()
    assert locked_too_late([one["sql"] for one in asked.captured_queries]) == []


def test_the_console_shows_and_withdraws(browser, case, client, haneul, bada, stranger, city):
    client.force_login(haneul)
    path = f"/m/{city.code}/linkage/incidents/{case.pk}/police112/"
    (row,) = client.get(path).json()["shares"]
    assert (row["terminal"], row["unit"], row["ended_at"]) == ("T-01", "중앙12", None)
    revoke = f"/m/{city.code}/linkage/shares/{row['id']}/revoke/"
    said = {"data": {"reason": "오인 공유"}, "content_type": "application/json"}
    for person, wanted in ((stranger, 404), (bada, 403)):
        client.force_login(person)
        assert client.post(revoke, **said).status_code == wanted
    client.force_login(haneul)
    assert client.post(revoke, data={}, content_type="application/json").status_code == 400
    assert client.post(revoke, **said).json()["end_reason"] == "revoked"
    assert reason(browser.get("/patrol/now/")) == "revoked"
    assert case.events.get(verb="terminal-share-revoked").actor == haneul
