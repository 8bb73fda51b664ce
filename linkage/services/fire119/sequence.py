"""Which message of a 119 case counts when: a table over the case's states, with no Django.

Nothing is refused for coming at the wrong time: it is filed, kept without effect, or, a request for
video, answered by its own refusal.
"""

from collections.abc import Mapping
from enum import StrEnum


class CaseState(StrEnum):
    UNKNOWN = "unknown"  # no report yet
    OPEN = "open"
    CANCELLED = "cancelled"  # the 119 room took the report back
    ENDED = "ended"  # the 119 room closed its case


class Effect(StrEnum):
    FILE = "file"  # waits for its report
    APPLY = "apply"
    # Applied by its version: an older or equal one is kept only.
    BY_VERSION = "by_version"
    # Times are facts and are kept whenever they are told; the incident is not moved by them.
    TIMES_ONLY = "times_only"
    # It answers our CLOSE: by our own incident, whatever the 119 room's case is.
    AFTER_OURS = "after_ours"
    KEEP = "keep"  # stored as it came, changes nothing
    DENY = "deny"  # answered by a refusal: video ends with the case


_EARLY = dict.fromkeys(
    ("STATUS_UPDATE", "STREAM_REQUEST", "UNIT_POSITION", "CANCEL", "CLOSE", "CLOSE_ACK"),
    Effect.FILE,
)
# A link between incidents, whatever became of this one; before its report it waits.
_TOGETHER = ("CO_RESPONSE", "TRANSFER")
_JOINS = dict.fromkeys(_TOGETHER, Effect.APPLY)
_OVER = {
    "EVENT_NOTIFY": Effect.BY_VERSION,
    "STATUS_UPDATE": Effect.TIMES_ONLY,
    # A city does not follow engines beyond the case (purpose limit).
    "UNIT_POSITION": Effect.KEEP,
    "STREAM_REQUEST": Effect.DENY,
    "CLOSE": Effect.KEEP,
    "CLOSE_ACK": Effect.AFTER_OURS,
    **_JOINS,
}
SEQUENCE: Mapping[CaseState, Mapping[str, Effect]] = {
    CaseState.UNKNOWN: {
        "EVENT_NOTIFY": Effect.APPLY,
        **_EARLY,
        **dict.fromkeys(_TOGETHER, Effect.FILE),
    },
    CaseState.OPEN: {
        "EVENT_NOTIFY": Effect.BY_VERSION,
        "STATUS_UPDATE": Effect.APPLY,
        "UNIT_POSITION": Effect.APPLY,
        "STREAM_REQUEST": Effect.APPLY,
        "CANCEL": Effect.BY_VERSION,
        "CLOSE": Effect.APPLY,
        "CLOSE_ACK": Effect.AFTER_OURS,
        **_JOINS,
    },
    CaseState.CANCELLED: {**_OVER, "CANCEL": Effect.BY_VERSION},
    CaseState.ENDED: {**_OVER, "CANCEL": Effect.KEEP},
}


def effect(state: CaseState, message_type: str) -> Effect:
    return SEQUENCE[state][message_type]
