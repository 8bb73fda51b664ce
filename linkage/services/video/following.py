"""Video follows its case: given as it opens, moved with its place, ended with it.

Nobody asks here; who asks is heard in linkage.services.video.asking.
"""

from itertools import groupby

from django.utils import timezone

from incidents.models import Incident, IncidentEvent
from incidents.statuses import OPEN
from linkage import grants, video_requests
from linkage.grants import Given
from linkage.models import Case, StreamGrant, VideoRequest
from linkage.models_video import GrantEnd
from linkage.policy import decision as policy
from linkage.policy.decision import Asked, Decision, Ruling, Seen, Terms
from linkage.policy.rows import Row
from linkage.policy.words import Access, Rule, Trigger, VideoPurpose, Word
from linkage.services.video.cases import case_of, cases_of, hold, standing_of_incident
from linkage.services.video.giving import give_all
from linkage.services.video.lists import picks_of, seen, seen_in, send_list
from linkage.services.video.told import tell_answered, tell_granted
from linkage.video_policy import kind_of, rows_of, terms_of

# The facts that choose cameras anew.
CHOOSING = frozenset({"open", "move", "update"})


def after_fact(*, incident: Incident, event: IncidentEvent) -> None:
    """Follow the place with list and grants, and end the video of what ended."""
    if incident.status not in OPEN:
        _end_with(incident, event)
    elif event.verb in CHOOSING:
        follow(incident=incident, event=event)
        for case in cases_of(incident):
            send_list(case=case, incident=incident, event=event)


def _end_with(incident: Incident, event: IncidentEvent) -> None:
    standing = standing_of_incident(incident)
    waiting = video_requests.pending(incident=incident)
    over = video_requests.end(requests=waiting, rule=Rule(standing))
    # One fact tells a link one message of a type: several requests are answered together.
    for _case, rows in groupby(sorted(over, key=_by_case), key=_by_case):
        tell_answered(rows=list(rows), event=event, rule=standing)
    grants.end(grants=StreamGrant.objects.filter(incident=incident), why=GrantEnd.INCIDENT_CLOSED)


def _by_case(row: VideoRequest) -> tuple[int, str]:
    return row.link_id, row.case_number


def case_opened(*, case: Case) -> None:
    """List the cameras that the opening report chose; its fact came before its case."""
    event = case.incident.events.order_by("pk").first()
    if event is None or case.incident.status not in OPEN:
        return
    send_list(case=case, incident=case.incident, event=event)
    _push(case, case.incident, event)


def _push(case: Case, incident: Incident, event: IncidentEvent) -> None:
    """Give the best cameras unasked, where the agreement and the policy both say so."""
    basis = case.link.legal_basis
    asked = Asked(
        purpose=VideoPurpose.SCENE,
        basis=basis.code if basis else "",
        kind=kind_of(incident),
        trigger=Trigger.AUTOMATIC,
    )
    rows, terms = rows_of(incident.municipality_id), terms_of(case.link, urgency=incident.urgency)
    answer = policy.judge(rows=rows, terms=terms, asked=asked)
    if answer.word is not Word.AUTOMATIC or answer.row is None:
        return
    hold(case)
    near = [
        pick["id"]
        for pick in picks_of(incident)
        if policy.judge_camera(row=answer.row, terms=terms, seen=seen(pick)) is None
    ]
    chosen = Decision(answer, granted=tuple(near[: policy.limit(answer.row, terms)]))
    given = give_all(case=case, incident=incident, asked=asked, found=Ruling({Access.LIVE: chosen}))
    tell_granted(case=case, incident=incident, event=event, rows=given)


# --- follows the place -------------------------------------------------------------------


def follow(*, incident: Incident, event: IncidentEvent) -> None:
    """Let the grants around a place that moved go with it: others end, the nearest take over.

    As many as fell out are given anew, with the clock and the words of those that they replace.
    Locks: the links (shared), the open grants of the incident.
    """
    moving = StreamGrant.objects.filter(incident=incident, ended_at=None, radius_m__isnull=False)
    if not moving.exists():
        return
    grants.hold_link(set(moving.order_by().values_list("link_id", flat=True)))
    rows = moving.order_by("link_id", "case_number", "pk").select_related("given_by")
    held = list(rows.select_for_update(of=("self",)))
    near = seen_in(incident)
    fallen = {
        grant.pk
        for grant in held
        if grant.camera_id not in near or near[grant.camera_id].distance_m > (grant.radius_m or 0)
    }
    if not fallen:
        return
    grants.end(grants=StreamGrant.objects.filter(pk__in=fallen), why=GrantEnd.PLACE_MOVED)
    for _case, group in groupby(held, key=lambda grant: (grant.link_id, grant.case_number)):
        own = list(group)
        lost = [grant for grant in own if grant.pk in fallen]
        if lost:
            kept = {grant.camera_id for grant in own if grant.pk not in fallen}
            _replace(case_of(lost[0]), incident, event, lost, kept, near)


def _replace(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    lost: list[StreamGrant],
    kept: set[int],
    near: dict[int, Seen],
) -> None:
    terms, now = terms_of(case.link, urgency=incident.urgency), timezone.now()
    free = [camera for camera in near if camera not in kept]
    given: list[StreamGrant] = []
    for old in lost:
        if old.expires_at <= now:
            continue
        rows = _rows_again(case, incident, terms, old)
        if Access.LIVE not in rows:
            continue
        held = len(kept) + len(given)
        for camera in free:
            rights = tuple(
                right
                for right, row in rows.items()
                if policy.judge_camera(row=row, terms=terms, seen=near[camera], held=held) is None
            )
            if Access.LIVE in rights:
                free.remove(camera)
                given.append(_replacement(case, incident, camera, old, rights))
                break
    request = next((old.request_id for old in lost if old.request_id), "")
    tell_granted(case=case, incident=incident, event=event, rows=given, request=request)


def _rows_again(
    case: Case, incident: Incident, terms: Terms, old: StreamGrant
) -> dict[Access, Row]:
    """Give the rows by which the rights of a grant may go on, those that the policy still lets."""
    rows = [policy.without_grounds(row) for row in rows_of(incident.municipality_id)]
    found: dict[Access, Row] = {}
    for right in (Access(one) for one in old.rights):
        asked = Asked(
            purpose=old.purpose,
            basis=old.basis,
            kind=kind_of(case.incident),
            # What a person, or the agency, set off goes on by the same word.
            trigger=Trigger.OPERATOR,
            access=right,
        )
        answer = policy.judge(rows=rows, terms=terms, asked=asked)
        if answer.word is Word.AUTOMATIC and answer.row is not None:
            found[right] = answer.row
    return found


def _replacement(
    case: Case, incident: Incident, camera: int, old: StreamGrant, rights: tuple[Access, ...]
) -> StreamGrant:
    return grants.give(
        link=case.link,
        incident=incident,
        case_number=case.external_id,
        camera_id=camera,
        given=Given(
            purpose=old.purpose,
            basis=old.basis,
            at=timezone.now(),
            until=old.expires_at,
            not_after=old.not_after,
            request_id=old.request_id,
            rights=rights,
            trigger=Trigger(old.trigger),
            given_by=old.given_by,
            radius_m=old.radius_m,
        ),
    )


# --- ended by the agency ---------------------------------------------------------------------
def end_for_agency(case: Case) -> int:
    """End the link's own grants and requests of the case: the agency has closed its side.

    Locks: the incidents concerned, then requests and grants.
    """
    own = {
        "link": case.link,
        "case_number": case.external_id,
        "municipality_id": case.municipality_id,
    }
    held = StreamGrant.objects.filter(**own)
    waiting = video_requests.pending(**own)
    incidents = set(held.filter(ended_at=None).order_by().values_list("incident_id", flat=True))
    incidents |= set(waiting.order_by().values_list("incident_id", flat=True))
    if not incidents:
        return 0
    grants.lock_incidents(incidents)
    video_requests.end(requests=waiting, rule=Rule.CLOSED)
    return grants.end(grants=held, why=GrantEnd.AGENCY_CLOSE)
