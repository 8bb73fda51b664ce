"""Maintenance tickets: opened by a person or by the system, worked, verified by a healthy look.

Every act is a note, an audit record and a journal fact in one transaction.

Locks: the ticket, its cameras with their conditions (by id), then the municipality's counter row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import health
from cctv.choices import Health, TicketCause, TicketState
from cctv.errors import TicketNotAllowed
from cctv.maintenance_states import (
    NEEDS_WORDS,
    REPAIRED,
    REVIEWS,
    RULES,
    STANDING,
    UNDONE,
    Rule,
    target,
)
from cctv.models import (
    Camera,
    CameraCondition,
    MaintenanceNote,
    MaintenanceTicket,
    PlannedWork,
    TicketRule,
)
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, NotAllowed
from controlroom.journal import log as journal
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.roles import Right

# Who sees a fault may report it; who keeps the register, or leads the shift, works it.
MAY_OPEN = frozenset({Right.INCIDENT_WORK, Right.REGISTER_MANAGE})
MAY_WORK = frozenset({Right.SUPERVISE, Right.REGISTER_MANAGE})
AGENT = "cctv.maintenance"
TEXT_AT_MOST, CONTRACTOR_AT_MOST = 500, 120
# A repair is doubted when a look so long after it still finds the camera ill.
DOUBTED_AFTER = timedelta(minutes=10)


@transaction.atomic
def open_ticket(
    *,
    municipality_id: int,
    cameras: Sequence[Camera],
    cause: TicketCause,
    priority: int,
    by: User | None,
    text: str = "",
    host_key: str = "",
) -> MaintenanceTicket:
    """Open a ticket for cameras of one municipality; without a person it is the system's.

    Emits: "maintenance.ticket".
    Raises: NotAllowed, Invalid.
    """
    if by is not None:
        _require(by, municipality_id, MAY_OPEN)
    if not cameras or any(one.municipality_id != municipality_id for one in cameras):
        raise Invalid(_("no such camera"), fields={"camera": [_("no such camera")]})
    if priority not in range(1, 5):
        raise Invalid(_("this is not a priority"), fields={"priority": [_("1 to 4")]})
    ticket: MaintenanceTicket = MaintenanceTicket.objects.create(
        municipality_id=municipality_id,
        cause=cause,
        priority=priority,
        host_key=host_key,
        opened_by=by,
    )
    ticket.cameras.set(cameras)
    _note(ticket, "open", by, text)
    return ticket


@transaction.atomic
def act(
    *, ticket: MaintenanceTicket, verb: str, by: User | None, text: str = "", contractor: str = ""
) -> MaintenanceTicket:
    """Take a ticket a step further along cctv.maintenance_states; nobody means the system.

    A person who notes the repair, or that none is needed, has reviewed what a camera reported.
    Emits: "maintenance.ticket".
    Raises: NotAllowed, TicketNotAllowed for a step that its state does not allow, Invalid.
    """
    if by is not None:
        _require(by, ticket.municipality_id, MAY_WORK)
    ticket = MaintenanceTicket.objects.select_for_update().get(pk=ticket.pk)
    to = target(ticket.state, verb)
    if to is None or (by is not None and verb == "verify"):
        raise TicketNotAllowed(
            _("a ticket that is “%(state)s” does not allow this")
            % {"state": ticket.get_state_display()}
        )
    if verb in NEEDS_WORDS and not text.strip():
        raise Invalid(_("a reason is needed"), fields={"text": [_("a reason is needed")]})
    if verb == "assign":
        if not contractor.strip():
            missing = _("who does the work is needed")
            raise Invalid(missing, fields={"contractor": [missing]})
        ticket.contractor = contractor.strip()[:CONTRACTOR_AT_MOST]
    ticket.state, ticket.state_at = to, timezone.now()
    ticket.save(update_fields=["state", "state_at", "contractor"])
    if by is not None and verb in REVIEWS:
        _end_tampering(ticket)
    if to == REPAIRED:
        _look_soon(ticket)
    _note(ticket, verb, by, text)
    return ticket


def open_due(now: datetime | None = None) -> int:
    """Open tickets for cameras that have been ill for longer than the city's rule says.

    Cameras of one host that fail in the same way are one ticket; planned work opens none.
    """
    at = now or timezone.now()
    opened = 0
    own = {(rule.municipality_id, rule.cause): rule for rule in TicketRule.objects.all()}
    for cause, rule in RULES.items():
        found = _ill(cause, at).order_by("municipality_id", "pk")
        groups: dict[tuple[int, str], list[Camera]] = {}
        for camera in found.iterator():
            said = own.get((camera.municipality_id, cause))
            after = timedelta(minutes=said.after_min if said else rule.after_min)
            if (said and not said.is_active) or at - camera.since < after:
                continue
            host = camera.condition.host_key if hasattr(camera, "condition") else ""
            group = (camera.municipality_id, host or f"site {camera.site_id}")
            groups.setdefault(group, []).append(camera)
        for (municipality_id, host), cameras in groups.items():
            said = own.get((municipality_id, cause))
            using = Rule(said.after_min, said.priority) if said else rule
            opened += _open_or_add(municipality_id, host, TicketCause(cause), using, cameras)
    return opened


def verify_repaired() -> int:
    """Verify repairs whose cameras were looked at since and are well; reopen those that are not."""
    done = 0
    for ticket in MaintenanceTicket.objects.filter(state=REPAIRED):
        cameras = list(ticket.cameras.select_related("condition").defer("source_secret"))
        checked = [getattr(one, "condition", None) and one.condition.checked_at for one in cameras]
        if all(at and at > ticket.state_at for at in checked) and all(map(_is_well, cameras)):
            act(ticket=ticket, verb="verify", by=None)
            done += 1
        elif any(
            at and at > ticket.state_at + DOUBTED_AFTER and not _is_well(one)
            for one, at in zip(cameras, checked, strict=True)
        ):
            ill = ", ".join(str(one) for one in cameras if not _is_well(one))[:TEXT_AT_MOST]
            act(ticket=ticket, verb="reopen", by=None, text=ill)
    return done


def planned_now(at: datetime) -> QuerySet[Any]:
    return PlannedWork.objects.filter(begins_at__lte=at, ends_at__gt=at)


def in_planned_work(at: datetime) -> Q:
    """Match cameras whose site, or whose whole city, is being worked on as planned."""
    works = planned_now(at).filter(municipality=OuterRef("municipality"))
    return Q(Exists(works.filter(Q(site=None) | Q(site=OuterRef("site")))))


def feature(ticket: MaintenanceTicket) -> dict[str, Any]:
    return {
        "id": ticket.pk,
        "cause": ticket.cause,
        "state": ticket.state,
        "priority": ticket.priority,
        "cameras": list(ticket.cameras.order_by("pk").values_list("pk", flat=True)),
        "contractor": ticket.contractor,
        "opened_at": ticket.opened_at.isoformat(),
        "state_at": ticket.state_at.isoformat(),
    }


def _is_well(camera: Camera) -> bool:
    return camera.health == Health.ONLINE and camera.condition.clock_wrong_since is None


def _ill(cause: str, at: datetime) -> QuerySet[Any]:
    """Find cameras in this state that no standing ticket holds and no planned work explains."""
    held = MaintenanceTicket.objects.filter(state__in=STANDING, cameras=OuterRef("pk"))
    cameras = (
        Camera.objects.in_register()
        .select_related("condition", "site")
        .defer("source_secret", "condition__reference")
        .exclude(in_planned_work(at))
        .exclude(Exists(held))
    )
    if cause == TicketCause.CLOCK:
        ill = cameras.filter(condition__clock_wrong_since__isnull=False)
        since = F("condition__clock_wrong_since")
    else:
        ill, since = cameras.filter(health=cause, health_at__isnull=False), F("health_at")
    found: QuerySet[Any] = ill.annotate(since=since)
    return found


@transaction.atomic
def _open_or_add(
    municipality_id: int, host: str, cause: TicketCause, rule: Rule, cameras: list[Camera]
) -> int:
    standing: MaintenanceTicket | None = (
        MaintenanceTicket.objects.select_for_update()
        .filter(municipality_id=municipality_id, host_key=host[:16], cause=cause, state__in=UNDONE)
        .first()
    )
    if standing is None:
        open_ticket(
            municipality_id=municipality_id,
            cameras=cameras,
            cause=cause,
            priority=rule.priority,
            by=None,
            host_key=host[:16],
        )
        return 1
    standing.cameras.add(*cameras)
    _note(standing, "add", None, _names(cameras))
    return 0


def _names(cameras: Iterable[Camera]) -> str:
    return ", ".join(str(one) for one in cameras)[:TEXT_AT_MOST]


def _require(user: User, municipality_id: int, rights: frozenset[Right]) -> None:
    if not rights & rights_in(user, municipality_id):
        raise NotAllowed(_("your role does not allow this"))


def _end_tampering(ticket: MaintenanceTicket) -> None:
    """Believe a person who looked: a camera may never say itself that it is over."""
    tampered = ticket.cameras.filter(condition__tampered_since__isnull=False)
    for camera_id in tampered.order_by("pk").values_list("pk", flat=True):
        health.note_tampering(camera_id=camera_id, since=None)


def _look_soon(ticket: MaintenanceTicket) -> None:
    """Let the prober look at the repaired cameras next, within the turn's budget."""
    CameraCondition.objects.filter(
        camera__in=ticket.cameras.all(), next_probe_at__isnull=False
    ).update(next_probe_at=timezone.now() + timedelta(seconds=min(30, settings.PROBE_TURN_S)))


def _note(ticket: MaintenanceTicket, verb: str, by: User | None, text: str) -> None:
    MaintenanceNote.objects.create(
        ticket=ticket,
        verb=verb,
        state=TicketState(ticket.state),
        text=text.strip()[:TEXT_AT_MOST],
        by=by,
    )
    chain.record(
        action=f"maintenance.{verb}",
        subject_kind="maintenance_ticket",
        subject_id=ticket.pk,
        municipality_id=ticket.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else AGENT,
        reason=text.strip()[:300],
        detail={"state": ticket.state, "cause": ticket.cause},
    )
    journal.append(
        municipality_id=ticket.municipality_id,
        kind="maintenance.ticket",
        subject_kind="maintenance_ticket",
        subject_id=ticket.pk,
        actor_id=by.pk if by else None,
        data={"verb": verb, "ticket": feature(ticket)},
    )
