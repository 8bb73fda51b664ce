"""The record's page: who may search it, by what, how its chains stand, and the monthly sign-off."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from controlroom.audit.chain import record
from controlroom.audit.models import ChainState, Record, Review
from incidents.models import Incident
from tests.cctv.builders import make_camera
from tests.linkage.conftest import taken

pytestmark = pytest.mark.django_db

LIST = "admin:audit_record_changelist"
SIGN = "admin:audit_review_add"


@pytest.fixture
def auditor(client, bada):
    client.force_login(bada)
    return client


@pytest.fixture
def incident(link) -> Incident:
    return taken(link)


@pytest.fixture
def rows(city, other_city, haneul, incident) -> dict[str, int]:
    """Records that one search each finds, and one of another city that none may find."""
    camera = make_camera(city, name="한빛초 정문")
    own = {"municipality_id": city.pk, "subject_kind": "camera"}
    watched = record(
        action="video.view", subject_id=camera.pk, actor_id=haneul.pk,
        detail={"incident": str(incident.pk)}, **own,
    )  # fmt: skip
    named = record(
        action="still.viewed", municipality_id=city.pk, subject_kind="still", subject_id="s-1",
        agent="machine-7", detail={"camera": camera.pk},
    )  # fmt: skip
    record(
        action="video.view", subject_kind="camera", subject_id=camera.pk, actor_id=haneul.pk,
        municipality_id=other_city.pk, detail={"incident": str(incident.pk)},
    )  # fmt: skip
    return {"watched": watched.pk, "named": named.pk, "camera": camera.pk}


def listed(client, **query) -> set[int]:
    answer = client.get(reverse(LIST), query)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"person": "haneul", "act": "video"}, {"watched"}),
        ({"person": "machine-7"}, {"named"}),
        ({"subject": "still s-1"}, {"named"}),
        ({"subject": "s-1"}, {"named"}),
        ({"camera": "한빛초"}, {"watched", "named"}),
        ({"act": "still.v"}, {"named"}),
        ({"camera": "한빛초", "person": "haneul"}, {"watched"}),
        ({"camera": "없는 것"}, set()),
        ({"since": "nonsense"}, set()),
    ],
)
def test_records_are_found_by_each_field_and_all_at_once(auditor, rows, query, expected):
    assert listed(auditor, **query) == {rows[name] for name in expected}


def test_records_are_found_by_the_number_of_an_incident_and_by_time(auditor, rows, incident):
    found = listed(auditor, incident=incident.number, person="haneul", act="video")
    assert found == {rows["watched"]}
    today = timezone.localdate()
    assert rows["watched"] in listed(auditor, since=today.isoformat(), until=today.isoformat())
    assert listed(auditor, until=(today - timedelta(days=1)).isoformat()) == set()
    assert listed(auditor, since=(today + timedelta(days=1)).isoformat()) == set()


def test_the_page_says_how_the_own_chains_stand(auditor, rows, city, other_city):
    ChainState.objects.create(
        chain=city.pk, anchored_number=41, anchored_at=timezone.now(), verified_number=40,
        verified_at=timezone.now(), fault="altered cut",
    )  # fmt: skip
    page = auditor.get(reverse(LIST))
    assert "변조, 끝이 잘림" in page.content.decode()
    names = [standing.name for standing in page.context["standings"]]
    assert names[1:] == [str(city)]
    ChainState.objects.update(fault="")
    assert all(one.is_good for one in auditor.get(reverse(LIST)).context["standings"])


def test_who_may_not_read_records_sees_no_chain(client, rows, administrator):
    client.force_login(administrator)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(reverse(SIGN)).status_code == 403


def last_month() -> str:
    return (timezone.localdate().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def test_a_month_is_signed_off_and_that_is_on_record(auditor, bada, city):
    first = datetime.strptime(last_month(), "%Y-%m").replace(tzinfo=timezone.get_current_timezone())
    for at in (first, first + timedelta(days=20), first - timedelta(seconds=1)):
        Record.objects.create(
            municipality=city, at=at, action="video.view", subject_kind="camera", subject_id="1"
        )
    said = {"municipality": city.pk, "month": last_month(), "findings": "두 건을 보았고 이상 없음"}
    assert auditor.post(reverse(SIGN), said).status_code == 302
    review = Review.objects.get()
    assert (review.reviewer, review.counted) == (bada, {"video.view": 2})
    assert Record.objects.get(action="audit.reviewed").detail == {"month": last_month()}
    page = auditor.get(reverse("admin:audit_review_change", args=[review.pk]))
    assert "두 건을 보았고" in page.content.decode()
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
        Review.objects.update(findings="x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"month": timezone.localdate().strftime("%Y-%m")},
        {"month": "2026-13"},
        {"findings": "   "},
    ],
)
def test_what_is_no_review_is_refused_at_its_field(auditor, city, wrong):
    said = {"municipality": city.pk, "month": last_month(), "findings": "이상 없음"} | wrong
    answer = auditor.post(reverse(SIGN), said)
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == set(wrong)
    assert not Review.objects.exists()


def test_nobody_signs_off_for_another_city(auditor, other_city):
    said = {"municipality": other_city.pk, "month": last_month(), "findings": "이상 없음"}
    auditor.post(reverse(SIGN), said)
    assert not Review.objects.exists()
