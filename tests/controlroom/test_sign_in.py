"""Guessing a password ends soon, on that machine only."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def sign_in(client: Client, password: str, address: str = "10.0.0.1"):
    return client.post(
        "/accounts/login/", {"username": "haneul", "password": password}, REMOTE_ADDR=address
    )


@pytest.fixture(autouse=True)
def limits(settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3


def test_guessing_locks_the_name_on_that_machine(client, haneul):
    for _ in range(3):
        sign_in(client, "wrong")
    assert sign_in(client, "pass").status_code == 429


def test_the_operator_still_enters_from_another_machine(client, haneul):
    for _ in range(3):
        sign_in(client, "wrong")
    assert sign_in(Client(), "pass", address="10.0.0.2").status_code == 302


def test_a_success_clears_the_count(client, haneul):
    for _ in range(2):
        sign_in(client, "wrong")
    assert sign_in(client, "pass").status_code == 302
    assert sign_in(Client(), "wrong").status_code == 200
