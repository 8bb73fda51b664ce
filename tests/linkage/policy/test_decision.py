"""The policy matrix from one table: service, kind, access, basis, radius, duration, purpose."""

from dataclasses import replace
from itertools import product

import pytest

from cctv.policies import CRIME, TRAFFIC_ENFORCEMENT, usual_purposes
from incidents.catalogue import CITY, DISASTER, FIRE119, POLICE112
from linkage import legal_catalogue
from linkage.policy.decision import (
    Asked,
    Decision,
    Held,
    Seen,
    Terms,
    decide,
    decide_rights,
    judge,
    rights_meant,
)
from linkage.policy.rows import BY_CODE, DEFAULTS, LIMITS, SERVICES, changed, faults, values_of
from linkage.policy.words import Access, Ground, Mode, Rule, Trigger, Word

DATA = {basis.code: frozenset(basis.allowed_data) for basis in legal_catalogue.BASES}
GO, ASK, NO = Word.AUTOMATIC, Word.OPERATOR, Word.REFUSED
# (service, kinds) -> purpose, basis, ground, what live, recorded and PTZ get; the rule where
# refused. Every kind of the catalogue stands in exactly one row of its service.
CRIMES = "101 102 103 104 105 106 107"
DANGER = "108 109 110 111 112 113 201 212 308 402 403 501 502 504 506 508 509 510"
OTHER112 = (
    "114 115 202 203 204 205 206 207 208 209 210 211 213 214 215 301 302 303 304 305 306 307 309 "
    "310 401 404 405 406 407 408 503 505 507 601 602 603"
)
FIRES = "F01 F02 F03 F04 F05 F06 F07 F08"
RESCUES = "R01 R02 R03 R04 R05 R06 R07 R09 R10 R11 R12 E01 E02"
OTHER119 = "R08 R99 E03 E04 E05 E06 E07 E99"
DISASTERS = "D01 D02 D03 D04 D05 D06 D09 D10 D11 D12 D13 D14 D15 D16"
OTHER_DISASTERS = "D07 D08 D17 D18 D19 D20"
LETTER, RIGHT, ONE_WAY, KIND = Rule.LETTER, Rule.RIGHT, Rule.ONE_WAY, Rule.KIND
BASIS = Rule.BASIS
CRISIS = Ground.CRISIS_ALERT
TABLE = [
    # service, kinds, purpose, basis, ground, live, recorded, ptz
    ("police112", CRIMES, "SCENE", "ACT-112", "", GO, LETTER, ASK),
    ("police112", DANGER, "RESCUE", "PIPA-18-2-3", "", GO, LETTER, ASK),
    ("police112", OTHER112, "PURSUIT", "ACT-112", "", ASK, LETTER, ASK),
    ("fire119", FIRES, "SCENE", "ACT-119", "", GO, LETTER, ASK),
    ("fire119", RESCUES, "SEARCH", "PIPA-18-2-3", "", GO, LETTER, ASK),
    ("fire119", OTHER119, "SCENE", "ACT-119", "", ASK, LETTER, ASK),
    ("disaster", DISASTERS, "SCENE", "ACT-DISASTER", CRISIS, GO, LETTER, ASK),
    ("disaster", OTHER_DISASTERS, "SCENE", "ACT-DISASTER", CRISIS, ASK, LETTER, ASK),
    # An agreement alone carries no video until the city's own row of it says so.
    ("city", " ".join(row[0] for row in CITY), "SCENE", "AGREEMENT", "", BASIS, RIGHT, RIGHT),
    ("vulnerable", "SOS GEOFENCE", "SEARCH", "PIPA-18-2-3", "", ASK, RIGHT, RIGHT),
    ("wanted", "MURDER ROBBERY", "PURSUIT", "PIPA-18-2-3", "", RIGHT, LETTER, RIGHT),
    (
        "anklet",
        "DAMAGE CURFEW BANNED_ZONE APPROACH",
        "PURSUIT",
        "ACT-ANKLET",
        "",
        GO,
        LETTER,
        RIGHT,
    ),
    ("anklet", "BATTERY LOST_SIGNAL", "PURSUIT", "ACT-ANKLET", "", KIND, LETTER, RIGHT),
    ("safe_return", "EMERGENCY", "RESCUE", "PIPA-18-2-3", "", GO, LETTER, RIGHT),
    ("safe_return", "STARTED DEVIATED", "RESCUE", "PIPA-18-2-3", "", KIND, LETTER, RIGHT),
    ("security", "INTRUSION FIRE", "SCENE", "AGREEMENT", "", ONE_WAY, ONE_WAY, ONE_WAY),
    ("central", "EVENT", "SCENE", "ACT-112", "", ONE_WAY, ONE_WAY, ONE_WAY),
]
CASES = [
    (service, kind, purpose, basis, ground, access, said)
    for service, kinds, purpose, basis, ground, *words in TABLE
    for kind in kinds.split()
    for access, said in zip(Access, words, strict=True)
]
GIVEN = [case for case in CASES if isinstance(case[-1], Word)]


def terms_for(service, **changes):
    usual = Terms(
        service=service,
        bases=DATA,
        radius_m=50_000,
        camera_limit=50,
        minutes=10_080,
        camera_purposes=frozenset(usual_purposes(service)),
    )
    return replace(usual, **changes)


def asked_for(case, **changes):
    _service, kind, purpose, basis, ground, access, _said = case
    usual = Asked(purpose, basis, (1,), kind=kind, access=access, ground=ground)
    return replace(usual, **changes)


def answered(case, terms=None, **changes):
    terms = terms or terms_for(case[0])
    return judge(rows=DEFAULTS, terms=terms, asked=asked_for(case, **changes))


def row_of(case):
    row = answered(case).row
    assert row is not None
    return row


def test_every_kind_of_every_service_and_access_gets_what_the_table_says():
    for case in CASES:
        answer, said = answered(case), case[-1]
        found = answer.word if isinstance(said, Word) else (answer.word, answer.rule)
        assert found == (said if isinstance(said, Word) else (NO, said)), case


def test_the_table_names_every_kind_of_the_catalogue_and_every_service():
    catalogue = {"police112": POLICE112, "fire119": FIRE119, "disaster": DISASTER, "city": CITY}
    for service, rows in catalogue.items():
        named = [kind for one, kinds, *_rest in TABLE if one == service for kind in kinds.split()]
        assert sorted(named) == sorted(row[0] for row in rows)
    assert {service for service, *_rest in TABLE} == set(SERVICES)


def test_what_has_no_mapped_kind_is_never_given_by_itself():
    for service, access in product(SERVICES, Access):
        case = next(one for one in CASES if (one[0], one[5]) == (service, access))
        assert answered(case, kind="").word is not GO
        assert answered(case, kind="NO-SUCH").word is not GO


def test_the_operators_word_opens_what_waits_for_it_and_nothing_that_is_refused():
    for case in CASES:
        word = answered(case, trigger=Trigger.OPERATOR).word
        assert word is (NO if isinstance(case[-1], Rule) else GO), case


def test_nothing_goes_unasked_unless_agreement_and_policy_both_say_so():
    for case in GIVEN:
        assert answered(case, trigger=Trigger.AUTOMATIC).rule is Rule.NOT_ASKED
        row = changed(row_of(case), {"unasked": True})
        for mode, refused in ((Mode.AUTOMATIC, None), (Mode.REQUEST, Rule.NOT_ASKED)):
            terms = terms_for(case[0], mode=mode)
            asked = asked_for(case, trigger=Trigger.AUTOMATIC)
            answer = judge(rows=[row], terms=terms, asked=asked)
            assert answer.refused == refused


def test_each_basis_opens_only_the_rows_that_name_it_and_the_data_that_it_allows():
    for case, basis in product(GIVEN, [*DATA, "", "NO-SUCH"]):
        row = row_of(case)
        holds = basis in row.bases and legal_catalogue.LIVE_VIDEO in DATA.get(basis, ())
        assert (answered(case, basis=basis).refused is None) == holds, (case, basis)
        if not holds:
            assert answered(case, basis=basis).rule is Rule.BASIS
    for case in GIVEN:
        # Another basis than the link's own opens nothing, nor does one that lost its video.
        for bases in ({}, {case[3]: frozenset({legal_catalogue.PLACE})}):
            assert answered(case, terms_for(case[0], bases=bases)).rule is Rule.BASIS


def test_each_purpose_opens_only_the_rows_that_name_it():
    for case, purpose in product(GIVEN, ["SCENE", "RESCUE", "PURSUIT", "SEARCH", "FINE", ""]):
        refused = None if purpose in row_of(case).purposes else Rule.PURPOSE
        assert answered(case, purpose=purpose).refused == refused


def test_a_disaster_room_names_a_ground_of_the_decree():
    disasters = [case for case in GIVEN if case[0] == "disaster"]
    for case, ground in product(disasters, [*Ground, "", "CURIOSITY"]):
        refused = None if ground in set(Ground) else Rule.GROUND
        assert answered(case, ground=ground).refused == refused


@pytest.mark.parametrize("agreed", [30, 60, 10_080])
def test_each_duration_up_to_what_is_agreed_within_the_policy(agreed):
    for case in GIVEN:
        row, terms = row_of(case), terms_for(case[0], minutes=agreed)
        longest = min(agreed, row.minutes)
        for minutes in (1, longest, longest + 1, row.total_minutes + 1):
            refused = None if minutes <= longest else Rule.TOO_LONG
            assert answered(case, terms, minutes=minutes).refused == refused


def decided(case, seen, terms=None, held=None, **changes):
    return decide(
        rows=DEFAULTS,
        terms=terms or terms_for(case[0]),
        asked=asked_for(case, **changes),
        listed=seen,
        held=held,
    )


def first_camera(decision):
    """Give the rule that refuses the camera; None: it is given or waits."""
    return dict(decision.denied).get(1)


@pytest.mark.parametrize("agreed", [100, 500, 50_000])
def test_each_radius_up_to_what_is_agreed_within_the_policy(agreed):
    for case in GIVEN:
        terms = terms_for(case[0], radius_m=agreed)
        reach = min(agreed, row_of(case).radius_m)
        for distance, refused in ((0, None), (reach, None), (reach + 0.1, Rule.OUT_OF_RADIUS)):
            decision = decided(case, {1: Seen(distance, CRIME)}, terms)
            assert first_camera(decision) == refused
            given = decision.granted if case[-1] is GO else decision.waiting
            assert given == (() if refused else (1,))


def test_each_camera_serves_the_services_that_its_purpose_allows():
    for case, purpose in product(GIVEN, [CRIME, TRAFFIC_ENFORCEMENT, ""]):
        refused = None if purpose in usual_purposes(case[0]) else Rule.CAMERA_PURPOSE
        assert first_camera(decided(case, {1: Seen(10, purpose)})) == refused


def ruled(rows=(), held=None, rights=(Access.LIVE, Access.PTZ), **changes):
    """Decide these rights to cameras 1 and 2 with some rows changed, each {code: values}."""
    own = dict(rows)
    return decide_rights(
        rows=[changed(row, own.get(row.code, {})) for row in DEFAULTS],
        terms=terms_for("police112", minutes=60),
        asked=asked_for(USUAL, **({"cameras": (1, 2)} | changes)),
        rights=rights,
        listed={1: Seen(10, CRIME), 2: Seen(700, CRIME)},
        held=held or {},
    )


LIVE, PTZ = (Access.LIVE,), (Access.PTZ,)
BOTH = (Access.LIVE, Access.PTZ)
FAR = [(2, Access.LIVE, Rule.OUT_OF_RADIUS), (2, Access.PTZ, Rule.OUT_OF_RADIUS)]
NO_PTZ = {"police112.ptz": {"word": NO}}
CRIMES_ASK = {"police112.crimes": {"word": ASK}}
PTZ_GOES = {"police112.ptz": {"word": GO}}
PTZ_SHORT = {"police112.ptz": {"word": GO, "minutes": 10, "total_minutes": 20}}


def holds(*rights, left=30.0, may_extend=True):
    return {1: Held(frozenset(rights), left, may_extend)}


@pytest.mark.parametrize(
    ("rows", "held", "granted", "waiting", "denied"),
    [
        # Fewer may be given than asked for; what is refused names right and rule.
        ({}, None, {1: LIVE}, {1: PTZ}, FAR),
        (PTZ_GOES, None, {1: BOTH}, {}, FAR),
        (NO_PTZ, None, {1: LIVE}, {}, [FAR[0], (1, Access.PTZ, RIGHT), (2, Access.PTZ, RIGHT)]),
        # Nothing is turned that is not seen.
        (CRIMES_ASK, None, {}, {1: BOTH}, FAR),
        (CRIMES_ASK | PTZ_GOES, None, {}, {1: BOTH}, FAR),
        # What is held is repeated; a clock that is too long for turning gains no turning.
        ({}, holds(*BOTH), {1: BOTH}, {}, FAR),
        (PTZ_GOES, holds(*LIVE), {1: BOTH}, {}, FAR),
        (PTZ_SHORT, holds(*LIVE), {1: LIVE}, {}, [*FAR, (1, Access.PTZ, Rule.TOO_LONG)]),
        (PTZ_SHORT, holds(*LIVE, left=9.0), {1: BOTH}, {}, FAR),
    ],
)
def test_each_right_is_decided_by_its_own_row(rows, held, granted, waiting, denied):
    ruling = ruled(rows, held)
    assert (ruling.granted, ruling.waiting) == (granted, waiting)
    assert sorted(ruling.denied) == sorted(denied)


def test_a_refused_picture_refuses_its_turning_by_the_same_rule():
    ruling = ruled(PTZ_GOES, standing="closed")
    assert {rule for _camera, _right, rule in ruling.denied} == {Rule.CLOSED}
    assert ruling.granted == ruling.waiting == {}


def test_no_row_opens_recordings_to_an_agency():
    for word in (GO, ASK):
        basis = next(code for code, data in DATA.items() if legal_catalogue.RECORDED_VIDEO in data)
        ruling = ruled(
            {"police112.recorded": {"word": word}}, rights=(Access.RECORDED,), basis=basis
        )
        rules = {rule for camera, _right, rule in ruling.denied if camera == 1}
        assert rules <= {Rule.LETTER}
        assert ruling.granted == ruling.waiting == {}


@pytest.mark.parametrize(
    ("rows", "held", "granted", "waiting", "rules"),
    [
        (PTZ_GOES, holds(*BOTH), {1: BOTH}, {}, set()),
        ({}, holds(*BOTH), {}, {1: BOTH}, set()),
        (NO_PTZ, holds(*BOTH), {}, {}, {RIGHT}),
        ({}, holds(*BOTH, may_extend=False), {}, {}, {Rule.USED_UP}),
        ({}, holds(*LIVE), {1: LIVE}, {}, set()),
    ],
)
def test_a_grant_is_extended_with_all_of_its_rights_or_not(rows, held, granted, waiting, rules):
    ruling = ruled(rows, held, rights=LIVE, extends=True, cameras=(1,))
    assert (ruling.granted, ruling.waiting) == (granted, waiting)
    assert {rule for _camera, _right, rule in ruling.denied} == rules


@pytest.mark.parametrize(
    ("named", "meant"),
    [((), LIVE), (("live",), LIVE), (("ptz",), BOTH), (("recorded",), (Access.RECORDED,))],
)
def test_a_request_that_names_no_right_means_live_and_turning_means_the_picture(named, meant):
    assert rights_meant(named) == meant


USUAL = next(case for case in GIVEN if case[0] == "police112")
WAITS = next(case for case in GIVEN if case[:2] == ("police112", "401"))


def test_a_request_is_answered_camera_by_camera_each_once():
    seen = {1: Seen(10, CRIME), 3: Seen(900, CRIME)}
    decision = decided(USUAL, seen, cameras=(1, 9, 3, 1))
    assert (decision.granted, decision.denied) == (
        (1,),
        ((9, Rule.NOT_LISTED), (3, Rule.OUT_OF_RADIUS)),
    )


def test_held_cameras_count_towards_the_limit_and_are_repeated_within_it():
    seen = {n: Seen(10, CRIME) for n in range(9)}
    assert len(decided(USUAL, seen, cameras=tuple(range(9))).granted) == 5
    terms = terms_for("police112", camera_limit=1)
    assert first_camera(decided(USUAL, seen, terms, held={2: True})) is Rule.TOO_MANY
    assert decided(USUAL, seen, terms, held={1: True}).granted == (1,)


def test_what_waits_for_the_operator_is_repeated_but_not_extended_without_him():
    seen, held = {1: Seen(10, CRIME)}, {1: True}
    assert decided(WAITS, seen).waiting == (1,)
    assert decided(WAITS, seen, held=held).granted == (1,)
    assert decided(WAITS, seen, held=held, extends=True).waiting == (1,)


def test_what_used_its_whole_time_up_is_not_extended():
    decision = decided(USUAL, {1: Seen(10, CRIME)}, held={1: False}, extends=True)
    assert first_camera(decision) is Rule.USED_UP


@pytest.mark.parametrize(
    ("rule", "terms", "changes"),
    [
        (Rule.SUSPENDED, {"suspended": True}, {}),
        (Rule.CLOSED, {}, {"standing": "closed"}),
        (Rule.CANCELLED, {}, {"standing": "cancelled"}),
        (Rule.DRILL, {}, {"standing": "no_drills"}),
        (Rule.KIND, {"kinds": frozenset({"102"})}, {}),
    ],
)
def test_link_case_and_agreement_refuse_before_every_row(rule, terms, changes):
    decision = decided(USUAL, {1: Seen(10, CRIME)}, terms_for("police112", **terms), **changes)
    assert decision == Decision(decision.answer, denied=((1, rule),))
    assert decision.answer.refused is rule


def test_every_row_can_be_kept_as_json_and_read_back():
    for code, row in BY_CODE.items():
        assert changed(row, values_of(row)) == row
        assert faults(values_of(row)) == {}, code


@pytest.mark.parametrize(
    ("values", "field"),
    [
        *[({name: limits[1] + 1}, name) for name, limits in LIMITS.items()],
        *[({name: True}, name) for name in LIMITS],
        ({"word": "perhaps"}, "word"),
        ({"bases": [""]}, "bases"),
        ({"minutes": 60, "total_minutes": 30}, "total_minutes"),
        ({"unasked": True, "word": "operator"}, "unasked"),
        ({"unasked": "yes"}, "unasked"),
        ({"service": "city"}, "service"),
    ],
)
def test_values_that_no_row_may_have_are_named(values, field):
    assert set(faults(values)) == {field}
