"""Agencies' hands on cameras: by a grant of their own that says so, under a lock, until it ends.

What a hand may do is one table, for the agency API and for the agency's page alike.
"""

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import PtzEnd
from cctv.models import OnvifDevice, PtzLock
from cctv.onvif import devices, hands, locks, ptz
from cctv.onvif.hands import Hand, Leave, PtzRefused
from controlroom.accounts.models import User
from controlroom.errors import OutOfScope
from incidents.features import moment
from linkage import documents, viewing
from linkage.models import AgencySeat, Link, StreamGrant
from linkage.models_video import GrantQuerySet
from linkage.policy.words import Access
from linkage.wire import Schema, record, text

Said = Mapping[str, Any]
Act = Callable[[OnvifDevice, Hand, Said], None]

_SPEED: Schema = {"type": "number", "minimum": -1, "maximum": 1, "default": 0}
_PERSON = text(60, "Who acts, as your agency knows them; the same with every act of one lock")
NOTHING = record(person=_PERSON)
MOVE = record(
    pan={**_SPEED, "description": "Right is positive"},
    tilt={**_SPEED, "description": "Up is positive"},
    zoom={**_SPEED, "description": "In is positive"},
    person=_PERSON,
)
PRESET = record(
    "preset",
    preset={**text(64, "`token` of one of the presets"), "minLength": 1},
    person=_PERSON,
)


def _plainly(verb: Callable[..., object]) -> Act:
    """Do what needs nothing said but whose hand it is."""

    def work(device: OnvifDevice, hand: Hand, _said: Said) -> None:
        verb(device=device, hand=hand)

    return work


def _move(device: OnvifDevice, hand: Hand, said: Said) -> None:
    speeds = {axis: float(said.get(axis, 0)) for axis in ptz.AXES}
    ptz.move(device=device, hand=hand, **speeds)


def _to_preset(device: OnvifDevice, hand: Hand, said: Said) -> None:
    ptz.to_preset(device=device, hand=hand, token=said["preset"])


# What each act is told, and what it does.
ACTS: dict[str, tuple[Schema, Act]] = {
    "lock": (NOTHING, _plainly(ptz.take)),
    "keep": (NOTHING, _plainly(locks.keep)),
    "move": (MOVE, _move),
    "stop": (NOTHING, _plainly(ptz.stop)),
    "preset": (PRESET, _to_preset),
    "cue": (NOTHING, _plainly(ptz.cue)),
    "home": (NOTHING, _plainly(ptz.home)),
    "release": (NOTHING, _plainly(ptz.release)),
}
for _name, (_schema, _work) in ACTS.items():
    documents.register(f"ptz/{_name}", _schema)


def act(*, grant: StreamGrant, name: str, said: Said, user: User | None = None) -> dict[str, Any]:
    """Do one act of an agency's hand and say how the camera stands then.

    Raises: Invalid, NoPtz, PtzRefused, PtzTaken, PtzLockMissing, CannotAim, Unavailable.
    """
    documents.check(said, f"ptz/{name}")
    device = ptz.device_of(grant.camera)
    hand = _hand(grant, user, said.get("person", "").strip())
    _schema, work = ACTS[name]
    work(device, hand, said)
    return _state(grant, device, hand)


def state(*, grant: StreamGrant, user: User | None = None, person: str = "") -> dict[str, Any]:
    """Say who holds the camera of a grant, as the agency may know. Raises: NoPtz, PtzRefused."""
    return _state(grant, ptz.device_of(grant.camera), _hand(grant, user, person))


def presets(grant: StreamGrant) -> list[dict[str, str]]:
    """Ask the camera of a grant for its presets. Raises: NoPtz, Unavailable."""
    return ptz.presets(ptz.device_of(grant.camera))


def _state(grant: StreamGrant, device: OnvifDevice, hand: Hand) -> dict[str, Any]:
    lock = (
        PtzLock.objects.filter(camera_id=grant.camera_id, ended_at=None)
        .select_related("holder")
        .first()
    )
    if lock is not None and lock.is_over(timezone.now()):
        lock = None
    kind, name = locks.who_holds(lock, hand) if lock else ("", "")
    return {
        "camera": {"id": grant.camera_id, "name": str(grant.camera)},
        "expires_at": moment(grant.expires_at),
        "may_cue": devices.mount_of(device) is not None,
        "mine": kind == "you",
        "lock": lock and {"holder": {"kind": kind, "name": name}, "until": moment(lock.until)},
        "lease_s": locks.LEASE_S,
    }


def _hand(grant: StreamGrant, user: User | None, person: str) -> Hand:
    return hands.of_agency(grant.link_id, grant.camera, grant.incident_id, user=user, person=person)


def grant_of(*, link: Link, reference: uuid.UUID) -> StreamGrant:
    """Find the grant by which this link may turn a camera now.

    Raises: OutOfScope for one that is not this link's; PtzRefused for one that is over or does not
    say so, with the rule.
    """
    grant: StreamGrant | None = _whole().filter(link=link, reference=reference).first()
    if grant is None:
        raise OutOfScope(_("no such grant"))
    if over := viewing.why_grant_over(grant):
        raise PtzRefused(
            _("this grant is over: %(why)s") % {"why": over.label},
            fields={"rule": ["grant_over"], "reason": [str(over)]},
        )
    if Access.PTZ not in grant.rights:
        raise PtzRefused(
            _("no grant lets this agency move this camera"), fields={"rule": ["grant_without_ptz"]}
        )
    return grant


def _whole() -> GrantQuerySet:
    found: GrantQuerySet = StreamGrant.objects.select_related(
        "camera__site", "incident", "link__agency", "link__legal_basis"
    )
    return found


def leave(
    *, link_id: int, camera_id: int, incident_id: uuid.UUID | None, viewer: User | None = None
) -> Leave | None:
    """Give the leave of the grant that lets this link move the camera, the longest first."""
    standing = _whole().in_force(timezone.now()).filter(link_id=link_id, camera_id=camera_id)
    if incident_id is not None:
        standing = standing.filter(incident_id=incident_id)
    for grant in standing.order_by("-expires_at"):
        is_open = viewing.why_grant_over(grant) is None and _sits(viewer, grant)
        if Access.PTZ in grant.rights and is_open:
            return Leave(
                agency=str(grant.link.agency),
                service=grant.incident.service,
                incident_id=grant.incident_id,
                until=grant.expires_at,
            )
    return None


def _sits(viewer: User | None, grant: StreamGrant) -> bool:
    if viewer is None:
        return True
    seats = AgencySeat.objects.of(viewer)
    return bool(
        seats.filter(agency=grant.link.agency_id, municipality=grant.municipality_id).exists()
    )


def let_go(grants: Collection[StreamGrant]) -> None:
    """Give back the cameras that are held by these grants; they go home.

    Call it before the grants' own ends are recorded: the journal's counter comes last.
    Locks: the open locks concerned.
    """
    held = Q()
    for grant in grants:
        if Access.PTZ in grant.rights:
            held |= Q(
                link_id=grant.link_id,
                camera_id=grant.camera_id,
                incident_id=grant.incident_id,
            )
    if held:
        found = PtzLock.objects.filter(held, ended_at=None).values_list("pk", flat=True)
        locks.end_locks(lock_ids=list(found), reason=PtzEnd.RIGHT_LOST)
