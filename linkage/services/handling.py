"""What a service's handler gives back for a message, and the shape of a handler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from incidents.models import Incident
from linkage.choices import InboxResult
from linkage.models import Link
from linkage.wire import Message


@dataclass(frozen=True)
class Done:
    result: InboxResult
    incident: Incident | None = None
    created: bool = False
    # What the answer says beside its usual fields.
    more: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Link, Message], Done]
