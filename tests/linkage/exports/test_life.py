"""A request from its draft to its destruction, by two people; the machine is in test_work.py."""

import hashlib
import io
import threading
from datetime import timedelta

import pytest
import pyzipper
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from cctv.models import ViewRecord
from cctv.passes import Caller
from controlroom.audit import chain
from controlroom.audit.models import Record
from controlroom.errors import Conflict, Invalid, NotAllowed, OutOfScope
from controlroom.journal.models import Entry
from linkage.errors import StepForbidden
from linkage.exports import films, releases, requests, vault
from linkage.models import ExportRequest, OutboxMessage
from linkage.models_exports import ExportFilm, ExportRelease, ExportView, FilmKind
from linkage.models_provision import ProvisionEntry
from tests.conftest import make_member
from tests.linkage.exports.conftest import FILM, LETTER, approved, masked, submitted

pytestmark = pytest.mark.django_db
AT_HOME = Caller("a sign-in", "10.0.0.7")


# --- asking -------------------------------------------------------------------------------
def test_a_request_names_what_is_wrong_with_it(ask, haneul, recorded):
    with pytest.raises(Invalid) as refused:
        ask(
            haneul,
            until=recorded - timedelta(seconds=1),
            cameras=[999_999],
            purpose=" ",
            basis="ACT-112",
        )
    assert set(refused.value.fields) == {"until", "cameras", "purpose", "basis"}
    with pytest.raises(Invalid) as refused:
        ask(haneul, since=recorded - timedelta(hours=3), cameras=[])
    assert set(refused.value.fields) == {"until", "cameras"}
    assert not ExportRequest.objects.exists()


@pytest.mark.parametrize(
    ("name", "body"),
    [("a.exe", LETTER), ("a.pdf", b"MZ not a letter"), ("a.pdf", b""), ("a", LETTER)],
)
def test_what_is_no_letter_is_refused_and_without_one_nothing_is_submitted(ask, haneul, name, body):
    export = ask(haneul)
    with pytest.raises(Invalid):
        requests.attach_letter(export=export, number="1", name=name, body=body, by=haneul)
    with pytest.raises(Invalid):
        requests.submit(export=export, by=haneul)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.filter(pk=export.pk).update(state="submitted")


def test_the_letter_is_sealed_and_reading_it_is_on_record(ask, haneul, resident, administrator):
    export = submitted(ask(haneul), haneul)
    export.refresh_from_db()
    assert LETTER not in bytes(export.letter)
    assert requests.read_letter(export=export, by=resident) == LETTER
    assert Record.objects.filter(action="export.letter_read", actor=resident).exists()
    for nobody in (haneul, administrator):
        with pytest.raises(NotAllowed):
            requests.read_letter(export=export, by=nobody)


# --- deciding -----------------------------------------------------------------------------
def test_nobody_approves_an_own_request_and_the_database_says_the_same(ask, resident, supervisor):
    export = submitted(ask(resident), resident)
    requests.review(export=export, by=resident)
    with pytest.raises(requests.ApprovalRefused):
        requests.approve(export=export, by=resident)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.filter(pk=export.pk).update(approved_by=resident)
    with pytest.raises(requests.ApprovalRefused) as refused:
        requests.approve(export=export, by=supervisor)
    assert set(refused.value.fields) == {"reason"}
    requests.approve(export=export, by=supervisor, reason="상주경찰 부재")
    assert Record.objects.get(action="export.approved").reason == "상주경찰 부재"


def test_operators_administrators_and_auditors_decide_nothing(
    ask, haneul, administrator, bada, stranger
):
    export = submitted(ask())
    for person in (haneul, administrator, bada, stranger):
        with pytest.raises(NotAllowed):
            requests.review(export=export, by=person)
        with pytest.raises(NotAllowed):
            requests.reject(export=export, by=person, reason="안 됨")
    visible = ExportRequest.objects.visible_to
    assert visible(haneul).exists()
    assert visible(bada).exists()
    assert not visible(administrator).exists()
    assert not visible(stranger).exists()


def test_each_step_is_on_record_in_the_journal_and_told_the_agency(ask, resident, link):
    export = approved(ask(), resident)
    steps = ["export.drafted", "export.submitted", "export.reviewed", "export.approved"]
    kinds = Entry.objects.filter(subject_kind="export").order_by("number")
    assert list(kinds.values_list("kind", flat=True)) == [
        f"export.{state}" for state in ("draft", "submitted", "reviewed", "approved")
    ]
    recorded_steps = Record.objects.filter(subject_id=str(export.reference)).order_by("pk")
    actions = list(recorded_steps.values_list("action", flat=True))
    assert [action for action in actions if action != "export.letter"] == steps
    told = OutboxMessage.objects.filter(message_type="EXPORT", link=link).order_by("pk")
    # What the agency did itself it is not told.
    assert [row.payload["state"] for row in told] == ["REVIEWED", "APPROVED"]


def test_what_cannot_be_recorded_does_not_happen(ask, resident, monkeypatch):
    export = submitted(ask())
    requests.review(export=export, by=resident)

    def refuse(**_said):
        raise OSError("the record cannot be written")

    monkeypatch.setattr(chain, "record", refuse)
    with pytest.raises(OSError, match="record"):
        requests.approve(export=export, by=resident)
    export.refresh_from_db()
    assert export.state == "reviewed"
    assert export.approved_by is None


# --- the release --------------------------------------------------------------------------
@pytest.fixture
def engineer(link):
    return make_member("room112", link.municipality)


def test_a_release_is_looked_at_so_often_and_no_more(release, engineer):
    export, _made, _phrase = release(views=1)
    looked_at_clip = export.clips.get().pk
    view = releases.open_view(export=export, viewer=engineer, caller=AT_HOME)
    found = releases.open_to(reference=view.reference, viewer=engineer, caller=AT_HOME)
    _film, part = releases.serve(view=found, clip_id=looked_at_clip, start=0, length=1000)
    releases.serve(view=found, clip_id=looked_at_clip, start=1000, length=1000)
    # The register of provision has it once, with the hash of what was given.
    entry = ProvisionEntry.objects.get()
    assert (entry.export, entry.received_by) == (export.reference, str(engineer))
    assert entry.sha256 == films.of(export, FilmKind.MASKED)[0].sha256
    row = ViewRecord.objects.get(viewer=engineer)
    assert (row.action, row.bytes_sent, part) == ("recorded", 2000, FILM[:1000])
    for caller in (Caller("another sign-in", AT_HOME.address), Caller("a sign-in", "10.0.0.8")):
        with pytest.raises(OutOfScope):
            releases.open_to(reference=view.reference, viewer=engineer, caller=caller)
    with pytest.raises(releases.ViewsUsed):
        releases.open_view(export=export, viewer=engineer, caller=AT_HOME)
    with pytest.raises(OutOfScope):
        releases.open_view(export=export, viewer=engineer, caller=AT_HOME, is_download=True)
    # The last look is going on: only after it the release is over.
    assert releases.expire_overdue() == 0
    with time_machine.travel(view.expires_at + timedelta(seconds=1), tick=False):
        with pytest.raises(OutOfScope):
            releases.open_to(reference=view.reference, viewer=engineer, caller=AT_HOME)
        assert releases.expire_overdue() == 1
    export.refresh_from_db()
    assert (export.state, export.reason) == ("expired", "views")


def test_no_record_no_look(release, engineer, monkeypatch):
    export, _made, _phrase = release()
    view = releases.open_view(export=export, viewer=engineer, caller=AT_HOME)

    def refuse(**_said):
        raise OSError("the record cannot be written")

    monkeypatch.setattr(chain, "record", refuse)
    with pytest.raises(OSError, match="record"):
        releases.serve(view=view, clip_id=export.clips.get().pk, start=0, length=10)
    with pytest.raises(OSError, match="record"):
        releases.open_view(export=export, viewer=engineer, caller=AT_HOME)
    assert ExportRelease.objects.get().views_used == 1
    assert not ViewRecord.objects.exists()


def test_the_package_opens_with_its_passphrase_alone(release, engineer):
    export, _made, phrase = release(may_download=True)
    view = releases.open_view(export=export, viewer=engineer, caller=AT_HOME, is_download=True)
    package = io.BytesIO(b"".join(releases.take_along(view=view)))
    film = films.of(export, FilmKind.MASKED)[0]
    with pyzipper.AESZipFile(package) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".mp4"))
        with pytest.raises(RuntimeError):
            archive.read(name)
        archive.setpassword(phrase.encode())
        assert hashlib.sha256(archive.read(name)).hexdigest() == film.sha256
    assert Record.objects.filter(action="export.downloaded").count() == 1


def test_destroying_takes_the_keys_and_the_files_and_says_who(release, resident, engineer):
    export, _made, _phrase = release(may_download=True)
    paths = [vault.path_of(film.name) for film in ExportFilm.objects.all()]
    assert all(path.exists() for path in paths)
    with pytest.raises(Invalid):
        releases.destroy(export=export, by=resident, reason="")
    releases.destroy(export=export, by=resident, reason="수사 종결")
    assert not any(path.exists() for path in paths)
    assert not ExportFilm.objects.exclude(sealed_key=None).exists()
    export.refresh_from_db()
    assert (export.state, export.destroyed_by) == ("destroyed", resident)
    assert ExportRelease.objects.get().passphrase is None
    with pytest.raises(OutOfScope):
        releases.open_view(export=export, viewer=engineer, caller=AT_HOME)
    releases.confirm_copies_destroyed(export=export, who="정 주임", by=engineer)
    export.refresh_from_db()
    assert export.copies_destroyed_by == "정 주임"
    told = OutboxMessage.objects.filter(message_type="EXPORT").order_by("pk")
    assert [row.payload["state"] for row in told][-2:] == ["RELEASED", "DESTROYED"]


def test_what_nobody_goes_on_with_lapses_and_its_films_are_destroyed_by_the_clock(
    ask, resident, settings, tmp_path
):
    lying, waiting = ask(), masked(ask(), resident, tmp_path)
    with time_machine.travel(timezone.now() + timedelta(days=settings.EXPORT_DAYS + 1), tick=False):
        assert requests.lapse_overdue() == 1
        assert releases.destroy_overdue() == 1
    lying.refresh_from_db()
    waiting.refresh_from_db()
    assert (lying.state, waiting.state) == ("lapsed", "destroyed")
    assert Record.objects.get(action="export.destroyed").agent == "linkage.exports"
    with pytest.raises(StepForbidden):
        requests.withdraw(export=lying)
    with pytest.raises(Conflict):
        releases.confirm_copies_destroyed(export=lying, who="x")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_for_the_last_look_one_gets_it(release, engineer):
    export, _made, _phrase = release(views=3)
    start, outcomes = threading.Barrier(8), []

    def look() -> None:
        start.wait(20)
        try:
            releases.open_view(export=export, viewer=engineer, caller=AT_HOME)
            outcomes.append("seen")
        except releases.ViewsUsed:
            outcomes.append("used")
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["seen"] * 3 + ["used"] * 5
    assert ExportView.objects.count() == ExportRelease.objects.get().views_used == 3
