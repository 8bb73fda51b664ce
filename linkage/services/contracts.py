"""What each linked service may say to us and is told by us: a table, with no Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from linkage.routing import TOLD, Told
from linkage.services.city import messages as city
from linkage.services.disaster import messages as disaster
from linkage.services.disaster import told as disaster_told
from linkage.services.fire119 import messages as fire119
from linkage.services.police112 import messages as police112
from linkage.services.police112.told import TOLD_BESIDE
from linkage.services.video.messages import TOLD_OF_VIDEO
from linkage.told import CLOSE_ACK, EXPORT, REPORTS, RESYNC_ASKED, STILL, TEST, facts
from linkage.wire import REPORT_TAKEN, RESYNC, TEST_MESSAGE, Schema, envelope

# What the agencies of every service may say and are told of no case: in no table of its states.
WITHOUT_CASE: dict[str, Schema] = {"TEST": TEST_MESSAGE, "RESYNC": RESYNC}
TOLD_WITHOUT_CASE: dict[str, Schema] = {"TEST": TEST, "RESYNC": RESYNC_ASKED, "EXPORT": EXPORT}


@dataclass(frozen=True)
class Contract:
    """One service: the payloads that its agencies may send, and what they are told of our facts."""

    service: str
    payloads: Mapping[str, Schema]
    # The fields of a partial correction by PATCH; None: cases of this service are not corrected.
    correction: Schema | None = None
    told: Mapping[str, Told] = field(default_factory=lambda: TOLD)
    # The payloads of what they are told beside these facts and CLOSE_ACK, by linkage.obligations.
    told_beside: Mapping[str, Schema] = field(default_factory=dict)

    @cached_property
    def tells(self) -> dict[str, Schema]:
        """The payloads of all that its agencies are told, by type."""
        return {**facts(self.told), "CLOSE_ACK": CLOSE_ACK, **self.told_beside}

    @cached_property
    def schemas(self) -> dict[str, Schema]:
        """Whole messages by their type, those without a case included."""
        return {
            name: envelope(service=self.service, message_type=name, payload=payload)
            for name, payload in {**self.payloads, **WITHOUT_CASE}.items()
        }


CONTRACTS: dict[str, Contract] = {
    contract.service: contract
    for contract in (
        Contract("police112", police112.PAYLOADS, police112.CORRECTION, told_beside=TOLD_BESIDE),
        Contract(
            "disaster",
            disaster.PAYLOADS,
            disaster.CORRECTION,
            told_beside={**disaster_told.TOLD_BESIDE, **TOLD_OF_VIDEO},
        ),
        Contract("city", city.PAYLOADS),
        Contract(
            "fire119",
            {**fire119.PAYLOADS, "ACK": REPORT_TAKEN},
            fire119.CORRECTION,
            told_beside={**REPORTS, **TOLD_OF_VIDEO, "STILL": STILL},
        ),
    )
}

# Facts by any other verb stay inside the centre: nothing is asked of the database for them.
TELLING_VERBS = frozenset(verb for contract in CONTRACTS.values() for verb in contract.told)
