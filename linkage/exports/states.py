"""The life of an export request: a table, with no Django.

Source: domain.md 2.2 (ExportRequest). Beside its states: FAILED, EXTRACTED and MASKING, because a
person looks over the boxes between two machines' work, and WITHDRAWN for the requester's own word.
"""

from enum import StrEnum


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    EXTRACTING = "extracting"
    FAILED = "failed"
    EXTRACTED = "extracted"
    MASKING = "masking"
    MASKED = "masked"
    RELEASED = "released"
    EXPIRED = "expired"
    DESTROYED = "destroyed"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Verb(StrEnum):
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    REVIEW = "review"
    APPROVE = "approve"
    REJECT = "reject"
    LAPSE = "lapse"
    BEGIN = "begin"
    FAIL = "fail"
    RETRY = "retry"
    EXTRACT = "extract"
    MASK = "mask"
    GIVE_BACK = "give_back"
    FINISH_MASK = "finish_mask"
    MASK_AGAIN = "mask_again"
    RELEASE = "release"
    EXPIRE = "expire"
    DESTROY = "destroy"


S = State
# What nobody has begun to extract may still be taken back, or run out.
_WAITING = frozenset({S.DRAFT, S.SUBMITTED, S.REVIEWED, S.APPROVED})
TABLE: dict[Verb, tuple[frozenset[State], State]] = {
    Verb.SUBMIT: (frozenset({S.DRAFT}), S.SUBMITTED),
    Verb.WITHDRAW: (_WAITING, S.WITHDRAWN),
    Verb.REVIEW: (frozenset({S.SUBMITTED}), S.REVIEWED),
    Verb.APPROVE: (frozenset({S.REVIEWED}), S.APPROVED),
    Verb.REJECT: (frozenset({S.SUBMITTED, S.REVIEWED}), S.REJECTED),
    # Nobody acted in time, or nothing of the video is kept any more.
    Verb.LAPSE: (_WAITING | {S.EXTRACTING}, S.LAPSED),
    Verb.BEGIN: (frozenset({S.APPROVED}), S.EXTRACTING),
    Verb.FAIL: (frozenset({S.EXTRACTING}), S.FAILED),
    Verb.RETRY: (frozenset({S.FAILED}), S.EXTRACTING),
    Verb.EXTRACT: (frozenset({S.EXTRACTING}), S.EXTRACTED),
    # A person has looked the boxes over and says that they are right.
    Verb.MASK: (frozenset({S.EXTRACTED}), S.MASKING),
    Verb.GIVE_BACK: (frozenset({S.MASKING}), S.EXTRACTED),
    Verb.FINISH_MASK: (frozenset({S.MASKING}), S.MASKED),
    Verb.MASK_AGAIN: (frozenset({S.MASKED}), S.EXTRACTED),
    Verb.RELEASE: (frozenset({S.MASKED}), S.RELEASED),
    Verb.EXPIRE: (frozenset({S.RELEASED}), S.EXPIRED),
    Verb.DESTROY: (
        frozenset({S.FAILED, S.EXTRACTED, S.MASKED, S.RELEASED, S.EXPIRED}),
        S.DESTROYED,
    ),
}
# Work for a machine.
WORKING = frozenset({S.APPROVED, S.EXTRACTING, S.MASKING})
# Films may lie on the disk.
HOLDING = frozenset(
    {S.EXTRACTING, S.FAILED, S.EXTRACTED, S.MASKING, S.MASKED, S.RELEASED, S.EXPIRED}
)
OVER = frozenset({S.DESTROYED, S.REJECTED, S.LAPSED, S.WITHDRAWN})


class Forbidden(Exception):
    """This verb is not for this state."""


def after(verb: Verb, state: str) -> State:
    """Give the state after the verb. Raises: Forbidden."""
    before, then = TABLE[verb]
    if state not in before:
        raise Forbidden(f"{verb} from {state}")
    return then


def allowed(state: str) -> frozenset[Verb]:
    return frozenset(verb for verb, (before, _then) in TABLE.items() if state in before)
