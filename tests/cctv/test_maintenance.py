"""Maintenance tickets: every step that is allowed and every one that is not; what opens them."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from cctv import health, maintenance
from cctv.choices import Health, TicketCause, TicketState
from cctv.errors import TicketNotAllowed
from cctv.maintenance_states import STATES, VERBS, target
from cctv.models import (
    CameraCondition,
    CameraHost,
    MaintenanceTicket,
    PlannedWork,
    TicketRule,
)
from controlroom.audit.models import Record
from controlroom.errors import Invalid, NotAllowed
from controlroom.journal.models import Entry
from linkage.watch.camera_checks import unreachable_hosts
from tests.cctv.builders import make_camera

ALLOWED = {
    ("open", "assign"), ("open", "repair"), ("open", "dismiss"),
    ("assigned", "assign"), ("assigned", "repair"), ("assigned", "dismiss"),
    ("reopened", "assign"), ("reopened", "repair"), ("reopened", "dismiss"),
    ("repaired", "verify"), ("repaired", "reopen"), ("repaired", "dismiss"),
    ("verified", "close"), ("verified", "reopen"), ("closed", "reopen"),
}  # fmt: skip


@pytest.mark.parametrize(("state", "verb"), list(product(STATES, VERBS)))
def test_the_table_allows_these_steps_and_no_other(state, verb):
    assert (target(state, verb) is not None) == ((state, verb) in ALLOWED)


def test_every_state_is_reached_and_the_table_knows_no_other():
    reached = {target(state, verb) for state, verb in ALLOWED} | {"open"}
    assert reached == set(STATES) == set(TicketState.values)


@pytest.fixture
def camera(city):
    return make_camera(city, health=Health.ONLINE)


def opened(camera, by, **fields):
    fields = {"cause": TicketCause.OTHER, "priority": 2, **fields}
    return maintenance.open_ticket(
        municipality_id=camera.municipality_id, cameras=[camera], by=by, **fields
    )


@pytest.mark.django_db
def test_a_ticket_goes_from_an_operator_to_a_verified_repair_and_all_of_it_is_on_record(
    city, camera, haneul, supervisor
):
    ticket = opened(camera, haneul, text="화면에 거미줄")
    maintenance.act(ticket=ticket, verb="assign", by=supervisor, contractor="한빛영상")
    maintenance.act(ticket=ticket, verb="repair", by=supervisor, text="렌즈 청소")
    assert maintenance.verify_repaired() == 0, "nobody has looked since"
    CameraCondition.objects.update_or_create(
        camera=camera,
        defaults={"municipality": city, "checked_at": timezone.now() + timedelta(seconds=1)},
    )
    assert maintenance.verify_repaired() == 1
    ticket = maintenance.act(ticket=ticket, verb="close", by=supervisor)
    assert ticket.state == "closed"
    acts = ["open", "assign", "repair", "verify", "close"]
    assert [note.verb for note in ticket.notes.all()] == acts
    actions = Record.objects.filter(action__startswith="maintenance.").order_by("pk")
    assert [row.action.partition(".")[2] for row in actions] == acts
    assert [bool(row.actor_id) for row in actions] == [True, True, True, False, True]
    assert Entry.objects.filter(kind="maintenance.ticket").count() == 5


@pytest.mark.django_db
def test_a_repair_that_the_next_look_does_not_find_is_reopened(city, camera, supervisor):
    ticket = opened(camera, supervisor)
    maintenance.act(ticket=ticket, verb="repair", by=supervisor)
    camera.health = Health.COVERED
    camera.save()
    CameraCondition.objects.update_or_create(
        camera=camera,
        defaults={"municipality": city, "checked_at": timezone.now() + timedelta(minutes=11)},
    )
    maintenance.verify_repaired()
    assert MaintenanceTicket.objects.get().state == "reopened"


@pytest.mark.django_db
def test_what_a_camera_reports_opens_a_ticket_and_a_persons_review_ends_it(city, supervisor):
    camera = ill(city, 0, health=Health.ONLINE)
    health.note_tampering(camera_id=camera.pk, since=timezone.now())
    assert maintenance.open_due() == 0
    assert maintenance.open_due(timezone.now() + timedelta(minutes=11)) == 1
    ticket = MaintenanceTicket.objects.get()
    assert (ticket.cause, ticket.priority) == ("tampered", 1)
    maintenance.act(ticket=ticket, verb="assign", by=supervisor, contractor="한빛영상")
    camera.refresh_from_db()
    assert camera.health == Health.TAMPERED
    maintenance.act(ticket=ticket, verb="dismiss", by=supervisor, text="가로수 정비")
    camera.refresh_from_db()
    assert camera.health == Health.UNKNOWN, "the next look says what it is"


@pytest.mark.django_db
def test_what_is_not_allowed_or_not_said_is_refused(camera, haneul, supervisor, bada, stranger):
    ticket = opened(camera, haneul)
    for who in (bada, stranger):
        with pytest.raises(NotAllowed):
            opened(camera, who)
    with pytest.raises(NotAllowed):
        maintenance.act(ticket=ticket, verb="repair", by=haneul)
    with pytest.raises(TicketNotAllowed):
        maintenance.act(ticket=ticket, verb="close", by=supervisor)
    with pytest.raises(Invalid):
        maintenance.act(ticket=ticket, verb="assign", by=supervisor)
    with pytest.raises(Invalid):
        maintenance.act(ticket=ticket, verb="dismiss", by=supervisor)
    maintenance.act(ticket=ticket, verb="repair", by=supervisor)
    with pytest.raises(TicketNotAllowed):
        maintenance.act(ticket=ticket, verb="verify", by=supervisor)


def ill(city, minutes, host="", **fields):
    camera = make_camera(city, **{"health": Health.COVERED, **fields})
    camera.health_at = timezone.now() - timedelta(minutes=minutes)
    camera.save()
    CameraCondition.objects.create(camera=camera, municipality=city, host_key=host)
    return camera


@pytest.mark.django_db
def test_a_state_that_lasts_opens_one_ticket_for_all_cameras_of_a_host(city):
    together = [ill(city, 31, "recorder") for _ in range(3)]
    ill(city, 29, "recorder")
    alone = ill(city, 40)
    assert maintenance.open_due() == 2
    assert maintenance.open_due() == 0
    tickets = {ticket.cameras.count(): ticket for ticket in MaintenanceTicket.objects.all()}
    assert set(tickets[3].cameras.all()) == set(together)
    assert set(tickets[1].cameras.all()) == {alone}
    assert (tickets[3].priority, tickets[3].opened_by) == (1, None)
    late = timezone.now() + timedelta(minutes=5)
    assert maintenance.open_due(late) == 0
    assert tickets[3].cameras.count() == 4, "the fourth joins the ticket of its host"


@pytest.mark.django_db
def test_planned_work_and_the_citys_own_rule_open_none(city, other_city):
    camera = ill(city, 600)
    work = PlannedWork.objects.create(
        municipality=city,
        site=camera.site,
        begins_at=timezone.now() - timedelta(hours=1),
        ends_at=timezone.now() + timedelta(hours=1),
        reason="교체",
    )
    assert maintenance.open_due() == 0
    work.delete()
    rule = TicketRule.objects.create(
        municipality=city, cause="covered", is_active=False, after_min=1, priority=4
    )
    assert maintenance.open_due() == 0
    rule.is_active = True
    rule.save()
    assert maintenance.open_due() == 1
    assert MaintenanceTicket.objects.get().priority == 4


@pytest.mark.django_db
def test_a_recorder_under_planned_work_raises_no_alarm(city):
    camera = ill(city, 5, "recorder", health=Health.OFFLINE)
    now = timezone.now()
    CameraHost.objects.create(
        municipality=city, key="recorder", state="down", since=now, checked_at=now
    )
    (found,) = unreachable_hosts()
    assert (found.kind, found.detail["cameras"]) == ("camera.host_down", 1)
    PlannedWork.objects.create(
        municipality=city,
        site=camera.site,
        begins_at=now,
        ends_at=now + timedelta(hours=1),
        reason="-",
    )
    assert list(unreachable_hosts()) == []
