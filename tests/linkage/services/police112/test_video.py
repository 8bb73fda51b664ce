"""The dialogue about video: listed, asked for, granted or refused, ended; never a source."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv.models import ViewRecord
from cctv.sources import SYNTHETIC, set_source
from controlroom.audit.models import Record
from controlroom.journal.models import Entry
from incidents import lifecycle
from incidents.models import IncidentEvent
from linkage import grants
from linkage.choices import LinkMode, LinkState
from linkage.links import set_state
from linkage.models import StreamGrant, VideoRequest
from linkage.models_agreements import LegalBasis
from linkage.models_video import GrantEnd
from linkage.services.video import answers
from tests.linkage.conftest import api_client, envelope
from tests.linkage.services.police112.conftest import RECEIPT, ask, owed

FIELDS = {"id", "name", "lon", "lat", "distance_m", "bearing_deg", "in_view", "health"}


def automatic(link) -> None:
    link.mode = LinkMode.PUSH
    link.save()


def granted(post, *cameras) -> list[StreamGrant]:
    assert post(ask(*[camera.pk for camera in cameras])).status_code == 201
    return list(StreamGrant.objects.filter(ended_at=None).order_by("pk"))


def test_a_report_is_answered_by_the_list_of_cameras(case, cameras):
    (message,) = owed("CAMERA_LIST")
    assert message.payload["version"] == 1
    listed = message.payload["cameras"]
    assert [row["id"] for row in listed] == [camera.pk for camera in cameras[:3]]
    assert all(set(row) == FIELDS for row in listed)


def test_the_list_never_names_a_source(city, cameras, post, link):
    automatic(link)
    for camera in cameras:
        set_source(camera, SYNTHETIC)
    post(envelope(receipt_no=RECEIPT))
    assert "synthetic" not in str(owed("CAMERA_LIST")[0].payload)


def test_a_place_that_moves_sends_a_new_version(case, haneul):
    lifecycle.acknowledge(incident=case, by=haneul)
    lifecycle.move(incident=case, by=haneul, place=Point(127.4, 36.4501, srid=4326))
    first, second = owed("CAMERA_LIST")
    assert (first.payload["version"], second.payload["version"]) == (1, 2)
    assert first.payload["cameras"] != second.payload["cameras"]


def test_a_correction_by_the_room_itself_sends_a_new_version(case, post):
    place = {"lon": 127.4, "lat": 36.4502, "error_radius_m": 5, "method": "gps"}
    post(envelope(receipt_no=RECEIPT, version=2, place=place))
    assert [row.payload["version"] for row in owed("CAMERA_LIST")] == [1, 2]


def test_a_change_that_chooses_no_cameras_sends_no_list(case, post):
    post(envelope(receipt_no=RECEIPT, version=2, summary="다른 말"))
    assert len(owed("CAMERA_LIST")) == 1


def test_a_request_without_cameras_asks_for_the_list(case, post):
    document = ask()
    assert post(document).status_code == 201
    assert owed("CAMERA_LIST")[-1].payload["in_reply_to"] == document["msg_id"]


def test_on_request_no_list_goes_out_before_it_is_asked_for(cameras, post, link):
    post(envelope(receipt_no=RECEIPT))
    assert not owed("CAMERA_LIST")
    post(ask())
    assert len(owed("CAMERA_LIST")) == 1


def test_a_link_without_a_basis_for_video_gets_neither_list_nor_grant(case, cameras, post, link):
    link.legal_basis = LegalBasis.objects.get(code="ACT-ROAD")
    link.save()
    post(ask(cameras[0].pk, basis="ACT-ROAD"))
    assert owed("STREAM_DENY")[0].payload["denied"][0]["rule"] == "basis_not_allowed"
    assert not StreamGrant.objects.exists()


def test_no_pictures_of_a_kind_that_the_agreement_does_not_name(cameras, post, link):
    automatic(link)
    link.allowed_kinds = ["101"]
    link.save()
    assert post(envelope(receipt_no=RECEIPT, kind_code="Z9")).status_code == 201
    assert not owed("CAMERA_LIST")
    post(ask())
    post(ask(cameras[0].pk))
    rules = [one["rule"] for message in owed("STREAM_DENY") for one in message.payload["denied"]]
    assert rules == ["kind_not_allowed"] * 2
    assert not StreamGrant.objects.exists()


def test_a_request_is_granted_bound_to_case_camera_and_basis(case, cameras, post, link):
    document = ask(cameras[0].pk, cameras[1].pk)
    assert post(document).status_code == 201
    (message,) = owed("STREAM_GRANT")
    found = {str(grant.reference): grant for grant in StreamGrant.objects.all()}
    assert {row["grant"] for row in message.payload["grants"]} == set(found)
    assert message.payload["in_reply_to"] == document["msg_id"]
    for grant in found.values():
        assert (grant.link, grant.incident, grant.basis) == (link, case, "ACT-112")
        assert grant.expires_at - grant.granted_at == timedelta(minutes=60)
    assert Record.objects.filter(action="grant.given").count() == 2
    assert IncidentEvent.objects.filter(incident=case, verb="video-request").count() == 1
    assert Entry.objects.filter(kind="video.granted", subject_id=str(case.pk)).count() == 2


def test_a_camera_outside_the_list_is_refused_beside_a_granted_one(case, cameras, post):
    post(ask(cameras[0].pk, cameras[3].pk))
    assert [row["camera"] for row in owed("STREAM_GRANT")[0].payload["grants"]] == [cameras[0].pk]
    assert owed("STREAM_DENY")[0].payload["denied"] == [
        {"camera": cameras[3].pk, "right": "live", "rule": "not_in_list"}
    ]


def test_another_purpose_is_refused_by_its_rule(case, cameras, post):
    post(ask(cameras[0].pk, purpose="TRAFFIC_FINE"))
    assert owed("STREAM_DENY")[0].payload["denied"][0]["rule"] == "purpose_not_allowed"
    assert not StreamGrant.objects.exists()


def test_the_same_camera_again_is_the_same_grant_and_longer_only_with_a_reason(case, cameras, post):
    (grant,) = granted(post, cameras[0])
    (again,) = granted(post, cameras[0])
    assert (again.pk, again.expires_at) == (grant.pk, grant.expires_at)
    post(ask(cameras[0].pk, extend="용의자 도주 중"))
    longer = StreamGrant.objects.get()
    assert longer.expires_at > grant.expires_at
    assert longer.extensions[0]["reason"] == "용의자 도주 중"


@pytest.mark.parametrize("body", [("CLOSE", {}), ("STATUS_UPDATE", {"status": "CLOSED"})])
def test_the_rooms_own_end_ends_its_video_and_not_the_incident(case, cameras, post, body):
    granted(post, *cameras[:2])
    post(envelope(body[0], receipt_no=RECEIPT, **body[1]))
    ends = set(StreamGrant.objects.values_list("end_reason", flat=True))
    assert ends == {GrantEnd.AGENCY_CLOSE}
    case.refresh_from_db()
    assert case.ended_at is None
    assert len(owed("CLOSE_ACK")) == (body[0] == "CLOSE")


def test_the_end_of_the_incident_ends_its_video(case, cameras, post, haneul):
    granted(post, cameras[0])
    lifecycle.claim(incident=case, by=haneul)
    lifecycle.close(incident=case, by=haneul, result="resolved")
    assert StreamGrant.objects.get().end_reason == GrantEnd.INCIDENT_CLOSED
    assert Entry.objects.filter(kind="video.ended").count() == 1


def test_a_grant_ends_by_its_time_and_a_suspended_links_at_once(case, cameras, post, link):
    granted(post, cameras[0], cameras[1])
    late = timezone.now() - timedelta(seconds=1)
    StreamGrant.objects.filter(camera=cameras[0]).update(expires_at=late)
    assert grants.end_overdue() == 1
    assert StreamGrant.objects.get(camera=cameras[0]).end_reason == GrantEnd.TTL
    set_state(link=link, state=LinkState.SUSPENDED, reason="협약 만료")
    suspended = StreamGrant.objects.get(camera=cameras[1])
    assert (suspended.end_reason, suspended.end_text) == (GrantEnd.LINK_SUSPENDED, "협약 만료")


def test_a_grant_that_ran_out_is_given_anew(case, cameras, post):
    (grant,) = granted(post, cameras[0])
    StreamGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    (fresh,) = granted(post, cameras[0])
    assert fresh.pk != grant.pk


# --- rights -----------------------------------------------------------------------------
def told(message_type):
    return owed(message_type)[-1].payload


def test_turning_is_left_to_a_person_while_the_picture_is_given_at_once(
    case, cameras, post, link, haneul
):
    camera = cameras[0].pk
    assert post(ask(camera, rights=["live", "ptz"])).status_code == 201
    grant = StreamGrant.objects.get()
    assert grant.rights == ["live"]
    assert told("STREAM_GRANT")["grants"][0]["rights"] == ["live"]
    request = VideoRequest.objects.get()
    assert (request.access, request.policy_row) == ("ptz", "police112.ptz")
    answers.allow(request=request, by=haneul)
    (widened,) = StreamGrant.objects.all()
    assert (widened.pk, widened.rights) == (grant.pk, ["live", "ptz"])
    assert widened.expires_at == grant.expires_at
    (said,) = told("STREAM_GRANT")["grants"]
    assert said["rights"] == ["live", "ptz"]
    assert said["ptz"] == f"/api/v1/links/{link.code}/grants/{grant.reference}/ptz"
    assert Record.objects.get(action="grant.widened").detail["added"] == ["ptz"]
    assert not owed("STREAM_DENY")


def test_a_person_who_refuses_the_turning_leaves_the_picture(case, cameras, post, haneul):
    post(ask(cameras[0].pk, rights=["ptz"]))
    answers.refuse(request=VideoRequest.objects.get(), by=haneul, reason="현장 관제 중")
    assert told("STREAM_DENY")["denied"] == [
        {"camera": cameras[0].pk, "right": "ptz", "rule": "refused_by_operator"}
    ]
    assert StreamGrant.objects.get().rights == ["live"]


def test_recordings_are_refused_with_the_place_where_they_are_asked_for(case, cameras, post, link):
    post(ask(cameras[0].pk, rights=["live", "recorded"]))
    assert told("STREAM_DENY")["denied"] == [
        {
            "camera": cameras[0].pk,
            "right": "recorded",
            "rule": "by_letter",
            "instead": f"/api/v1/links/{link.code}/exports",
        }
    ]
    assert StreamGrant.objects.get().rights == ["live"]
    post(ask(rights=["recorded"]))
    assert [row["camera"] for row in told("STREAM_DENY")["denied"]] == [None]


def test_a_right_that_nobody_knows_is_malformed(case, cameras, post):
    for rights in (["audio"], [], ["live", "live"], "ptz"):
        refused = post(ask(cameras[0].pk, rights=rights))
        assert refused.status_code == 400, rights
        assert all(name.startswith("payload.rights") for name in refused.json()["errors"])


def test_longer_goes_for_all_that_a_grant_holds_or_not_at_all(case, cameras, post, haneul):
    post(ask(cameras[0].pk, rights=["ptz"]))
    answers.allow(request=VideoRequest.objects.get(), by=haneul)
    before = StreamGrant.objects.get().expires_at
    post(ask(cameras[0].pk, extend="추적 중"))
    assert StreamGrant.objects.get().expires_at == before
    answers.allow(request=VideoRequest.objects.get(state="pending"), by=haneul)
    longer = StreamGrant.objects.get()
    assert longer.expires_at > before
    assert longer.rights == ["live", "ptz"]


def under(link, grant, piece=""):
    return f"/api/v1/links/{link.code}/grants/{grant.reference}/{piece}"


def ticket(client, link, grant) -> str:
    return client.post(under(link, grant, "ticket")).data["ticket"]


def watch(client, link, grant, token, piece="live.m3u8"):
    return client.get(under(link, grant, piece), headers={"Video-Ticket": token})


@pytest.fixture
def pictures(monkeypatch):
    """The relay's files, without a relay."""
    monkeypatch.setattr("cctv.streams.want", lambda *_asked, **_more: None)
    monkeypatch.setattr("cctv.streams.playlist", lambda *_asked: ("run", b"#EXTM3U\n"))
    monkeypatch.setattr("cctv.streams.segment", lambda *_asked: b"piece")


def test_a_grant_opens_the_picture_and_puts_watching_on_record(
    case, cameras, post, police, link, pictures, django_capture_on_commit_callbacks
):
    (grant,) = granted(post, cameras[0])
    token = ticket(police, link, grant)
    assert not ViewRecord.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        response = watch(police, link, grant, token)
    assert (response.status_code, response.content) == (200, b"#EXTM3U\n")
    view = ViewRecord.objects.get()
    assert (view.agent, view.viewer, view.grant) == (link.code, None, grant.reference)
    assert (view.incident_id, view.camera, view.first_byte_at is None) == (
        case.pk,
        cameras[0],
        False,
    )
    assert Record.objects.filter(action="video.view", agent=link.code).count() == 1
    grant.refresh_from_db()
    assert grant.first_viewed_at == view.started_at
    watch(police, link, grant, token, "00000000-000001.m4s")
    assert Record.objects.filter(action="grant.viewed").count() == 1


def test_a_player_reports_and_the_client_ends_its_viewing(
    case, cameras, post, police, link, pictures
):
    (grant,) = granted(post, cameras[0])
    token = ticket(police, link, grant)
    watch(police, link, grant, token)
    said = {"frames": 25, "decoded_ago_s": 0.5, "seen": True}
    shown = {"Video-Ticket": token}
    report = police.post(under(link, grant, "report"), said, format="json", headers=shown)
    assert report.status_code == 204
    assert police.delete(under(link, grant, "ticket"), headers=shown).status_code == 204
    view = ViewRecord.objects.get()
    assert (view.frames_decoded, view.end_reason) == (25, "stopped")
    assert view.presented_at <= view.started_at <= view.decoded_at <= view.acknowledged_at
    assert watch(police, link, grant, token).json()["code"] == "view_ended"


def test_without_a_ticket_of_its_own_a_grant_shows_nothing(
    case, cameras, post, police, link, pictures
):
    first, second = granted(post, cameras[0], cameras[1])
    token = ticket(police, link, first)
    assert police.get(under(link, first, "live.m3u8")).status_code == 403
    assert watch(police, link, second, token).status_code == 403
    assert watch(police, link, first, token, "00000000-000001.m4s").status_code == 403
    elsewhere = police.get(
        under(link, first, "live.m3u8"), headers={"Video-Ticket": token}, REMOTE_ADDR="192.0.2.9"
    )
    assert elsewhere.status_code == 403
    assert not ViewRecord.objects.exists()


def test_an_ended_grant_opens_nothing_and_ends_what_was_watched(
    case, cameras, post, police, link, pictures
):
    (grant,) = granted(post, cameras[0])
    token = ticket(police, link, grant)
    watch(police, link, grant, token)
    post(envelope("CLOSE", receipt_no=RECEIPT))
    assert watch(police, link, grant, token).status_code == 404
    assert watch(police, link, grant, token, "00000000-000001.m4s").status_code == 404
    assert police.post(under(link, grant, "ticket")).status_code == 404
    assert ViewRecord.objects.get().end_reason == "agency_closed"


def test_another_links_grant_looks_like_none(case, cameras, post, link, other_link):
    (grant,) = granted(post, cameras[0])
    client = api_client(other_link)
    for own in (other_link, link):
        assert client.post(under(own, grant, "ticket")).status_code == 404
        assert watch(client, own, grant, "x").status_code == 404
