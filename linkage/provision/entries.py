"""What enters the register of provision: sessions that ended, stills delivered, files released.

Each verb is called in the transaction of what it enters: no entry, no delivery on record, and the
session is settled anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import Action
from cctv.models import Camera, ViewRecord
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.models import Incident
from linkage.models import Link, StillRelease, StreamGrant
from linkage.models_provision import Corrected, Form, ProvisionCorrection, ProvisionEntry

# What an agency looks at a still for is the case that it was sent for.
STILL_PURPOSE = "INCIDENT"


def enter_session(*, view: ViewRecord) -> ProvisionEntry | None:
    """Enter a settled session of an agency; one in which nothing left is none."""
    grant = grant_of(view)
    if grant is None or (view.first_byte_at is None and view.poster_sent_at is None):
        return None
    entry: ProvisionEntry = ProvisionEntry.objects.create(**session_facts(view, grant))
    return entry


def grant_of(view: ViewRecord) -> StreamGrant | None:
    if view.grant is None:
        return None
    found: StreamGrant | None = (
        StreamGrant.objects.filter(reference=view.grant)
        .select_related("link__agency", "incident", "camera__site", "given_by")
        .first()
    )
    return found


def session_facts(view: ViewRecord, grant: StreamGrant) -> dict[str, Any]:
    """Give what the register says of a session, running or ended.

    One in which no more than the picture of before left is a still, and no second of video.
    """
    live = Form.LIVE if view.action == Action.LIVE else Form.RECORDED
    return {
        "municipality_id": view.municipality_id,
        "form": live if view.first_byte_at else Form.STILL,
        "file_name": file_name(grant.camera),
        "recipient": str(grant.link.agency),
        "received_by": str(view.viewer) if view.viewer else view.agent,
        "service": grant.link.service,
        "purpose": grant.purpose,
        "basis": grant.basis,
        "began_at": view.first_byte_at or view.poster_sent_at,
        "ended_at": view.sent_until or view.poster_sent_at,
        "poster_taken_at": view.poster_taken_at,
        "poster_sent_at": view.poster_sent_at,
        "breaks": view.breaks,
        "end_reason": view.end_reason,
        "size": view.bytes_sent,
        "case_number": grant.case_number,
        "incident_number": grant.incident.number,
        "request": grant.request_id,
        "handled_by": str(grant.given_by) if grant.given_by else "",
        "camera": grant.camera,
        "incident": grant.incident,
        "link": grant.link,
        "grant": grant,
        "session": view,
    }


def file_name(camera: Camera) -> str:
    """개인영상정보 파일의 명칭: the camera's purpose and name, and its number with us."""
    return f"{camera.site.purpose} CCTV · {camera} (#{camera.pk})"


def enter_still(*, release: StillRelease, agent: str) -> ProvisionEntry:
    """Enter that an agency fetched a still; each time."""
    still, link, now = release.still, release.link, timezone.now()
    entry: ProvisionEntry = ProvisionEntry.objects.create(
        municipality_id=still.municipality_id,
        form=Form.STILL,
        file_name=file_name(still.camera),
        recipient=str(link.agency),
        received_by=agent,
        service=link.service,
        purpose=STILL_PURPOSE,
        basis=link.legal_basis.code if link.legal_basis else _("none on record"),
        began_at=now,
        ended_at=now,
        size=still.size,
        sha256=still.sha256,
        case_number=release.case_number,
        incident_number=still.incident.number,
        request=str(release.message.uid),
        handled_by=str(still.taken_by),
        camera=still.camera,
        incident=still.incident,
        link=link,
        still=release,
    )
    return entry


@dataclass(frozen=True)
class Released:
    """A recording that was handed over as a file.

    `export` is the reference of the request for it, `request` the number of the letter or message,
    `received_by` the person there who fetches it, `handled_by` who released it, `sha256` that of
    the file as handed over. Several cameras in one file are several entries.
    """

    export: UUID
    municipality_id: int
    recipient: str
    received_by: str
    purpose: str
    basis: str
    released_at: datetime
    available_until: datetime
    size: int
    sha256: str
    request: str
    handled_by: str
    camera: Camera
    incident: Incident | None = None
    link: Link | None = None
    case_number: str = ""


def enter_release(*, released: Released) -> ProvisionEntry:
    """Enter a released file; call it in the transaction that releases it."""
    incident, link = released.incident, released.link
    entry: ProvisionEntry = ProvisionEntry.objects.create(
        municipality_id=released.municipality_id,
        form=Form.FILE,
        file_name=file_name(released.camera),
        recipient=released.recipient,
        received_by=released.received_by,
        service=link.service if link else "",
        purpose=released.purpose,
        basis=released.basis,
        began_at=released.released_at,
        ended_at=released.available_until,
        size=released.size,
        sha256=released.sha256,
        case_number=released.case_number,
        incident_number=incident.number if incident else "",
        request=released.request,
        handled_by=released.handled_by,
        camera=released.camera,
        incident=incident,
        link=link,
        export=released.export,
    )
    return entry


@transaction.atomic
def correct(
    *, entry: ProvisionEntry, field: str, value: str, reason: str, by: User
) -> ProvisionCorrection:
    """Put an entry right by a new row; the entry stays as it is.

    Raises: NotAllowed; Invalid for an unknown column, or without text or reason.
    """
    require(by, entry.municipality_id, Right.RECORDS_KEEP)
    value, reason = value.strip(), reason.strip()
    missing = {
        name: [_("This field is required.")]
        for name, said in (("value", value), ("reason", reason))
        if not said
    }
    if field not in Corrected.values:
        missing["field"] = [_("no such column")]
    if missing:
        raise Invalid(_("the correction is not complete"), fields=missing)
    row: ProvisionCorrection = ProvisionCorrection.objects.create(
        municipality_id=entry.municipality_id,
        entry=entry,
        field=field,
        value=value[:300],
        reason=reason[:300],
        by=by,
    )
    chain.record(
        action="provision.corrected",
        subject_kind="provision",
        subject_id=entry.pk,
        municipality_id=entry.municipality_id,
        actor_id=by.pk,
        reason=row.reason,
        detail={"field": field, "value": row.value},
    )
    return row
