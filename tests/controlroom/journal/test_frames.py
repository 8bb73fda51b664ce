"""Frames: thinning loses no fact, however the entries are cut and merged."""

import json

from hypothesis import given
from hypothesis import strategies as st

from controlroom.journal.frames import Frame, thinned

SUBJECTS = st.tuples(st.sampled_from(["incident", "camera"]), st.sampled_from("abcd"))


@st.composite
def histories(draw):
    """Entries of one scope: some carry their whole subject, some only tell of it."""
    prev, entries = draw(st.integers(0, 3)), []
    for kind, key in draw(st.lists(SUBJECTS, min_size=1, max_size=40)):
        number = prev + draw(st.integers(1, 3))
        data = {"text": f"t{number}"}
        if draw(st.booleans()):
            data[kind] = {"id": key, "state": number}
        subject = {"kind": kind, "id": key}
        entries.append({"number": number, "prev": prev, "subject": subject, "data": data})
        prev = number
    return entries


def fold(state, entries):
    """Apply entries as a client does: a whole subject replaces, anything else is remembered."""
    for entry in entries:
        kind, key = entry["subject"]["kind"], entry["subject"]["id"]
        if kind in entry["data"]:
            state[kind, key] = entry["data"][kind]
        else:
            state.setdefault("told", []).append(entry["number"])
    return state


@st.composite
def cuts(draw):
    entries = draw(histories())
    frames, rest = [], entries
    while rest:
        size = draw(st.integers(1, len(rest)))
        frames.append(Frame.of(rest[:size]))
        rest = rest[size:]
    return entries, frames


def as_received(frames, cursor):
    """Fold frames as a client with this cursor does, insisting on contiguous ranges."""
    state = {}
    for frame in frames:
        body = json.loads(frame.text)
        assert body["prev"] <= cursor
        fold(state, [event for event in body["events"] if event["number"] > cursor])
        cursor = max(cursor, body["to"])
    return state, cursor


@given(cuts())
def test_the_fold_of_thinned_frames_is_the_fold_of_all_entries(case):
    entries, frames = case
    start = entries[0]["prev"]
    state, cursor = as_received(frames, start)
    assert state == fold({}, entries)
    assert cursor == entries[-1]["number"]


@given(cuts(), st.data())
def test_merging_frames_loses_nothing(case, data):
    entries, frames = case
    first = data.draw(st.integers(0, len(frames) - 1))
    last = data.draw(st.integers(first, len(frames) - 1))
    merged = [*frames[:first], Frame.merged(frames[first : last + 1]), *frames[last + 1 :]]
    state, cursor = as_received(merged, entries[0]["prev"])
    assert state == fold({}, entries)
    assert cursor == entries[-1]["number"]


@given(cuts(), st.data())
def test_a_late_comer_gets_the_part_that_is_missing(case, data):
    entries, frames = case
    cursor = data.draw(st.integers(entries[0]["prev"], entries[-1]["number"]))
    known = fold({}, [entry for entry in entries if entry["number"] <= cursor])
    trimmed = [frame.after(cursor) for frame in frames if frame.to > cursor]
    for frame in trimmed:
        fold(known, json.loads(frame.text)["events"])
    assert known == fold({}, entries)


@given(histories())
def test_thinning_keeps_order_and_what_tells_without_carrying(entries):
    kept = [entry["number"] for entry in thinned(entries)]
    assert kept == sorted(kept)
    told = [e["number"] for e in entries if e["subject"]["kind"] not in e["data"]]
    assert set(told) <= set(kept)


def test_a_frame_says_its_range_and_its_entries():
    entry = {"number": 7, "prev": 3, "subject": {"kind": "k", "id": "1"}, "data": {"말": "한글"}}
    frame = Frame.of([entry])
    assert json.loads(frame.text) == {"type": "events", "prev": 3, "to": 7, "events": [entry]}
    assert "한글" in frame.text
