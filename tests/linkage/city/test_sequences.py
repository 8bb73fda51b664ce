"""Every message of a city system in every state of its case: the table, and that we follow it."""

import pytest

from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import InboxResult
from linkage.services.city.handlers import HANDLERS
from linkage.services.city.messages import PAYLOADS
from linkage.services.city.sequences import SEQUENCES, CaseState, Word
from tests.linkage.conftest import envelope

CASE = "city-000001"
REPORT = {"version": 1, "kind_code": "C07", "urgency": "2", "summary": "추돌"}
BODIES = {
    "EVENT_NOTIFY": REPORT | {"version": 9},
    "STATUS_UPDATE": {"text": "현장 확인"},
    "CANCEL": {"version": 9},
    "CLOSE": {},
    "CLOSE_ACK": {},
}


def bring(state, post, haneul):
    if state is CaseState.UNKNOWN:
        return
    assert post(envelope(receipt_no=CASE, **REPORT)).status_code == 201
    if state is CaseState.ENDED:
        lifecycle.claim(incident=Incident.objects.get(), by=haneul)
        lifecycle.close(incident=Incident.objects.get(), by=haneul, result="resolved")
    elif state is CaseState.CANCELLED:
        post(envelope("CANCEL", receipt_no=CASE, version=2))


def test_the_table_the_contract_and_the_handlers_name_the_same_messages():
    assert set(SEQUENCES) == set(PAYLOADS) == set(HANDLERS) == set(BODIES)
    assert all(set(row) == set(CaseState) for row in SEQUENCES.values())


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("message_type", list(SEQUENCES))
def test_each_message_is_applied_or_filed_as_the_table_says(message_type, state, post, haneul):
    bring(state, post, haneul)
    response = post(envelope(message_type, receipt_no=CASE, **BODIES[message_type]))
    if SEQUENCES[message_type][state] is Word.FILED:
        assert (response.status_code, response.data["result"]) == (202, InboxResult.FILED)
    else:
        assert response.status_code == 201, response.data
        assert response.data["result"] == InboxResult.APPLIED


@pytest.mark.parametrize("message_type", ["STREAM_REQUEST", "UNIT_POSITION", "CAP_ALERT", "x"])
def test_what_is_no_message_of_a_city_system_is_refused(message_type, post):
    response = post(envelope(message_type, receipt_no=CASE))
    assert response.status_code == 400
    assert "msg_type" in response.data["errors"]


def test_the_end_at_the_source_ends_an_unowned_incident_and_tells_an_owner(post, haneul):
    post(envelope(receipt_no=CASE, **REPORT))
    post(envelope(receipt_no="owned", **REPORT))
    owned = Incident.objects.get(cases__external_id="owned")
    lifecycle.claim(incident=owned, by=haneul)
    post(envelope("CLOSE", receipt_no=CASE))
    post(envelope("CLOSE", receipt_no="owned", text="견인 완료"))
    assert Incident.objects.get(cases__external_id=CASE).status == "cancelled"
    owned.refresh_from_db()
    assert owned.status == "accepted"
    assert owned.events.filter(text="상황 종료 · 견인 완료").exists()
    # Nobody's is over by one word: it is not said twice.
    assert (
        Incident.objects.get(cases__external_id=CASE).events.filter(text="상황 종료").count() == 1
    )
