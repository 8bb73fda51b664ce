"""A ticket opens one view for one viewer at one camera; every way it must end, ends it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.utils import timezone

from cctv import passes, view_checks, view_ends
from cctv.choices import EndReason
from cctv.errors import TicketRefused, ViewEnded
from cctv.models import VideoTicket, ViewRecord
from cctv.passes import CHECK_S, Caller
from controlroom.accounts.models import User
from controlroom.audit.models import Record
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from tests.cctv.builders import make_camera
from tests.cctv.test_tickets import HERE, begin, camera, close, incident, issue

__all__ = ["camera", "incident"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known():
    passes._passes.clear()
    yield
    passes._passes.clear()


def admit(token, camera, viewer, *, caller=HERE, opening=True):
    return view_checks.admit(
        token=token,
        camera_id=camera.pk,
        caller=caller,
        viewer=viewer,
        opening=opening,
        sending=not opening,
    )


def ended_because(call) -> str:
    with pytest.raises(ViewEnded) as refusal:
        call()
    return refusal.value.fields["reason"][0]


def test_the_first_use_writes_who_watches_what_and_why(camera, haneul):
    admit(issue(camera, haneul), camera, haneul)
    view = ViewRecord.objects.get()
    assert (view.viewer, view.camera, view.purpose) == (haneul, camera, "순찰")
    assert (view.address, view.ended_at, view.municipality) == (
        "192.0.2.7",
        None,
        camera.municipality,
    )
    assert Record.objects.filter(action="video.view", actor=haneul, reason="순찰").count() == 1


def test_using_it_again_goes_on_with_the_same_view(camera, haneul):
    token = issue(camera, haneul)
    assert admit(token, camera, haneul).view_id == admit(token, camera, haneul).view_id
    assert ViewRecord.objects.count() == 1


def test_a_piece_or_the_state_opens_no_view(camera, haneul):
    token = issue(camera, haneul)
    with pytest.raises(TicketRefused):
        admit(token, camera, haneul, opening=False)
    assert not ViewRecord.objects.exists()


def test_the_end_of_the_incident_ends_its_views(
    camera, haneul, incident, django_capture_on_commit_callbacks
):
    incident = begin(incident, haneul)
    token = issue(camera, haneul, incident_id=incident.pk)
    entry = admit(token, camera, haneul)
    unused = issue(camera, haneul, incident_id=incident.pk)
    with django_capture_on_commit_callbacks(execute=True):
        close(incident, haneul)
    assert passes.known(passes.key_of(token, HERE), camera.pk) is None
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.INCIDENT_ENDED
    assert ended_because(lambda: admit(unused, camera, haneul)) == EndReason.EXPIRED
    view = ViewRecord.objects.get(pk=entry.view_id)
    assert view.end_reason == EndReason.INCIDENT_ENDED
    assert Record.objects.filter(action="video.view_end").count() == 1


@pytest.mark.parametrize(
    "caller",
    [
        Caller("another-session", "192.0.2.7"),
        Caller(HERE.session_key, "192.0.2.8"),
        Caller("", None),
    ],
)
def test_the_ticket_of_another_sign_in_or_address_is_refused(camera, haneul, caller):
    token = issue(camera, haneul)
    with pytest.raises(TicketRefused):
        admit(token, camera, haneul, caller=caller)
    view = admit(token, camera, haneul)
    with pytest.raises(TicketRefused):
        admit(token, camera, haneul, caller=caller)
    assert ViewRecord.objects.get(pk=view.view_id).ended_at is None, "the thief ends nothing"


def test_the_ticket_of_another_person_is_refused(camera, haneul, supervisor):
    token = issue(camera, haneul)
    for person in (supervisor, AnonymousUser()):
        with pytest.raises(TicketRefused):
            admit(token, camera, person)


def test_the_ticket_of_another_camera_is_refused(camera, haneul, city):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    other = make_camera(city, 10)
    with pytest.raises(TicketRefused):
        admit(token, other, haneul)
    assert passes.known(passes.key_of(token, HERE), other.pk) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 43])
def test_an_invented_ticket_is_refused(camera, haneul, token):
    with pytest.raises(TicketRefused):
        admit(token, camera, haneul)


def test_an_unused_ticket_expires(camera, haneul):
    token = issue(camera, haneul)
    VideoTicket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.EXPIRED
    assert not ViewRecord.objects.exists()


def test_a_used_ticket_outlives_its_minute(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    VideoTicket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    admit(token, camera, haneul)


def test_a_view_has_a_longest_time(camera, haneul, settings):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    long_ago = timezone.now() - timedelta(seconds=settings.VIEW_MAX_S + 1)
    ViewRecord.objects.update(started_at=long_ago)
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.EXPIRED


def test_a_lost_role_ends_the_view(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    Membership.objects.filter(user=haneul).update(role=Role.AUDITOR)
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.RIGHT_LOST
    assert ViewRecord.objects.get().end_reason == EndReason.RIGHT_LOST


def test_a_deactivated_viewer_ends_the_view(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    User.objects.filter(pk=haneul.pk).update(is_active=False)
    assert ended_because(lambda: admit(token, camera, AnonymousUser())) == EndReason.RIGHT_LOST


def test_a_camera_that_left_the_register_ends_the_view(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    type(camera).objects.update(gone_at=timezone.now())
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.CAMERA_GONE


def test_signing_out_ends_the_views_of_that_sign_in_only(camera, haneul, client):
    client.force_login(haneul)
    here = Caller(client.session.session_key, "127.0.0.1")
    token, elsewhere = issue(camera, haneul, caller=here), issue(camera, haneul)
    admit(token, camera, haneul, caller=here)
    admit(elsewhere, camera, haneul)
    client.post("/accounts/logout/")
    ended = ViewRecord.objects.exclude(ended_at=None).get()
    assert ended.end_reason == EndReason.SIGNED_OUT
    assert ended.address == "127.0.0.1"


def test_a_view_that_nobody_asked_for_any_more_is_over(camera, haneul):
    token = issue(camera, haneul)
    entry = admit(token, camera, haneul)
    quiet = timezone.now() - timedelta(seconds=11)
    ViewRecord.objects.update(last_seen_at=quiet)
    assert view_ends.sweep() == 1
    view = ViewRecord.objects.get(pk=entry.view_id)
    assert view.end_reason == EndReason.STOPPED
    assert view.ended_at == quiet + timedelta(seconds=CHECK_S)
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.STOPPED


def test_a_watched_view_is_not_swept(camera, haneul):
    admit(issue(camera, haneul), camera, haneul)
    assert view_ends.sweep() == 0
    assert ViewRecord.objects.get().ended_at is None


def test_a_quiet_view_cannot_be_woken(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    ViewRecord.objects.update(last_seen_at=timezone.now() - timedelta(seconds=11))
    assert ended_because(lambda: admit(token, camera, haneul)) == EndReason.STOPPED


def test_what_was_sent_is_counted(camera, haneul):
    token = issue(camera, haneul)
    entry = admit(token, camera, haneul)
    passes.count(entry, 1000)
    passes.count(entry, 234)
    admit(token, camera, haneul)
    assert ViewRecord.objects.get().bytes_sent == 1234
    passes.count(entry, 66)
    entry.until -= 60
    passes.flush()
    assert ViewRecord.objects.get().bytes_sent == 1300


def test_a_pass_is_trusted_only_for_a_moment(camera, haneul):
    token = issue(camera, haneul)
    entry = admit(token, camera, haneul)
    key = passes.key_of(token, HERE)
    assert passes.known(key, camera.pk, sending=False) is entry
    assert passes.known(key, camera.pk) is None, "nothing may leave before the record says so"
    admit(token, camera, haneul, opening=False)
    assert passes.known(key, camera.pk) is entry
    entry.sends_until -= CHECK_S
    assert passes.known(key, camera.pk) is None


def test_until_when_bytes_may_leave_is_on_record_before_they_do(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    view = ViewRecord.objects.get()
    assert (view.first_byte_at, view.sent_until) == (None, None), "waiting is no delivery"
    admit(token, camera, haneul, opening=False)
    view.refresh_from_db()
    assert view.first_byte_at
    assert timezone.now() + timedelta(seconds=CHECK_S) < view.sent_until


def test_a_pause_is_no_delivery(camera, haneul):
    token = issue(camera, haneul)
    admit(token, camera, haneul)
    admit(token, camera, haneul, opening=False)
    past = timezone.now() - timedelta(seconds=9)
    ViewRecord.objects.update(sent_until=past)
    admit(token, camera, haneul, opening=False)
    (pause,) = ViewRecord.objects.get().breaks
    assert pause[0] == past.isoformat()


def test_an_ended_view_is_settled_once_when_nothing_can_change_any_more(camera, haneul):
    token = issue(camera, haneul)
    entry = admit(token, camera, haneul)
    admit(token, camera, haneul, opening=False)
    passes.count(entry, 50)
    view_checks.stop(token=token, camera_id=camera.pk, caller=HERE)
    assert view_ends.settle() == 0
    ViewRecord.objects.update(ended_at=timezone.now() - timedelta(seconds=9))
    heard = []
    view_ends.view_settled.connect(receiver := (lambda view, **_: heard.append(view.pk)))
    assert (view_ends.settle(), view_ends.settle()) == (1, 0)
    assert receiver
    view = ViewRecord.objects.get()
    assert heard == [view.pk]
    closed = Record.objects.get(action="video.view_closed").detail
    assert (closed["bytes"], closed["last_byte"]) == (50, view.last_byte_at.isoformat())


@pytest.mark.parametrize("broken", ["ViewRecord", "Record"])
def test_what_cannot_be_recorded_cannot_be_watched(camera, haneul, monkeypatch, broken):
    token = issue(camera, haneul)

    def fail(*_args, **_fields):
        raise DatabaseError("the disk is full")

    model = {"ViewRecord": ViewRecord, "Record": Record}[broken]
    monkeypatch.setattr(model, "save", fail)
    with pytest.raises(DatabaseError):
        admit(token, camera, haneul)
    assert passes.known(passes.key_of(token, HERE), camera.pk) is None


def test_old_tickets_are_forgotten_but_no_view(camera, haneul):
    admit(issue(camera, haneul), camera, haneul)
    issue(camera, haneul)
    view_ends.end_views(viewer_id=haneul.pk, reason=EndReason.REVOKED)
    VideoTicket.objects.update(expires_at=timezone.now() - timedelta(days=2))
    view_ends.sweep()
    assert not VideoTicket.objects.exists()
    assert ViewRecord.objects.count() == 1


def test_ending_needs_something_to_end():
    with pytest.raises(ValueError, match="needs"):
        view_ends.end_views(reason=EndReason.REVOKED)
