"""What can be refused about an incident, each with its stable code."""

from collections.abc import Iterable
from typing import Any

from controlroom.errors import Conflict


class TransitionNotAllowed(Conflict):
    """The status forbids the verb; `fields["allowed"]` names the verbs that it admits."""

    code = "transition_not_allowed"

    def __init__(self, message: Any, *, allowed: Iterable[str]) -> None:
        super().__init__(message, fields={"allowed": sorted(allowed)})


class OwnedByAnother(Conflict):
    """Somebody else has it; `fields["owner"]` names them."""

    code = "owned_by_another"

    def __init__(self, message: Any, *, owner: str) -> None:
        super().__init__(message, fields={"owner": [owner]})


class NotOffered(Conflict):
    """No transfer waits for this person's consent."""

    code = "not_offered"


class VersionConflict(Conflict):
    """The caller acted on an older version; `fields["version"]` gives the one of now."""

    code = "version_conflict"

    def __init__(self, message: Any, *, version: int) -> None:
        super().__init__(message, fields={"version": [version]})
