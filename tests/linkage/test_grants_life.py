"""Whatever happens in whatever order: no open grant without a living incident, a basis and a clock.

Random sequences of verbs against the real database, whose own triggers are asked after every one.
"""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cctv.choices import Health
from cctv.health import observe
from cctv.models import Camera
from controlroom.audit.models import Record
from controlroom.errors import DomainError
from controlroom.journal.models import Entry
from incidents import lifecycle, ownership
from incidents.models import Incident, Kind
from incidents.statuses import OPEN
from linkage import grants, inbox
from linkage.choices import LinkState
from linkage.errors import VideoRefused
from linkage.links import set_state
from linkage.models import Link, OutboxMessage, StreamGrant, VideoRequest
from linkage.models_agreements import LegalBasis
from linkage.models_video import GrantEnd, RequestState
from linkage.services.video import answers
from linkage.wire import canonical
from tests.incidents.conftest import make_camera
from tests.linkage.conftest import envelope

RECEIPT = "20261122-000001"
NEAR = [(127.4, 36.4003), (127.4, 36.4006), (127.4, 36.4012)]
FAR = [(127.4, 36.4502), (127.4, 36.4505)]
KINDS = {"201": "폭력", "401": "교통사고"}


class Town:
    """A city with a 112 room, one case, and everything that can happen to it."""

    def __init__(self, city, link, haneul) -> None:
        self.city, self.link, self.haneul = city, link, haneul
        for code, name in KINDS.items():
            Kind.objects.update_or_create(
                service="police112", code=code, defaults={"name_ko": name, "is_mapped": True}
            )
        places = enumerate([*NEAR, *FAR])
        self.cameras = [make_camera(city, *place, f"길 {n}") for n, place in places]

    def say(self, message_type="EVENT_NOTIFY", **said):
        document = envelope(message_type, receipt_no=RECEIPT, **said)
        link = Link.objects.select_related("municipality", "legal_basis").get(pk=self.link.pk)
        return inbox.accept(link=link, raw=canonical(document))

    def ask(self, numbers, extend=""):
        said = {"purpose": "SCENE", "basis": "ACT-112"} | ({"extend": extend} if extend else {})
        self.say("STREAM_REQUEST", cameras=[self.cameras[n].pk for n in numbers], **said)

    @property
    def incident(self):
        return Incident.objects.order_by("received_at").first()

    def a_grant(self):
        return StreamGrant.objects.filter(ended_at=None).order_by("pk").first()

    def a_request(self):
        return VideoRequest.objects.filter(state=RequestState.PENDING).order_by("pk").first()


def gives(town, minutes):
    answers.give(
        incident=town.incident,
        link_code=town.link.code,
        purpose="SCENE",
        cameras=[town.cameras[0].pk],
        minutes=minutes,
        by=town.haneul,
    )


def moves(town, place):
    lifecycle.move(
        incident=town.incident, by=town.haneul, place=Point(*place, srid=4326), error_radius_m=5
    )


def time_passes(town, minutes):
    by = timedelta(minutes=minutes)
    clocks = ("granted_at", "expires_at", "not_after", "source_lost_at")
    StreamGrant.objects.filter(ended_at=None).update(**{name: F(name) - by for name in clocks})
    VideoRequest.objects.filter(state=RequestState.PENDING).update(answer_by=F("answer_by") - by)


def sweeps(_town):
    grants.end_overdue()
    answers.lapse_overdue()


def closes(town):
    with suppress(DomainError):
        ownership.claim(incident=town.incident, by=town.haneul)
    lifecycle.close(incident=town.incident, by=town.haneul, result="resolved")


def is_duplicate(town):
    kind = town.incident.kind
    other = lifecycle.open_incident(
        municipality=town.city,
        service=kind.service,
        kind=kind,
        place=town.incident.location,
        occurred_at=timezone.now(),
        by=town.haneul,
    )
    lifecycle.mark_duplicate(incident=town.incident, by=town.haneul, of=other)


def sets_basis(carries):
    def change(_town):
        LegalBasis.objects.filter(code="ACT-112").update(is_in_force=carries)

    return change


def on_grant(deed):
    def act(town):
        grant = town.a_grant()
        if grant is not None:
            deed(town, grant)

    return act


def on_request(deed):
    def act(town):
        request = town.a_request()
        if request is not None:
            deed(town, request)

    return act


NUMBERS = st.lists(st.sampled_from([0, 1, 2, 4]), min_size=1, max_size=3)
VERBS = st.one_of(
    NUMBERS.map(lambda numbers: lambda town: town.ask(numbers)),
    NUMBERS.map(lambda numbers: lambda town: town.ask(numbers, "추적 계속")),
    st.sampled_from([None, 1, 60, 600]).map(lambda minutes: lambda town: gives(town, minutes)),
    st.sampled_from([NEAR[0], FAR[0]]).map(lambda place: lambda town: moves(town, place)),
    st.sampled_from([1, 70, 500]).map(lambda minutes: lambda town: time_passes(town, minutes)),
    st.sampled_from(
        [
            on_grant(lambda t, g: answers.extend(grant=g, by=t.haneul, reason="계속")),
            on_grant(lambda t, g: grants.revoke(grant=g, by=t.haneul, reason="오인")),
            on_grant(lambda _t, g: observe(camera_id=g.camera_id, health=Health.OFFLINE)),
            on_grant(lambda _t, g: observe(camera_id=g.camera_id, health=Health.ONLINE)),
            on_request(lambda t, r: answers.allow(request=r, by=t.haneul)),
            on_request(lambda t, r: answers.refuse(request=r, by=t.haneul, reason="무관")),
            closes,
            is_duplicate,
            sweeps,
            sets_basis(carries=False),
            sets_basis(carries=True),
            lambda t: t.say("CANCEL", version=9),
            lambda t: t.say("CLOSE"),
            lambda t: lifecycle.mark_false_alarm(incident=t.incident, by=t.haneul),
            lambda t: lifecycle.transfer(
                incident=t.incident, by=t.haneul, to="이웃", reason="관할"
            ),
            lambda t: lifecycle.reopen(incident=t.incident, by=t.haneul, reason="다시"),
            lambda t: set_state(link=t.link, state=LinkState.SUSPENDED, reason="점검"),
            lambda t: set_state(link=t.link, state=LinkState.UP),
        ]
    ),
)


def check(town) -> None:
    """Nothing open that may not be, and everything that was given or ended is on record once."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for grant in StreamGrant.objects.select_related("incident", "link"):
        about = {"detail__grant": str(grant.reference)}
        told = Entry.objects.filter(data__grant__id=str(grant.reference))
        assert all([grant.purpose, grant.basis, grant.rights])
        assert grant.expires_at <= grant.not_after
        assert Record.objects.filter(action="grant.given", **about).count() == 1
        assert told.filter(kind="video.granted").count() == 1
        is_over = int(grant.ended_at is not None)
        assert bool(grant.end_reason) == is_over
        assert Record.objects.filter(action="grant.ended", **about).count() == is_over
        assert told.filter(kind="video.ended").count() == is_over
        if not is_over:
            assert grant.incident.status in OPEN
            assert grant.link.state != LinkState.SUSPENDED
    for request in VideoRequest.objects.select_related("incident", "link"):
        if request.state == RequestState.PENDING:
            assert request.incident.status in OPEN
            assert request.link.state != LinkState.SUSPENDED
        elif request.state in {RequestState.REFUSED, RequestState.LAPSED}:
            denied = OutboxMessage.objects.filter(message_type="STREAM_DENY")
            assert denied.filter(payload__in_reply_to=request.request_id).exists()


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(kind=st.sampled_from(list(KINDS)), steps=st.lists(VERBS, min_size=3, max_size=9))
def test_no_open_grant_without_incident_basis_and_clock(city, link, haneul, kind, steps):
    with transaction.atomic():
        town = Town(city, link, haneul)
        town.say(kind_code=kind)
        town.ask([0, 1])
        for step in steps:
            with suppress(DomainError), transaction.atomic():
                step(town)
            check(town)
        sweeps(town)
        check(town)
        now = timezone.now()
        for grant in StreamGrant.objects.filter(ended_at=None).select_related("link__legal_basis"):
            assert grant.expires_at > now
            assert grant.link.legal_basis.is_in_force
        assert not VideoRequest.objects.filter(state="pending", answer_by__lte=now).exists()
        transaction.set_rollback(True)


@pytest.fixture
def town(city, link, haneul):
    made = Town(city, link, haneul)
    made.say()
    made.ask([0, 1])
    return made


# How each end comes about, and its reason on the grant.
ENDS = {
    GrantEnd.AGENCY_CLOSE: lambda t: t.say("CLOSE"),
    GrantEnd.INCIDENT_CLOSED: closes,
    GrantEnd.TTL: lambda t: (time_passes(t, 61), grants.end_overdue()),
    GrantEnd.REVOKED: on_grant(lambda t, g: grants.revoke(grant=g, by=t.haneul, reason="오인")),
    GrantEnd.SOURCE_LOST: lambda t: (
        observe(camera_id=t.a_grant().camera_id, health=Health.OFFLINE),
        time_passes(t, 2),
        grants.end_overdue(),
    ),
    GrantEnd.LINK_SUSPENDED: lambda t: set_state(link=t.link, state=LinkState.SUSPENDED),
    GrantEnd.BASIS_LOST: lambda t: (sets_basis(carries=False)(t), grants.end_overdue()),
    GrantEnd.PLACE_MOVED: lambda t: moves(t, FAR[0]),
}


@pytest.mark.parametrize("why", list(GrantEnd))
@pytest.mark.django_db
def test_each_end_has_its_reason_fact_and_record(town, why):
    first = town.a_grant()
    ENDS[why](town)
    check(town)
    first.refresh_from_db()
    assert first.end_reason == why


@pytest.mark.django_db
def test_a_camera_that_comes_back_in_time_keeps_its_grant(town):
    grant = town.a_grant()
    observe(camera_id=grant.camera_id, health=Health.OFFLINE)
    observe(camera_id=grant.camera_id, health=Health.ONLINE)
    time_passes(town, 2)
    assert grants.end_overdue() == 0
    Camera.objects.filter(pk=grant.camera_id).update(gone_at=timezone.now())
    assert grants.end_overdue() == 1
    grant.refresh_from_db()
    assert grant.end_reason == GrantEnd.SOURCE_LOST


@pytest.mark.django_db
def test_a_place_that_moves_takes_its_grants_along_with_their_clock(town):
    before = list(StreamGrant.objects.order_by("pk"))
    moves(town, FAR[0])
    after = list(StreamGrant.objects.filter(ended_at=None).order_by("pk"))
    assert [row.camera_id for row in after] == [camera.pk for camera in town.cameras[3:]]
    assert {(row.expires_at, row.not_after, row.basis) for row in after} == {
        (row.expires_at, row.not_after, row.basis) for row in before
    }
    message = OutboxMessage.objects.filter(message_type="STREAM_GRANT").latest("pk")
    assert [row["camera"] for row in message.payload["grants"]] == [row.camera_id for row in after]


@pytest.mark.django_db
def test_extending_needs_a_reason_and_ends_with_the_policys_whole_time(town):
    grant = town.a_grant()
    with pytest.raises(DomainError, match=r"reason|사유"):
        answers.extend(grant=grant, by=town.haneul, reason=" ")
    while grant.expires_at < grant.not_after:
        time_passes(town, 50)
        grant = answers.extend(grant=grant, by=town.haneul, reason="계속")
    with pytest.raises(VideoRefused) as refused:
        answers.extend(grant=grant, by=town.haneul, reason="계속")
    assert refused.value.fields["rule"] == ["time_used_up"]
    grant.refresh_from_db()
    assert grant.expires_at == grant.not_after
    assert grant.not_after - grant.granted_at == timedelta(minutes=480)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"basis": ""}, "grant_has_purpose_and_basis"),
        ({"purpose": ""}, "grant_has_purpose_and_basis"),
        ({"rights": []}, "grant_has_purpose_and_basis"),
        ({"rights": ["sound"]}, "grant_rights_known"),
        ({"not_after": timezone.now() - timedelta(days=9)}, "grant_has_its_time"),
        ({"expires_at": None}, "expires_at"),
        ({"incident": None}, "open incident"),
        ({"trigger": "operator", "given_by": None}, "grant_operator_is_named"),
        ({"end_reason": "ttl"}, "grant_end_has_reason"),
    ],
)
@pytest.mark.django_db
def test_the_database_itself_refuses_a_grant_without_what_it_needs(town, change, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        StreamGrant.objects.filter(pk=town.a_grant().pk).update(**change)


def _update_at_once(rows, **change) -> None:
    rows.update(**change)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_the_database_itself_refuses_an_open_grant_on_what_has_ended(town):
    def ends_behind_our_back(rows, **change):
        with pytest.raises(IntegrityError, match="open grant"), transaction.atomic():
            _update_at_once(rows, **change)

    over = {"status": "cancelled", "result": "cancelled", "ended_at": timezone.now()}
    ends_behind_our_back(Incident.objects.all(), **over)
    ends_behind_our_back(Link.objects.filter(pk=town.link.pk), state=LinkState.SUSPENDED)
    one = town.a_grant()
    closes(town)
    with pytest.raises(IntegrityError, match="open incident"), transaction.atomic():
        StreamGrant.objects.filter(pk=one.pk).update(ended_at=None, end_reason="")


@pytest.mark.django_db(transaction=True)
def test_revoking_extending_closing_and_suspending_at_once_never_lock_each_other_out(
    city, link, haneul
):
    town = Town(city, link, haneul)
    town.say()
    town.ask([0, 1, 2])
    faults: list[BaseException] = []
    start = threading.Barrier(5)

    def in_thread(*deeds):
        def work() -> None:
            try:
                start.wait(20)
                for deed in deeds:
                    with suppress(DomainError):
                        deed()
            except (DatabaseError, threading.BrokenBarrierError) as fault:
                faults.append(fault)
            finally:
                connection.close()

        return threading.Thread(target=work)

    one, two, three = StreamGrant.objects.order_by("pk")
    by = {"by": haneul, "reason": "동시에"}
    threads = [
        in_thread(lambda: grants.revoke(grant=one, **by), lambda: grants.revoke(grant=two, **by)),
        in_thread(
            lambda: answers.extend(grant=three, **by),
            lambda: answers.extend(grant=two, **by),
        ),
        in_thread(lambda: town.ask([2, 1, 0]), lambda: town.ask([0, 1], "계속")),
        in_thread(lambda: sweeps(town), lambda: set_state(link=link, state=LinkState.SUSPENDED)),
        in_thread(lambda: sweeps(town), lambda: closes(town)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert faults == []
    with transaction.atomic():
        check(town)
    assert not StreamGrant.objects.filter(ended_at=None).exists()
