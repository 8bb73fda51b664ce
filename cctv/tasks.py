"""Tasks of the camera room; each only calls a verb."""

import structlog
from celery import shared_task
from django.conf import settings

from cctv import health_facts, maintenance, posters, streams, view_ends
from cctv.gateway import admissions, whep_ends
from cctv.models import ImportBatch
from cctv.onvif import sweeping
from cctv.register import batches, reading, reasons, work

log = structlog.get_logger(__name__)
SLICE_S = 20.0


@shared_task
def sweep_views() -> None:
    view_ends.sweep()
    if settings.JANUS_SOCKET:
        whep_ends.cut_ended()
    view_ends.settle()
    streams.sweep()
    posters.sweep()


@shared_task
def watch_media_server() -> None:
    admissions.watch()


@shared_task
def sweep_ptz() -> None:
    """Do what the watching process does all the time, in case that it is away."""
    sweeping.sweep()


@shared_task
def tell_health() -> None:
    health_facts.tell()


@shared_task
def look_after_tickets() -> None:
    maintenance.open_due()
    maintenance.verify_repaired()


@shared_task
def advance_import(batch_id: int) -> None:
    """Work on an import for a while, then queue again: no task holds a worker for long."""
    try:
        finished = work.advance(batch_id, for_s=SLICE_S)
    except reading.UnreadableFile as error:
        batches.fail(batch=ImportBatch(pk=batch_id), text=reasons.file_text(error.code))
        return
    except Exception:
        log.exception("import_failed", batch=batch_id)
        batches.fail(batch=ImportBatch(pk=batch_id), text=reasons.file_text("internal"))
        raise
    if not finished:
        advance_import.delay(batch_id)


@shared_task
def revive_imports() -> None:
    for batch_id in batches.silent():
        log.warning("import_revived", batch=batch_id)
        advance_import.delay(batch_id)
