"""The life of an export request: every allowed and every forbidden pair."""

import pytest

from linkage.exports.states import OVER, TABLE, Forbidden, State, Verb, after, allowed

LIVES = {
    State.DRAFT: {Verb.SUBMIT: State.SUBMITTED},
    State.SUBMITTED: {Verb.REVIEW: State.REVIEWED, Verb.REJECT: State.REJECTED},
    State.REVIEWED: {Verb.APPROVE: State.APPROVED, Verb.REJECT: State.REJECTED},
    State.APPROVED: {Verb.BEGIN: State.EXTRACTING},
    State.EXTRACTING: {
        Verb.EXTRACT: State.EXTRACTED,
        Verb.FAIL: State.FAILED,
        Verb.LAPSE: State.LAPSED,
    },
    State.FAILED: {Verb.RETRY: State.EXTRACTING, Verb.DESTROY: State.DESTROYED},
    State.EXTRACTED: {Verb.MASK: State.MASKING, Verb.DESTROY: State.DESTROYED},
    State.MASKING: {Verb.FINISH_MASK: State.MASKED, Verb.GIVE_BACK: State.EXTRACTED},
    State.MASKED: {
        Verb.RELEASE: State.RELEASED,
        Verb.MASK_AGAIN: State.EXTRACTED,
        Verb.DESTROY: State.DESTROYED,
    },
    State.RELEASED: {Verb.EXPIRE: State.EXPIRED, Verb.DESTROY: State.DESTROYED},
    State.EXPIRED: {Verb.DESTROY: State.DESTROYED},
    **{state: {} for state in OVER},
}
for _state in (State.DRAFT, State.SUBMITTED, State.REVIEWED, State.APPROVED):
    LIVES[_state] |= {Verb.WITHDRAW: State.WITHDRAWN, Verb.LAPSE: State.LAPSED}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", Verb)
def test_each_pair_is_allowed_or_forbidden_as_written_down(state, verb):
    then = LIVES[state].get(verb)
    if then is None:
        with pytest.raises(Forbidden):
            after(verb, state)
    else:
        assert after(verb, state) == then
    assert (verb in allowed(state)) == (then is not None)


def test_every_state_is_reached_and_no_video_leaves_without_approval_and_mask():
    reached, edge = {State.DRAFT}, {State.DRAFT}
    while edge:
        edge = {then for state in edge for then in LIVES[state].values()} - reached
        reached |= edge
    assert reached == set(State)
    before = {state for state in State if State.RELEASED in LIVES[state].values()}
    assert before == {State.MASKED}
    assert TABLE[Verb.MASK][0] == {State.EXTRACTED}
