"""What raises a person's access version and nudges their sockets."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from controlroom.accounts.revocation import access_changed, revoke
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership


@pytest.fixture
def nudged(haneul, django_capture_on_commit_callbacks):
    """Run an act with its commit; give the people whose sockets were nudged."""

    def act(what):
        heard = []

        def hear(user_id, **_kwargs):
            heard.append(user_id)

        access_changed.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                what()
        finally:
            access_changed.disconnect(hear)
        return heard

    return act


def version(user):
    user.refresh_from_db()
    return user.access_version


@pytest.mark.parametrize(
    ("field", "value"), [("is_active", False), ("is_staff", True), ("is_superuser", True)]
)
def test_a_change_of_access_revokes(haneul, nudged, field, value):
    before = version(haneul)
    setattr(haneul, field, value)
    assert nudged(haneul.save) == [haneul.pk]
    assert version(haneul) == before + 1


def test_a_new_password_revokes_even_when_it_alone_is_saved(haneul, nudged):
    before = version(haneul)
    haneul.set_password("another")
    assert nudged(lambda: haneul.save(update_fields=["password"])) == [haneul.pk]
    assert version(haneul) == before + 1


def test_a_new_name_revokes_nothing(haneul, nudged):
    before = version(haneul)
    haneul.display_name = "하늘"
    assert nudged(haneul.save) == []
    assert nudged(lambda: haneul.save(update_fields=["display_name"])) == []
    assert version(haneul) == before


@pytest.mark.parametrize("change", ["given", "changed", "removed"])
def test_a_role_revokes_when(haneul, city, nudged, change):
    membership = haneul.memberships.get()
    before = version(haneul)

    def act():
        if change == "given":
            Membership.objects.create(user=haneul, municipality=city, role=Role.AUDITOR)
        elif change == "changed":
            membership.role = Role.AUDITOR
            membership.save()
        else:
            membership.delete()

    assert nudged(act) == [haneul.pk]
    assert version(haneul) == before + 1


def test_a_logout_nudges_without_ending_the_other_sessions(client, haneul, nudged):
    client.force_login(haneul)
    before = version(haneul)
    assert haneul.pk in nudged(client.logout)
    assert version(haneul) == before


def test_clearing_away_expired_sessions_nudges_nobody(client, haneul, nudged):
    client.force_login(haneul)
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    assert nudged(lambda: Session.objects.all().delete()) == []


def test_saving_a_copy_read_long_ago_does_not_set_the_version_back(haneul, nudged):
    old_copy = type(haneul).objects.get(pk=haneul.pk)
    nudged(lambda: revoke(user_id=haneul.pk))
    after = version(haneul)
    nudged(old_copy.save)
    assert version(haneul) == after
