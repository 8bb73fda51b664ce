"""Every message of every service, in both directions, stands in a table of sequences.

Whoever adds a type to a contract adds its rows here, or this module fails.
"""

from itertools import product

import pytest

from incidents import lifecycle, ownership
from linkage.api.asyncapi import document
from linkage.choices import MessageType, OutboxState
from linkage.models import InboxMessage, OutboxMessage
from linkage.routing import TOLD
from linkage.services.contracts import CONTRACTS
from linkage.services.handlers import HANDLERS
from tests.linkage.city import test_sequences as city
from tests.linkage.conftest import envelope
from tests.linkage.services import rooms
from tests.linkage.services import test_told_answers as answers
from tests.linkage.services.conftest import valid
from tests.linkage.services.disaster import test_handlers as disaster
from tests.linkage.services.fire119 import test_sequence as fire119
from tests.linkage.services.police112 import test_sequences as police112

# The number of our report is news in whatever state the case of that number is.
ACK_STATES = {
    "unknown": [],
    "open": answers.REPORTED,
    "cancelled": answers.TAKEN_BACK,
    "ended": [*answers.REPORTED, rooms.says("CLOSE", closing_code="DONE")],
}
# (service, type) -> the states of the case in which a table has the message.
TAKEN: dict[tuple[str, str], set[str]] = {
    **{
        ("police112", name): {str(state) for state in row}
        for name, row in police112.SEQUENCES.items()
    },
    **{("city", name): {str(state) for state in row} for name, row in city.SEQUENCES.items()},
    ("fire119", "ACK"): set(ACK_STATES),
}
for _state, _name in fire119.TABLE:
    TAKEN.setdefault(("fire119", _name), set()).add(str(_state))
_SAME = {"nothing": "unknown", "closed": "ended"}
for _before, _message, *_rest in disaster.SEQUENCE:
    _key = ("disaster", _message()["msg_type"])
    TAKEN.setdefault(_key, set()).add(_SAME.get(_before, _before))


def test_every_message_that_a_service_may_send_has_a_row_in_every_state():
    expected = {(service, name) for service, one in CONTRACTS.items() for name in one.payloads}
    assert set(TAKEN) == expected
    for key, states in TAKEN.items():
        assert states >= {"unknown", "open", "ended", "cancelled"}, key
    assert {(service, name) for service, row in HANDLERS.items() for name in row} == expected


def test_every_message_that_a_service_is_told_has_a_row():
    facts = {told.message_type for told in TOLD.values()}
    rows = set(product(CONTRACTS, facts)) | {
        (service, name)
        for service, _before, _deed, expected in answers.ROWS
        for name in expected or ()
    }
    assert rows == {(service, name) for service, one in CONTRACTS.items() for name in one.tells}


def test_what_is_published_beside_the_tables_belongs_to_no_case():
    tables = {f"{service}.{name}" for service, name in TAKEN}
    tables |= {f"{service}.told.{name}" for service, one in CONTRACTS.items() for name in one.tells}
    # Proven in tests/linkage/test_trials.py and test_resyncs.py.
    without = {
        f"{service}.{told}{name}"
        for service in CONTRACTS
        for told in ("", "told.")
        for name in ("TEST", "RESYNC")
    }
    # How a request for recorded video stands: tests/linkage/exports/.
    without |= {f"{service}.told.EXPORT" for service in CONTRACTS}
    assert set(document()["components"]["messages"]) == tables | without


@pytest.mark.parametrize("service", list(CONTRACTS))
def test_a_message_that_is_not_the_services_own_is_refused_and_not_kept(room_of, service):
    room = room_of(service)
    foreign = set(MessageType.values) - set(CONTRACTS[service].schemas)
    for message_type in sorted(foreign):
        answer = room.send(message_type, of_nobody=True)
        assert answer.status_code == 400, message_type
        assert "msg_type" in answer.data["errors"]
    # Another service's, word for word: the answer names whose it is.
    other = "disaster" if service != "disaster" else "fire119"
    answer = room.send("EVENT_NOTIFY", **rooms.report_of(other))
    assert (answer.status_code, answer.data["code"]) == (409, "wrong_receiver")
    assert not InboxMessage.objects.exists()


@pytest.mark.parametrize("state", list(ACK_STATES))
def test_the_number_of_119_for_our_report_is_taken_in_every_state(room_of, state):
    room = room_of("fire119")
    filed = rooms.files()(room)
    for step in ACK_STATES[state]:
        assert step(room).status_code == 201
    said = rooms.says("ACK", report_no=str(filed.uid))
    assert said(room).data["result"] == "applied"
    assert said(room).data["result"] == "unchanged"
    unknown = rooms.says("ACK", report_no="00000000-0000-0000-0000-000000000000")(room)
    assert (unknown.status_code, unknown.data["result"]) == (202, "filed")


@pytest.mark.parametrize("service", list(CONTRACTS))
def test_a_close_acknowledged_answers_our_close_in_every_service(room_of, service):
    room = room_of(service)
    for step in answers.CLAIMED:
        step(room)
    assert rooms.says("CLOSE_ACK")(room).status_code == 202
    rooms.closes(room)
    ours = OutboxMessage.objects.get(message_type="CLOSE")
    answer = room.send("CLOSE_ACK", correlation_id=str(ours.uid))
    assert (answer.status_code, answer.data["result"]) == (201, "applied")
    ours.refresh_from_db()
    assert (ours.state, bool(ours.answered_at)) == (OutboxState.ANSWERED, True)


@pytest.mark.parametrize("service", list(CONTRACTS))
def test_every_service_asks_by_a_message_and_fetches_all_of_it_again(room_of, service):
    room = room_of(service)
    room.report()
    base = f"/api/v1/links/{room.link.code}"
    lifecycle.acknowledge(incident=room.incident, by=room.haneul)
    ownership.claim(incident=room.incident, by=room.haneul)
    page = room.api.get(f"{base}/outbound").data["messages"]
    room.api.post(f"{base}/outbound/commit", {"sequence": page[-1]["sequence"]}, format="json")
    assert not room.api.get(f"{base}/outbound").data["messages"]
    wish = envelope("RESYNC")
    wish["payload"] = {"from_sequence": page[1]["sequence"], "reason": "저장소 복구"}
    answer = room.api.post(f"{base}/messages", wish, format="json")
    assert (answer.status_code, answer.data["result"]) == (201, "applied")
    assert answer.data["resync"] == {
        "messages": len(page) - 1,
        "first_sequence": page[1]["sequence"],
        "last_sequence": page[-1]["sequence"],
        "is_all": True,
    }
    assert "Location" not in answer
    # A commit of what was fetched before covers nothing of it.
    room.api.post(f"{base}/outbound/commit", {"sequence": page[-1]["sequence"]}, format="json")
    again = room.api.get(f"{base}/outbound").data["messages"]
    assert [row["event"]["id"] for row in again] == [row["event"]["id"] for row in page[1:]]
    assert all(valid(row) for row in OutboxMessage.objects.all())
    room.api.post(f"{base}/outbound/commit", {"sequence": page[-1]["sequence"]}, format="json")
    assert not OutboxMessage.objects.exclude(state=OutboxState.ACKED).exists()
