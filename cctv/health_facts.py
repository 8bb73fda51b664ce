"""What the desk hears of cameras: facts in the journal, few however many cameras changed.

What changed is in the rows that `cctv.health` writes; a fact that is not told yet is told later.
"""

from itertools import groupby

from django.db import transaction
from django.db.models import F

from cctv import features
from cctv.choices import HostState
from cctv.models import CameraCondition, CameraEvent, CameraHost
from controlroom.journal import log as journal
from controlroom.journal.log import Fact

TOLD_TOGETHER = 100
TOLD_AT_ONCE = 2_000


@transaction.atomic
def tell() -> int:
    """Tell the journal of what changed since the last time: a few facts, however many cameras.

    Locks: the conditions, then the counter rows by municipality.
    Emits: "camera.health" with up to a hundred cameras each.
    """
    untold = (
        CameraCondition.objects.untold()
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("camera__site")
        .defer("reference", "camera__source_secret")
        .order_by("municipality_id", "pk")
    )
    rows = list(untold[:TOLD_AT_ONCE])
    CameraCondition.objects.filter(pk__in=[row.pk for row in rows]).update(told=F("version"))
    for municipality_id, its in groupby(rows, key=lambda row: row.municipality_id):
        told = list(its)
        facts = [_fact(told[at : at + TOLD_TOGETHER]) for at in range(0, len(told), TOLD_TOGETHER)]
        journal.append_all(municipality_id=municipality_id, facts=facts)
    return len(rows)


def _fact(told: list[CameraCondition]) -> Fact:
    sites = {row.camera.site_id for row in told}
    return Fact(
        kind="camera.health",
        subject_kind="camera",
        subject_id=str(told[0].pk) if len(told) == 1 else "",
        data={
            "cameras": [
                {
                    "id": row.pk,
                    "site_id": row.camera.site_id,
                    "name": str(row.camera),
                    **features.condition(row.camera, row),
                }
                for row in told
            ],
            "sites": features.site_codes(sites),
        },
    )


def tell_host(host: CameraHost, site_ids: list[int], count: int) -> None:
    """Tell of a recorder that went or came back, and of all its cameras with it.

    Locks: the municipality's counter row.
    """
    journal.append(
        municipality_id=host.municipality_id,
        kind="camera.host",
        subject_kind="camera_host",
        subject_id=host.key,
        data={
            "host": host.label,
            "state": str(host.state),
            "reason": host.reason if host.state == HostState.DOWN else "",
            "since": host.since.isoformat(),
            "cameras": count,
            "sites": features.site_codes(site_ids),
        },
    )


def tell_event(event: CameraEvent) -> None:
    """Tell the desk what a camera reported of itself.

    Locks: the municipality's counter row.
    """
    with transaction.atomic():
        journal.append(
            municipality_id=event.municipality_id,
            kind="camera.event",
            subject_kind="camera",
            subject_id=event.camera_id,
            data={
                "camera": {"id": event.camera_id, "name": str(event.camera)},
                "event": {"kind": event.kind, "is_on": event.is_on, "at": event.at.isoformat()},
            },
        )
