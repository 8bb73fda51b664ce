"""Who may sit at the live socket, and who must leave it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.utils import timezone

from controlroom.journal.admission import admit, origin_allowed, verdicts
from controlroom.journal.lines import COME_BACK
from controlroom.journal.seats import NO_RIGHT, SESSION_ENDED, Ticket
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership


def headers(origin=None, host="testserver"):
    named = {"host": host} | ({"origin": origin} if origin is not None else {})
    return [(name.encode(), value.encode()) for name, value in named.items()]


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://testserver", "testserver", True),
        ("https://TESTSERVER", "testserver", True),
        ("http://localhost:8000", "localhost:8000", True),
        (None, "testserver", False),
        ("", "testserver", False),
        ("null", "testserver", False),
        ("http://evil.example", "testserver", False),
        ("http://testserver.evil.example", "testserver", False),
        ("http://testserver:81", "testserver", False),
        ("file://testserver", "testserver", False),
        ("http://[", "testserver", False),
        # The name of another host that resolves to us (DNS rebinding).
        ("http://evil.example", "evil.example", False),
    ],
)
def test_only_our_own_pages_open_a_socket(origin, host, allowed):
    assert origin_allowed(headers(origin, host)) is allowed


def test_a_trusted_origin_may_differ_from_the_host(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://room.example", "https://*.city.example"]
    assert origin_allowed(headers("https://room.example"))
    assert origin_allowed(headers("https://east.city.example"))
    assert not origin_allowed(headers("http://room.example"))
    assert not origin_allowed(headers("https://city.example.evil"))


def test_with_https_a_plain_page_is_foreign(settings):
    settings.HTTPS = True
    assert not origin_allowed(headers("http://testserver"))
    assert origin_allowed(headers("https://testserver"))


@pytest.fixture
def ticket(client, haneul, city):
    client.force_login(haneul)
    haneul.refresh_from_db()
    given = admit(user=haneul, session_key=client.session.session_key, code=city.code)
    assert isinstance(given, Ticket)
    return given


def verdict(ticket):
    return verdicts([ticket])[ticket]


def test_an_operator_is_admitted_to_operations(ticket, haneul, city):
    assert (ticket.user_id, ticket.municipality_id) == (haneul.pk, city.pk)
    assert ticket.audiences == {"operations"}
    assert verdict(ticket) is None


def test_nobody_is_asked_to_sign_in(city):
    assert admit(user=AnonymousUser(), session_key=None, code=city.code) == SESSION_ENDED


def test_a_stranger_and_an_unknown_city_look_the_same(stranger, city):
    assert admit(user=stranger, session_key="k", code=city.code) == NO_RIGHT
    assert admit(user=stranger, session_key="k", code="99999") == NO_RIGHT


def test_an_auditor_hears_nothing(bada, city):
    assert admit(user=bada, session_key="k", code=city.code) == NO_RIGHT


def test_a_logout_ends_the_ticket(ticket, client):
    client.logout()
    assert verdict(ticket) == SESSION_ENDED


def test_an_expired_session_ends_the_ticket(ticket):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert verdict(ticket) == SESSION_ENDED


def test_deactivation_ends_the_ticket(ticket, haneul):
    haneul.is_active = False
    haneul.save()
    assert verdict(ticket) == SESSION_ENDED


def test_a_new_password_ends_the_ticket(ticket, haneul):
    haneul.set_password("another")
    haneul.save()
    assert verdict(ticket) == SESSION_ENDED


def test_a_session_taken_over_by_another_person_ends_the_ticket(ticket, supervisor):
    session = Session.objects.get()
    data = session.get_decoded() | {"_auth_user_id": str(supervisor.pk)}
    Session.objects.update(session_data=Session.objects.encode(data))
    assert verdict(ticket) == SESSION_ENDED


def test_a_lost_membership_takes_the_right(ticket, haneul):
    haneul.memberships.all().delete()
    assert verdict(ticket) == NO_RIGHT


def test_a_membership_that_ran_out_takes_the_right(ticket, haneul):
    haneul.memberships.update(valid_until=timezone.now())
    assert verdict(ticket) == NO_RIGHT


def test_a_demotion_takes_the_right(ticket, haneul):
    haneul.memberships.update(role=Role.AUDITOR)
    assert verdict(ticket) == NO_RIGHT


def test_another_scope_asks_to_come_back(ticket, haneul, city):
    Membership.objects.create(user=haneul, municipality=city, role=Role.ADMINISTRATOR)
    assert verdict(ticket) == COME_BACK


def test_away_and_back_between_two_checks_is_noticed(ticket, haneul):
    for active in (False, True):
        haneul.is_active = active
        haneul.save()
    assert verdict(ticket) == COME_BACK


def test_many_tickets_cost_three_queries(ticket, city, client, django_assert_num_queries):
    others = [
        Ticket(
            user_id=ticket.user_id,
            user_name="haneul",
            session_key=f"gone{index}",
            access_version=0,
            municipality_id=city.pk,
            audiences=ticket.audiences,
        )
        for index in range(50)
    ]
    with django_assert_num_queries(3):
        found = verdicts([ticket, *others])
    assert found[ticket] is None
    assert {found[other] for other in others} == {SESSION_ENDED}
