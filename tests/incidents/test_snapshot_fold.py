"""Old snapshot + events = new snapshot, over random histories of the real verbs and views."""

import json
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlroom.errors import DomainError
from controlroom.journal.frames import Frame
from controlroom.municipalities.choices import Role
from incidents import lifecycle, ownership
from incidents.choices import ReportState, Result
from incidents.models import Incident
from incidents.statuses import AGENCY_ONLY, OPEN, Verb
from tests.conftest import make_member
from tests.incidents.conftest import make_camera, make_incident, taken

pytestmark = pytest.mark.django_db

PLACES = [Point(127.38, 36.35, srid=4326), Point(127.41, 36.37, srid=4326)]


class Room:
    """A centre at work: some incidents, three people, an agency."""

    def __init__(self, city: Any, kind: Any, people: list[Any]) -> None:
        self.city, self.kind, self.people = city, kind, people
        self.version = 1

    def incident(self, which: int) -> Incident:
        every = Incident.objects.order_by("number")
        return every[which % every.count()]

    def open(self, which: int) -> None:
        make_incident(self.city, self.kind, place=PLACES[which % 2])

    def report(self, which: int) -> None:
        self.version += which % 2  # now and then the same version again
        state = ReportState.CANCEL if which % 3 == 0 else ReportState.NEW
        taken(self.city, version=self.version, place=PLACES[which % 2], state=state)

    def do(self, act: str, who: int, which: int) -> None:
        """Do it as the views would; what the domain refuses is no fact."""
        if not Incident.objects.exists():
            self.open(which)
        with suppress(DomainError), transaction.atomic():
            if act in {"open", "report"}:
                getattr(self, act)(which)
            else:
                ACTS[act](self, self.incident(which), self.people[who], which)

    def other(self, which: int) -> Incident:
        return self.incident(which + 1)


ACTS: dict[str, Any] = {
    "acknowledge": lambda _room, i, by, _n: lifecycle.acknowledge(incident=i, by=by),
    "claim": lambda _room, i, by, _n: ownership.claim(incident=i, by=by),
    "release": lambda _room, i, by, _n: ownership.release(incident=i, by=by),
    "offer": lambda room, i, by, n: ownership.offer(
        incident=i, by=by, to=room.people[n % len(room.people)]
    ),
    "accept": lambda _room, i, by, _n: ownership.accept_offer(incident=i, by=by),
    "decline": lambda _room, i, by, _n: ownership.decline_offer(incident=i, by=by),
    "take over": lambda _room, i, by, _n: ownership.take_over(incident=i, by=by, reason="교대"),
    "note": lambda _room, i, by, _n: lifecycle.add_note(incident=i, by=by, text="확인"),
    "respond": lambda _room, i, by, _n: lifecycle.respond(incident=i, by=by),
    "move": lambda _room, i, by, n: lifecycle.move(
        incident=i, by=by, place=PLACES[n % 2], error_radius_m=10 * n
    ),
    "close": lambda _room, i, by, _n: lifecycle.close(incident=i, by=by, result=Result.RESOLVED),
    "false alarm": lambda _room, i, by, _n: lifecycle.mark_false_alarm(incident=i, by=by),
    "cancel": lambda _room, i, by, _n: lifecycle.cancel(incident=i, by=by),
    "transfer": lambda _room, i, by, _n: lifecycle.transfer(
        incident=i, by=by, to="119", reason="이첩"
    ),
    "reopen": lambda _room, i, by, _n: lifecycle.reopen(incident=i, by=by, reason="재발"),
    "duplicate": lambda room, i, by, n: lifecycle.mark_duplicate(
        incident=i, by=by, of=room.other(n)
    ),
}
STEPS = st.tuples(st.sampled_from(["open", "report", *ACTS]), st.integers(0, 2), st.integers(0, 5))


def fold(state: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply events as the console does (contract of the live feed)."""
    for event in events:
        feature = event["data"].get("incident")
        if feature is None:
            continue
        state.pop(feature["id"], None)
        if feature["status"] in OPEN:
            state[feature["id"]] = feature
    return state


def by_id(snapshot: dict[str, Any]) -> dict[str, Any]:
    return {feature["id"]: feature for feature in snapshot["incidents"]}


@pytest.fixture
def room(city, robbery, rule, haneul, nari, supervisor, client):
    make_camera(city, 127.3801, 36.3501, "중앙로")
    make_camera(city, 127.4101, 36.3701, "새터로")
    client.force_login(haneul)
    return lambda: Room(city, robbery, [haneul, nari, supervisor])


@given(before=st.lists(STEPS, max_size=8), after=st.lists(STEPS, max_size=14), cuts=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_old_snapshot_and_events_make_the_new_snapshot(client, room, before, after, cuts):
    with transaction.atomic():
        at_work = room()
        for step in before:
            at_work.do(*step)
        old = client.get("/m/90010/live/snapshot").json()
        for step in after:
            at_work.do(*step)
        new = client.get("/m/90010/live/snapshot").json()
        events = client.get(f"/m/90010/live/events?after={old['cursor']}&limit=1000").json()
        transaction.set_rollback(True)
    assert events["head"] == new["cursor"]
    assert fold(by_id(old), events["events"]) == by_id(new)
    assert fold(by_id(old), as_frames(events["events"], old["cursor"], cuts)) == by_id(new)


def as_frames(events: list[dict[str, Any]], cursor: int, cuts: st.DataObject) -> list[Any]:
    """Send the events through thinned frames cut anywhere; gives what a client would apply."""
    received = []
    while events:
        size = cuts.draw(st.integers(1, len(events)))
        frame = json.loads(Frame.of(events[:size]).text)
        assert frame["prev"] <= cursor
        cursor = frame["to"]
        received += frame["events"]
        events = events[size:]
    return received


def test_the_history_of_the_test_reaches_every_verb(room):
    """The acts above are the verbs of the life: a new one must be added here."""
    assert len(ACTS) == len(set(Verb) - AGENCY_ONLY)


def test_an_operator_joins_and_leaves_between(city, room, client):
    """What is folded does not depend on who reads it, as long as the scope is the same."""
    at_work = room()
    at_work.do("open", 0, 0)
    client.force_login(make_member("danbi", city, Role.SUPERVISOR))
    old = client.get("/m/90010/live/snapshot").json()
    at_work.do("claim", 1, 0)
    new = client.get("/m/90010/live/snapshot").json()
    events = client.get(f"/m/90010/live/events?after={old['cursor']}").json()["events"]
    assert fold(by_id(old), events) == by_id(new)
