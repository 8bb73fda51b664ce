"""Every message of the 112 room in every state of its case: the table, and that we follow it."""

import pytest

from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import InboxResult
from linkage.models import InboxMessage
from linkage.services.police112.handlers import HANDLERS
from linkage.services.police112.messages import PAYLOADS
from linkage.services.police112.sequences import SEQUENCES, CaseState, Word, ruling
from tests.linkage.conftest import envelope
from tests.linkage.services.police112.conftest import RECEIPT, ask, owed, report_to

BODIES = {
    "EVENT_NOTIFY": {"version": 9},
    "CANCEL": {"version": 9},
    "STATUS_UPDATE": {"status": "ARRIVED", "unit": "중앙12"},
    "STREAM_REQUEST": {"purpose": "SCENE", "basis": "ACT-112"},
    "UNIT_POSITION": {
        "unit": "중앙12",
        "at": "2026-01-01T00:00:00+09:00",
        "lon": 127.4,
        "lat": 36.4,
    },
    "CLOSE": {},
    "CLOSE_ACK": {},
    "ACK": {},
    "CO_RESPONSE": {"text": "119와 함께 대응"},
    "TRANSFER": {"text": "관할 경찰서로 이관"},
}


def bring(state: CaseState, post, haneul) -> None:
    """Bring the case into the state by its own verbs."""
    if state is CaseState.UNKNOWN:
        return
    post(envelope(receipt_no=RECEIPT))
    incident = Incident.objects.get()
    if state is CaseState.ENDED:
        lifecycle.claim(incident=incident, by=haneul)
        lifecycle.close(incident=incident, by=haneul, result="resolved")
    elif state is CaseState.CANCELLED:
        post(envelope("CANCEL", receipt_no=RECEIPT, version=2))


def test_the_table_the_contract_and_the_handlers_name_the_same_messages():
    assert set(SEQUENCES) == set(PAYLOADS) == set(HANDLERS) == set(BODIES)
    assert all(set(row) == set(CaseState) for row in SEQUENCES.values())


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("message_type", list(SEQUENCES))
def test_each_message_is_applied_filed_or_refused_as_the_table_says(
    message_type, state, post, haneul, cameras, link
):
    bring(state, post, haneul)
    body = BODIES[message_type]
    if message_type == "ACK":
        body = {"report_no": str(report_to(link, haneul).uid)}
    kept = InboxMessage.objects.count()
    response = post(envelope(message_type, receipt_no=RECEIPT, **body))
    expected = ruling(message_type, state)
    if expected.word is Word.APPLIED:
        assert response.status_code == 201, response.data
        assert response.data["result"] in {InboxResult.APPLIED, InboxResult.UNCHANGED}
    elif expected.word is Word.FILED:
        assert (response.status_code, response.data["result"]) == (202, InboxResult.FILED)
    elif message_type == "STREAM_REQUEST":
        assert response.status_code == 201
        (denied,) = owed("STREAM_DENY")
        refused = {"camera": None, "right": "live", "rule": expected.reason}
        assert denied.payload["denied"] == [refused]
        assert not owed("STREAM_GRANT")
    else:
        assert (response.status_code, response.data["code"]) == (409, "out_of_sequence")
        assert response.data["errors"] == {"payload.receipt_no": [expected.reason]}
        assert InboxMessage.objects.count() == kept


def test_what_was_filed_is_applied_when_its_report_comes(post, cameras):
    assert post(ask(cameras[0].pk)).status_code == 202
    assert post(envelope(receipt_no=RECEIPT)).status_code == 201
    row = InboxMessage.objects.get(message_type="STREAM_REQUEST")
    assert row.result == InboxResult.APPLIED
    assert owed("STREAM_GRANT")[0].payload["in_reply_to"] == row.message_id
