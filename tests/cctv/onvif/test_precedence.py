"""Who takes a camera from whom: every pair of ranks, same hand or another."""

import itertools

import pytest

from cctv.onvif.precedence import Outcome, Rank, decide, rank_of
from controlroom.municipalities.roles import RIGHTS, Right, RoleCode

PAIRS = list(itertools.product(Rank, Rank))
TAKES_OVER = {
    (Rank.OPERATOR, Rank.AGENCY),
    (Rank.SUPERVISOR, Rank.AGENCY),
    (Rank.SUPERVISOR, Rank.OPERATOR),
}


@pytest.mark.parametrize(("asks", "holds"), PAIRS)
def test_a_higher_rank_takes_over_and_no_other(asks, holds):
    wanted = Outcome.TAKEN_OVER if (asks, holds) in TAKES_OVER else Outcome.REFUSED
    assert decide(asks=asks, holds=holds) is wanted


@pytest.mark.parametrize(("asks", "holds"), PAIRS)
def test_the_same_hand_only_renews(asks, holds):
    assert decide(asks=asks, holds=holds, is_same=True) is Outcome.RENEWED


@pytest.mark.parametrize("asks", Rank)
def test_a_free_camera_is_taken(asks):
    assert decide(asks=asks, holds=None) is Outcome.TAKEN


@pytest.mark.parametrize("role", RoleCode)
def test_only_who_works_incidents_moves_cameras(role):
    wanted = {
        RoleCode.OPERATOR: Rank.OPERATOR,
        RoleCode.POLICE: Rank.OPERATOR,
        RoleCode.SUPERVISOR: Rank.SUPERVISOR,
    }.get(role)
    assert rank_of(RIGHTS[role]) is wanted
    assert (Right.PTZ_SET in RIGHTS[role]) == (role is RoleCode.SUPERVISOR)
