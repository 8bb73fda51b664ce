"""The transition table: each allowed pair, each forbidden pair, and what can be reached."""

import itertools

import pytest

from incidents.statuses import (
    ENDED,
    IMPLY_ACKNOWLEDGE,
    OPEN,
    OWNERS_OWN,
    TRANSITIONS,
    Status,
    Verb,
    allowed_from,
    must_acknowledge_first,
    target,
)

R, A, W, G = Status.RECEIVED, Status.ACKNOWLEDGED, Status.ACCEPTED, Status.RESPONDING
ENDS = {Status.CLOSED, Status.CANCELLED, Status.FALSE_ALARM, Status.TRANSFERRED, Status.DUPLICATE}

# Written out by hand, apart from the program's own table.
EXPECTED = {
    (Verb.ACKNOWLEDGE, R): A,
    (Verb.CLAIM, A): W,
    (Verb.CLAIM, G): G,
    (Verb.RELEASE, W): A,
    (Verb.RELEASE, G): G,
    (Verb.OFFER, W): W,
    (Verb.OFFER, G): G,
    (Verb.ACCEPT_OFFER, W): W,
    (Verb.ACCEPT_OFFER, G): G,
    (Verb.DECLINE_OFFER, W): W,
    (Verb.DECLINE_OFFER, G): G,
    (Verb.TAKE_OVER, A): W,
    (Verb.TAKE_OVER, W): W,
    (Verb.TAKE_OVER, G): G,
    (Verb.RESPOND, W): G,
    (Verb.MOVE, R): R,
    (Verb.MOVE, A): A,
    (Verb.MOVE, W): W,
    (Verb.MOVE, G): G,
    (Verb.CLOSE, W): Status.CLOSED,
    (Verb.CLOSE, G): Status.CLOSED,
    (Verb.FALSE_ALARM, A): Status.FALSE_ALARM,
    (Verb.FALSE_ALARM, W): Status.FALSE_ALARM,
    (Verb.FALSE_ALARM, G): Status.FALSE_ALARM,
    (Verb.CANCEL, R): Status.CANCELLED,
    (Verb.CANCEL, A): Status.CANCELLED,
    (Verb.CANCEL, W): Status.CANCELLED,
    (Verb.CANCEL, G): Status.CANCELLED,
    (Verb.TRANSFER, A): Status.TRANSFERRED,
    (Verb.TRANSFER, W): Status.TRANSFERRED,
    (Verb.TRANSFER, G): Status.TRANSFERRED,
    (Verb.MARK_DUPLICATE, A): Status.DUPLICATE,
    (Verb.MARK_DUPLICATE, W): Status.DUPLICATE,
    (Verb.MARK_DUPLICATE, G): Status.DUPLICATE,
    (Verb.REVIVE, Status.CANCELLED): R,
    **{(Verb.REOPEN, status): A for status in ENDS},
    **{(Verb.NOTE, status): status for status in Status},
    **{(Verb.UPDATE, status): status for status in Status},
}
PAIRS = list(itertools.product(Verb, Status))


@pytest.mark.parametrize(("verb", "status"), PAIRS)
def test_each_pair_leads_where_the_table_of_the_domain_says_or_nowhere(verb, status):
    assert target(verb, status) is EXPECTED.get((verb, status))


def test_every_verb_is_in_the_table():
    assert set(TRANSITIONS) == set(Verb)


def test_open_and_ended_share_nothing_and_leave_nothing_out():
    assert {R, A, W, G} == OPEN
    assert ENDED == ENDS


def test_every_status_is_reached_from_received():
    reached, frontier = {R}, [R]
    while frontier:
        status = frontier.pop()
        for verb in Verb:
            there = target(verb, status)
            if there is not None and there not in reached:
                reached.add(there)
                frontier.append(there)
    assert reached == set(Status)


@pytest.mark.parametrize("start", list(Status))
def test_from_every_status_the_centre_can_reach_closed(start):
    reached, frontier = {start}, [start]
    while frontier:
        status = frontier.pop()
        new = {target(verb, status) for verb in Verb} - {None} - reached
        reached |= new
        frontier.extend(new)
    assert Status.CLOSED in reached


def test_only_the_agency_ends_what_nobody_has_seen():
    ending = {verb for verb in Verb if target(verb, R) in ENDED}
    assert ending == {Verb.CANCEL}


def test_an_implied_acknowledgement_makes_the_verb_possible():
    for verb in IMPLY_ACKNOWLEDGE:
        assert must_acknowledge_first(verb, R)
        assert target(verb, R) is None
        assert target(verb, A) is not None


def test_nothing_but_a_received_incident_is_acknowledged_by_implication():
    assert not any(must_acknowledge_first(verb, s) for verb in Verb for s in Status if s is not R)


def test_allowed_verbs_of_a_received_incident():
    assert allowed_from(R) == {
        Verb.ACKNOWLEDGE, Verb.CLAIM, Verb.TAKE_OVER, Verb.TRANSFER, Verb.MARK_DUPLICATE,
        Verb.MOVE, Verb.NOTE, Verb.CANCEL, Verb.UPDATE,
    }  # fmt: skip


def test_allowed_verbs_of_a_closed_incident():
    assert allowed_from(Status.CLOSED) == {Verb.NOTE, Verb.REOPEN, Verb.UPDATE}


def test_claiming_is_for_everybody_and_closing_for_the_owner():
    assert Verb.CLAIM not in OWNERS_OWN
    assert {Verb.CLOSE, Verb.RELEASE, Verb.OFFER} <= OWNERS_OWN
