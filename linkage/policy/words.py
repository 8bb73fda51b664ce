"""The words of the policy on video: what may be given, who set it off, what refuses it; no Django.

The values are on the wire, in the database and in the municipalities' own rows.
"""

from enum import StrEnum


class Access(StrEnum):
    """What a grant lets an agency do with a camera."""

    LIVE = "live"
    RECORDED = "recorded"
    PTZ = "ptz"


class Trigger(StrEnum):
    """What set a grant off."""

    REQUEST = "request"  # the agency asked
    AUTOMATIC = "automatic"  # nobody asked: the link is agreed to push, and the policy lets it
    OPERATOR = "operator"  # a person of the centre gave it


class Mode(StrEnum):
    """How a link gets its list of cameras."""

    AUTOMATIC = "automatic"
    REQUEST = "request"


class Word(StrEnum):
    """What the policy says to a request."""

    AUTOMATIC = "automatic"  # at once
    OPERATOR = "operator"  # when a person of the centre says so
    REFUSED = "refused"


class VideoPurpose(StrEnum):
    """What an agency wants to see it for; one that is not named here is refused."""

    SCENE = "SCENE"  # what goes on there; also for what nobody asked
    RESCUE = "RESCUE"
    PURSUIT = "PURSUIT"
    SEARCH = "SEARCH"


class Ground(StrEnum):
    """On which ground a disaster room may have video (domain.md 3.4: Decree of 8 July 2025)."""

    WEATHER_REPORT = "WEATHER_REPORT"  # 기상특보
    CRISIS_ALERT = "CRISIS_ALERT"  # 위기경보
    MASS_CASUALTY = "MASS_CASUALTY"  # a disaster by which many may come to harm
    HEADQUARTERS = "HEADQUARTERS"  # the central or local headquarters stands


class Rule(StrEnum):
    """What refuses video, or leaves it to the operator."""

    SUSPENDED = "suspended"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    DRILL = "no_drills"
    ONE_WAY = "one_way"
    RIGHT = "right_not_allowed"
    LETTER = "by_letter"
    KIND = "kind_not_allowed"
    NOT_ASKED = "not_asked_for"
    PURPOSE = "purpose_not_allowed"
    BASIS = "basis_not_allowed"
    GROUND = "ground_not_allowed"
    TOO_LONG = "too_long"
    NOT_LISTED = "not_in_list"
    CAMERA_PURPOSE = "camera_purpose_not_allowed"
    OUT_OF_RADIUS = "out_of_radius"
    TOO_MANY = "too_many"
    USED_UP = "time_used_up"
    # Not refused yet, and how that may end.
    ON_WORD = "on_operators_word"
    OPERATOR = "refused_by_operator"
    UNANSWERED = "not_answered"
