"""The dialogue about video with every agency that has it: listed, asked for, given, refused, ended.

What is decided is the policy's (linkage.policy); what a grant is, linkage.grants; what waits for a
person, linkage.services.video_answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from controlroom.accounts.models import User
from incidents.cameras import current_choice
from incidents.facts import note_fact
from incidents.features import moment
from incidents.history import lock
from incidents.models import Incident, IncidentEvent
from incidents.statuses import OPEN, Status
from linkage import grants, video_requests
from linkage.choices import Direction, MessageType
from linkage.grants import Given
from linkage.mapping import covers
from linkage.models import Case, OutboxMessage, StreamGrant, VideoRequest
from linkage.models_video import GrantEnd
from linkage.obligations import owe
from linkage.policy import decision as policy
from linkage.policy.decision import Asked, Decision, Held, Ruling, Seen, Terms
from linkage.policy.rows import Row
from linkage.policy.words import Access, Mode, Rule, Trigger, Word
from linkage.services.casework import worked_on
from linkage.services.contracts import CONTRACTS
from linkage.video_policy import kind_of, rows_of, terms_of
from linkage.wire import Message

# The services that speak about video at all.
SERVICES = tuple(
    service for service, one in CONTRACTS.items() if MessageType.STREAM_GRANT in one.tells
)
# The facts that choose cameras anew.
CHOOSING = frozenset({"open", "move", "update"})
# For what nobody asked: pictures of the scene.
SCENE = "SCENE"
LIVE_ONLY = (Access.LIVE,)
LETTER = Rule.LETTER
_LISTED = ("id", "name", "lon", "lat", "distance_m", "bearing_deg", "in_view", "health")


def after_fact(*, incident: Incident, event: IncidentEvent) -> None:
    """Follow the place with list and grants, and end the video of what ended."""
    if incident.status not in OPEN:
        _end_with(incident, event)
    elif event.verb in CHOOSING:
        follow(incident=incident, event=event)
        for case in _cases(incident):
            send_list(case=case, incident=incident, event=event)


def _cases(incident: Incident) -> QuerySet[Case]:
    cases = Case.objects.filter(incident=incident, link__service__in=SERVICES)
    found: QuerySet[Case] = cases.select_related(
        "link__municipality", "link__legal_basis"
    ).order_by("pk")
    return found


def _end_with(incident: Incident, event: IncidentEvent) -> None:
    standing = _standing(incident)
    waiting = video_requests.pending(incident=incident)
    over = video_requests.end(requests=waiting, rule=Rule(standing))
    # One fact tells a link one message of a type: several requests are answered together.
    for _case, rows in groupby(sorted(over, key=_by_case), key=_by_case):
        tell_denied(rows=list(rows), event=event, rule=standing)
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


# --- the list ----------------------------------------------------------------------------
def send_list(
    *, case: Case, incident: Incident, event: IncidentEvent, asked_by: str = ""
) -> OutboxMessage | None:
    """Owe the newest list; unasked only in automatic mode and when it is not the one sent last.

    Of a kind that its agreement does not name, an unmapped one too, no list goes by itself.
    In request mode the link hears of newer cameras only after it has asked once; that there is
    no camera is said when it was asked, or when there was one before.
    """
    choice = current_choice(incident)
    if choice is None or not (asked_by or covers(case.link, case.incident.kind)):
        return None
    terms = terms_of(case.link, urgency=incident.urgency)
    chosen_at = moment(choice.chosen_at)
    last = _last_list(case)
    if not asked_by and (
        (last is None and (terms.mode is Mode.REQUEST or not choice.picks))
        or (last is not None and last.payload["chosen_at"] == chosen_at)
    ):
        return None
    return owe(
        link=case.link,
        incident=incident,
        event=event,
        message_type=MessageType.CAMERA_LIST,
        case_number=case.external_id,
        payload={
            "receipt_no": case.external_id,
            "in_reply_to": asked_by,
            "version": (last.payload["version"] if last else 0) + 1,
            "incident_number": incident.number,
            "at": moment(event.at),
            "chosen_at": chosen_at,
            "radius_m": min(choice.radius_m, terms.radius_m),
            "cameras": listed(choice.picks, terms),
        },
    )


def listed(picks: list[dict[str, Any]], terms: Terms) -> list[dict[str, Any]]:
    """Give what the link may know of each camera within its radius; never a source."""
    near = [pick for pick in picks if pick["distance_m"] <= terms.radius_m]
    return [{name: pick.get(name) for name in _LISTED} for pick in near[: terms.camera_limit]]


def _last_list(case: Case) -> OutboxMessage | None:
    found: OutboxMessage | None = (
        OutboxMessage.objects.filter(
            link=case.link, case_number=case.external_id, message_type=MessageType.CAMERA_LIST
        )
        .order_by("-pk")
        .first()
    )
    return found


# --- asked for ---------------------------------------------------------------------------
def take_request(*, case: Case, message: Message, standing: str = "") -> Incident:
    """Answer a request: the list when no camera is named, else each right to each camera.

    `standing` is the rule by which the agency's own case refuses; its incident is asked here.
    Locks: the incident, the link (shared), the case's grants and requests.
    """
    incident = hold(case)
    said = message.payload
    rights = policy.rights_meant(said.get("rights", ()))
    asked = Asked(
        purpose=said["purpose"],
        basis=said["basis"],
        cameras=tuple(said.get("cameras", ())),
        kind=kind_of(case.incident),
        ground=said.get("ground", ""),
        minutes=said.get("minutes"),
        standing=standing_of(case, incident) or standing,
        extends=bool(said.get("extend")),
    )
    event = note_fact(
        incident=incident,
        verb="video-request",
        agent=case.link.code,
        data={
            "cameras": list(asked.cameras),
            "purpose": asked.purpose,
            "basis": asked.basis,
            "rights": [str(right) for right in rights],
        },
    )
    found = decided(case, incident, asked, rights)
    if asked.cameras:
        _carry_out(case, incident, event, message, asked, found)
        return incident
    refused = {right: one.answer.refused for right, one in found.said.items()}
    if Access.LIVE in refused and refused[Access.LIVE] is None:
        send_list(case=case, incident=incident, event=event, asked_by=message.message_id)
    denied = [(None, right, rule) for right, rule in refused.items() if rule]
    _tell_denied(case, incident, event, message.message_id, denied)
    return incident


def hold(case: Case) -> Incident:
    """Lock what an answer about video needs, before the journal; give the incident of now."""
    incident = lock(worked_on(case))
    grants.hold_link([case.link_id])
    own = {"link": case.link, "case_number": case.external_id}
    rows = StreamGrant.objects.filter(**own, ended_at=None)
    list(rows.order_by("pk").select_for_update(of=("self",)))
    list(video_requests.pending(**own).order_by("pk").select_for_update(of=("self",)))
    return incident


def _standing(incident: Incident) -> str:
    """Name the rule by which the incident's own state refuses; empty while it is open."""
    if incident.status in OPEN:
        return ""
    return str(Rule.CANCELLED if incident.status == Status.CANCELLED else Rule.CLOSED)


def standing_of(case: Case, incident: Incident) -> str:
    """Name the rule by which incident or link refuse whatever is asked; empty: they do not."""
    if case.link.direction == Direction.IN:
        return str(Rule.ONE_WAY)
    if incident.is_drill and not case.link.allows_drills:
        return str(Rule.DRILL)
    return _standing(incident)


def decided(
    case: Case, incident: Incident, asked: Asked, rights: Iterable[Access] = LIVE_ONLY
) -> Ruling:
    """Ask the policy of now about these rights to cameras of the newest list."""
    return policy.decide_rights(
        rows=rows_of(incident.municipality_id),
        terms=terms_of(case.link, urgency=incident.urgency),
        asked=asked,
        rights=rights,
        listed=seen_in(incident),
        held=held_by(case),
    )


def held_by(case: Case) -> dict[int, Held]:
    """Give what the agency holds for its case now, by camera."""
    now = timezone.now()
    rows = StreamGrant.objects.in_force(now).filter(link=case.link, case_number=case.external_id)
    return {
        row.camera_id: Held(
            rights=frozenset(Access(one) for one in row.rights),
            minutes_left=(row.expires_at - now) / timedelta(minutes=1),
            may_extend=row.expires_at < row.not_after,
        )
        for row in rows
    }


def picks_of(incident: Incident) -> list[dict[str, Any]]:
    """Give the cameras of the newest list, the best first."""
    choice = current_choice(incident)
    return choice.picks if choice else []


def seen(pick: dict[str, Any]) -> Seen:
    return Seen(pick["distance_m"], pick.get("purpose") or "")


def seen_in(incident: Incident) -> dict[int, Seen]:
    return {pick["id"]: seen(pick) for pick in picks_of(incident)}


def _carry_out(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message: Message,
    asked: Asked,
    found: Ruling,
) -> None:
    extension = message.payload.get("extend", "")
    rows = give_all(
        case=case,
        incident=incident,
        asked=asked,
        found=found,
        request_id=message.message_id,
        extension=extension,
    )
    tell_granted(case=case, incident=incident, event=event, rows=rows, request=message.message_id)
    if found.waiting:
        now = timezone.now()
        waiting = {right for rights in found.waiting.values() for right in rights}
        row = _left_to_a_person(found, waiting)
        video_requests.keep(
            municipality_id=incident.municipality_id,
            link=case.link,
            incident=incident,
            case_number=case.external_id,
            request_id=message.message_id,
            purpose=asked.purpose,
            basis=asked.basis,
            ground=asked.ground,
            # Turning is asked for with its picture.
            access=str(Access.PTZ if Access.PTZ in waiting else Access.LIVE),
            cameras=list(found.waiting),
            minutes=asked.minutes,
            extension=extension,
            policy_row=row.code,
            asked_at=now,
            answer_by=now + timedelta(seconds=row.answer_s),
        )
    _tell_denied(case, incident, event, message.message_id, found.denied)


def _left_to_a_person(found: Ruling, rights: Iterable[Access]) -> Row:
    """Give the row that left these rights to a person; what only waits with them has none."""
    answers = [found.said[right].answer for right in sorted(rights, key=list(Access).index)]
    rows = [one.row for one in answers if one.row is not None and one.word is Word.OPERATOR]
    return rows[-1]


# --- given and refused -------------------------------------------------------------------
def give_all(
    *,
    case: Case,
    incident: Incident,
    asked: Asked,
    found: Ruling,
    request_id: str = "",
    extension: str = "",
    by: User | None = None,
) -> list[StreamGrant]:
    """Give what the policy allowed; what is held is repeated, widened, or extended by a reason.

    A grant with several rights ends when the first of them must.
    Locks: held by hold().
    """
    now = timezone.now()
    terms = terms_of(case.link, urgency=incident.urgency)
    made = []
    for camera, rights in found.granted.items():
        rows = found.rows(rights)
        until = now + timedelta(minutes=min(policy.lasting(row, terms, asked) for row in rows))
        given = Given(
            purpose=asked.purpose,
            basis=asked.basis,
            at=now,
            until=until,
            not_after=now + timedelta(minutes=min(row.total_minutes for row in rows)),
            request_id=request_id,
            rights=rights,
            trigger=asked.trigger,
            given_by=by,
            radius_m=min(policy.reach_m(row, terms) for row in rows),
        )
        made.append(_given(case, incident, camera, given, until, extension, by))
    return made


def _given(
    case: Case,
    incident: Incident,
    camera: int,
    given: Given,
    until: datetime,
    extension: str,
    by: User | None,
) -> StreamGrant:
    grant = grants.give(
        link=case.link,
        incident=incident,
        case_number=case.external_id,
        camera_id=camera,
        given=given,
    )
    if extension and grant.granted_at < given.at and until > grant.expires_at:
        return grants.extend(grant=grant, until=until, reason=extension, by=by)
    return grant


def tell_granted(
    *,
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    rows: Iterable[StreamGrant],
    request: str = "",
) -> None:
    given = [
        {
            "camera": grant.camera_id,
            "grant": str(grant.reference),
            "expires_at": moment(grant.expires_at),
            "rights": grant.rights,
            "playlist": f"{_address(case, grant)}/live.m3u8",
            **({"ptz": f"{_address(case, grant)}/ptz"} if Access.PTZ in grant.rights else {}),
        }
        for grant in rows
    ]
    if given:
        _owe(case, incident, event, MessageType.STREAM_GRANT, request, {"grants": given})


def _address(case: Case, grant: StreamGrant) -> str:
    return f"/api/v1/links/{case.link.code}/grants/{grant.reference}"


def _tell_denied(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    request: str,
    denied: Iterable[tuple[int | None, Access, Rule]],
) -> None:
    said = [
        {
            "camera": camera,
            "right": str(right),
            "rule": str(rule),
            # Recordings are asked for elsewhere: there it begins.
            **({"instead": f"/api/v1/links/{case.link.code}/exports"} if rule is LETTER else {}),
        }
        for camera, right, rule in denied
    ]
    if said:
        _owe(case, incident, event, MessageType.STREAM_DENY, request, {"denied": said})


def tell_denied(
    *,
    rows: Sequence[VideoRequest],
    event: IncidentEvent,
    rule: Rule | str = "",
    denied: Iterable[tuple[int, Access, Rule]] = (),
) -> None:
    """Answer requests of one case that waited, by one rule or right by right."""
    case = case_of(rows[0])
    by_rule = [
        (camera, right, Rule(rule)) for row in rows for camera, right in waited(row, case) if rule
    ]
    request = rows[0].request_id if len(rows) == 1 else ""
    _tell_denied(case, event.incident, event, request, [*by_rule, *denied])


def waited(row: VideoRequest, case: Case) -> list[tuple[int, Access]]:
    """Give what a request waits for: all that it means and the agency does not hold yet."""
    rights = policy.rights_meant([row.access])
    held = {} if row.extension else held_by(case)
    return [
        (camera, right)
        for camera in row.cameras
        for right in rights
        if camera not in held or right not in held[camera].rights
    ]


def case_of(row: VideoRequest | StreamGrant) -> Case:
    """Give the agency's case that a request or grant belongs to."""
    found: Case = (
        Case.objects.filter(
            link_id=row.link_id,
            external_id=row.case_number,
            municipality_id=row.municipality_id,
        )
        .select_related("incident__duplicate_of", "link__municipality", "link__legal_basis")
        .get()
    )
    return found


def _owe(
    case: Case,
    incident: Incident,
    event: IncidentEvent,
    message_type: MessageType,
    request: str,
    content: Mapping[str, Any],
) -> None:
    owe(
        link=case.link,
        incident=incident,
        event=event,
        message_type=message_type,
        case_number=case.external_id,
        payload={
            "receipt_no": case.external_id,
            "in_reply_to": request,
            "incident_number": incident.number,
            "at": moment(event.at),
            **content,
        },
    )


def _push(case: Case, incident: Incident, event: IncidentEvent) -> None:
    """Give the best cameras unasked, where the agreement and the policy both say so."""
    basis = case.link.legal_basis
    asked = Asked(
        purpose=SCENE,
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


# --- ended -------------------------------------------------------------------------------
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
