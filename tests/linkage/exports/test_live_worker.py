"""Real processes: a worker killed with kill -9 amid an extraction; the simulated room asks."""

import signal

import pytest
from django.db import connection
from django.utils import timezone

from controlroom.audit.models import Record
from linkage import tasks
from linkage.demo.link import room_link
from linkage.exports import requests, vault
from linkage.models import ExportRequest
from linkage.models_exports import ExportClip, ExportFilm
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.police112 import Police112Room
from linkage.simulator.scenes import City
from tests.linkage.exports.conftest import approved
from tests.linkage.test_live_worker import FEW, start
from tests.live.conftest import start_web, until  # noqa: F401 - fixture

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
        # What the dead one left lying in plain goes too.
        until(lambda: not any((vault.folder() / "work").iterdir()), what="nothing is left lying")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
    assert ExportFilm.objects.get() == film
    actions = Record.objects.filter(subject_id=str(export.reference)).values_list(
        "action", flat=True
    )
    assert list(actions).count("export.extracted") == 1
    assert Record.objects.filter(action="recording.extracted").count() == 1
    connection.close()


def test_the_simulated_police_room_asks_for_recorded_video_over_the_real_protocol(
    start_web,  # noqa: F811 - the fixture
    city,
    camera,
    recorded,
    resident,
):
    made = room_link("police112", municipality=city)
    web = start_web()
    account = Account(web.url, made.client_id, made.client_secret, made.link.code)
    room = Police112Room(
        client=AgencyClient(account), city=City(lon=127.4, lat=36.4), rate_per_min=1
    )
    room.ask_for_recording("112-1", [camera.pk])
    room.ask_for_recording("112-1", [camera.pk])
    export = ExportRequest.objects.get()
    assert room.exports == {str(export.reference): "SUBMITTED"}
    assert (export.state, export.requested_by, export.letter_name) == (
        "submitted",
        None,
        "letter.pdf",
    )
    requests.reject(export=export, by=resident, reason="기간이 맞지 않음")
    for owed in room.client.owed(at_most=10):
        room.heard(owed["event"])
    assert room.exports == {str(export.reference): "REJECTED"}
    room.client.hang_up()
