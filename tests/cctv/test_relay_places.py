"""Places for relays where all are taken: given away by what nobody watches, and by nothing else."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection

import pytest

from cctv import streams
from cctv.choices import Quality, SourceKind
from cctv.errors import RelaysBusy
from cctv.recordings import recorder
from cctv.relay_folder import CLAIM_S, WATCHED_S, Folder
from cctv.relay_watch import StreamState
from cctv.sources import Source
from tests.live.conftest import until

SOURCE = Source(kind=SourceKind.SYNTHETIC, name="시험", seed=1)
LONG_AGO_S = WATCHED_S + 10


@pytest.fixture(autouse=True)
def two_places(settings, tmp_path, monkeypatch):
    # No database here: every run of a relay takes the source it was started with.
    monkeypatch.setattr(streams, "_loader", lambda _channel, first: lambda: first)
    monkeypatch.setattr(streams, "_announce", lambda _camera_id, _state: None)
    settings.STATE_DIR, settings.RELAY_LIMIT = tmp_path, 2
    yield
    streams.stop_all()


def folder(camera_id: int, quality: Quality = Quality.MAIN) -> Folder:
    return streams._folder(camera_id, quality)


def leave(camera_id: int, ago_s: float = LONG_AGO_S, quality: Quality = Quality.MAIN) -> None:
    """Be as one that nobody has asked for since then."""
    at, then = folder(camera_id, quality), time.time() - ago_s
    for file in (at.asked, at.wanted):
        os.utime(file, (then, then))


def plays(camera_id: int, quality: Quality = Quality.MAIN) -> None:
    """Ask as a player does, until there is a picture."""

    def asked() -> object:
        streams.want(camera_id, SOURCE, quality=quality)
        is_live = streams.seen(camera_id, quality).state == StreamState.LIVE
        return is_live and streams.playlist(camera_id, quality)

    until(asked, what=f"a picture of {camera_id}")


def test_the_one_that_was_left_first_gives_its_place_to_a_new_one():
    plays(1)
    plays(2, Quality.SUB)
    leave(1, LONG_AGO_S - 2)
    leave(2, LONG_AGO_S, Quality.SUB)
    run = streams.seen(1).run
    streams.want(3, SOURCE)
    assert streams.seen(3).state == StreamState.STARTING
    plays(3)
    assert streams.seen(2, Quality.SUB).state == StreamState.ENDED
    assert (streams.seen(1).state, streams.seen(1).run) == (StreamState.LIVE, run)


def test_what_is_only_kept_ready_gives_way_to_a_viewer_but_last():
    plays(1)
    streams.want(1, SOURCE, for_s=60)
    plays(2)
    then = time.time() - LONG_AGO_S
    os.utime(folder(1).asked, (then, then))
    leave(2, LONG_AGO_S - 2)
    plays(3)
    assert streams.seen(1).state == StreamState.LIVE
    plays(4)
    assert streams.seen(1).state == StreamState.ENDED


def by_packets(at: Folder) -> None:
    at.beside.want()


def by_long_pieces(at: Folder) -> None:
    """Whoever plays these asks once in twenty seconds."""
    run = streams.seen(1).run
    (at.path / f"{run}.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:20\n")


@pytest.mark.parametrize("watch", [by_packets, by_long_pieces])
def test_what_somebody_watches_otherwise_is_left_alone(settings, watch):
    settings.RELAY_LIMIT = 1
    plays(1)
    run = streams.seen(1).run
    leave(1)
    assert streams._folder(1, Quality.MAIN).is_watched() is False
    # One that stands still writes no new list meanwhile.
    os.kill(streams._relays[streams.Channel(1)].process.pid, signal.SIGSTOP)
    watch(folder(1))
    with pytest.raises(RelaysBusy):
        streams.want(2, SOURCE)
    # Nor does a claim end it that was made before somebody came.
    folder(1).ask_way()
    until(lambda: folder(1).age_s(folder(1).claim) > CLAIM_S, what="the claim has lapsed")
    assert streams.seen(1).run == run
    assert streams._relays[streams.Channel(1)].is_alive()


def test_all_who_come_at_once_get_one_and_so_does_whoever_comes_back(settings):
    """Five new ones and five old ones, of which two are wanted again in the same moment."""
    settings.RELAY_LIMIT = 7
    olds, news = range(1, 6), range(11, 16)
    for camera_id in olds:
        plays(camera_id)
    for camera_id in olds:
        leave(camera_id)
    streams._touched.clear()
    threads = [threading.Thread(target=plays, args=(one,)) for one in (*news, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    alive = {one.camera_id for one in streams._relays.values() if one.is_alive()}
    assert alive == {1, 2, *news}
    assert len({one.seat.look() for one in streams._relays.values() if one.is_alive()}) == 7


def test_a_recording_keeps_its_place(settings):
    streams.want(1, SOURCE, slots=recorder.SLOTS, limit=1)
    leave(1)
    with pytest.raises(RelaysBusy):
        streams.want(2, SOURCE, slots=recorder.SLOTS, limit=1)


def owns(camera_id: int, said: Connection) -> None:
    """Run a relay as another process does, until this one is killed."""
    plays(camera_id)
    said.send("plays")
    signal.pause()


def test_another_process_gives_its_place_away_and_nobody_is_held_up_meanwhile(settings):
    settings.RELAY_LIMIT = 1
    forking = multiprocessing.get_context("fork")
    heard, said = forking.Pipe()
    owner = forking.Process(target=owns, args=(1, said), daemon=True)
    owner.start()
    try:
        assert heard.recv() == "plays"
        streams.want(1)
        with pytest.raises(RelaysBusy):
            streams.want(2, SOURCE)
        leave(1)
        os.kill(owner.pid, signal.SIGSTOP)
        streams.want(2, SOURCE)
        assert folder(1).claim.exists()
        assert not streams._guard.locked()
        assert streams.seen(2).state == StreamState.STARTING
        os.kill(owner.pid, signal.SIGCONT)
        plays(2)
        assert streams.seen(1).state == StreamState.ENDED
        # It is wanted again here, where nobody knew that it had ended.
        leave(2)
        plays(1)
        assert streams._relays[streams.Channel(1)].is_alive()
    finally:
        owner.kill()
        owner.join()
