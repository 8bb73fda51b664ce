"""The file of a recording: unreadable without its key, whole as far as it was written."""

import uuid

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from cctv.recordings import container
from cctv.recordings.container import Kind, Writer

BODY = b"\x00\x00\x00\x18ftypiso5 moof mdat " * 40


def written(path, bodies=(BODY, BODY)):
    name, key = uuid.uuid4(), container.new_key()
    writer = Writer(path, name=name, key=key)
    writer.append(Kind.INIT, BODY)
    for number, body in enumerate(bodies):
        writer.append(Kind.PIECE, body, began_ms=1000 * number, length_ms=1000)
    writer.close()
    return name, key


def test_what_was_written_is_read_with_its_key_and_name_only(tmp_path):
    path = tmp_path / "a.rec"
    name, key = written(path)
    frames = container.frames(path)
    assert [frame.kind for frame in frames] == [Kind.INIT, Kind.PIECE, Kind.PIECE]
    assert (frames[2].began_ms, frames[2].ended_ms) == (1000, 2000)
    assert container.read(path, frames[2], name=name, key=key) == BODY
    with pytest.raises(InvalidTag):
        container.read(path, frames[2], name=name, key=container.new_key())
    with pytest.raises(InvalidTag):
        container.read(path, frames[2], name=uuid.uuid4(), key=key)


def test_nothing_in_the_file_tells_that_it_is_video(tmp_path):
    written(tmp_path / "a.rec")
    body = (tmp_path / "a.rec").read_bytes()
    for magic in (b"ftyp", b"moof", b"mdat", b"moov", b"styp"):
        assert magic not in body
    assert (tmp_path / "a.rec").stat().st_mode & 0o077 == 0


@given(cut=st.integers(0, 2 * len(BODY)))
def test_a_torn_tail_costs_only_itself(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "a.rec"
    name, key = written(path)
    whole = container.frames(path)
    left = path.stat().st_size - cut
    path.write_bytes(path.read_bytes()[:left])
    frames = container.frames(path)
    assert frames == [frame for frame in whole if frame.offset + frame.size <= left]
    for frame in frames:
        assert container.read(path, frame, name=name, key=key) == BODY


def test_a_changed_time_or_order_is_found(tmp_path):
    path = tmp_path / "a.rec"
    name, key = written(path, (b"one", b"two"))
    first, second = container.frames(path)[1:]
    moved = container.Frame(
        Kind.PIECE, first.began_ms + 1, first.length_ms, first.number, first.offset, first.size
    )
    swapped = container.Frame(
        Kind.PIECE, first.began_ms, first.length_ms, first.number, second.offset, second.size
    )
    for frame in (moved, swapped):
        with pytest.raises(InvalidTag):
            container.read(path, frame, name=name, key=key)


def test_a_file_is_never_written_over(tmp_path):
    written(tmp_path / "a.rec")
    with pytest.raises(FileExistsError):
        written(tmp_path / "a.rec")


def test_what_is_no_recording_is_said(tmp_path):
    (tmp_path / "a.rec").write_bytes(b"something else")
    with pytest.raises(ValueError, match="not a recording"):
        container.frames(tmp_path / "a.rec")
