"""Administrators keep their own city and nobody else's."""

import pytest
from django.urls import reverse

from controlroom.accounts.models import User
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from tests.conftest import make_member

pytestmark = pytest.mark.django_db


def inline(*rows: dict, initial: int = 0) -> dict:
    data = {
        "memberships-TOTAL_FORMS": str(len(rows)),
        "memberships-INITIAL_FORMS": str(initial),
        "memberships-MIN_NUM_FORMS": "1",
        "memberships-MAX_NUM_FORMS": "1000",
    }
    for index, row in enumerate(rows):
        data |= {f"memberships-{index}-{name}": value for name, value in row.items()}
    return data


def new_person(municipality, username="nuri") -> dict:
    return {
        "username": username,
        "display_name": "누리",
        "language": "ko",
        "usable_password": "true",
        "password1": "sea-breeze-4711",
        "password2": "sea-breeze-4711",
    } | inline(
        {
            "municipality": municipality.pk,
            "role": Role.OPERATOR,
            "valid_from_0": "2026-01-01",
            "valid_from_1": "00:00",
        }
    )


def test_operators_do_not_enter_the_admin(client, haneul):
    client.force_login(haneul)
    assert client.get("/admin/").status_code == 302


def test_an_administrator_enters_without_a_staff_flag(client, administrator):
    client.force_login(administrator)
    assert client.get("/admin/").status_code == 200


def test_an_administrator_adds_a_person_to_the_own_city(client, administrator, city):
    client.force_login(administrator)
    answer = client.post(reverse("admin:accounts_user_add"), new_person(city))
    assert answer.status_code == 302, answer.content.decode()
    assert Membership.objects.get(user__username="nuri").municipality == city


def test_an_administrator_gives_no_role_in_another_city(client, administrator, other_city):
    client.force_login(administrator)
    answer = client.post(reverse("admin:accounts_user_add"), new_person(other_city))
    assert answer.status_code == 200
    assert not User.objects.filter(username="nuri").exists()


def test_people_of_another_city_are_not_found(client, administrator, stranger):
    client.force_login(administrator)
    address = reverse("admin:accounts_user_change", args=[stranger.pk])
    assert client.get(address).status_code == 302
    assert "stranger" not in client.get(reverse("admin:accounts_user_changelist")).content.decode()


def test_whoever_also_serves_elsewhere_is_shown_but_not_changed(
    client, administrator, city, other_city
):
    both = make_member("both", city, Role.OPERATOR)
    Membership.objects.create(user=both, municipality=other_city, role=Role.OPERATOR)
    client.force_login(administrator)
    address = reverse("admin:accounts_user_change", args=[both.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"username": "taken"}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[both.pk])
    assert client.get(password).status_code == 403


def test_a_superuser_is_out_of_reach(client, administrator, city):
    root = make_member("root", city, Role.ADMINISTRATOR)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    client.force_login(administrator)
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.get(password).status_code == 403


def test_an_administrator_keeps_the_policy_but_not_the_code(client, administrator, city):
    client.force_login(administrator)
    page = client.get(reverse("admin:municipalities_municipality_change", args=[city.pk]))
    assert page.status_code == 200
    assert 'name="camera_radius_m"' in page.content.decode()
    assert 'name="code"' not in page.content.decode()
