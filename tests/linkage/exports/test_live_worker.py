"""A worker killed with kill -9 in the middle of an extraction: finished later, and once."""

import signal

import pytest
from django.db import connection
from django.utils import timezone

from controlroom.audit.models import Record
from linkage import tasks
from linkage.exports import vault
from linkage.models import ExportRequest
from linkage.models_exports import ExportClip, ExportFilm
from tests.linkage.exports.conftest import approved
from tests.linkage.test_live_worker import FEW, start
from tests.live.conftest import until

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


def worker_of(settings):
    return start(
        *("-m", "celery", "-A", "controlroom.celery", "worker", *FEW),
        CONTROLROOM_STATE_DIR=str(settings.STATE_DIR),
        CONTROLROOM_RECORDINGS_DIR=str(settings.RECORDINGS_DIR),
    )


def state() -> str:
    return ExportRequest.objects.get().state


def test_a_worker_killed_amid_an_extraction_is_followed_by_one_that_finishes_it_once(
    ask, resident, settings
):
    export = approved(ask(), resident)
    worker = worker_of(settings)
    try:
        tasks.sweep_exports()
        until(ExportFilm.objects.exists, within_s=120, what="the film is kept")
        assert ExportClip.objects.get().found is None, "it was too fast to be killed in the middle"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
    film = ExportFilm.objects.get()
    assert state() == "extracting"
    # The lease of the dead worker runs out (60 s in life); the sweep finds the request.
    ExportRequest.objects.update(lease_until=timezone.now())
    worker = worker_of(settings)
    try:
        tasks.sweep_exports()
        until(lambda: state() == "extracted", within_s=180, what="another worker has finished it")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
    assert ExportFilm.objects.get() == film
    actions = Record.objects.filter(subject_id=str(export.reference)).values_list("action", flat=True)
    assert list(actions).count("export.extracted") == 1
    assert Record.objects.filter(action="recording.extracted").count() == 1
    # What the dead one left lying in plain is gone.
    assert not any((vault.folder() / "work").iterdir())
    connection.close()
