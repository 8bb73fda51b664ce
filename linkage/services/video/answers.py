"""A person's word about video: what waits is allowed or refused, and video is given by hand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Conflict, Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.roles import Right
from incidents.facts import note_fact
from incidents.models import Incident, IncidentEvent
from linkage import grants, video_requests
from linkage.models import Case, StreamGrant, VideoRequest
from linkage.models_video import RequestState
from linkage.policy import decision as policy
from linkage.policy.decision import Asked, Terms
from linkage.policy.rows import Row, row_for
from linkage.policy.words import Access, Rule, Trigger, VideoPurpose, Word
from linkage.policy_texts import RULES
from linkage.services.casework import worked_on
from linkage.services.video.cases import case_of, cases_of, hold, standing_of
from linkage.services.video.giving import decided, give_all
from linkage.services.video.lists import picks_of, seen
from linkage.services.video.told import tell_answered, tell_granted
from linkage.video_policy import kind_of, refusal, rows_of, terms_of


class NoAnswerAwaited(Conflict):
    """Somebody answered before, or its time was over."""

    code = "no_answer_awaited"


# --- what waits ----------------------------------------------------------------------------
@transaction.atomic
def allow(*, request: VideoRequest, by: User) -> VideoRequest:
    """Give what was asked for, as far as the policy of now lets a person give it.

    Emits: fact_recorded, in the transaction.
    Locks: as cases.hold.
    Raises: NotAllowed, NoAnswerAwaited, VideoRefused when no camera may be given any more.
    """
    require(by, request.municipality_id, Right.INCIDENT_WORK)
    case, incident, row = _held(request)
    asked = _asked(row, case)
    found = decided(case, incident, asked, policy.rights_meant([row.access]))
    # What it waited for above all; the picture alone may be held already.
    main = found.said[Access(row.access)]
    if not main.granted:
        rule = main.denied[0][1] if main.denied else Rule.ON_WORD
        raise refusal(rule, main.answer)
    event = _note(row, "video-allow", by=by)
    given = give_all(
        case=case,
        incident=incident,
        asked=asked,
        found=found,
        request_id=row.request_id,
        extension=row.extension,
        by=by,
    )
    tell_granted(case=case, incident=incident, event=event, rows=given, request=row.request_id)
    tell_answered(rows=[row], event=event, denied=found.denied)
    return video_requests.settle(row=row, state=RequestState.ALLOWED, by=by)


@transaction.atomic
def refuse(*, request: VideoRequest, by: User, reason: str) -> VideoRequest:
    """Refuse what was asked for, with a reason.

    Raises: NotAllowed, Invalid without a reason, NoAnswerAwaited.
    """
    require(by, request.municipality_id, Right.INCIDENT_WORK)
    if not reason.strip():
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    _case, _incident, row = _held(request)
    event = _note(row, "video-refuse", by=by, text=reason.strip())
    tell_answered(rows=[row], event=event, rule=Rule.OPERATOR)
    return video_requests.settle(
        row=row, state=RequestState.REFUSED, by=by, reason=reason.strip(), rule=Rule.OPERATOR
    )


def lapse_overdue() -> int:
    """Refuse what nobody answered in its time, and say so; return how many."""
    return sum(_lapse(row) for row in video_requests.overdue(timezone.now()))


@transaction.atomic
def _lapse(request: VideoRequest) -> bool:
    try:
        _case, _incident, row = _held(request, late=True)
    except NoAnswerAwaited:
        return False
    event = _note(row, "video-lapse", text=str(RULES[Rule.UNANSWERED]))
    tell_answered(rows=[row], event=event, rule=Rule.UNANSWERED)
    video_requests.settle(row=row, state=RequestState.LAPSED, rule=Rule.UNANSWERED)
    return True


def _held(request: VideoRequest, *, late: bool = False) -> tuple[Case, Incident, VideoRequest]:
    """Lock what an answer needs and give it as it is now."""
    case = case_of(request)
    incident = hold(case)
    row = (
        VideoRequest.objects.select_for_update(of=("self",))
        .select_related("link")
        .get(pk=request.pk)
    )
    is_over = row.answer_by <= timezone.now()
    if row.state != RequestState.PENDING or is_over != late:
        raise NoAnswerAwaited(_("this request waits for no answer any more"))
    return case, incident, row


def _asked(row: VideoRequest, case: Case) -> Asked:
    return Asked(
        purpose=row.purpose,
        basis=row.basis,
        cameras=tuple(row.cameras),
        kind=kind_of(case.incident),
        trigger=Trigger.OPERATOR,
        ground=row.ground,
        minutes=row.minutes,
        standing=standing_of(case, worked_on(case)),
        extends=bool(row.extension),
    )


def _note(row: VideoRequest, verb: str, *, by: User | None = None, text: str = "") -> IncidentEvent:
    return note_fact(
        incident=row.incident,
        verb=verb,
        by=by,
        agent="" if by else row.link.code,
        text=text,
        data={
            "cameras": row.cameras,
            "purpose": row.purpose,
            "basis": row.basis,
            "rights": [str(right) for right in policy.rights_meant([row.access])],
        },
    )


# --- given by hand -------------------------------------------------------------------------
@transaction.atomic
def give(
    *,
    incident: Incident,
    link_code: str,
    purpose: str,
    cameras: Iterable[int],
    by: User,
    ground: str = "",
    minutes: int | None = None,
    rights: Iterable[str] = (),
) -> list[StreamGrant]:
    """Give cameras to an agency that has the case, by a person's word and within the policy.

    `rights` are those of a request: live where none is named. All of them are given or none.
    Emits: fact_recorded, in the transaction.
    Locks: as cases.hold.
    Raises: NotAllowed, Invalid, VideoRefused with the rule that refuses the first camera.
    """
    require(by, incident.municipality_id, Right.INCIDENT_WORK)
    case = cases_of(incident).filter(link__code=link_code).first()
    if case is None:
        raise Invalid(
            _("this agency has not taken the case: report it first"),
            fields={"link": [_("this agency has not taken the case: report it first")]},
        )
    held = hold(case)
    basis = case.link.legal_basis
    asked = Asked(
        purpose=purpose,
        basis=basis.code if basis else "",
        cameras=tuple(cameras),
        kind=kind_of(case.incident),
        trigger=Trigger.OPERATOR,
        ground=ground,
        minutes=minutes,
        standing=standing_of(case, held),
    )
    if not asked.cameras:
        raise Invalid(_("choose a camera"), fields={"cameras": [_("This field is required.")]})
    meant = policy.rights_meant(rights)
    found = decided(case, held, asked, meant)
    for one in (found.said[right] for right in meant):
        if one.denied or not one.granted:
            raise refusal(one.denied[0][1] if one.denied else Rule.ON_WORD, one.answer)
    event = note_fact(
        incident=held,
        verb="video-give",
        by=by,
        text=link_code,
        data={
            "cameras": list(found.granted),
            "purpose": purpose,
            "basis": asked.basis,
            "rights": [str(right) for right in meant],
        },
    )
    rows = give_all(case=case, incident=held, asked=asked, found=found, by=by)
    tell_granted(case=case, incident=held, event=event, rows=rows)
    return rows


@transaction.atomic
def extend(*, grant: StreamGrant, by: User, reason: str, minutes: int | None = None) -> StreamGrant:
    """Let a grant last longer, with a reason, and tell the agency its new end.

    Raises: NotAllowed, Invalid without a reason, VideoRefused by the policy.
    """
    require(by, grant.municipality_id, Right.INCIDENT_WORK)
    if not reason.strip():
        raise Invalid(_("a reason is needed"), fields={"reason": [_("This field is required.")]})
    case = case_of(grant)
    incident = hold(case)
    asked = Asked(
        purpose=grant.purpose,
        basis=grant.basis,
        kind=kind_of(case.incident),
        trigger=Trigger.OPERATOR,
        standing=standing_of(case, incident),
        minutes=minutes,
        extends=True,
    )
    terms = terms_of(case.link, urgency=incident.urgency)
    rows = [policy.without_grounds(row) for row in rows_of(incident.municipality_id)]
    lasting = []
    for right in grant.rights:
        answer = policy.judge(rows=rows, terms=terms, asked=replace(asked, access=Access(right)))
        if answer.word is not Word.AUTOMATIC or answer.row is None:
            raise refusal(answer.rule or Rule.KIND, answer)
        lasting.append(policy.lasting(answer.row, terms, asked))
    event = note_fact(
        incident=incident,
        verb="video-extend",
        by=by,
        text=reason.strip(),
        data={"cameras": [grant.camera_id]},
    )
    until = timezone.now() + timedelta(minutes=min(lasting))
    longer = grants.extend(grant=grant, until=until, reason=reason, by=by)
    tell_granted(case=case, incident=incident, event=event, rows=[longer])
    return longer


# --- what may be given -----------------------------------------------------------------------
def offers(incident: Incident) -> list[dict[str, Any]]:
    """Give, for each agency that has the case, what a person may give it, or why not."""
    rows = rows_of(incident.municipality_id)
    return [_offer(case, worked_on(case), rows) for case in cases_of(incident)]


def _offer(case: Case, incident: Incident, rows: list[Row]) -> dict[str, Any]:
    link = case.link
    terms = terms_of(link, urgency=incident.urgency)
    basis = link.legal_basis
    row = row_for(rows, service=link.service, kind=kind_of(case.incident), access=Access.LIVE)
    asked = Asked(
        purpose=min(row.purposes) if row and row.purposes else "",
        basis=basis.code if basis else "",
        kind=kind_of(case.incident),
        trigger=Trigger.OPERATOR,
        ground=min(row.grounds) if row and row.grounds else "",
        standing=standing_of(case, incident),
    )
    answer = policy.judge(rows=rows, terms=terms, asked=asked)
    rule = answer.refused
    return {
        "link": link.code,
        "agency": link.agency.name,
        "case": case.external_id,
        "basis": asked.basis,
        "purposes": sorted(row.purposes, key=_usual_first) if row else [],
        "grounds": sorted(row.grounds) if row else [],
        "minutes": policy.longest(row, terms) if row else 0,
        "cameras": policy.limit(row, terms) if row else 0,
        "row": row.code if row else "",
        "may_turn": _may_turn(rows, terms, asked),
        "rule": str(rule) if rule else "",
        "why": str(RULES[rule]) if rule else "",
        "can": _reachable(incident, row, terms) if row and rule is None else [],
    }


def _may_turn(rows: list[Row], terms: Terms, asked: Asked) -> bool:
    answer = policy.judge(rows=rows, terms=terms, asked=replace(asked, access=Access.PTZ))
    return answer.word is Word.AUTOMATIC


def _usual_first(purpose: str) -> tuple[bool, str]:
    return purpose != VideoPurpose.SCENE, purpose


def _reachable(incident: Incident, row: Row, terms: Terms) -> list[dict[str, Any]]:
    """Name each camera of the newest list, and the rule that keeps it from this agency."""
    found = []
    for pick in picks_of(incident):
        rule = policy.judge_camera(row=row, terms=terms, seen=seen(pick))
        why = str(RULES[rule]) if rule else ""
        found.append({"id": pick["id"], "name": pick["name"], "why": why})
    return found
