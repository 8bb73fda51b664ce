"""What can go wrong with recordings, named for what happened."""

from controlroom.errors import Conflict, Invalid, OutOfScope, Unavailable


class RecordingMissing(OutOfScope):
    """Nothing of the period is kept; `fields` says of which field."""

    code = "recording_missing"


class RecordingUnreadable(Unavailable):
    """What is kept of the period cannot be made into a film."""

    code = "recording_unreadable"


class PolicyInvalid(Invalid):
    code = "recording_policy_invalid"


class HoldRefused(Conflict):
    """The hold cannot be placed or released like this; `fields` says why."""

    code = "hold_refused"
