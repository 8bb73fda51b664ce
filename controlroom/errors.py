"""What can go wrong in the domain, named for what happened; problems.py maps it to HTTP once."""

from typing import Any


class DomainError(Exception):
    """A refusal that a person or an agency can act on.

    `code` is stable and documented; `status` is the HTTP status it becomes; `fields` maps the
    name of each offending field to its reasons.
    """

    code = "domain_error"
    status = 400

    def __init__(self, message: Any, *, fields: dict[str, list[Any]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}


class Invalid(DomainError):
    code = "invalid"
    status = 400


class NotAllowed(DomainError):
    """The role does not carry the right; the object itself may be seen."""

    code = "not_allowed"
    status = 403


class OutOfScope(DomainError):
    """What does not exist and what may not be seen look the same."""

    code = "not_found"
    status = 404


class Conflict(DomainError):
    code = "conflict"
    status = 409


class Unavailable(DomainError):
    code = "unavailable"
    status = 503
