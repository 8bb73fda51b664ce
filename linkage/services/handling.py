"""What a service's handler gives back for a message, and the shape of a handler."""

from collections.abc import Callable
from dataclasses import dataclass

from incidents.models import Incident
from linkage.choices import InboxResult
from linkage.models import Link
from linkage.wire import Message


@dataclass(frozen=True)
class Done:
    result: InboxResult
    incident: Incident | None = None
    created: bool = False


Handler = Callable[[Link, Message], Done]
