"""A film with a face and a plate: both are found, covered for good, and marked for the recipient."""

import os
import random
import signal
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from cctv.masking import jobs
from cctv.masking.boxes import Box
from cctv.masking.covering import cover
from cctv.masking.detectors import Detectors
from tests.cctv.masking import scenes
from tests.live.conftest import until

RATE = 10
WIDTH, HEIGHT = 640, 360


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.STATE_DIR = tmp_path / "state"


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> tuple[Path, list[list[scenes.Thing]]]:
    """Film a face that goes by and a plate that stands, and say where both are."""
    chance = random.Random(4)
    pictures, truth = [], []
    for number in range(12):
        picture = scenes.background(WIDTH, HEIGHT, 3).copy()
        face = scenes.put_face(picture, "collins", width=48, left=60 + 6 * number, top=120)
        plate = scenes.put_plate(picture, "123가 4567", width=110, left=420, top=260)
        pictures.append(scenes.weathered(picture, chance))
        truth.append([face, plate])
    to = tmp_path_factory.mktemp("film") / "film.mp4"
    return scenes.write_film(pictures, to, rate=RATE), truth


@pytest.fixture(scope="module")
def boxes(film, tmp_path_factory) -> list[Box]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.settings, "STATE_DIR", tmp_path_factory.mktemp("state"))
        return jobs.detect(film[0])


@pytest.fixture(scope="module")
def masked(film, boxes, tmp_path_factory) -> tuple[jobs.Masked, list[float]]:
    heard: list[float] = []
    folder = tmp_path_factory.mktemp("masked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.settings, "STATE_DIR", folder)
        done = jobs.mask(
            film[0], boxes=boxes, to=folder / "masked.mp4", watermark="수서경찰서 김하늘 2026-114",
            progress=heard.append,
        )  # fmt: skip
    return done, heard


def test_the_face_and_the_plate_are_covered_in_every_picture(film, boxes):
    for number, things in enumerate(film[1]):
        at_s = number / RATE
        for thing in things:
            inside = [
                box
                for box in boxes
                if box.at_s <= at_s <= box.until_s
                and box.kind == thing.kind
                and box.x * WIDTH <= thing.left + thing.width * 0.1
                and box.y * HEIGHT <= thing.top + thing.height * 0.1
                and (box.x + box.width) * WIDTH >= thing.left + thing.width * 0.9
                and (box.y + box.height) * HEIGHT >= thing.top + thing.height * 0.9
            ]
            assert inside, (number, thing)


def test_nothing_of_what_was_covered_is_found_again(film, masked):
    detectors = Detectors()
    before, after = scenes.read_film(film[0]), scenes.read_film(masked[0].path)
    assert len(before) == len(after) == masked[0].frames == 12
    assert masked[0].ended_s == pytest.approx(1.2)
    for number in (0, 6, 11):
        for thing in film[1][number]:
            part = np.s_[thing.top : thing.top + thing.height, thing.left : thing.left + thing.width]
            change = np.abs(before[number][part].astype(int) - after[number][part]).mean()
            assert change > 15, (number, thing)
    for number in (3, 9):
        for find in [*detectors.faces(before[number]), *detectors.plates(before[number])]:
            middle = (
                int((find.area.x + find.area.width / 2) * WIDTH),
                int((find.area.y + find.area.height / 2) * HEIGHT),
            )
            again = [*detectors.faces(after[number]), *detectors.plates(after[number])]
            assert not [one for one in again if _holds(one, middle) and one.kind == find.kind]


def _holds(find, middle):
    x, y = middle[0] / WIDTH, middle[1] / HEIGHT
    area = find.area
    return area.x <= x <= area.x + area.width and area.y <= y <= area.y + area.height


def test_few_colours_are_left_of_a_face_and_one_of_a_plate(film):
    picture = scenes.read_film(film[0])[0]
    covered = picture.copy()
    face, plate = film[1][0]
    cover(covered, [_box_of(face), _box_of(plate)])
    for thing, most in ((face, 16), (plate, 1)):
        part = covered[
            thing.top : thing.top + thing.height, thing.left : thing.left + thing.width
        ]
        assert len(np.unique(part.reshape(-1, 3), axis=0)) <= most


def _box_of(thing):
    return Box(
        0, 1, thing.left / WIDTH, thing.top / HEIGHT, thing.width / WIDTH, thing.height / HEIGHT,
        thing.kind,
    )  # fmt: skip


def test_the_watermark_is_in_every_picture_and_the_rest_stays(film, masked, tmp_path):
    plain = jobs.mask(film[0], boxes=[], to=tmp_path / "plain.mp4", watermark="")
    marked = scenes.read_film(masked[0].path)
    unmarked = scenes.read_film(plain.path)
    places = []
    for one, other in zip(marked, unmarked, strict=True):
        change = np.abs(one.astype(int) - other).max(axis=2)
        # Above the things: only the watermark changes anything there.
        assert (change[:100] > 12).sum() > 150
        places.append(cv2.GaussianBlur((change > 40).astype(np.float32), (0, 0), 9).argmax())
    # It moves: no one place of the picture hides it.
    assert len(set(places)) > 1


def test_no_sound_and_no_word_of_the_old_file_is_left(masked):
    body = masked[0].path.read_bytes()
    assert b"secret4711" not in body
    assert b"mp4a" not in body
    assert b"Lavf" not in body
    assert masked[0].path.stat().st_mode & 0o077 == 0


def test_progress_goes_up_to_the_end(masked):
    assert masked[1] == sorted(masked[1])
    assert masked[1][-1] == 1.0


def test_what_a_person_adds_is_covered_in_its_time_only(film, tmp_path):
    added = Box(0.3, 0.6, 0.0, 0.75, 0.2, 0.2, "person-added")
    done = jobs.mask(film[0], boxes=[added], to=tmp_path / "one.mp4", watermark="")
    noise = [
        picture[280:330, 10:110].std(axis=(0, 1)).max() for picture in scenes.read_film(done.path)
    ]
    # From 0.3 to 0.6 s, and half a picture more on each side.
    assert max(noise[3:7]) < 1.5 < min([*noise[:2], *noise[8:]])


def test_what_is_no_film_is_refused_and_leaves_nothing(tmp_path):
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"no film at all")
    with pytest.raises(jobs.FilmUnreadable):
        jobs.detect(wrong)
    with pytest.raises(jobs.FilmUnreadable):
        jobs.mask(wrong, boxes=[], to=tmp_path / "to.mp4", watermark="x")
    assert not (tmp_path / "to.mp4").exists()


def test_a_film_that_breaks_off_is_refused(film, tmp_path):
    broken = tmp_path / "broken.mp4"
    body = film[0].read_bytes()
    broken.write_bytes(body[: len(body) // 2])
    with pytest.raises(jobs.FilmUnreadable):
        jobs.mask(broken, boxes=[], to=tmp_path / "to.mp4", watermark="x")


def test_one_film_at_a_time_and_a_killed_one_is_said(film, tmp_path):
    """The second waits for its turn; the first, killed, is an error and no half of a film."""
    refusals = []

    def work():
        try:
            jobs.detect(film[0])
        except jobs.FilmUnreadable as refusal:
            refusals.append(refusal)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(programs()) == 1, within_s=10)
    first = programs()[0]
    assert os.getpriority(os.PRIO_PROCESS, first) >= 0
    os.kill(first, signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    assert len(refusals) == 1


def programs() -> list[int]:
    """List the programs that this process started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            is_ours = b"cctv.masking.program" in (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if is_ours and int(parent) == os.getpid():
            found.append(int(folder.name))
    return found
