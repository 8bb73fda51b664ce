"""Every message of the 119 room in every state of its case: what counts, what waits, what rests."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.models import Incident
from linkage.models import Engine, FireCase, FireTime, InboxMessage
from linkage.services.contracts import CONTRACTS
from linkage.services.fire119.sequence import SEQUENCE, CaseState
from linkage.services.handlers import HANDLERS
from tests.linkage.services.fire119.conftest import ago, fire_message, position, time_of

pytestmark = pytest.mark.django_db

MESSAGES = {
    "EVENT_NOTIFY": lambda: fire_message(version=3, address="새 주소"),
    "STATUS_UPDATE": lambda: fire_message(
        "STATUS_UPDATE", times=[time_of("arrived", ago(minutes=1), "한빛펌프1")]
    ),
    "UNIT_POSITION": lambda: fire_message("UNIT_POSITION", positions=[position()]),
    "STREAM_REQUEST": lambda: fire_message("STREAM_REQUEST", purpose="SCENE", basis="ACT-119"),
    "CANCEL": lambda: fire_message("CANCEL", version=3),
    "CLOSE": lambda: fire_message("CLOSE", closing_code="DONE"),
    "CLOSE_ACK": lambda: fire_message("CLOSE_ACK"),
    "CO_RESPONSE": lambda: fire_message("CO_RESPONSE", text="112와 공동대응"),
    "TRANSFER": lambda: fire_message("TRANSFER", text="해경 이관"),
}
BRINGS_TO = {
    CaseState.UNKNOWN: [],
    CaseState.OPEN: [fire_message],
    CaseState.CANCELLED: [fire_message, lambda: fire_message("CANCEL", version=2)],
    CaseState.ENDED: [fire_message, lambda: fire_message("CLOSE", closing_code="DONE")],
}
NONE, OPEN, GONE, OVER = CaseState
# (state, message) -> HTTP status, result, state after
TABLE = {
    (NONE, "EVENT_NOTIFY"): (201, "applied", OPEN),
    (NONE, "STATUS_UPDATE"): (202, "filed", NONE),
    (NONE, "UNIT_POSITION"): (202, "filed", NONE),
    (NONE, "CANCEL"): (202, "filed", NONE),
    (NONE, "CLOSE"): (202, "filed", NONE),
    (NONE, "CLOSE_ACK"): (202, "filed", NONE),
    (OPEN, "EVENT_NOTIFY"): (201, "applied", OPEN),
    (OPEN, "STATUS_UPDATE"): (201, "applied", OPEN),
    (OPEN, "UNIT_POSITION"): (201, "applied", OPEN),
    (OPEN, "CANCEL"): (201, "applied", GONE),
    (OPEN, "CLOSE"): (201, "applied", OVER),
    # By our own incident: it is still open, so there is no CLOSE of ours to answer.
    (OPEN, "CLOSE_ACK"): (202, "filed", OPEN),
    (GONE, "EVENT_NOTIFY"): (201, "applied", OPEN),
    (GONE, "STATUS_UPDATE"): (201, "applied", GONE),
    (GONE, "UNIT_POSITION"): (201, "unchanged", GONE),
    (GONE, "CANCEL"): (201, "applied", GONE),
    (GONE, "CLOSE"): (201, "unchanged", GONE),
    (GONE, "CLOSE_ACK"): (201, "applied", GONE),
    (OVER, "EVENT_NOTIFY"): (201, "applied", OPEN),
    (OVER, "STATUS_UPDATE"): (201, "applied", OVER),
    (OVER, "UNIT_POSITION"): (201, "unchanged", OVER),
    (OVER, "CANCEL"): (201, "unchanged", OVER),
    (OVER, "CLOSE"): (201, "unchanged", OVER),
    (OVER, "CLOSE_ACK"): (202, "filed", OVER),
    # Answered in every state: by the list while the case is open, else by a refusal.
    (NONE, "STREAM_REQUEST"): (202, "filed", NONE),
    **{(state, "STREAM_REQUEST"): (201, "applied", state) for state in (OPEN, GONE, OVER)},
    # A link between incidents, whatever became of this one.
    **{(NONE, name): (202, "filed", NONE) for name in ("CO_RESPONSE", "TRANSFER")},
    **{
        (state, name): (201, "applied", state)
        for state in (OPEN, GONE, OVER)
        for name in ("CO_RESPONSE", "TRANSFER")
    },
}


def state_now() -> CaseState:
    fire = FireCase.objects.first()
    return CaseState(fire.state) if fire else CaseState.UNKNOWN


@pytest.mark.parametrize(("state", "message_type"), list(TABLE))
def test_each_message_in_each_state(fire, state, message_type):
    for made in BRINGS_TO[state]:
        assert fire(made()).status_code == 201
    assert state_now() is state
    status, result, after = TABLE[state, message_type]
    response = fire(MESSAGES[message_type]())
    assert (response.status_code, response.data["result"]) == (status, result), response.data
    assert state_now() is after
    assert Incident.objects.count() == (0 if after is NONE else 1)


def test_the_tables_name_every_message_in_every_state():
    # ACK is every service's: it binds a number to a report of ours (tests/linkage/test_filed.py).
    types = set(CONTRACTS["fire119"].payloads) - {"ACK"}
    assert types == set(HANDLERS["fire119"]) - {"ACK"} == set(MESSAGES)
    assert set(TABLE) == {(state, name) for state in CaseState for name in types}
    assert {state: set(row) for state, row in SEQUENCE.items()} == dict.fromkeys(CaseState, types)


def test_an_older_version_of_a_report_or_cancel_is_kept_and_not_applied(fire):
    fire(fire_message(version=3))
    assert fire(fire_message(version=2, address="옛 주소")).data["result"] == "stale"
    assert fire(fire_message("CANCEL", version=1)).data["result"] == "stale"
    assert state_now() is CaseState.OPEN


def test_what_overtook_the_report_is_applied_with_it(fire):
    fire(fire_message("UNIT_POSITION", positions=[position()]))
    fire(fire_message("STATUS_UPDATE", times=[time_of("departed", ago(minutes=2), "한빛펌프1")]))
    fire(fire_message("CLOSE", closing_code="DONE"))
    assert fire(fire_message()).status_code == 201
    assert state_now() is CaseState.ENDED
    assert Engine.objects.get().location is not None
    assert FireTime.objects.filter(step="departed").exists()
    assert not InboxMessage.objects.filter(result="filed").exists()


def test_a_late_step_after_the_end_is_kept_as_a_time(fire):
    for made in BRINGS_TO[CaseState.ENDED]:
        fire(made())
    at = timezone.now() - timedelta(seconds=5)
    fire(fire_message("STATUS_UPDATE", times=[time_of("withdrawn", at, "한빛펌프1")]))
    assert FireTime.objects.get(step="withdrawn").at == at


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (lambda: fire_message(received_at="14:03"), "received_at"),
        (lambda: fire_message(urgency="0"), "urgency"),
        (lambda: fire_message("STATUS_UPDATE", times=[]), "times"),
        (lambda: fire_message("STATUS_UPDATE", times=[time_of("lunch", ago())]), "times[0].step"),
        (lambda: fire_message("UNIT_POSITION", positions=[position(lon=36.3)]), "positions[0].lon"),
        (lambda: fire_message("UNIT_POSITION", positions=[position(unit="")]), "positions[0].unit"),
        (lambda: fire_message("CLOSE", closing_code="?"), "closing_code"),
        (lambda: fire_message("CAMERA_LIST"), "msg_type"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field(fire, document, field):
    response = fire(document())
    assert response.status_code == 400
    named = {name.removeprefix("payload.") for name in response.data["errors"]}
    assert named == {field}
