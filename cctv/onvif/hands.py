"""Whose hand may turn a camera, and for what: a person by rank, an agency by the leave of a grant.

What an incident or a grant says, the rooms above say when they are asked by signal. Whoever may is
not yet on the camera: that is `cctv.onvif.locks`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import policies
from cctv.models import Camera, CameraPolicy, PtzLock
from cctv.onvif.precedence import Rank, rank_of
from controlroom.accounts.models import User
from controlroom.errors import NotAllowed
from controlroom.municipalities.access import rights_in

# What serves no incident serves the centre's own duty.
OWN_SERVICE = "city"

# Sent in the transaction with incident_id, municipality_id and camera_id. The room that owns
# incidents answers an Occasion for one that is open here; no answer means no lock.
occasion_asked = Signal()
# Sent with link_id, camera_id, incident_id (or None) and viewer (the agency's person known here, or
# None) before an agency's hand is let on. The room that gives grants answers a Leave while a grant
# with the right "ptz" stands; no answer means no hand.
leave_asked = Signal()


class PtzRefused(NotAllowed):
    """This hand may not move this camera; `fields` names the rule."""

    code = "ptz_not_allowed"


@dataclass(frozen=True)
class Occasion:
    """What an incident says of itself; the place is None while nobody knows it."""

    service: str
    place: tuple[float, float] | None = None
    error_radius_m: float = 0.0


@dataclass(frozen=True)
class Leave:
    """What lets an agency's hand on a camera, and how long."""

    agency: str
    service: str
    incident_id: uuid.UUID
    until: datetime


@dataclass(frozen=True)
class Hand:
    """Who wants to move a camera: a person, or an agency by its leave.

    `user` beside a link is a person who sits for the agency; `person` is one whom it names itself.
    """

    rank: Rank
    user: User | None = None
    link_id: int | None = None
    leave: Leave | None = None
    person: str = ""

    def holds(self, lock: PtzLock) -> bool:
        own = (self.link_id, self.user.pk if self.user else None, self.person)
        return own == (lock.link_id, lock.holder_id, lock.person)


def of_person(user: User, camera: Camera) -> Hand:
    """Raises: PtzRefused without the right."""
    rank = rank_of(rights_in(user, camera.municipality_id))
    if rank is None:
        raise PtzRefused(_("your role does not allow moving cameras"))
    return Hand(rank, user=user)


def of_agency(
    link_id: int,
    camera: Camera,
    incident_id: uuid.UUID | None = None,
    *,
    user: User | None = None,
    person: str = "",
) -> Hand:
    """Raises: PtzRefused without a standing grant that carries the right to move."""
    leave = _leave(link_id, camera.pk, incident_id, user)
    if leave is None:
        raise PtzRefused(
            _("no grant lets this agency move this camera"), fields={"rule": ["grant_without_ptz"]}
        )
    return Hand(Rank.AGENCY, user=user, link_id=link_id, leave=leave, person=person)


def _leave(
    link_id: int, camera_id: int, incident_id: uuid.UUID | None, viewer: User | None
) -> Leave | None:
    answers: list[tuple[Any, Any]] = leave_asked.send(
        sender=PtzLock,
        link_id=link_id,
        camera_id=camera_id,
        incident_id=incident_id,
        viewer=viewer,
    )
    found = [answer for _receiver, answer in answers if isinstance(answer, Leave)]
    return next((one for one in found if one.until > timezone.now()), None)


def service_of(camera: Camera, hand: Hand, incident_id: uuid.UUID | None) -> str:
    """Say for which service a hand moves the camera; its own duty without an incident.

    Raises: PtzRefused for an incident that is not open here.
    """
    if hand.leave is not None:
        return hand.leave.service
    if incident_id is None:
        return OWN_SERVICE
    found = occasion(incident_id, camera)
    if found is None:
        raise PtzRefused(
            _("this incident is not open here"), fields={"rule": ["incident_not_open"]}
        )
    return found.service


def occasion(incident_id: uuid.UUID, camera: Camera) -> Occasion | None:
    """Ask the room of incidents what this one is, if it is open in the camera's municipality."""
    answers: list[tuple[Any, Any]] = occasion_asked.send(
        sender=PtzLock,
        incident_id=incident_id,
        municipality_id=camera.municipality_id,
        camera_id=camera.pk,
    )
    found: list[Occasion] = [one for _receiver, one in answers if isinstance(one, Occasion)]
    return found[0] if found else None


def check_purpose(camera: Camera, service: str) -> None:
    """Refuse to turn a camera to what it was not registered for.

    Source: 개인정보 보호법 §25⑤: a camera is not pointed elsewhere for another purpose.
    Raises: PtzRefused.
    """
    purpose = camera.site.purpose
    said = CameraPolicy.objects.filter(
        municipality_id=camera.municipality_id, service=service, purpose=purpose
    ).first()
    allowed = said.allowed if said else purpose in policies.usual_purposes(service)
    if not allowed:
        raise PtzRefused(
            _(
                "this camera is registered for %(purpose)s and may not be turned for this service "
                "(Personal Information Protection Act, article 25)"
            )
            % {"purpose": camera.site.get_purpose_display()},
            fields={"rule": ["pipa_25_purpose"]},
        )


def may_go_on(lock: PtzLock) -> bool:
    """Say whether what let a hand on the camera still does: the person's right, or the grant."""
    if lock.link_id is not None:
        return _leave(lock.link_id, lock.camera_id, lock.incident_id, lock.holder) is not None
    assert lock.holder is not None  # noqa: S101  # the table holds one at least
    return rank_of(rights_in(lock.holder, lock.municipality_id)) is not None
