"""The policy changes by two people, in the admin too, and is explained by the rule that decides."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from controlroom.audit.models import Record
from controlroom.errors import DomainError, NotAllowed
from controlroom.journal.models import Entry
from controlroom.municipalities.choices import Role
from linkage import policy_changes
from linkage.agreements import install
from linkage.models import PolicyChange
from linkage.models_policy import ChangeState
from linkage.policy.rows import BY_CODE, values_of
from linkage.video_policy import rows_of
from tests.conftest import make_member

pytestmark = pytest.mark.django_db
ROW = "police112.other"
URL = "/admin/linkage/policychange/"


@pytest.fixture
def first(city):
    return make_member("first", city, Role.SUPERVISOR)


@pytest.fixture
def second(city):
    return make_member("second", city, Role.ADMINISTRATOR)


@pytest.fixture
def change(city, first):
    return policy_changes.propose(
        municipality=city,
        row=ROW,
        values={"word": "automatic", "radius_m": 300},
        reason="협약 개정",
        by=first,
    )


def now_of(city):
    return next(row for row in rows_of(city.pk) if row.code == ROW)


def test_a_change_takes_force_by_another_persons_word_and_only_here(
    city, other_city, first, second, change
):
    assert now_of(city) == BY_CODE[ROW]
    with pytest.raises(policy_changes.SecondPersonNeeded):
        policy_changes.approve(change=change, by=first)
    assert now_of(city) == BY_CODE[ROW]
    policy_changes.approve(change=change, by=second, decision="확인함")
    assert (str(now_of(city).word), now_of(city).radius_m) == ("automatic", 300)
    assert now_of(other_city) == BY_CODE[ROW]
    facts = Entry.objects.filter(kind__startswith="policy.").order_by("number")
    assert [row.kind for row in facts] == ["policy.proposed", "policy.approved"]
    kept = Record.objects.filter(action="policy.approved").get()
    assert kept.actor_id == second.pk
    assert kept.detail["changes"] == {"word": ["operator", "automatic"], "radius_m": [500, 300]}


def test_the_database_itself_refuses_one_person_alone(first, change):
    alone = {"state": "approved", "decided_by": first, "decided_at": timezone.now()}
    for said in (alone, {**alone, "decided_by": None}):
        with pytest.raises(IntegrityError, match="policy_change_two_people"), transaction.atomic():
            PolicyChange.objects.filter(pk=change.pk).update(**said)


@pytest.mark.parametrize("verb", ["reject", "withdraw", "lapse"])
def test_what_is_not_approved_changes_nothing_and_waits_no_more(city, first, second, change, verb):
    if verb == "reject":
        policy_changes.reject(change=change, by=second, decision="근거 없음")
    elif verb == "withdraw":
        with pytest.raises(NotAllowed):
            policy_changes.withdraw(change=change, by=second)
        policy_changes.withdraw(change=change, by=first)
    else:
        PolicyChange.objects.update(lapses_at=timezone.now())
        with pytest.raises(policy_changes.ChangeDecided):
            policy_changes.approve(change=change, by=second)
        assert policy_changes.lapse_overdue() == 1
    assert now_of(city) == BY_CODE[ROW]
    with pytest.raises(policy_changes.ChangeDecided):
        policy_changes.approve(change=change, by=second)


@pytest.mark.parametrize(
    ("row", "values", "reason", "field"),
    [
        (ROW, {"radius_m": 300}, " ", "reason"),
        (ROW, {}, "이유", "row"),
        (ROW, {"radius_m": 1}, "이유", "radius_m"),
        ("police112.nothing", {}, "이유", "row"),
    ],
)
def test_a_proposal_that_says_nothing_or_nonsense_is_refused_by_its_field(
    city, first, row, values, reason, field
):
    with pytest.raises(DomainError) as refused:
        policy_changes.propose(municipality=city, row=row, values=values, reason=reason, by=first)
    assert set(refused.value.fields) == {field}


def test_one_change_of_a_row_waits_at_a_time_and_nobody_else_proposes(city, change, second, haneul):
    again = {"municipality": city, "row": ROW, "values": {"radius_m": 200}, "reason": "이유"}
    with pytest.raises(policy_changes.ChangeWaits):
        policy_changes.propose(by=second, **again)
    with pytest.raises(NotAllowed):
        policy_changes.propose(by=haneul, **again)


def form_of(city, **changes):
    values = values_of(BY_CODE[ROW]) | changes
    joined = {
        name: ", ".join(value) if isinstance(value, list) else value
        for name, value in values.items()
    }
    said = {name: value for name, value in joined.items() if value is not False}
    return {"municipality": city.pk, "row": ROW, "reason": "협약 개정", **said}


def test_two_people_change_a_row_in_the_admin(city, client, first, second):
    client.force_login(first)
    page = client.get(f"{URL}add/?city={city.code}&row={ROW}")
    assert 'value="500"' in page.content.decode()
    assert client.post(f"{URL}add/", form_of(city, minutes=90)).status_code == 302
    change = PolicyChange.objects.get()
    approval = {"verdict": "approve", "words": ""}
    answer = client.post(f"{URL}{change.pk}/change/", approval)
    assert answer.status_code == 200  # refused: the page again, with the reason
    assert now_of(city).minutes == 120
    client.force_login(second)
    assert client.post(f"{URL}{change.pk}/change/", approval).status_code == 302
    assert now_of(city).minutes == 90
    change.refresh_from_db()
    assert (change.state, change.decided_by) == (ChangeState.APPROVED, second)
    assert client.post(f"{URL}{change.pk}/change/", approval).status_code == 403
    wrong = client.post(f"{URL}add/", form_of(city, minutes=90, radius_m=1))
    assert wrong.status_code == 200
    assert PolicyChange.objects.count() == 1


def test_the_admin_explains_what_would_be_decided_and_by_which_rule(city, client, first, haneul):
    install()
    client.force_login(first)
    asked = {
        "service": "police112",
        "kind": "101",
        "access": "live",
        "trigger": "request",
        "mode": "request",
        "purpose": "SCENE",
        "basis": "ACT-112",
        "radius_m": 100,
        "minutes": 60,
        "camera_purpose": "생활방범",
    }

    def explained(**changes):
        page = client.get(f"{URL}matrix/", {**asked, **changes})
        return page.context["said"]["code"], page.context["said"]["rule"]

    assert explained() == ("automatic", "")
    assert explained(kind="401") == ("operator", "on_operators_word")
    assert explained(radius_m=501) == ("refused", "out_of_radius")
    assert explained(access="recorded") == ("refused", "by_letter")
    assert explained(camera_purpose="교통단속") == ("refused", "camera_purpose_not_allowed")
    assert explained(service="security", basis="AGREEMENT") == ("refused", "one_way")
    client.force_login(haneul)
    assert client.get(f"{URL}matrix/").status_code in {302, 403}
