"""The snapshot is exact: over reports, cancels and the clock too, and while others write."""

import random
import threading
from itertools import count

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlroom.errors import DomainError
from controlroom.journal import log
from controlroom.journal.choices import Audience
from controlroom.municipalities.choices import Role
from incidents import lifecycle
from incidents.choices import Result, Service
from incidents.models import Incident, Kind
from incidents.snapshot import snapshot
from incidents.statuses import OPEN
from incidents.timers import escalate_overdue
from tests.conftest import make_member, make_municipality
from tests.incidents.conftest import make_camera, make_incident, taken

_numbers = count(1)


def fold(old, events):
    """Do what the browser does (the contract's rule): replace by id, drop what is not open."""
    held = {feature["id"]: feature for feature in old["incidents"]}
    for event in events:
        if event["number"] <= old["cursor"] or not event["kind"].startswith("incident."):
            continue
        feature = event["data"]["incident"]
        if feature["status"] in OPEN:
            held[feature["id"]] = feature
        else:
            held.pop(feature["id"], None)
    return held


def by_id(picture):
    return {feature["id"]: feature for feature in picture["incidents"]}


def events_of(city, after=0):
    return log.read_after(
        municipality_id=city.pk, audiences=[Audience.OPERATIONS], after=after, limit=10_000
    )


class Room:
    """A city with three people at the desks, in which anything may be tried."""

    def __init__(self):
        self.city = make_municipality(f"9{next(_numbers):04d}", "한빛시", 127.3, 36.3)
        name = self.city.code
        self.people = [
            make_member(f"o{name}", self.city, Role.OPERATOR),
            make_member(f"p{name}", self.city, Role.OPERATOR),
            make_member(f"s{name}", self.city, Role.SUPERVISOR),
        ]
        for step in range(3):
            make_camera(self.city, 127.38 + step * 0.01, 36.35, f"c{step}")

    def picture(self):
        return snapshot(municipality=self.city, viewer=self.people[0])

    def incident(self, index):
        rows = list(Incident.objects.filter(municipality=self.city).order_by("number"))
        return rows[index % len(rows)] if rows else None

    def do(self, step, index, who, other):
        by = self.people[who % 3]
        if step == "report":
            states = ("new", "update", "update", "cancel")
            return taken(
                self.city,
                external_id=f"112-{index % 4}",
                version=other + 1,
                state=states[other % 4],
                urgency=str(other % 5),
                place=Point(127.38 + index * 0.003, 36.35, srid=4326),
                summary=f"{index}/{other}",
            )
        if step == "escalate":
            return escalate_overdue()
        incident = self.incident(index)
        if incident is None:
            return None
        return VERBS[step](self, incident, by, other)


VERBS = {
    "acknowledge": lambda r, i, by, n: lifecycle.acknowledge(incident=i, by=by),
    "claim": lambda r, i, by, n: lifecycle.claim(incident=i, by=by),
    "release": lambda r, i, by, n: lifecycle.release(incident=i, by=by),
    "offer": lambda r, i, by, n: lifecycle.offer(incident=i, by=by, to=r.people[n % 3]),
    "accept": lambda r, i, by, n: lifecycle.accept_offer(incident=i, by=by),
    "decline": lambda r, i, by, n: lifecycle.decline_offer(incident=i, by=by),
    "take over": lambda r, i, by, n: lifecycle.take_over(incident=i, by=by, reason="x"),
    "note": lambda r, i, by, n: lifecycle.add_note(incident=i, by=by, text="메모"),
    "respond": lambda r, i, by, n: lifecycle.respond(incident=i, by=by),
    "move": lambda r, i, by, n: lifecycle.move(
        incident=i, by=by, place=Point(127.38 + n * 0.005, 36.35, srid=4326), error_radius_m=n
    ),
    "close": lambda r, i, by, n: lifecycle.close(incident=i, by=by, result=Result.RESOLVED),
    "false": lambda r, i, by, n: lifecycle.mark_false_alarm(incident=i, by=by),
    "cancel": lambda r, i, by, n: lifecycle.cancel(incident=i, agent="police112"),
    "transfer": lambda r, i, by, n: lifecycle.transfer(incident=i, by=by, to="새벽시", reason="x"),
    "reopen": lambda r, i, by, n: lifecycle.reopen(incident=i, by=by, reason="x"),
    "duplicate": lambda r, i, by, n: lifecycle.mark_duplicate(incident=i, by=by, of=r.incident(n)),
}
STEPS = st.tuples(
    st.sampled_from(["report"] * 6 + ["claim"] * 2 + ["escalate", *VERBS]),
    st.integers(0, 7),
    st.integers(0, 2),
    st.integers(0, 7),
)


@pytest.mark.django_db
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(STEPS, min_size=1, max_size=25), taken_at=st.integers(0, 24))
def test_an_old_snapshot_and_the_events_since_give_the_new_snapshot(db, history, taken_at):
    room = Room()
    old = room.picture()
    for number, step in enumerate(history):
        if number == taken_at % len(history):
            old = room.picture()
        try:
            room.do(*step)
        except DomainError:
            continue
    new = by_id(room.picture())
    every = events_of(room.city)
    assert fold(old, every) == new
    assert fold(old, [event for event in every for _twice in range(2)]) == new
    newest = {event["subject"]["id"]: event for event in every}
    coalesced = sorted(newest.values(), key=lambda event: event["number"])
    assert fold(old, coalesced) == new
    assert fold({"cursor": 0, "incidents": []}, every) == new


@pytest.mark.django_db
def test_the_steps_of_the_histories_reach_every_verb(db):
    """A history that is refused throughout would prove nothing: here each step is taken once."""
    room = Room()
    o, p, s = range(3)
    script = [
        ("report", 0, 0, 0), ("report", 1, 0, 0), ("report", 2, 0, 0), ("report", 3, 0, 0),
        ("acknowledge", 0, o, 0), ("claim", 0, o, 0), ("note", 0, p, 0), ("move", 0, p, 3),
        ("offer", 0, o, 1), ("decline", 0, p, 0), ("offer", 0, o, 1), ("accept", 0, p, 0),
        ("take over", 0, s, 0), ("release", 0, s, 0), ("claim", 0, o, 0), ("respond", 0, o, 0),
        ("close", 0, o, 0), ("reopen", 0, p, 0), ("false", 0, o, 0), ("cancel", 1, o, 0),
        ("transfer", 2, p, 0), ("reopen", 2, p, 0), ("duplicate", 3, p, 2),
    ]  # fmt: skip
    for step in script:
        room.do(*step)
    assert set(VERBS) <= {step[0] for step in script}
    assert fold({"cursor": 0, "incidents": []}, events_of(room.city)) == by_id(room.picture())


def work(room, person, kind):
    for number in range(12):
        incident = make_incident(room.city, kind, summary=str(number))
        lifecycle.claim(incident=incident, by=person)
        if number % 3:
            lifecycle.close(incident=incident, by=person, result=Result.RESOLVED)


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_snapshots_taken_while_others_write_are_exact():
    """Each snapshot equals the fold of the journal up to its own cursor, and no further."""
    room = Room()
    Kind.objects.create(service=Service.CITY, code="x", name_ko="x", name_en="x")
    kind = Kind.objects.get()
    errors = []

    def write(person):
        try:
            work(room, person, kind)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(person,)) for person in room.people]
    for writer in writers:
        writer.start()
    pictures = []
    while any(writer.is_alive() for writer in writers):
        pictures.append(room.picture())
    assert errors == []
    pictures.append(room.picture())
    every = events_of(room.city)
    empty = {"cursor": 0, "incidents": []}
    for picture in pictures:
        upto = [event for event in every if event["number"] <= picture["cursor"]]
        assert fold(empty, upto) == by_id(picture)
        assert fold(picture, every) == by_id(pictures[-1])
    assert len({picture["cursor"] for picture in pictures}) > 3


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_many_hands_on_few_incidents_neither_deadlock_nor_leave_a_gap():
    """Whoever loses is refused by the domain; the numbers of the facts stay without gaps."""
    room = Room()
    for number in range(4):
        room.do("report", number, 0, 0)
    errors = []

    def hammer(seed):
        chance = random.Random(seed)
        try:
            for _step in range(40):
                step = chance.choice([*VERBS, "duplicate", "claim", "report"])
                try:
                    room.do(step, chance.randrange(4), chance.randrange(3), chance.randrange(8))
                except DomainError:
                    continue
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    hands = [threading.Thread(target=hammer, args=(seed,)) for seed in range(6)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(120)
    assert errors == []
    every = events_of(room.city)
    assert [event["number"] for event in every] == list(range(1, len(every) + 1))
    assert fold({"cursor": 0, "incidents": []}, every) == by_id(room.picture())
