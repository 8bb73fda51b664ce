"""Who sees which municipality, and with which right."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from controlroom.errors import NotAllowed, OutOfScope
from controlroom.municipalities.access import municipality_for, rights_in
from controlroom.municipalities.models import Membership, Municipality
from controlroom.municipalities.roles import RIGHTS, Right, RoleCode


def test_every_role_has_its_rights():
    assert set(RIGHTS) == set(RoleCode)


def test_administrators_watch_no_video():
    assert Right.VIDEO_WATCH not in RIGHTS[RoleCode.ADMINISTRATOR]


def test_a_member_sees_only_the_own_city(haneul, city, other_city):
    assert list(Municipality.objects.visible_to(haneul)) == [city]


def test_anonymous_sees_nothing(city):
    assert not Municipality.objects.visible_to(AnonymousUser()).exists()


def test_another_city_looks_like_no_city(stranger, city):
    with pytest.raises(OutOfScope):
        municipality_for(stranger, city.code, Right.OPERATIONS_VIEW)


def test_a_missing_right_is_named(bada, city):
    with pytest.raises(NotAllowed):
        municipality_for(bada, city.code, Right.INCIDENT_WORK)


def test_an_expired_membership_gives_nothing(haneul, city):
    Membership.objects.filter(user=haneul).update(valid_until=timezone.now() - timedelta(seconds=1))
    assert rights_in(haneul, city.pk) == frozenset()


def test_an_inactive_person_has_no_right(haneul, city):
    haneul.is_active = False
    assert rights_in(haneul, city.pk) == frozenset()
