"""The pages of an agency's engineers: their own links, and nothing of the centre or of others."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from controlroom.accounts.models import User
from controlroom.audit.models import Record
from incidents import lifecycle
from incidents.models import Incident
from linkage import links
from linkage.choices import OutboxState
from linkage.models import AgencySeat, Link, OutboxMessage, Resync
from tests.conftest import make_member
from tests.linkage.conftest import envelope


@pytest.fixture
def engineer(link) -> User:
    user = User.objects.create_user("room112", password="pass", display_name="정 주임")
    AgencySeat.objects.create(municipality=link.municipality, agency=link.agency, user=user)
    return user


@pytest.fixture
def desk(client, engineer):
    client.force_login(engineer)
    return client


@pytest.fixture
def lost(post, haneul) -> OutboxMessage:
    post(envelope())
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    OutboxMessage.objects.update(state=OutboxState.DEAD, is_offered=False, last_error="HTTP 500")
    return OutboxMessage.objects.get()


@pytest.fixture
def own(link) -> str:
    return f"/agency/{link.code}/"


def text_of(answer) -> str:
    return answer.content.decode()


def test_an_engineer_comes_home_to_the_links_of_the_own_agency_there_alone(
    desk, link, other_link, city
):
    assert desk.get("/", follow=True).redirect_chain == [("/agency/", 302)]
    page = text_of(desk.get("/agency/"))
    assert f"/agency/{link.code}/" in page
    # The same agency elsewhere is in other people's care.
    assert other_link.agency == link.agency
    assert other_link.code not in page
    assert desk.get(f"/agency/{other_link.code}/").status_code == 404
    for address in (f"/m/{city.code}/", f"/m/{city.code}/links/"):
        assert desk.get(address).status_code == 404
    assert desk.get(f"/m/{city.code}/linkage/links/").status_code == 404


def test_nobody_without_a_seat_in_force_sees_anything(client, haneul, engineer, own):
    client.force_login(haneul)
    assert client.get("/agency/").status_code == client.get(own).status_code == 403
    client.force_login(engineer)
    AgencySeat.objects.update(valid_until=timezone.now() - timedelta(minutes=1))
    assert client.get(own).status_code == 403


def test_the_log_is_filtered_and_names_nobody_of_the_centre(desk, own, lost, haneul):
    page = text_of(desk.get(own))
    assert lost.case_number in page
    assert haneul.display_name not in page
    assert lost.incident.number not in page
    assert str(lost.uid) not in text_of(desk.get(f"{own}?state=acked"))
    assert str(lost.uid) in text_of(desk.get(f"{own}?limit=x"))
    sent = text_of(desk.get(f"{own}?direction=in"))
    assert f"{own}in/" in sent


def test_the_bytes_of_both_directions_are_shown_on_record(desk, own, lost, engineer, link):
    address = f"{own}out/{lost.uid}/"
    assert "HTTP" not in text_of(desk.get(address))
    assert "payload_hash" in text_of(desk.post(address))
    came = f"{own}in/{link.inbox.get().pk}/"
    assert "주점 앞 다툼" in text_of(desk.post(came))
    records = Record.objects.filter(action="exchange.revealed")
    assert [record.actor_id for record in records] == [engineer.pk] * 2
    assert desk.get(f"{own}out/x/").status_code == desk.get(f"{own}no/1/").status_code == 404


def test_what_was_given_up_is_sent_again_for_a_reason(desk, own, lost, engineer):
    said = {"ids": [str(lost.uid)]}
    assert "error" in text_of(desk.post(f"{own}replay/", said, follow=True))
    lost.refresh_from_db()
    assert lost.state == OutboxState.DEAD
    desk.post(f"{own}replay/", {**said, "reason": "수신 서버 복구"})
    lost.refresh_from_db()
    assert lost.state == OutboxState.QUEUED
    record = Record.objects.get(action="link.replayed")
    assert (record.actor_id, record.reason) == (engineer.pk, "수신 서버 복구")
    again = desk.post(f"{own}replay/", {**said, "reason": "한 번 더"}, follow=True)
    assert "said-error" in text_of(again)


def test_a_new_secret_is_shown_once_and_the_next_waits_for_the_older_to_end(desk, own, link):
    shown = desk.post(f"{own}secret/")
    link.refresh_from_db()
    newest, _older = links.signing_secrets(link)
    assert newest in text_of(shown)
    assert "no-store" in shown["Cache-Control"]
    page = text_of(desk.get(own))
    assert newest not in page
    assert reverse("agency:secret", args=[link.code]) not in page
    assert "said-error" in text_of(desk.post(f"{own}secret/", follow=True))
    assert links.signing_secrets(link)[0] == newest


def test_a_test_message_leads_to_its_result(desk, own, engineer):
    page = desk.post(f"{own}test/", follow=True)
    message = OutboxMessage.objects.get()
    assert page.redirect_chain == [(f"{own}out/{message.uid}/", 302)]
    assert message.case_number in text_of(page)
    assert Record.objects.get(action="link.tested").actor_id == engineer.pk
    Link.objects.update(allows_drills=False)
    assert "said-error" in text_of(desk.post(f"{own}test/", follow=True))


NEW = "a-new-long-word-8"


def change(client, old="pass", new=NEW, again=None):
    said = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post("/agency/account/", said, follow=True)


def test_the_own_password_is_changed_and_other_sessions_end(desk, engineer, link):
    elsewhere = Client()
    elsewhere.force_login(engineer)
    page = text_of(desk.get("/agency/account/"))
    assert str(engineer) in page
    assert engineer.username in page
    assert str(link.agency) in page
    assert "said-success" in text_of(change(desk))
    engineer.refresh_from_db()
    assert engineer.check_password(NEW)
    assert desk.get("/agency/").status_code == 200
    assert elsewhere.get("/agency/").status_code == 302
    record = Record.objects.get(action="password.changed")
    assert (record.actor_id, record.municipality_id) == (engineer.pk, link.municipality_id)
    assert NEW not in str(record.detail)


@pytest.mark.parametrize(
    ("old", "new", "again", "field", "reason"),
    [
        ("wrong", NEW, NEW, "old_password", "기존 비밀번호"),
        ("pass", NEW, NEW + "x", "new_password2", "일치"),
        ("pass", "12345678", "12345678", "new_password2", "숫자"),
        ("pass", "pass", "pass", "new_password2", "지금 쓰고 있는"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    desk, engineer, old, new, again, field, reason
):
    errors = change(desk, old, new, again).context["form"].errors
    assert reason in str(errors[field])
    engineer.refresh_from_db()
    assert engineer.check_password("pass")
    assert not Record.objects.filter(action="password.changed").exists()


def test_who_guesses_the_old_password_is_locked_out_of_it_and_of_sign_in(desk, engineer, settings):
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 3
    for _ in range(3):
        change(desk, "wrong")
    assert change(desk).status_code == 429
    engineer.refresh_from_db()
    assert engineer.check_password("pass")
    sign_in = {"username": engineer.username, "password": "pass"}
    assert Client().post("/accounts/login/", sign_in).status_code == 429


def test_who_sits_in_no_seat_has_no_account_page(client, haneul):
    client.force_login(haneul)
    assert change(client).status_code == 403
    haneul.refresh_from_db()
    assert haneul.check_password("pass")


def test_the_guide_of_this_version_is_there(desk):
    assert "Agency API guide" in text_of(desk.get("/agency/guide.txt"))
    assert "112" in text_of(desk.get("/agency/guide-police112.txt"))
    assert desk.get("/agency/guide-nothing.txt").status_code == 404


def test_who_keeps_links_gives_and_ends_a_seat(client, administrator, link, city, other_city):
    client.force_login(administrator)
    add = reverse("admin:linkage_agencyseat_add")
    form = {
        "username": "room112",
        "display_name": "정 주임",
        "password": "a-long-first-word-0",
        "municipality": city.pk,
        "agency": link.agency_id,
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
    }
    assert client.post(add, {**form, "username": administrator.username}).status_code == 200
    assert client.post(add, {**form, "municipality": other_city.pk}).status_code == 200
    assert client.post(add, form).status_code == 302
    seat = AgencySeat.objects.get()
    assert seat.user.check_password("a-long-first-word-0")
    assert not seat.user.is_staff
    assert Record.objects.filter(action="seat.given").exists()
    assert (
        client.post(
            reverse("admin:linkage_agencyseat_delete", args=[seat.pk]), {"post": "yes"}
        ).status_code
        == 302
    )
    assert not AgencySeat.objects.exists()
    keeper = make_member("keeper", other_city, "administrator")
    client.force_login(keeper)
    assert client.get(reverse("admin:linkage_agencyseat_changelist")).status_code == 200


def test_an_engineer_has_everything_again_since_a_time_and_says_why(
    desk, own, lost, link, other_link, engineer
):
    OutboxMessage.objects.update(state=OutboxState.ACKED, is_offered=True, acked_at=timezone.now())
    page = text_of(desk.get(own))
    assert 'name="since"' in page
    since = timezone.localtime() - timedelta(hours=1)
    asked = {"since": f"{since:%Y-%m-%dT%H:%M}", "reason": "데이터베이스 복구"}
    for wrong in (
        {"reason": "why"},
        {**asked, "reason": ""},
        {**asked, "since": "2999-01-01T00:00"},
    ):
        assert 'class="said said-error"' in text_of(desk.post(f"{own}resync/", wrong, follow=True))
    assert not Resync.objects.exists()
    page = text_of(desk.post(f"{own}resync/", asked, follow=True))
    assert "데이터베이스 복구" in page
    lost.refresh_from_db()
    assert (lost.state, bool(lost.acked_at), bool(lost.resent_at)) == ("queued", True, True)
    resync = Resync.objects.get()
    assert (resync.asker, resync.asked_by, resync.offered) == ("agency", engineer, 1)
    record = Record.objects.get(action="link.resynchronised")
    assert (record.actor_id, record.agent) == (engineer.pk, link.code)
    # Too soon, and never another agency's.
    assert "said-error" in text_of(desk.post(f"{own}resync/", asked, follow=True))
    assert desk.post(f"/agency/{other_link.code}/resync/", asked).status_code == 404
    assert Resync.objects.count() == 1
