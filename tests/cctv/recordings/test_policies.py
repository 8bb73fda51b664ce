"""Which cameras are recorded: none but those that somebody named, with a reason and for a time."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cctv.choices import Purpose, SourceKind
from cctv.models import Camera, RecordingPart, RecordingPolicy
from cctv.recordings import policies
from controlroom.audit.models import Record
from tests.cctv.builders import make_camera
from tests.cctv.recordings.builders import record

pytestmark = pytest.mark.django_db


def policy(city, by, **fields) -> RecordingPolicy:
    fields = {"is_on": True, "basis": "개인정보 보호법 제25조", **fields}
    return policies.write(policy=RecordingPolicy(municipality=city, **fields), by=by)


def test_nothing_is_recorded_by_default(camera):
    assert policies.wanted() == {}


@pytest.mark.parametrize("of_purpose", [None, False, True])
@pytest.mark.parametrize("of_camera", [None, False, True])
def test_the_word_on_the_camera_counts_before_that_on_its_purpose(
    city, camera, administrator, of_purpose, of_camera
):
    if of_purpose is not None:
        policy(city, administrator, purpose=Purpose.CRIME, is_on=of_purpose)
    if of_camera is not None:
        policy(city, administrator, camera=camera, is_on=of_camera, retention_hours=24)
    found = policies.wanted()
    is_wanted = of_purpose if of_camera is None else of_camera
    assert (camera.pk in found) is bool(is_wanted)
    if is_wanted:
        hours = 720 if of_camera is None else 24
        assert found[camera.pk].keep == timedelta(hours=hours)


def test_other_cities_purposes_and_cameras_without_a_picture_are_not_recorded(
    city, other_city, camera, administrator
):
    make_camera(other_city)
    make_camera(city, purpose=Purpose.TRAFFIC_ENFORCEMENT)
    make_camera(city, source_kind=SourceKind.NONE)
    make_camera(city, gone_at=timezone.now())
    borrowed = make_camera(city)
    borrowed.site.is_borrowed = True
    borrowed.site.save()
    policy(city, administrator, purpose=Purpose.CRIME)
    assert set(policies.wanted()) == {camera.pk}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"retention_hours": 721}, "__all__"),
        ({"retention_hours": 0}, "retention_hours"),
        ({"retention_hours": 24 * 366, "justification": "why"}, "retention_hours"),
        ({"basis": ""}, "basis"),
        ({"purpose": ""}, "__all__"),
    ],
)
def test_a_policy_that_the_law_does_not_carry_is_refused(city, administrator, fields, wrong):
    with pytest.raises(ValidationError) as refusal:
        policy(city, administrator, **{"purpose": Purpose.CRIME, **fields})
    assert wrong in refusal.value.message_dict
    assert not Record.objects.filter(action="recording.policy_set").exists()


def test_more_than_thirty_days_needs_its_reason_and_it_is_on_record(city, administrator):
    row = policy(
        city, administrator, purpose=Purpose.DISASTER, retention_hours=24 * 90,
        justification="하천 수위 분석",
    )  # fmt: skip
    said = Record.objects.get(action="recording.policy_set")
    assert said.reason == "하천 수위 분석"
    assert said.detail["hours"] == 2160
    policies.remove(policy=row, by=administrator)
    assert Record.objects.filter(action="recording.policy_removed").exists()


def test_a_shorter_time_counts_for_what_is_kept_and_a_longer_one_does_not(
    city, camera, administrator
):
    now = timezone.now()
    other = make_camera(city, name="둘째")
    mine = record(camera, now - timedelta(hours=3), keep_until=now + timedelta(hours=100))
    own = record(other, now - timedelta(hours=3), keep_until=now + timedelta(hours=100))
    policy(city, administrator, camera=other, retention_hours=200)
    policy(city, administrator, purpose=Purpose.CRIME, retention_hours=10)
    until = {part.pk: part.keep_until for part in RecordingPart.objects.all()}
    assert until[mine.pk] == mine.began_at + timedelta(hours=10)
    assert until[own.pk] == now + timedelta(hours=100)
    assert Camera.objects.count() == 2
