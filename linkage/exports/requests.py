"""A request until it is decided: written, its letter, submitted, reviewed, approved by another.

Everyone locks the request before the journal's counter.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.models import Camera
from controlroom.errors import Invalid, NotAllowed
from controlroom.municipalities.access import require, rights_in
from controlroom.municipalities.roles import Right
from controlroom.sealing import seal_bytes, unseal_bytes
from incidents.models import Incident
from linkage.choices import DataKind
from linkage.errors import StepForbidden
from linkage.exports import rules
from linkage.exports.rules import Refusal
from linkage.exports.states import State, Verb
from linkage.exports.telling import locked, record, saved, step
from linkage.models import ExportRequest, Link
from linkage.models_agreements import LegalBasis
from linkage.models_exports import ExportClip


class ApprovalRefused(NotAllowed):
    """This person may not decide on this request; `errors` names the rule."""

    code = "approval_refused"


def _words() -> dict[str, str]:
    return {
        "before_since": _("must be after the start"),
        "too_long": _("the period may be %(hours)s hours at most")
        % {"hours": int(rules.LONGEST.total_seconds() // 3600)},
        "in_future": _("must not lie in the future"),
    }


def refusal_words(refusal: Refusal) -> str:
    return {
        Refusal.NO_RIGHT: _("your role does not allow this"),
        Refusal.OWN_REQUEST: _("nobody decides on a request of their own"),
        Refusal.REASON_NEEDED: _("say why you decide in place of the resident police officer"),
    }[refusal]


@transaction.atomic
def draft(
    *,
    link: Link,
    since: datetime,
    until: datetime,
    cameras: Sequence[int],
    purpose: str,
    basis: str,
    incident: Incident | None = None,
    case_number: str = "",
    by: Any = None,
) -> ExportRequest:
    """Write a request down: by a person of the centre, or (without `by`) by the agency itself.

    Raises: NotAllowed, Invalid naming each field.
    """
    if by is not None:
        require(by, link.municipality_id, Right.EXPORT_DRAFT)
    now = timezone.now()
    words = _words()
    faults = {name: [words[word]] for name, word in rules.period_faults(since, until, now).items()}
    if not purpose.strip():
        faults["purpose"] = [_("This field is required.")]
    law = LegalBasis.objects.filter(code=basis).first()
    if law is None or not _carries(law, DataKind.RECORDED_VIDEO):
        faults["basis"] = [_("this legal basis allows no recorded video")]
    found = _cameras(link, cameras, faults)
    if incident is not None and incident.municipality_id != link.municipality_id:
        faults["incident"] = [_("no such incident")]
    if faults or law is None:
        raise Invalid(_("the request cannot be taken like this"), fields=faults)
    export = ExportRequest.objects.create(
        municipality_id=link.municipality_id,
        link=link,
        incident=incident,
        case_number=case_number,
        purpose=purpose.strip()[:300],
        basis=law,
        since=since,
        until=until,
        requested_by=by,
        lapses_at=now + timedelta(days=settings.EXPORT_DAYS),
    )
    ExportClip.objects.bulk_create(ExportClip(export=export, camera=camera) for camera in found)
    saved(export, "export.drafted", by=by, agent=_agent(export, by), reason=export.purpose)
    return export


def _cameras(link: Link, wanted: Sequence[int], faults: dict[str, Any]) -> list[Camera]:
    unique = list(dict.fromkeys(wanted))
    if not unique or len(unique) > rules.MOST_CAMERAS:
        faults["cameras"] = [_("name 1 to %(count)s cameras") % {"count": rules.MOST_CAMERAS}]
        return []
    own = Camera.objects.filter(municipality_id=link.municipality_id, pk__in=unique)
    by_id = {camera.pk: camera for camera in own.in_register().select_related("site")}
    if missing := [str(one) for one in unique if one not in by_id]:
        faults["cameras"] = [_("no such camera: %(ids)s") % {"ids": ", ".join(missing)}]
    return [by_id[one] for one in unique if one in by_id]


def _carries(law: LegalBasis, *kinds: DataKind) -> bool:
    return law.is_in_force and all(kind in law.allowed_data for kind in kinds)


def _agent(export: ExportRequest, by: Any) -> str:
    return "" if by else export.link.code


@transaction.atomic
def attach_letter(
    *, export: ExportRequest, number: str, name: str, body: bytes, by: Any = None
) -> ExportRequest:
    """Keep the official letter sealed; while the request is a draft it may be exchanged.

    Raises: NotAllowed, Invalid, StepForbidden.
    """
    export = locked(export)
    _check_owner(export, by)
    if export.state != State.DRAFT:
        raise StepForbidden(_("the request stands at another step"), fields={"state": ["draft"]})
    faults: dict[str, list[Any]] = {}
    if not number.strip():
        faults["letter_number"] = [_("This field is required.")]
    if len(body) > rules.LETTER_BYTES or not body:
        faults["letter"] = [
            _("the letter may have at most %(count)s MB")
            % {"count": rules.LETTER_BYTES // 1024 // 1024}
        ]
    elif rules.letter_kind(name, body) is None:
        faults["letter"] = [
            _("neither its name nor its content is one of: %(kinds)s")
            % {"kinds": ", ".join(sorted(rules.LETTER_KINDS))}
        ]
    if faults:
        raise Invalid(_("the letter cannot be taken like this"), fields=faults)
    export.letter_number, export.letter_name = number.strip()[:60], name[-200:]
    export.letter, export.letter_sha256 = seal_bytes(body), hashlib.sha256(body).hexdigest()
    export.save()
    record(
        export,
        "export.letter",
        by=by,
        agent=_agent(export, by),
        letter=export.letter_number,
        sha256=export.letter_sha256,
    )
    return export


def has_letter(*, export: ExportRequest, number: str, body: bytes) -> bool:
    """Say whether the request was submitted with this very letter: it came a second time."""
    digest = hashlib.sha256(body).hexdigest()
    is_same = export.letter_sha256 == digest and export.letter_number == number.strip()[:60]
    return is_same and export.state != State.DRAFT


@transaction.atomic
def read_letter(*, export: ExportRequest, by: Any) -> bytes:
    """Give the letter to who works on the request; reading it is on record.

    Raises: NotAllowed, Invalid when there is none.
    """
    rights = rights_in(by, export.municipality_id)
    if rules.may_handle(rights=rights, is_police=export.is_police) is not None:
        require(by, export.municipality_id, Right.RECORDS_READ)
    if export.letter is None:
        raise Invalid(_("there is no letter yet"), fields={"letter": [_("missing")]})
    record(export, "export.letter_read", by=by)
    return unseal_bytes(export.letter)


def letter_missing() -> Invalid:
    words = _("This field is required.")
    return Invalid(
        _("the official letter is missing"), fields={"letter_number": [words], "letter": [words]}
    )


@transaction.atomic
def submit(*, export: ExportRequest, by: Any = None) -> ExportRequest:
    """Raises: NotAllowed, Invalid without a letter, StepForbidden."""
    export = locked(export)
    _check_owner(export, by)
    if export.letter is None:
        raise Invalid(
            _("the official letter is missing"), fields={"letter": [_("This field is required.")]}
        )
    step(export, Verb.SUBMIT)
    saved(export, "export.submitted", by=by, agent=_agent(export, by), letter=export.letter_number)
    return export


@transaction.atomic
def withdraw(*, export: ExportRequest, by: Any = None, reason: str = "") -> ExportRequest:
    """Take a request back, by who asked for it or by who could decide on it.

    Raises: NotAllowed, StepForbidden.
    """
    export = locked(export)
    if by is not None and export.requested_by_id != by.pk:
        check_handler(export, by)
    step(export, Verb.WITHDRAW)
    export.reason = reason.strip()[:300]
    saved(export, "export.withdrawn", by=by, agent=_agent(export, by), reason=export.reason)
    return export


@transaction.atomic
def review(*, export: ExportRequest, by: Any) -> ExportRequest:
    """Say that letter, purpose, basis, period and cameras agree.

    Raises: NotAllowed, StepForbidden.
    """
    export = locked(export)
    check_handler(export, by)
    step(export, Verb.REVIEW)
    export.reviewed_by = by
    saved(export, "export.reviewed", by=by)
    return export


@transaction.atomic
def approve(*, export: ExportRequest, by: Any, reason: str = "") -> ExportRequest:
    """Approve a request of another's; who decides by override says why.

    Raises: ApprovalRefused, Invalid when its basis carries it no more, StepForbidden.
    """
    export = locked(export)
    refused = rules.may_approve(
        rights=rights_in(by, export.municipality_id),
        is_police=export.is_police,
        is_own=export.requested_by_id == by.pk,
        reason=reason,
    )
    if refused is not None:
        field = "reason" if refused is Refusal.REASON_NEEDED else "rule"
        words = refusal_words(refused)
        raise ApprovalRefused(words, fields={field: [words if field == "reason" else refused]})
    if not _carries(export.basis, DataKind.RECORDED_VIDEO):
        raise Invalid(
            _("the request cannot be taken like this"),
            fields={"basis": [_("this legal basis allows no recorded video")]},
        )
    step(export, Verb.APPROVE)
    export.approved_by, export.approved_at = by, timezone.now()
    export.override_reason = reason.strip()[:300]
    export.next_try_at = export.approved_at
    saved(export, "export.approved", by=by, reason=export.override_reason)
    return export


@transaction.atomic
def reject(*, export: ExportRequest, by: Any, reason: str) -> ExportRequest:
    """Raises: NotAllowed, Invalid without a reason, StepForbidden."""
    export = locked(export)
    check_handler(export, by)
    export.reason = needed(reason)
    step(export, Verb.REJECT)
    saved(export, "export.rejected", by=by, reason=export.reason)
    return export


def lapse_overdue() -> int:
    """Let lapse what nobody acted on in time; give how many.

    Locks: each request, in the order of their ids.
    """
    with transaction.atomic():
        due = ExportRequest.objects.filter(
            state__in=["draft", "submitted", "reviewed", "approved"],
            lapses_at__lte=timezone.now(),
        )
        rows = list(
            due.select_related("link")
            .order_by("pk")
            .select_for_update(of=("self",), no_key=True, skip_locked=True)[:100]
        )
        for export in sorted(rows, key=lambda row: row.municipality_id):
            step(export, Verb.LAPSE)
            export.reason = "time"
            saved(export, "export.lapsed", agent="linkage.exports", reason="time")
    return len(rows)


def check_handler(export: ExportRequest, by: Any) -> None:
    """Raises: NotAllowed."""
    rights = rights_in(by, export.municipality_id)
    if rules.may_handle(rights=rights, is_police=export.is_police) is not None:
        raise NotAllowed(_("your role does not allow this"))


def needed(reason: str) -> str:
    """Raises: Invalid."""
    if len(reason.strip()) < 2:
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    return reason.strip()[:300]


def _check_owner(export: ExportRequest, by: Any) -> None:
    """Only who asked goes on with a draft. Raises: NotAllowed."""
    if by is not None and export.requested_by_id != by.pk:
        raise NotAllowed(_("only who asked may do this"))
