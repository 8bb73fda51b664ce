"""An agency whose network lets nothing in: it fetches what it is owed and commits what it has."""

import contextlib
import time
from typing import Any

import httpx

from linkage.simulator.client import AgencyClient
from linkage.simulator.receiver import EARLY, Receiver, pause_s

EVERY_S = 2.0
AT_ONCE = 50
# Faults of one who takes: these keep it from taking, those from saying that it has.
NOT_TAKING = frozenset({*EARLY, "reset", "hang", "drip"})
NOT_COMMITTING = frozenset({"late", "no_ack", "garbage"})


class Fetcher:
    """Asks on a thread of its own; what it did not commit comes again, and counts once."""

    def __init__(
        self, *, client: AgencyClient, receiver: Receiver, every_s: float = EVERY_S
    ) -> None:
        self.client, self.receiver, self.every_s = client, receiver, every_s

    def run(self) -> None:
        """Work until the client is told to stop; a centre that does not answer is asked again."""
        while not self.client.stopping.wait(self.every_s):
            with contextlib.suppress(httpx.HTTPError):
                while self.round() and not self.client.stopping.is_set():
                    pass

    def round(self) -> bool:
        """Fetch one page, take it, commit it; True when there may be more.

        Raises: httpx.HTTPError.
        """
        owed: list[dict[str, Any]] = self.client.owed(at_most=AT_ONCE)
        if not owed:
            return False
        fault = self.receiver.faults.take()
        if fault.mode in NOT_TAKING:
            return False
        for message in owed:
            self.receiver.keep(message["event"])
        if fault.mode in NOT_COMMITTING:
            return False
        time.sleep(pause_s(fault))
        self.client.commit(owed[-1]["sequence"])
        return len(owed) == AT_ONCE
