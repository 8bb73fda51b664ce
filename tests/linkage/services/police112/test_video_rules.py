"""Each rule that refuses a camera, and only what it refuses."""

from dataclasses import replace

import pytest

from linkage.services.police112.video_rules import (
    Asked,
    Decision,
    Rule,
    Terms,
    decide,
)

USUAL = Terms(bases=frozenset({"ACT-112"}))
LISTED = {1: 40.0, 2: 90.0, 3: 700.0}
ASKED = Asked((1,), "SCENE", "ACT-112")


def decided(asked=ASKED, terms=None, standing="", held=()):
    return decide(terms=terms or USUAL, asked=asked, standing=standing, listed=LISTED, held=held)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        (Rule.SUSPENDED, {"terms": replace(USUAL, suspended=True)}),
        (Rule.CLOSED, {"standing": "closed"}),
        (Rule.CANCELLED, {"standing": "cancelled"}),
        (Rule.KIND, {"standing": "kind_not_allowed"}),
        (Rule.PURPOSE, {"asked": Asked((1,), "CURIOSITY", "ACT-112")}),
        (Rule.BASIS, {"asked": Asked((1,), "SCENE", "")}),
        (Rule.BASIS, {"terms": Terms()}),
        (Rule.NOT_LISTED, {"asked": Asked((9,), "SCENE", "ACT-112")}),
        (Rule.OUT_OF_RADIUS, {"asked": Asked((3,), "SCENE", "ACT-112")}),
        (Rule.TOO_MANY, {"terms": replace(USUAL, camera_limit=1), "held": (2,)}),
    ],
)
def test_each_rule_refuses(rule, changes):
    decision = decided(**changes)
    assert decision.granted == ()
    assert [found for _camera, found in decision.denied] == [rule]


def test_every_rule_has_its_refusal():
    marks = test_each_rule_refuses.pytestmark[0].args[1]
    assert {rule for rule, _changes in marks} == set(Rule)


def test_one_request_is_granted_in_part():
    decision = decided(asked=Asked((1, 9, 1), "SCENE", "ACT-112"))
    assert decision == Decision((1,), ((9, Rule.NOT_LISTED),))


def test_a_camera_that_is_held_is_asked_for_again_within_the_limit():
    assert decided(terms=replace(USUAL, camera_limit=1), held=(1,)).granted == (1,)
