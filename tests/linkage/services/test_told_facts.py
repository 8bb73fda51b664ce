"""What every service is told of each deed at its case, in each state of the incident: a table."""

import pytest

from incidents.statuses import OPEN, Status
from linkage.routing import TOLD
from linkage.services.contracts import CONTRACTS
from tests.linkage.services import rooms
from tests.linkage.services.conftest import told_by, undone

# Columns: the state that the incident is in. A cell names the states that the agency is told of,
# one message each, in this order; "." is done and told to nobody, "-" is refused.
TABLE = """
deed         received               acknowledged accepted     responding   ended
acknowledge  ACKNOWLEDGED           -            -            -            -
claim        ACKNOWLEDGED+ACCEPTED  ACCEPTED     .            .            -
take-over    ACKNOWLEDGED+ACCEPTED  ACCEPTED     ACCEPTED     ACCEPTED     -
release      -                      -            .            .            -
offer        -                      -            .            .            -
note         .                      .            .            .            .
respond      -                      -            RESPONDING   -            -
move         PLACE_CORRECTED        PLACE_CORRECTED PLACE_CORRECTED PLACE_CORRECTED -
close        -                      -            CLOSED       CLOSED       -
false-alarm  -                      FALSE_ALARM  FALSE_ALARM  FALSE_ALARM  -
cancel       CANCELLED              CANCELLED    CANCELLED    CANCELLED    -
transfer     ACKNOWLEDGED+TRANSFERRED TRANSFERRED TRANSFERRED TRANSFERRED  -
mark-duplicate ACKNOWLEDGED+DUPLICATE DUPLICATE  DUPLICATE    DUPLICATE    -
reopen       -                      -            -            -            REOPENED
"""
DEEDS = {
    "acknowledge": rooms.acknowledges,
    "claim": rooms.claims,
    "take-over": rooms.takes_over,
    "release": rooms.releases,
    "offer": rooms.offers,
    "note": rooms.notes,
    "respond": rooms.responds,
    "move": rooms.moves,
    "close": rooms.closes,
    "false-alarm": rooms.calls_false,
    "cancel": rooms.cancels,
    "transfer": rooms.hands_over,
    "mark-duplicate": rooms.marks_duplicate,
    "reopen": rooms.reopens,
}
BRINGS_TO = {
    Status.RECEIVED: [],
    Status.ACKNOWLEDGED: [rooms.acknowledges],
    Status.ACCEPTED: [rooms.claims],
    Status.RESPONDING: [rooms.claims, rooms.responds],
    Status.CLOSED: [rooms.claims, rooms.closes],
    Status.CANCELLED: [rooms.cancels],
    Status.FALSE_ALARM: [rooms.acknowledges, rooms.calls_false],
    Status.TRANSFERRED: [rooms.hands_over],
    Status.DUPLICATE: [rooms.marks_duplicate],
}
# The type of message that carries each state.
ENDS = ("CLOSED", "FALSE_ALARM", "CANCELLED", "TRANSFERRED")
CARRIES = {"ACKNOWLEDGED": "ACK", **dict.fromkeys(ENDS, "CLOSE")}


def cells() -> dict[str, dict[str, list[str] | None]]:
    """Read the table: by column, by deed, the states told of; None where it is refused."""
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    other: dict[str, list[str] | None] = {".": [], "-": None}
    return {
        column: {row[0]: other.get(row[at], row[at].split("+")) for row in rows}
        for at, column in enumerate(head)
        if at
    }


CELLS = cells()


def column(status: Status) -> dict[str, list[str] | None]:
    return CELLS.get(status.value, CELLS["ended"])


# Every end for one service; that the others are told alike of one of them is enough.
STATES = [
    (service, status)
    for service in CONTRACTS
    for status in Status
    if service == "police112" or status in OPEN | {Status.CLOSED}
]


@pytest.mark.parametrize(("service", "status"), STATES)
def test_each_deed_tells_the_agency_what_the_table_says(room_of, service, status):
    room = room_of(service)
    assert room.report().status_code == 201
    for step in BRINGS_TO[status]:
        step(room)
    assert room.incident.status == status
    for deed, expected in column(status).items():
        done = undone(room, DEEDS[deed])
        told = [(row.message_type, row.payload["status"]) for row in done.rows]
        assert told == [(CARRIES.get(one, "STATUS_UPDATE"), one) for one in expected or ()], deed
        assert done.refused == (expected is None), deed
        assert all(row.case_number == rooms.CASE for row in done.rows)


def test_the_table_names_every_fact_that_any_service_is_told():
    states = {
        state for column in CELLS.values() for cell in column.values() for state in cell or ()
    }
    for contract in CONTRACTS.values():
        told = set(contract.told.values())
        assert {row.status for row in told} == states
        assert {row.message_type: row for row in told}.keys() <= contract.tells.keys()
        assert all(CARRIES.get(row.status, "STATUS_UPDATE") == row.message_type for row in told)
    assert {deed for deed in DEEDS if any(column[deed] for column in CELLS.values())} == set(TOLD)
    assert set(BRINGS_TO) == set(Status)


LIFE = [
    rooms.claims,
    rooms.moves,
    rooms.responds,
    rooms.notes,
    rooms.closes,
    rooms.reopens,
    rooms.calls_false,
]
TOLD_OF_IT = [
    "ACKNOWLEDGED",
    "ACCEPTED",
    "PLACE_CORRECTED",
    "RESPONDING",
    "CLOSED",
    "REOPENED",
    "FALSE_ALARM",
]


@pytest.mark.parametrize("service", list(CONTRACTS))
def test_a_whole_life_is_handed_out_in_its_order_and_stays_until_acknowledged(room_of, service):
    room = room_of(service)
    room.report()
    for deed in LIFE:
        assert told_by(room, deed).rows or deed is rooms.notes
    page = room.api.get(f"/api/v1/links/{room.link.code}/outbound").data["messages"]
    events = [row["event"]["data"] for row in page]
    assert [event["payload"]["status"] for event in events] == TOLD_OF_IT
    versions = [event["payload"]["incident_version"] for event in events]
    assert versions == sorted(set(versions))
    assert [row["sequence"] for row in page] == sorted({row["sequence"] for row in page})
    again = room.api.get(f"/api/v1/links/{room.link.code}/outbound").data["messages"]
    assert [row["sequence"] for row in again] == [row["sequence"] for row in page]
    upto = {"sequence": page[2]["sequence"]}
    room.api.post(f"/api/v1/links/{room.link.code}/outbound/commit", upto, format="json")
    rest = room.api.get(f"/api/v1/links/{room.link.code}/outbound").data["messages"]
    assert [row["sequence"] for row in rest] == [row["sequence"] for row in page[3:]]
