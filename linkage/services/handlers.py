"""What each service does with each message: one table, by service and type of message."""

from linkage import resyncs
from linkage.choices import InboxResult, MessageType
from linkage.models import Link
from linkage.services.city import handlers as city
from linkage.services.disaster import handlers as disaster
from linkage.services.fire119 import handlers as fire119
from linkage.services.handling import Done, Handler
from linkage.services.police112 import handlers as police112
from linkage.wire import Message

HANDLERS: dict[str, dict[str, Handler]] = {
    "police112": police112.HANDLERS,
    "disaster": disaster.HANDLERS,
    "city": city.HANDLERS,
    "fire119": fire119.HANDLERS,
}


def handler_of(service: str, message_type: str) -> Handler:
    """Find the handler; a message without a case is every service's."""
    return WITHOUT_CASE.get(message_type) or HANDLERS[service][message_type]


def keep_test(_link: Link, _message: Message) -> Done:
    """A test message is kept and answered, and changes nothing."""
    return Done(InboxResult.UNCHANGED)


WITHOUT_CASE: dict[str, Handler] = {
    MessageType.TEST: keep_test,
    MessageType.RESYNC: resyncs.take,
}
