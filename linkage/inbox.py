"""Take a message of a link in: kept raw once, applied in the same transaction, answered."""

import hashlib
from collections.abc import Callable
from copy import copy
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.journal import log
from controlroom.journal.choices import Audience
from incidents.features import moment
from incidents.models import Incident
from incidents.statuses import Status
from linkage import clocks, documents, line_alarms, mapping, outbox, regions
from linkage.choices import Direction, InboxResult, LinkState, MessageType
from linkage.errors import (
    CaseCancelled,
    DrillNotAllowed,
    KindNotAllowed,
    LinkClosed,
    MessageConflict,
    OutOfSequence,
    PayloadHashMismatch,
    TimeOutOfRange,
    WrongReceiver,
)
from linkage.idempotency import Answer, frozen, thawed
from linkage.models import Case, InboxMessage, Link, OutboxMessage
from linkage.services.contracts import CONTRACTS
from linkage.services.handlers import handler_of
from linkage.services.handling import Done
from linkage.wire import Message, canonical, content_sha256, read

OLDEST = timedelta(days=366)

_INSERT = """
INSERT INTO linkage_inboxmessage (municipality_id, link_id, message_id, message_type, case_number,
  version, raw, sha256, content_sha256, sent_at, received_at, skew_ms, result, response)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '{}')
ON CONFLICT (link_id, message_id) WHERE original_id IS NULL DO NOTHING RETURNING id
"""


@transaction.atomic(savepoint=False)
def accept(*, link: Link, raw: bytes) -> Answer:
    """Take one message in: 201 applied or kept, 202 filed until its report comes.

    The same message id again gives the stored answer.
    Locks: the message id until the transaction ends, then what the incident verbs lock.
    Raises: Invalid, TooLarge, LinkClosed, MessageConflict and the other refusals of errors.py.
    """
    check_open(link)
    document = documents.parse(raw)
    _check_shape(link, document)
    message = read(document)
    now = timezone.now()
    _check_addressing(link, document)
    _check_times(message.sent_at - now, message.occurred_at - now)
    _check_agreement(link, message)
    if link.region_id is not None:
        # Whose case it is must not be asked twice at once.
        lock_case(link, message.case_number)
    seen = regions.concerned(link, document, message)
    row = keep(link=seen[0], raw=raw, document=document, message=message)
    if row is None:
        return _stored_answer(link, document, message)
    lock_case(link, message.case_number)
    return apply(seen=seen, row=row, message=message)


def _check_shape(link: Link, document: dict[str, Any]) -> None:
    """Raises: Invalid, WrongReceiver for a good message of another service."""
    try:
        documents.check(document, documents.message_key(link.service, _type_of(link, document)))
    except Invalid as refused:
        others = documents.services_of(document, document.get("msg_type")) - {link.service}
        raise _belongs_to(others) if others else refused from refused


def _check_changes(link: Link, changes: dict[str, Any]) -> None:
    """Raises: Invalid, WrongReceiver for a good correction of another service."""
    try:
        documents.check(changes, documents.correction_key(link.service))
    except Invalid as refused:
        others = documents.services_of(changes, None) - {link.service}
        raise _belongs_to(others) if others else refused from refused


def _belongs_to(services: set[str]) -> WrongReceiver:
    return WrongReceiver(
        _("this message belongs to another service"),
        fields={"service_code": sorted(services)},
    )


def _type_of(link: Link, document: dict[str, Any]) -> str:
    """Raises: Invalid."""
    message_type = document.get("msg_type")
    payloads = CONTRACTS[link.service].schemas
    if not isinstance(message_type, str) or message_type not in payloads:
        known = ", ".join(payloads)
        raise Invalid(
            _("the message does not follow its schema"),
            fields={"msg_type": [_("must be one of: %(values)s") % {"values": known}]},
        )
    return message_type


def apply(*, seen: list[Link], row: InboxMessage, message: Message) -> Answer:
    """Apply a kept message to its case in each city that it concerns, and finish its rows.

    `seen`: the link as each of them sees it (regions.py); the row is the first one's.
    """
    answered = _answered(seen[0], message.correlation_id)
    rows = [row, *(copy_for(link, row) for link in seen[1:])]
    done = [_handle(link, message) for link in seen]
    if answered is not None:
        outbox.mark_answered(message=answered)
    opened = [link for link, one in zip(seen, done, strict=True) if one.created]
    if opened and _apply_filed(opened, message.case_number):
        for one in done:
            if one.incident is not None:
                one.incident.refresh_from_db(fields=["status", "version"])
    answer = Answer(
        202 if all(one.result == InboxResult.FILED for one in done) else 201,
        _body(message, row, seen, done),
        _location(seen[0], message),
    )
    for kept, one in zip(rows, done, strict=True):
        InboxMessage.objects.filter(pk=kept.pk).update(
            result=one.result,
            incident=one.incident,
            response={
                "status": answer.status,
                "body": frozen(answer.body),
                "headers": answer.headers,
            },
        )
    return answer


def _location(link: Link, message: Message) -> dict[str, str]:
    if message.message_type == MessageType.TEST:
        return {}
    address = f"/api/v1/incidents/{message.case_number}?link={link.code}"
    if link.region_id is not None:
        address = f"{address}&municipality={link.municipality.code}"
    return {"Location": address}


def _handle(link: Link, message: Message) -> Done:
    return handler_of(link.service, message.message_type)(link, message)


def _answered(link: Link, correlation_id: str) -> OutboxMessage | None:
    try:
        uid = UUID(correlation_id)
    except ValueError:
        return None
    return outbox.lock_to_answer(link=link, uid=uid)


@transaction.atomic
def correct(*, link: Link, case: Case, raw: bytes, admits: Callable[[Case], None]) -> Answer:
    """Take a partial correction of the link's own case in, as its next version.

    `admits` sees the locked case and raises when the caller's precondition fails.
    Locks: the case.
    Raises: CaseCancelled, and what accept raises.
    """
    check_open(link)
    if CONTRACTS[link.service].correction is None:
        raise LinkClosed(_("cases of this service are not corrected in part"))
    changes = documents.parse(raw)
    _check_changes(link, changes)
    lock_case(link, case.external_id)
    case = Case.objects.select_related("incident__kind").get(pk=case.pk)
    admits(case)
    if case.incident.status == Status.CANCELLED:
        raise CaseCancelled(_("a cancelled case rings again by a new report"))
    payload = {**case.payload, **changes}
    payload |= {"receipt_no": case.external_id, "version": case.version + 1}
    now = timezone.now()
    message = Message(
        message_id=f"correction:{uuid4()}",
        message_type="EVENT_NOTIFY",
        case_number=case.external_id,
        version=case.version + 1,
        occurred_at=case.incident.occurred_at,
        sent_at=now,
        is_drill=case.incident.is_drill,
        correlation_id="",
        payload=payload,
    )
    _check_agreement(link, message)
    seen = regions.concerned(link, {}, message)
    row = keep(link=seen[0], raw=raw, document={"payload": payload}, message=message)
    if row is None:
        raise MessageConflict(_("this message id came before with other content"))
    return apply(seen=seen, row=row, message=message)


def _apply_filed(opened: list[Link], case_number: str) -> int:
    """Apply what overtook the report of its case, in the order of versions and arrival."""
    waiting = InboxMessage.objects.filter(
        link=opened[0], case_number=case_number, result=InboxResult.FILED, original=None
    ).exclude(response={})
    filed = list(waiting.order_by("version", "pk"))
    for row in filed:
        message = read(documents.parse(bytes(row.raw)))
        for link, kept in zip(opened, hand_to(opened, row), strict=True):
            try:
                done = _handle(link, message)
            except OutOfSequence:
                # It overtook its report and comes too late by now: kept, no reason to refuse that.
                done = Done(InboxResult.UNCHANGED)
            InboxMessage.objects.filter(pk=kept.pk).update(
                result=done.result, incident=done.incident
            )
    return len(filed)


def hand_to(seen: list[Link], row: InboxMessage) -> list[InboxMessage]:
    """Give a row that waited to the cities that it turned out to concern; a row for each."""
    if row.municipality_id != seen[0].municipality_id:
        row.municipality_id = seen[0].municipality_id
        row.save(update_fields=["municipality"])
    return [row, *(copy_for(link, row) for link in seen[1:])]


def copy_for(link: Link, row: InboxMessage) -> InboxMessage:
    """Keep the message for a further city of the link's region, as it came."""
    kept = copy(row)
    kept.pk, kept.original, kept.municipality_id = None, row, link.municipality_id
    kept.save(force_insert=True)
    return kept


def message_id_of(raw: bytes) -> str:
    return str(documents.parse(raw).get("msg_id", ""))


def check_open(link: Link) -> None:
    """Raises: LinkClosed."""
    closed = link.state == LinkState.SUSPENDED or link.direction == Direction.OUT
    if closed or link.service not in CONTRACTS:
        raise LinkClosed(_("this link takes no messages"))


def _check_addressing(link: Link, document: dict[str, Any]) -> None:
    cities = [link.municipality] if link.region_id is None else list(regions.members(link))
    expected = {
        "service_code": {link.service},
        "receiver_org": {city.organisation_code for city in cities},
        "sender_org": {link.agency.organisation_code},
    }
    wrong = {
        name: [_("is not the one of this link")]
        for name, values in expected.items()
        if values != {""} and name in document and document[name] not in values
    }
    code = document.get("municipality_code")
    if code and code not in {city.code for city in cities} and not regions.named(link, code):
        wrong["municipality_code"] = [_("is not the one of this link")]
    if wrong:
        raise WrongReceiver(_("the envelope is not addressed to this link"), fields=wrong)
    digest = document.get("payload_hash")
    if digest:
        found = hashlib.sha256(canonical(document["payload"])).hexdigest()
        if found != digest:
            raise PayloadHashMismatch(
                _("the payload is not the one that was hashed"),
                fields={"payload_hash": [_("expected %(found)s") % {"found": found}]},
            )


def _check_times(sent: timedelta, occurred: timedelta) -> None:
    wrong = {}
    if abs(sent) > clocks.REFUSED:
        wrong["sent_at"] = [_("must be within 5 minutes of our clock")]
    if occurred > clocks.REFUSED or occurred < -OLDEST:
        wrong["occurred_at"] = [_("must not be in the future nor over a year ago")]
    if wrong:
        raise TimeOutOfRange(_("the clocks differ too much"), fields=wrong)


def _check_agreement(link: Link, message: Message) -> None:
    if message.is_drill and not link.allows_drills:
        raise DrillNotAllowed(_("this link takes no drills"))
    kind = message.payload.get("kind_code")
    if kind and not mapping.admits(link, kind):
        raise KindNotAllowed(
            _("the agreement of this link does not cover this kind"),
            fields={"payload.kind_code": [kind]},
        )


def keep(
    *, link: Link, raw: bytes, document: dict[str, Any], message: Message
) -> InboxMessage | None:
    """Write the row, waiting for another one of the same id; None when that one stands."""
    now = timezone.now()
    row = InboxMessage(
        municipality_id=link.municipality_id,
        link=link,
        message_id=message.message_id,
        message_type=message.message_type,
        case_number=message.case_number,
        version=message.version,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        content_sha256=content_sha256(document),
        sent_at=message.sent_at,
        received_at=now,
        skew_ms=int((message.sent_at - now).total_seconds() * 1000),
        result=InboxResult.FILED,
    )
    values: list[Any] = [
        row.municipality_id,
        link.pk,
        row.message_id,
        row.message_type,
        row.case_number,
        row.version,
        raw,
        row.sha256,
        row.content_sha256,
        row.sent_at,
        row.received_at,
        row.skew_ms,
        row.result,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        inserted = cursor.fetchone()
    if inserted is None:
        return None
    row.pk = inserted[0]
    return row


def lock_case(link: Link, case_number: str) -> None:
    """Let messages of one case in one by one, so that none is filed past its report."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"linkage.case:{link.pk}:{case_number}"],
        )


def check_same(*, link: Link, document: dict[str, Any], message: Message) -> InboxMessage:
    """Give the message that came before under this id.

    Raises: MessageConflict when it said something else.
    """
    came = InboxMessage.objects.as_come()
    row: InboxMessage = came.get(link=link, message_id=message.message_id)
    if row.content_sha256 != content_sha256(document):
        raise MessageConflict(
            _("this message id came before with other content"),
            fields={"msg_id": [_("used at %(time)s") % {"time": moment(row.received_at)}]},
        )
    return row


def _stored_answer(link: Link, document: dict[str, Any], message: Message) -> Answer:
    kept = check_same(link=link, document=document, message=message).response
    return Answer(kept["status"], thawed(kept["body"]), kept["headers"], replayed=True)


@transaction.atomic
def report_conflict(*, link: Link, message_id: str) -> None:
    """Put on record that a link used a message id twice; called after the refusal rolled back."""
    detail = {"link": link.code, "message_id": message_id[:80]}
    chain.record(
        action="link.message_conflict",
        subject_kind="link",
        subject_id=link.code,
        municipality_id=link.municipality_id,
        agent=link.code,
        detail=detail,
    )
    at = moment(timezone.now())
    line_alarms.raise_(
        kind="link.conflict", link=link, detail={"message_id": message_id[:80], "at": at}
    )
    log.append(
        municipality_id=link.municipality_id,
        kind="link.message_conflict",
        subject_kind="link",
        subject_id=link.code,
        data=detail,
        audience=Audience.ADMINISTRATION,
    )


def _body(
    message: Message, row: InboxMessage, seen: list[Link], done: list[Done]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "msg_id": message.message_id,
        "msg_type": MessageType(message.message_type).value,
        "receipt_no": message.case_number,
        "result": done[0].result.value,
        "received_at": moment(row.received_at),
        "incident": _brief(done[0].incident),
    }
    if seen[0].region_id is not None:
        body["municipalities"] = [
            {
                "municipality_code": link.municipality.code,
                "result": one.result.value,
                "incident": _brief(one.incident),
            }
            for link, one in zip(seen, done, strict=True)
        ]
    return body


def _brief(incident: Incident | None) -> dict[str, Any] | None:
    if incident is None:
        return None
    return {
        "number": incident.number,
        "status": str(incident.status),
        "version": incident.version,
    }
