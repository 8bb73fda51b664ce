"""The machine's part: extraction, search and masks of a really recorded film; leases; failures."""

import hashlib
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cctv.models import RecordingPart
from controlroom.errors import Invalid, NotAllowed
from linkage.exports import films, masks, vault, work
from linkage.models import ExportRequest
from linkage.models_exports import ExportFilm, FilmKind
from tests.cctv.recordings.test_extraction import played
from tests.linkage.exports.conftest import approved, masked, worked

pytestmark = pytest.mark.django_db
BOX = {"at_s": 0, "until_s": 2, "x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5}


def test_video_older_than_its_retention_makes_the_request_lapse(ask, resident):
    export = approved(ask(), resident)
    RecordingPart.objects.all().delete()
    assert worked(export).state == "lapsed"
    assert export.reason == "video"
    assert not ExportFilm.objects.exists()


def test_a_film_is_extracted_looked_through_and_masked_with_the_boxes_of_a_person(
    ask, resident, haneul, tmp_path
):
    export = worked(approved(ask(), resident))
    assert (export.state, export.lease) == ("extracted", None)
    assert not any((vault.folder() / "work").iterdir())
    assert not work.work(export_id=export.pk)
    original = films.of(export, FilmKind.ORIGINAL)[0]
    plain = b"".join(films.plain(original))
    assert hashlib.sha256(plain).hexdigest() == original.sha256
    assert b"ftyp" in plain[:16]
    assert b"ftyp" not in vault.path_of(original.name).read_bytes()
    clip = export.clips.get()
    assert clip.found == clip.boxes
    with pytest.raises(NotAllowed):
        masks.change_boxes(clip=clip, boxes=[BOX], version=0, by=haneul)
    with pytest.raises(Invalid):
        masks.change_boxes(clip=clip, boxes=[{**BOX, "until_s": 0}], version=0, by=resident)
    masks.change_boxes(clip=clip, boxes=[BOX], version=0, by=resident)
    with pytest.raises(masks.BoxesChanged):
        masks.change_boxes(clip=clip, boxes=[], version=0, by=resident)
    masks.mask(export=export, by=resident)
    assert worked(export).state == "masked"
    covered = films.of(export, FilmKind.MASKED)[0]
    film = tmp_path / "film.mp4"
    film.write_bytes(b"".join(films.plain(covered)))
    assert played(film)[0] == 20
    assert covered.sha256 != original.sha256


def test_unmasked_needs_a_basis_of_its_own_and_a_second_reason(ask, resident, tmp_path):
    export = masked(ask(), resident, tmp_path)
    masks.mask_again(export=export, by=resident, reason="창문에 얼굴이 남음")
    assert films.of(export, FilmKind.MASKED) == []
    with pytest.raises(Invalid):
        masks.leave_unmasked(export=export, by=resident, basis="ACT-112", reason="식별 필요")
    with pytest.raises(Invalid):
        masks.leave_unmasked(export=export, by=resident, basis="PIPA-18-2-7", reason=" ")
    masks.leave_unmasked(export=export, by=resident, basis="PIPA-18-2-7", reason="용의자 식별")
    export.refresh_from_db()
    assert (export.state, export.unmasked_reason) == ("masking", "용의자 식별")


def test_a_film_that_was_changed_cut_or_exchanged_is_not_opened(ask, resident, tmp_path):
    film = films.of(masked(ask(), resident, tmp_path), FilmKind.MASKED)[0]
    path = vault.path_of(film.name)
    body = path.read_bytes()
    assert len(b"".join(films.plain(film))) == film.bytes
    chunk = vault.CHUNK
    assert (
        films.part(film, start=chunk - 3, length=7)
        == b"".join(films.plain(film))[chunk - 3 : chunk + 4]
    )
    for spoilt in (body[:-1], body[:200] + b"\x00" + body[201:], body[: len(body) // 2]):
        path.write_bytes(spoilt)
        with pytest.raises(vault.FilmUnreadable):
            b"".join(films.plain(film))
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportFilm.objects.filter(pk=film.pk).update(sha256="0" * 64)


def test_a_failure_is_tried_again_said_and_mended_by_a_person(ask, resident):
    export = approved(ask(), resident)
    blocked = vault.folder() / "films"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("no folder")
    for _try in range(work.TRIES):
        assert ExportRequest.objects.get().state in {"approved", "extracting"}
        ExportRequest.objects.update(next_try_at=timezone.now())
        worked(export)
    assert (export.state, export.error) == ("failed", "FileExistsError")
    masks.retry(export=export, by=resident)
    assert work.due() == [export.pk]


def test_a_second_worker_finds_the_request_held_and_the_first_one_loses_it_in_time(ask, resident):
    export = approved(ask(), resident)
    first = work._taken(export.pk, uuid.uuid4())
    assert first is not None
    assert not work.work(export_id=export.pk)
    ExportRequest.objects.update(lease_until=timezone.now())
    assert work._taken(export.pk, uuid.uuid4()) is not None
    hand = work._Hand(first, first.lease, vault.folder())
    with pytest.raises(work.LeaseLost):
        hand.renew(0.5)
    with pytest.raises(work.LeaseLost), hand.last_word():
        pass
