"""Which facts about an incident the reporting agency is told, and as what: a table, no Django."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """What a fact becomes on the wire."""

    message_type: str
    status: str


# By the verb of the fact. What is not here (notes, offers, updates) stays inside the centre.
TOLD: dict[str, Told] = {
    "acknowledge": Told("ACK", "ACKNOWLEDGED"),
    "claim": Told("STATUS_UPDATE", "ACCEPTED"),
    "take-over": Told("STATUS_UPDATE", "ACCEPTED"),
    "respond": Told("STATUS_UPDATE", "RESPONDING"),
    "move": Told("STATUS_UPDATE", "PLACE_CORRECTED"),
    "reopen": Told("STATUS_UPDATE", "REOPENED"),
    "mark-duplicate": Told("STATUS_UPDATE", "DUPLICATE"),
    "close": Told("CLOSE", "CLOSED"),
    "false-alarm": Told("CLOSE", "FALSE_ALARM"),
    "cancel": Told("CLOSE", "CANCELLED"),
    "transfer": Told("CLOSE", "TRANSFERRED"),
}


def told(
    *,
    table: Mapping[str, Told],
    verb: str,
    agent: str,
    link: str,
    direction: str,
    suspended: bool,
) -> Told | None:
    """Say what this link is told about the fact; an agency is not told what it did itself."""
    if suspended or direction == "in" or agent == link:
        return None
    return table.get(verb)
