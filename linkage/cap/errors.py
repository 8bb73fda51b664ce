"""How a CAP document is refused: a stable code for programs, a note of the Korean profile.

Source: TTAK.OT-06.0055/R1 (notes of Error: 210 validity, 220 profile, 410 authentication).
"""

from controlroom.errors import DomainError


class CapRefused(DomainError):
    """`note` is what the CAP Error document says."""

    code = "cap_refused"
    status = 422
    note = "210"


class Unreadable(CapRefused):
    """Not XML that we read: malformed, a document type declaration, or beyond a limit."""

    code = "cap_unreadable"
    status = 400


class TooLarge(CapRefused):
    code = "too_large"
    status = 413


class NotAnAlert(CapRefused):
    """Well-formed, but neither an alert nor a known wrapping of alerts."""

    code = "cap_not_an_alert"


class IsIndex(CapRefused):
    """An Atom or RSS index without alerts in it: to be polled, not posted."""

    code = "cap_is_index"


class AgainstSchema(CapRefused):
    """First layer: the OASIS schema."""

    code = "cap_schema"


class AgainstMeaning(CapRefused):
    """Second layer: times, references and areas that cannot be."""

    code = "cap_meaning"


class AgainstProfile(CapRefused):
    """Third layer: the Korean profile."""

    code = "cap_profile"
    note = "220"


class WrongSender(CapRefused):
    """Who says this may not say it: another's alert, or a sender that the link does not know."""

    code = "cap_sender"
    status = 403
    note = "410"
