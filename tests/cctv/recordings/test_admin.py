"""Policies and holds in the administration: by the verbs, refused beside their field."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cctv.models import LegalHold, RecordingPolicy
from controlroom.audit.models import Record
from controlroom.municipalities.choices import Role
from tests.conftest import make_member

pytestmark = pytest.mark.django_db
POLICY, HOLD = "/admin/cctv/recordingpolicy/", "/admin/cctv/legalhold/"


def moment(name, at) -> dict[str, str]:
    local = timezone.localtime(at)
    return {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M:%S}"}


def staff(user):
    user.is_staff = True
    user.save()
    return user


@pytest.fixture
def mine(client, supervisor):
    client.force_login(staff(supervisor))
    return client


def test_a_policy_is_set_changed_and_taken_away_on_record(mine, city, camera, other_city):
    said = {"municipality": city.pk, "purpose": "", "camera": camera.pk, "is_on": "on"}
    said |= {"retention_hours": 48, "basis": "운영 방침 제5조", "justification": ""}
    assert mine.post(f"{POLICY}add/", said).status_code == 302
    row = RecordingPolicy.objects.get()
    long = mine.post(f"{POLICY}{row.pk}/change/", said | {"retention_hours": 800})
    assert long.status_code == 200
    assert b"720" in long.content
    assert mine.post(f"{POLICY}add/", said | {"municipality": other_city.pk}).status_code == 200
    assert mine.post(f"{POLICY}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    actions = Record.objects.filter(action__startswith="recording.").order_by("pk")
    assert [record.action for record in actions] == [
        "recording.policy_set", "recording.policy_removed",
    ]  # fmt: skip


def test_a_hold_is_placed_and_released_by_another(mine, client, city, camera):
    now = timezone.now()
    said = {"camera": camera.pk, "letter_number": "수서-1", "reason": "수사"}
    said |= moment("since", now - timedelta(hours=1)) | moment("until", now)
    said |= moment("kept_until", now + timedelta(days=60))
    past = mine.post(f"{HOLD}add/", said | moment("kept_until", now - timedelta(days=1)))
    assert past.status_code == 200
    assert mine.post(f"{HOLD}add/", said).status_code == 302
    hold = LegalHold.objects.get()
    page = f"{HOLD}{hold.pk}/change/"
    assert mine.post(page, {"release_reason": "끝"}).status_code == 200
    client.force_login(staff(make_member("second", city, Role.SUPERVISOR)))
    assert client.get(page).status_code == 200
    assert client.post(page, {"release_reason": "사건 종결"}).status_code == 302
    hold.refresh_from_db()
    assert hold.released_by.username == "second"
    assert client.post(page, {"release_reason": "again"}).status_code == 403


def test_who_may_not_see_them(client, haneul, stranger, camera):
    for person in (haneul, stranger):
        client.force_login(staff(person))
        for page in (POLICY, HOLD):
            answer = client.get(page)
            assert (answer.status_code, answer.url.split("?")[0]) == (302, "/admin/login/")
