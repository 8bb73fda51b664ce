"""What each service is told beside the facts: when each type of message comes, and when it may not.

A row: the service, what happened before, what happens now, and what the room is told for it.
"""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident
from linkage.choices import Direction, LinkState
from linkage.models import Link
from linkage.routing import TOLD
from linkage.services.contracts import CONTRACTS
from tests.linkage.services import rooms
from tests.linkage.services.conftest import locked_too_late, told_by
from tests.linkage.services.rooms import (
    ELSEWHERE,
    asks,
    files,
    flees,
    makes_automatic,
    moves,
    reports,
    says,
)

POSITION = {"unit": "중앙12", "lon": 127.4, "lat": 36.4}
REPORTED = [reports()]
AUTOMATIC = [makes_automatic, *REPORTED]
CLAIMED = [*REPORTED, rooms.claims]
PUBLISHED = [*REPORTED, rooms.publishes]
CLOSED = [*CLAIMED, rooms.closes]
TAKEN_BACK = [*REPORTED, says("CANCEL", version=2)]
DUPLICATE = [*REPORTED, rooms.marks_duplicate]
# A situation whose reported place has cameras near it.
IN_SIGHT = [reports(place=rooms.PLACE)]
# A kind that the policy leaves to a person, of each service that asks for video.
UNCLEAR = [
    ("police112", reports(kind_code="401")),
    ("fire119", reports(kind_code="E04")),
    ("disaster", reports(kind_code="D17", place=rooms.PLACE)),
]
_TEXT = {"text": "종합상황실과 함께"}


def position(room):
    return room.send("UNIT_POSITION", at=rooms.now(), **POSITION)


def engines(room):
    return room.send("UNIT_POSITION", positions=[{**POSITION, "at": rooms.now()}])


def steps(room):
    times = [{"step": "departed", "at": rooms.now(), "unit": "한빛펌프1"}]
    return room.send("STATUS_UPDATE", times=times)


def takes_our_report(room):
    filed = files()(room)
    return room.send("ACK", report_no=str(filed.uid))


ROWS = [
    # The list comes by itself where that is agreed, and again when other cameras see the place.
    ("police112", [makes_automatic], reports(), ["CAMERA_LIST"]),
    ("police112", [], reports(), []),
    ("police112", [makes_automatic], reports(place=None), []),
    ("police112", AUTOMATIC, reports(version=2, place=ELSEWHERE), ["CAMERA_LIST"]),
    ("police112", AUTOMATIC, reports(version=2, summary="다른 말"), []),
    ("police112", AUTOMATIC, reports(place=ELSEWHERE), []),
    ("police112", AUTOMATIC, moves, ["STATUS_UPDATE", "CAMERA_LIST"]),
    ("police112", REPORTED, moves, ["STATUS_UPDATE"]),
    ("police112", [*REPORTED, asks()], moves, ["STATUS_UPDATE", "CAMERA_LIST"]),
    # A newer report rings again after a cancellation, and is kept on the timeline after a close.
    (
        "police112",
        [*AUTOMATIC, rooms.cancels],
        reports(version=2, place=ELSEWHERE),
        ["CAMERA_LIST"],
    ),
    ("police112", [makes_automatic, *CLOSED], reports(version=2, place=ELSEWHERE), []),
    # Asked for, it comes once for each request while the case is open.
    ("police112", [], asks(), []),
    ("police112", REPORTED, asks(), ["CAMERA_LIST"]),
    ("police112", CLAIMED, asks(), ["CAMERA_LIST"]),
    ("police112", DUPLICATE, asks(), ["CAMERA_LIST"]),
    ("police112", CLOSED, asks(), ["STREAM_DENY"]),
    ("police112", TAKEN_BACK, asks(), ["STREAM_DENY"]),
    # Video is granted or refused camera by camera, and never after the end.
    ("police112", [], asks(0), []),
    ("police112", REPORTED, asks(0), ["STREAM_GRANT"]),
    ("police112", REPORTED, asks(0, 1), ["STREAM_GRANT"]),
    ("police112", REPORTED, asks(0, -1), ["STREAM_GRANT", "STREAM_DENY"]),
    ("police112", REPORTED, asks(-1), ["STREAM_DENY"]),
    ("police112", REPORTED, asks(2), ["STREAM_DENY"]),
    ("police112", REPORTED, asks(0, purpose="CURIOSITY"), ["STREAM_DENY"]),
    ("police112", REPORTED, asks(0, basis="ACT-ROAD"), ["STREAM_DENY"]),
    ("police112", [*REPORTED, asks(0)], asks(0, extend="추적 계속"), ["STREAM_GRANT"]),
    ("police112", CLOSED, asks(0), ["STREAM_DENY"]),
    ("police112", TAKEN_BACK, asks(0), ["STREAM_DENY"]),
    # 119 and the disaster room ask in the same words, each on its own law.
    *[
        (service, before, deed, told)
        for service in ("fire119", "disaster")
        for before, deed, told in (
            ([makes_automatic], reports(), ["CAMERA_LIST"]),
            (AUTOMATIC, moves, ["STATUS_UPDATE", "CAMERA_LIST"]),
            ([], asks(0), []),
            (REPORTED, asks(), ["CAMERA_LIST"]),
            (REPORTED, asks(-1), ["STREAM_DENY"]),
            (REPORTED, asks(0, purpose="PURSUIT"), ["STREAM_DENY"]),
            (REPORTED, asks(0, basis="ACT-112"), ["STREAM_DENY"]),
            (CLOSED, asks(0), ["STREAM_DENY"]),
            (CLOSED, asks(), ["STREAM_DENY"]),
            (TAKEN_BACK, asks(0), ["STREAM_DENY"]),
        )
    ],
    ("fire119", REPORTED, asks(0, -1), ["STREAM_GRANT", "STREAM_DENY"]),
    ("fire119", [*REPORTED, says("CLOSE", closing_code="DONE")], asks(0), ["STREAM_DENY"]),
    ("disaster", IN_SIGHT, asks(0, -1), ["STREAM_GRANT", "STREAM_DENY"]),
    ("disaster", IN_SIGHT, asks(0, ground="CURIOSITY"), ["STREAM_DENY"]),
    ("disaster", [*IN_SIGHT, says("CLOSE")], asks(0), ["STREAM_DENY"]),
    # What the policy leaves to a person is answered when the person answers, or nobody does.
    *[
        (service, before, deed, told)
        for service, first in UNCLEAR
        for before, deed, told in (
            ([first], asks(0), []),
            ([first], asks(0, -1), ["STREAM_DENY"]),
            ([first, asks(0)], rooms.allows, ["STREAM_GRANT"]),
            ([first, asks(0)], rooms.refuses, ["STREAM_DENY"]),
            ([first, asks(0)], rooms.lets_lapse, ["STREAM_DENY"]),
            ([first, asks(0), asks(1), rooms.claims], rooms.closes, ["CLOSE", "STREAM_DENY"]),
            ([first, asks(0), asks(1)], rooms.cancels, ["CLOSE", "STREAM_DENY"]),
            ([first, asks(0), rooms.allows], asks(0), ["STREAM_GRANT"]),
            ([first, asks(0), rooms.allows], asks(0, extend="계속"), []),
            ([first], rooms.gives(0, 1), ["STREAM_GRANT"]),
            ([first, rooms.gives(0)], rooms.extends, ["STREAM_GRANT"]),
            ([first, rooms.claims, rooms.closes], rooms.gives(0), None),
            ([first], rooms.gives(2), None),
        )
    ],
    # Grants around a place go with it; what they are now is told once for all of them.
    (
        "police112",
        [*AUTOMATIC, asks(0, 1)],
        moves,
        ["STATUS_UPDATE", "STREAM_GRANT", "CAMERA_LIST"],
    ),
    # A close is answered in every state of a known case.
    ("police112", [], says("CLOSE"), []),
    ("police112", REPORTED, says("CLOSE"), ["CLOSE_ACK"]),
    ("police112", [*REPORTED, says("CLOSE")], says("CLOSE"), ["CLOSE_ACK"]),
    ("police112", CLOSED, says("CLOSE"), ["CLOSE_ACK"]),
    ("police112", TAKEN_BACK, says("CLOSE"), ["CLOSE_ACK"]),
    # Where somebody fled is told while the case is open and its place known.
    ("police112", REPORTED, flees, ["ESCAPE_ROUTE"]),
    ("police112", CLAIMED, flees, ["ESCAPE_ROUTE"]),
    ("police112", [reports(place=None)], flees, None),
    ("police112", CLOSED, flees, None),
    ("police112", TAKEN_BACK, flees, None),
    # A still goes to the rooms that have the case, while it is open.
    *[
        (service, before, deed, told)
        for service in ("police112", "fire119")
        for before, deed, told in (
            ([*REPORTED, rooms.takes_still], rooms.sends_still, ["STILL"]),
            ([*CLAIMED, rooms.takes_still, rooms.sends_still], rooms.sends_still, ["STILL"]),
            ([*REPORTED, rooms.takes_still, rooms.cancels], rooms.sends_still, None),
            ([*CLAIMED, rooms.takes_still, rooms.closes], rooms.sends_still, None),
        )
    ],
    # The disaster room and the city's systems are told none.
    ("disaster", [*REPORTED, rooms.takes_still], rooms.sends_still, None),
    ("city", [*REPORTED, rooms.takes_still], rooms.sends_still, None),
    # What the room says itself is not told back to it.
    ("police112", REPORTED, says("CANCEL", version=2), []),
    ("police112", CLAIMED, says("STATUS_UPDATE", status="DISPATCHED"), []),
    ("police112", CLAIMED, says("STATUS_UPDATE", status="WITHDRAWN", unit="중앙12"), []),
    ("police112", CLAIMED, says("STATUS_UPDATE", status="CLOSED"), []),
    ("police112", REPORTED, position, []),
    ("police112", CLOSED, position, None),
    ("police112", CLOSED, says("CLOSE_ACK"), []),
    ("police112", REPORTED, says("CO_RESPONSE", **_TEXT), []),
    ("police112", REPORTED, says("TRANSFER", **_TEXT), []),
    ("police112", [], takes_our_report, ["EVENT_NOTIFY"]),
    ("fire119", [], takes_our_report, ["EVENT_NOTIFY"]),
    ("fire119", [], reports(), []),
    ("fire119", REPORTED, reports(version=2, place=ELSEWHERE), []),
    ("fire119", CLAIMED, steps, []),
    ("fire119", REPORTED, engines, []),
    ("fire119", REPORTED, says("CANCEL", version=2), []),
    ("fire119", [], says("CLOSE", closing_code="DONE"), []),
    ("fire119", REPORTED, says("CLOSE", closing_code="DONE"), ["CLOSE_ACK"]),
    ("fire119", CLOSED, says("CLOSE", closing_code="DONE"), ["CLOSE_ACK"]),
    ("fire119", TAKEN_BACK, says("CLOSE", closing_code="DONE"), ["CLOSE_ACK"]),
    ("fire119", CLOSED, says("CLOSE_ACK"), []),
    ("fire119", REPORTED, says("CO_RESPONSE", **_TEXT), []),
    ("fire119", REPORTED, says("TRANSFER", **_TEXT), []),
    # Every end is answered, also when the situation is over already: the answer was missed.
    ("disaster", [], reports(), []),
    ("disaster", REPORTED, reports(version=2, level=4), []),
    ("disaster", REPORTED, says("STATUS_UPDATE", text="수위 상승", level=3), []),
    ("disaster", REPORTED, says("CANCEL", version=2), []),
    ("disaster", [], says("CLOSE"), []),
    ("disaster", REPORTED, says("CLOSE"), ["CLOSE_ACK"]),
    ("disaster", CLOSED, says("CLOSE"), ["CLOSE_ACK"]),
    ("disaster", [*REPORTED, says("CLOSE")], says("CLOSE"), ["CLOSE_ACK"]),
    ("disaster", TAKEN_BACK, says("CLOSE"), ["CLOSE_ACK"]),
    ("disaster", CLOSED, says("CLOSE_ACK"), []),
    # What we publish is told alert by alert: the first, its updates, its cancel.
    ("disaster", REPORTED, rooms.publishes, ["CAP_ALERT"]),
    ("disaster", REPORTED, rooms.withdraws, []),
    ("disaster", PUBLISHED, reports(version=2, level=4), ["CAP_ALERT"]),
    ("disaster", PUBLISHED, says("STATUS_UPDATE", text="수위 상승", level=3), ["CAP_ALERT"]),
    ("disaster", PUBLISHED, says("STATUS_UPDATE", text="변화 없음"), []),
    ("disaster", PUBLISHED, rooms.withdraws, ["CAP_ALERT"]),
    ("disaster", PUBLISHED, says("CLOSE"), ["CAP_ALERT", "CLOSE_ACK"]),
    ("disaster", PUBLISHED, says("CANCEL", version=2), ["CAP_ALERT"]),
    ("disaster", [*PUBLISHED, rooms.claims], rooms.closes, ["CLOSE", "CAP_ALERT"]),
    ("city", [], reports(), []),
    ("city", REPORTED, says("STATUS_UPDATE", text="현장 확인"), []),
    ("city", REPORTED, says("CANCEL", version=2), []),
    ("city", [], says("CLOSE"), []),
    ("city", REPORTED, says("CLOSE"), ["CLOSE_ACK"]),
    ("city", CLAIMED, says("CLOSE"), ["CLOSE_ACK"]),
    ("city", CLOSED, says("CLOSE"), ["CLOSE_ACK"]),
    ("city", TAKEN_BACK, says("CLOSE"), ["CLOSE_ACK"]),
    ("city", CLOSED, says("CLOSE_ACK"), []),
    # The centre reports to 112 and 119; it needs words, and no number of theirs.
    *[
        (service, before, files(relation), told)
        for service in ("police112", "fire119")
        for before, relation, told in (
            ([], "report", ["EVENT_NOTIFY"]),
            (REPORTED, "report", ["EVENT_NOTIFY"]),
            (CLOSED, "report", ["EVENT_NOTIFY"]),
            (REPORTED, "co_response", ["CO_RESPONSE"]),
            (CLOSED, "co_response", ["CO_RESPONSE"]),
            (REPORTED, "transfer", ["TRANSFER"]),
            (TAKEN_BACK, "transfer", ["TRANSFER"]),
        )
    ],
    *[
        (service, [*REPORTED, rooms.takes_still], rooms.attaches_still, ["EVENT_NOTIFY"])
        for service in ("police112", "fire119")
    ],
    *[(service, [], files(text=" "), None) for service in ("police112", "fire119")],
    *[(service, [], files(place=None), None) for service in ("police112", "fire119")],
]
# These are about one kind of data and are not sent where the legal basis lacks it.
GUARDED = {"CAMERA_LIST", "STREAM_GRANT", "ESCAPE_ROUTE", "STILL"}


def judged(room, before, deed, bar=lambda _room: None):
    """Bring the case there, do it, give what was told for it, and take all of it back."""
    with transaction.atomic():
        room.link = fresh(room.link)
        for step in before:
            answer = step(room)
            assert getattr(answer, "status_code", 201) == 201, answer.data
        bar(room)
        room.link = fresh(room.link)
        with CaptureQueriesContext(connection) as caught:
            done = told_by(room, deed)
        assert locked_too_late([query["sql"] for query in caught]) == []
        transaction.set_rollback(True)
    return done


def fresh(link):
    return Link.objects.select_related("legal_basis", "municipality", "agency").get(pk=link.pk)


@pytest.mark.parametrize("service", list(CONTRACTS))
def test_each_answer_comes_when_the_table_says_and_not_otherwise(room_of, service):
    room = room_of(service)
    for at, (named, before, deed, expected) in enumerate(ROWS):
        if named == service:
            done = judged(room, before, deed)
            assert done.types == (expected or []), f"row {at}"
            assert done.refused == (expected is None), f"row {at}"


def suspends(room):
    Link.objects.filter(pk=room.link.pk).update(state=LinkState.SUSPENDED)


def turns_inbound(room):
    Link.objects.filter(pk=room.link.pk).update(direction=Direction.IN)


def makes_a_drill(room):
    Incident.objects.update(is_drill=True)
    Link.objects.filter(pk=room.link.pk).update(allows_drills=False)


def loses_its_basis(room):
    Link.objects.filter(pk=room.link.pk).update(legal_basis=None)


def reports_first(before):
    return any(step in before for step in REPORTED)


def by_type(service):
    """Give one row of the table for each type of message, and one fact."""
    found = {"fact": (REPORTED, rooms.claims)}
    for named, before, deed, expected in ROWS:
        if named == service and expected and reports_first(before):
            found.setdefault(expected[0], (before, deed))
    return found


@pytest.mark.parametrize("bar", [suspends, turns_inbound, makes_a_drill])
@pytest.mark.parametrize("service", list(CONTRACTS))
def test_nothing_of_any_type_leaves_on_a_link_that_may_not_be_told(room_of, service, bar):
    room = room_of(service)
    for message_type, (before, deed) in by_type(service).items():
        assert judged(room, before, deed).rows, message_type
        assert not judged(room, before, deed, bar).rows, message_type


def test_without_a_legal_basis_no_video_and_no_place_leaves(room_of):
    room = room_of("police112")
    seen = set()
    for before, deed in by_type("police112").values():
        for row in judged(room, before, deed, loses_its_basis).rows:
            seen.add(row.message_type)
    facts = {told.message_type for told in TOLD.values()}
    assert seen | facts == set(CONTRACTS["police112"].tells) - GUARDED


def test_every_type_that_a_service_is_told_has_rows_in_which_it_comes_and_does_not():
    facts = {told.message_type for told in TOLD.values()}
    for service, contract in CONTRACTS.items():
        rows = [expected or [] for named, _before, _deed, expected in ROWS if named == service]
        told = {message_type for expected in rows for message_type in expected}
        assert told | facts == set(contract.tells), service
        assert [] in rows
    assert {named for named, *_rest in ROWS} == set(CONTRACTS)
