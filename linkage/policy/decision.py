"""Decides about video: one way for requests, pushes and people, and for the page that explains it.

Pure. The order of the rules is the order in which they are named to whoever was refused.
Source: domain.md 2 (delivery modes), 2.2 (VideoSession), 5, 8 (police never close, purpose creep).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from linkage import legal_catalogue
from linkage.policy.rows import Row, row_for
from linkage.policy.words import Access, Mode, Rule, Trigger, Word

# What kind of data the legal basis must allow for each access.
DATA_OF: Mapping[Access, str] = {
    Access.LIVE: legal_catalogue.LIVE_VIDEO,
    Access.RECORDED: legal_catalogue.RECORDED_VIDEO,
    Access.PTZ: legal_catalogue.LIVE_VIDEO,
}


@dataclass(frozen=True)
class Terms:
    """What the agreement of the link allows, and the city's purposes for cameras.

    `bases` maps the code of each legal basis of the link, in force, to the data that it allows.
    Empty `kinds` means every kind, an unmapped one too.
    """

    service: str
    mode: Mode = Mode.AUTOMATIC
    radius_m: float = 500.0
    camera_limit: int = 5
    minutes: int = 60
    bases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    camera_purposes: frozenset[str] | None = None  # None: all
    suspended: bool = False


@dataclass(frozen=True)
class Asked:
    """What is asked for; `standing` is the rule by which the case's own state refuses."""

    purpose: str
    basis: str
    cameras: tuple[int, ...] = ()
    kind: str = ""  # ours; empty: unmapped
    trigger: Trigger = Trigger.REQUEST
    access: Access = Access.LIVE
    ground: str = ""
    minutes: int | None = None  # None: what is agreed
    standing: str = ""
    extends: bool = False


@dataclass(frozen=True)
class Seen:
    """A camera of the newest list."""

    distance_m: float
    purpose: str = ""


@dataclass(frozen=True)
class Held:
    """A grant of the case that is open now, and how long it goes on."""

    rights: frozenset[Access]
    minutes_left: float
    may_extend: bool


@dataclass(frozen=True)
class Answer:
    """The word, the rule behind it where it is not AUTOMATIC, and the row that was read."""

    word: Word
    rule: Rule | None = None
    row: Row | None = None

    @property
    def refused(self) -> Rule | None:
        return self.rule if self.word is Word.REFUSED else None


@dataclass(frozen=True)
class Decision:
    """What becomes of each camera asked for; those that wait are the operator's to decide."""

    answer: Answer
    granted: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    denied: tuple[tuple[int, Rule], ...] = ()


@dataclass(frozen=True)
class Ruling:
    """What becomes of a request, right by right; each is decided by its own row."""

    said: Mapping[Access, Decision]

    @property
    def granted(self) -> dict[int, tuple[Access, ...]]:
        return _by_camera({right: one.granted for right, one in self.said.items()})

    @property
    def waiting(self) -> dict[int, tuple[Access, ...]]:
        return _by_camera({right: one.waiting for right, one in self.said.items()})

    @property
    def denied(self) -> list[tuple[int, Access, Rule]]:
        return [
            (camera, right, rule) for right, one in self.said.items() for camera, rule in one.denied
        ]

    def rows(self, rights: Iterable[Access]) -> list[Row]:
        found = (self.said[right].answer.row for right in rights)
        return [row for row in found if row is not None]


def _by_camera(cameras: Mapping[Access, Iterable[int]]) -> dict[int, tuple[Access, ...]]:
    found: dict[int, tuple[Access, ...]] = {}
    for right, own in cameras.items():
        for camera in own:
            found[camera] = (*found.get(camera, ()), right)
    return found


def rights_meant(named: Iterable[str]) -> tuple[Access, ...]:
    """Give the rights that a request means: live where it names none; only what is seen is turned.

    In the order in which they are decided.
    """
    meant = {Access(one) for one in named} or {Access.LIVE}
    if Access.PTZ in meant:
        meant.add(Access.LIVE)
    return tuple(right for right in Access if right in meant)


def judge(*, rows: Iterable[Row], terms: Terms, asked: Asked) -> Answer:
    """Say what the policy says to the request as a whole, whatever the cameras."""
    row = row_for(rows, service=terms.service, kind=asked.kind, access=asked.access)
    rule = _standing_rule(terms, asked) or _row_rule(row, terms, asked)
    if rule is not None or row is None:
        return Answer(Word.REFUSED, rule or Rule.KIND, row)
    if row.word is Word.OPERATOR and asked.trigger is not Trigger.OPERATOR:
        return Answer(Word.OPERATOR, Rule.ON_WORD, row)
    return Answer(Word.AUTOMATIC, None, row)


def _standing_rule(terms: Terms, asked: Asked) -> Rule | None:
    if terms.suspended:
        return Rule.SUSPENDED
    if asked.standing:
        return Rule(asked.standing)
    if terms.kinds and asked.kind not in terms.kinds:
        return Rule.KIND
    return None


def _row_rule(row: Row | None, terms: Terms, asked: Asked) -> Rule | None:
    if row is None:
        return Rule.KIND
    if row.word is Word.REFUSED:
        return row.refusal
    return _law_rule(row, terms, asked) or _time_rule(row, terms, asked)


def _law_rule(row: Row, terms: Terms, asked: Asked) -> Rule | None:
    if asked.trigger is Trigger.AUTOMATIC and not (row.unasked and terms.mode is Mode.AUTOMATIC):
        return Rule.NOT_ASKED
    if asked.purpose not in row.purposes:
        return Rule.PURPOSE
    if asked.basis not in row.bases or DATA_OF[asked.access] not in terms.bases.get(
        asked.basis, frozenset()
    ):
        return Rule.BASIS
    if row.grounds and asked.ground not in row.grounds:
        return Rule.GROUND
    return None


def _time_rule(row: Row, terms: Terms, asked: Asked) -> Rule | None:
    if asked.minutes is not None and asked.minutes > longest(row, terms):
        return Rule.TOO_LONG
    return None


def without_grounds(row: Row) -> Row:
    """Give the row for what goes on: its ground was named when it began."""
    return replace(row, grounds=frozenset())


def longest(row: Row, terms: Terms) -> int:
    """Give how many minutes at most are given at once: as agreed, within the policy."""
    return min(terms.minutes, row.minutes)


def lasting(row: Row, terms: Terms, asked: Asked) -> int:
    """Give for how many minutes it is given."""
    return longest(row, terms) if asked.minutes is None else asked.minutes


def reach_m(row: Row, terms: Terms) -> float:
    return min(terms.radius_m, float(row.radius_m))


def limit(row: Row, terms: Terms) -> int:
    return min(terms.camera_limit, row.cameras)


def judge_camera(
    *, row: Row, terms: Terms, seen: Seen | None, held: int = 0, is_held: bool = False
) -> Rule | None:
    """Say which rule refuses one camera; `held` are those of the case that are open already."""
    if seen is None:
        return Rule.NOT_LISTED
    if terms.camera_purposes is not None and seen.purpose not in terms.camera_purposes:
        return Rule.CAMERA_PURPOSE
    if seen.distance_m > reach_m(row, terms):
        return Rule.OUT_OF_RADIUS
    if not is_held and held >= limit(row, terms):
        return Rule.TOO_MANY
    return None


def decide(
    *,
    rows: Iterable[Row],
    terms: Terms,
    asked: Asked,
    listed: Mapping[int, Seen],
    held: Mapping[int, bool] | None = None,
) -> Decision:
    """Grant, leave to the operator or refuse each camera once, in the order asked.

    `held` are the cameras granted now, which are extended or repeated and count towards the
    limit, each with whether there is time left to extend it by.
    """
    answer = judge(rows=rows, terms=terms, asked=asked)
    open_now = dict(held or {})
    taken: list[int] = []
    denied: list[tuple[int, Rule]] = []
    for camera in dict.fromkeys(asked.cameras):
        rule = answer.refused
        if rule is None and answer.row is not None:
            rule = judge_camera(
                row=answer.row,
                terms=terms,
                seen=listed.get(camera),
                held=len(open_now),
                is_held=camera in open_now,
            )
        if rule is None and asked.extends and not open_now.get(camera, True):
            rule = Rule.USED_UP
        if rule is None:
            taken.append(camera)
            open_now.setdefault(camera, True)
        else:
            denied.append((camera, rule))
    # What is held already was decided; only longer or more of it is for the operator.
    repeated = set() if asked.extends else set(held or {})
    waiting = [
        camera for camera in taken if answer.word is Word.OPERATOR and camera not in repeated
    ]
    return Decision(
        answer=answer,
        granted=tuple(camera for camera in taken if camera not in waiting),
        waiting=tuple(waiting),
        denied=tuple(denied),
    )


def decide_rights(
    *,
    rows: Iterable[Row],
    terms: Terms,
    asked: Asked,
    rights: Iterable[Access],
    listed: Mapping[int, Seen],
    held: Mapping[int, Held],
) -> Ruling:
    """Decide each right of a request by its own row; fewer may be granted than were asked for.

    Turning is given only with the picture, and to a grant that stands only while it ends no later
    than turning may last. A grant has one clock: it is extended with all of its rights or not.
    """
    policy, wanted = list(rows), set(rights)
    longer = asked.extends and Access.LIVE in wanted
    said: dict[Access, Decision] = {}
    for right in Access:
        cameras = tuple(
            camera
            for camera in asked.cameras
            if right in wanted or (longer and camera in held and right in held[camera].rights)
        )
        if right not in wanted and not cameras:
            continue
        decision = decide(
            rows=policy,
            terms=terms,
            asked=replace(asked, access=right, cameras=cameras),
            listed=listed,
            held={one: row.may_extend for one, row in held.items() if right in row.rights},
        )
        if right is Access.RECORDED:
            decision = _by_letter(decision)
        elif right is Access.PTZ and Access.LIVE in said:
            decision = _with_the_picture(decision, said[Access.LIVE], terms, held)
        said[right] = decision
    return Ruling(_on_one_clock(said, held) if asked.extends else said)


def _by_letter(decision: Decision) -> Decision:
    """Refuse what the row may say otherwise: no grant opens recordings, an export does."""
    if decision.answer.refused:
        return decision
    return _refused(decision, Rule.LETTER)


def _refused(decision: Decision, rule: Rule) -> Decision:
    cameras = dict.fromkeys((*decision.granted, *decision.waiting))
    denied = (*decision.denied, *((camera, rule) for camera in cameras))
    return Decision(replace(decision.answer, word=Word.REFUSED, rule=rule), denied=denied)


def _with_the_picture(
    decision: Decision, live: Decision, terms: Terms, held: Mapping[int, Held]
) -> Decision:
    row = decision.answer.row
    if live.answer.refused:
        return _refused(decision, live.answer.refused)
    rules = dict(live.denied)
    if row is not None:
        rules |= {
            camera: Rule.TOO_LONG
            for camera, one in held.items()
            if Access.PTZ not in one.rights and one.minutes_left > longest(row, terms)
        }
    granted = [one for one in decision.granted if one not in rules]
    waiting = [one for one in decision.waiting if one not in rules]
    lost = [one for one in (*decision.granted, *decision.waiting) if one in rules]
    return Decision(
        answer=decision.answer,
        granted=tuple(one for one in granted if one not in live.waiting),
        waiting=(*waiting, *(one for one in granted if one in live.waiting)),
        denied=(*decision.denied, *((one, rules[one]) for one in lost)),
    )


def _on_one_clock(
    said: Mapping[Access, Decision], held: Mapping[int, Held]
) -> dict[Access, Decision]:
    """Let the strictest word about a right that a grant holds count for all that it holds."""
    rules: dict[int, Rule] = {}
    waits: set[int] = set()
    for right, one in said.items():
        own = {camera for camera, row in held.items() if right in row.rights}
        rules |= {camera: rule for camera, rule in one.denied if camera in own}
        waits |= own & set(one.waiting)
    found = {}
    for right, one in said.items():
        cameras = (*one.granted, *one.waiting)
        found[right] = Decision(
            answer=one.answer,
            granted=tuple(c for c in one.granted if c not in rules and c not in waits),
            waiting=tuple(
                c for c in cameras if c not in rules and (c in one.waiting or c in waits)
            ),
            denied=(*one.denied, *((c, rules[c]) for c in cameras if c in rules)),
        )
    return found
