"""What each service does with each message: one table, by service and type of message."""

from linkage.services.city import handlers as city
from linkage.services.disaster import handlers as disaster
from linkage.services.fire119 import handlers as fire119
from linkage.services.handling import Handler
from linkage.services.police112 import handlers as police112

HANDLERS: dict[str, dict[str, Handler]] = {
    "police112": police112.HANDLERS,
    "disaster": disaster.HANDLERS,
    "city": city.HANDLERS,
    "fire119": fire119.HANDLERS,
}
