"""Wall screens: given a code by an administrator, enrolled once by it, known by their key."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import view_ends
from cctv.choices import EndReason
from controlroom.accounts import enrolment
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import NotAllowed
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.cameras import current_picks
from incidents.choices import Priority
from incidents.models import Incident
from incidents.models_screens import WallScreen

CODES = "incidents.screens"
# A screen asks every two seconds; this often it is written down.
NOTED_EVERY = timedelta(seconds=30)
# How a screen is named as the holder of a view; its number follows.
AGENT = "wall:"


class ScreenCodeRefused(NotAllowed):
    """No screen waits for this code: wrong, used before, or too old."""

    code = "code_refused"


class ScreenUnknown(NotAllowed):
    code = "screen_unknown"
    status = 401


@transaction.atomic
def give_code(*, screen: WallScreen, by: User) -> str:
    """Give the screen a new code; the browser that is enrolled stays so until it is used.

    Locks: the screen.
    Raises: NotAllowed.
    """
    require(by, screen.municipality_id, Right.POLICY_MANAGE)
    locked = WallScreen.objects.select_for_update().get(pk=screen.pk)
    code = enrolment.new_code()
    locked.code_digest = enrolment.code_digest(code, of=CODES)
    locked.code_expires_at = timezone.now() + enrolment.CODE_LASTS
    locked.retired_at = None
    locked.save(update_fields=["code_digest", "code_expires_at", "retired_at"])
    _record("wall.code", locked, by=by)
    return enrolment.grouped(code)


@transaction.atomic
def enrol(*, code: str, address: str | None) -> tuple[WallScreen, str]:
    """Exchange a code for the key of this browser; whatever browser had one is out.

    Locks: the screen.
    Raises: ScreenCodeRefused.
    """
    now = timezone.now()
    digest = enrolment.code_digest(enrolment.plain(code), of=CODES)
    screen: WallScreen | None = (
        WallScreen.objects.select_for_update()
        .filter(code_digest=digest, code_expires_at__gt=now, retired_at=None)
        .first()
    )
    if screen is None:
        raise ScreenCodeRefused(_("no screen waits for this code"))
    key = enrolment.new_key()
    screen.key_digest, screen.enrolled_at, screen.last_seen_at = enrolment.key_digest(key), now, now
    screen.key_expires_at = now + timedelta(days=screen.days)
    screen.code_digest, screen.code_expires_at = "", None
    screen.save(
        update_fields=[
            "key_digest",
            "key_expires_at",
            "enrolled_at",
            "last_seen_at",
            "code_digest",
            "code_expires_at",
        ]
    )
    _record("wall.enrolled", screen, address=address or "")
    return screen, key


def by_key(key: str) -> WallScreen:
    """Find the screen whose browser asks, and note that it was seen.

    Raises: ScreenUnknown for none, a retired one and one whose time is over.
    """
    now = timezone.now()
    screen: WallScreen | None = None
    if key:
        screen = (
            WallScreen.objects.select_related("municipality", "camera_group")
            .filter(key_digest=enrolment.key_digest(key), key_expires_at__gt=now, retired_at=None)
            .first()
        )
    if screen is None:
        raise ScreenUnknown(_("this screen is not enrolled"))
    if screen.last_seen_at is None or now - screen.last_seen_at > NOTED_EVERY:
        WallScreen.objects.filter(pk=screen.pk).update(last_seen_at=now)
    return screen


@transaction.atomic
def retire(*, screen: WallScreen, by: User) -> None:
    """End code and key at once.

    Locks: the screen.
    Raises: NotAllowed.
    """
    require(by, screen.municipality_id, Right.POLICY_MANAGE)
    locked = WallScreen.objects.select_for_update().get(pk=screen.pk)
    view_ends.end_views(agents=[agent_of(locked)], reason=EndReason.REVOKED)
    locked.code_digest = locked.key_digest = ""
    locked.code_expires_at, locked.retired_at = None, timezone.now()
    locked.save(update_fields=["code_digest", "key_digest", "code_expires_at", "retired_at"])
    _record("wall.retired", locked, by=by)


def agent_of(screen: WallScreen) -> str:
    """Name a screen as the holder of a view."""
    return f"{AGENT}{screen.pk} {screen.name}"[:100]


def shown(screen: WallScreen) -> dict[str, Any]:
    """Give what a screen shows pictures of now: the cameras of the most urgent open incident that
    is P1, else those of its group; none without a group."""
    group = screen.camera_group
    if group is None:
        return {"incident": None, "purpose": "", "turn_s": 0, "cameras": []}
    urgent = _urgent(screen)
    picks = current_picks([urgent.pk]).get(urgent.pk, []) if urgent else []
    if urgent and picks:
        cameras = [{"id": pick["id"], "name": pick["name"]} for pick in picks]
        purpose = str(_("incident response"))
    else:
        turns = group.turns.filter(camera__gone_at=None).select_related("camera__site")
        cameras = [{"id": turn.camera_id, "name": str(turn.camera)} for turn in turns]
        purpose, urgent = group.purpose or group.name, None
    return {
        "incident": str(urgent.pk) if urgent else None,
        "purpose": purpose,
        "turn_s": group.turn_s,
        "cameras": cameras,
    }


def _urgent(screen: WallScreen) -> Incident | None:
    found: Incident | None = (
        Incident.objects.filter(municipality_id=screen.municipality_id, priority=Priority.P1)
        .still_open()
        .order_by("-received_at", "-pk")
        .first()
    )
    return found


def may_show(*, agent: str, camera_id: int, incident_id: UUID | None) -> bool | None:
    """Say whether a screen may show this camera now; None for no screen of ours."""
    number = agent.removeprefix(AGENT).partition(" ")[0]
    if not agent.startswith(AGENT) or not number.isdecimal():
        return None
    screen = (
        WallScreen.objects.filter(pk=number, key_expires_at__gt=timezone.now(), retired_at=None)
        .exclude(key_digest="")
        .select_related("camera_group")
        .first()
    )
    if screen is None or screen.camera_group is None:
        return False
    if incident_id is None:
        own = screen.camera_group.turns.filter(
            camera=camera_id, camera__municipality=screen.municipality_id
        )
        return bool(own.exists())
    here = Incident.objects.filter(
        pk=incident_id, municipality=screen.municipality_id, priority=Priority.P1
    ).still_open()
    picks = current_picks([incident_id]).get(incident_id, []) if here.exists() else []
    return any(pick["id"] == camera_id for pick in picks)


def _record(action: str, screen: WallScreen, *, by: User | None = None, address: str = "") -> None:
    chain.record(
        action=action,
        subject_kind="wall_screen",
        subject_id=screen.pk,
        municipality_id=screen.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else agent_of(screen),
        detail={"address": address} if address else {},
    )
