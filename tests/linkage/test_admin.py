"""What an administrator does to links, and what the admin shows only once."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from controlroom.audit.models import Record
from incidents import lifecycle
from incidents.models import Incident
from linkage.choices import LinkState, OutboxState
from linkage.models import Agency, InboxMessage, Link, OutboxMessage
from tests.conftest import make_member
from tests.linkage.conftest import envelope


@pytest.fixture
def desk(client, administrator):
    client.force_login(administrator)
    return client


def words_of(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def act(desk, model: str, action: str, *rows, **said):
    data = {"action": action, "_selected_action": [row.pk for row in rows], **said}
    return desk.post(reverse(f"admin:linkage_{model}_changelist"), data)


def test_a_new_link_shows_its_secrets_once(desk, city):
    agency = Agency.objects.create(kind="police", organisation_code="1320001", name_ko="경찰서")
    form = {
        "municipality": city.pk,
        "agency": agency.pk,
        "service": "police112",
        "code": "police112-new",
        "direction": "both",
        "push_url": "https://police.example/hook",
        "mode": "request",
        "allows_drills": "on",
        "time_limit_min": 60,
        "retry_longest_gap_s": 600,
        "retry_life_h": 72,
        "dormant_after_days": 30,
        "maintenance-TOTAL_FORMS": 0,
        "maintenance-INITIAL_FORMS": 0,
        "tls-TOTAL_FORMS": 0,
        "tls-INITIAL_FORMS": 0,
        "ack_deadline_s": 30,
        "rate_per_s": 50,
        "burst": 500,
    }
    response = desk.post(reverse("admin:linkage_link_add"), form)
    assert response.status_code == 302, response.content.decode()[:3000]
    link = Link.objects.get(code="police112-new")
    assert link.push_host == "police.example"
    assert link.legal_basis.code == "ACT-112"
    assert "whsec_" in words_of(response)
    shown = desk.get(reverse("admin:linkage_link_change", args=[link.pk]))
    desk.get(reverse("admin:linkage_link_changelist"))
    again = desk.get(reverse("admin:linkage_link_change", args=[link.pk]))
    assert shown.status_code == again.status_code == 200
    assert b"whsec_" not in again.content


def test_a_link_is_suspended_by_action_and_on_record(desk, link):
    act(desk, "link", "suspend", link)
    link.refresh_from_db()
    assert link.state == LinkState.SUSPENDED
    assert Record.objects.filter(action="link.suspended", subject_id=link.code).exists()


def test_rotation_keeps_the_old_secret_for_a_day(desk, link):
    old = bytes(link.secret)
    assert "whsec_" in words_of(act(desk, "link", "rotate", link))
    link.refresh_from_db()
    assert bytes(link.previous_secret) == old


def test_a_given_up_message_is_sent_again_by_action(desk, post, haneul):
    post(envelope())
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    OutboxMessage.objects.update(state=OutboxState.DEAD)
    act(desk, "outboxmessage", "replay", OutboxMessage.objects.get())
    assert OutboxMessage.objects.get().state == OutboxState.DEAD
    act(desk, "outboxmessage", "replay", OutboxMessage.objects.get(), reason="기관 복구")
    assert OutboxMessage.objects.get().state == OutboxState.QUEUED
    assert Record.objects.get(action="exchange.replayed").reason == "기관 복구"


def test_a_test_message_is_sent_by_action(desk, link):
    act(desk, "link", "send_test", link)
    assert OutboxMessage.objects.get().message_type == "TEST"


def test_inbox_and_outbox_are_read_only(desk, post):
    post(envelope())
    row = InboxMessage.objects.get()
    page = desk.get(reverse("admin:linkage_inboxmessage_change", args=[row.pk]))
    assert page.status_code == 200
    assert "주점 앞 다툼" in page.content.decode()
    assert desk.get(reverse("admin:linkage_inboxmessage_add")).status_code == 403
    assert desk.get(reverse("admin:linkage_outboxmessage_changelist")).status_code == 200


def test_an_operator_keeps_no_links(client, haneul, link):
    client.force_login(haneul)
    assert client.get(reverse("admin:linkage_link_changelist")).status_code in {302, 403}


def test_an_administrator_of_another_city_sees_no_link(client, other_city, link):
    client.force_login(make_member("elsewhere", other_city, "administrator"))
    page = client.get(reverse("admin:linkage_link_changelist"))
    assert link.code not in page.content.decode()
    assert client.get(reverse("admin:linkage_link_change", args=[link.pk])).status_code == 302
