"""What was given up rings an alarm, and goes out again: one, many, or a whole outage."""

from datetime import timedelta

import pytest
from django.utils import timezone

from controlroom.audit.models import Record
from incidents import lifecycle
from linkage import outbox, phone, replays
from linkage.choices import OutboxState
from linkage.models import Alarm, OutboxMessage, PhoneTask
from tests.linkage.conftest import drain, taken

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"content_type": "application/json"}
WHY = "기관 회선 복구"


@pytest.fixture(autouse=True)
def nudges(monkeypatch):
    sent = []
    monkeypatch.setattr("linkage.tasks.nudge", sent.append)
    monkeypatch.setattr("linkage.tasks.nudge_urgently", sent.append)
    return sent


@pytest.fixture
def lost(pushed, agency, haneul) -> list[OutboxMessage]:
    """Let the agency refuse five messages for good."""
    agency.set_fault({"mode": "refuse", "times": 5})
    for number in range(5):
        lifecycle.acknowledge(incident=taken(pushed, receipt_no=str(number)), by=haneul)
    drain(pushed)
    assert OutboxMessage.objects.filter(state=OutboxState.DEAD).count() == 5
    return list(OutboxMessage.objects.order_by("pk"))


def states() -> list[str]:
    return list(OutboxMessage.objects.order_by("pk").values_list("state", flat=True))


def test_what_is_given_up_is_one_standing_alarm_of_its_link_until_all_is_sent(pushed, lost, haneul):
    alarm = Alarm.objects.get(kind="outbox.given_up")
    assert (alarm.subject_id, alarm.detail["given_up"]) == (pushed.code, 5)
    replays.replay_many(link=pushed, uids=[row.uid for row in lost[:4]], by=haneul, reason=WHY)
    alarm.refresh_from_db()
    assert (alarm.cleared_at, alarm.detail["given_up"]) == (None, 1)
    replays.replay(message=lost[4], by=haneul, reason=WHY)
    alarm.refresh_from_db()
    assert alarm.cleared_at


def test_a_call_takes_a_given_up_message_off_the_alarm(link, haneul):
    lifecycle.acknowledge(incident=taken(link), by=haneul)
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(hours=73), priority=1)
    outbox.give_up_expired()
    phone.open_due()
    task = PhoneTask.objects.get()
    phone.done(task=task, by=haneul, who="박 경위", at=timezone.now(), said="알림")
    assert Alarm.objects.get(kind="outbox.given_up").cleared_at
    assert states() == [OutboxState.MANUAL_FALLBACK]


def test_an_outage_is_sent_again_in_order_and_only_what_it_lost(pushed, agency, lost, haneul):
    early = timezone.now() - timedelta(days=2)
    OutboxMessage.objects.filter(pk=lost[0].pk).update(created_at=early)
    since = timezone.now() - timedelta(hours=1)
    done = replays.replay_outage(
        link=pushed, since=since, until=timezone.now(), by=haneul, reason=WHY
    )
    assert (done.count, drain(pushed)) == (4, 4)
    assert states() == [OutboxState.DEAD, *[OutboxState.ACKED] * 4]
    assert list(agency.effects) == [str(row.uid) for row in lost[1:]]
    record = Record.objects.get(action="link.replayed")
    assert (record.actor_id, record.detail["replayed"], record.reason) == (haneul.pk, 4, WHY)


def test_a_supervisor_replays_by_name_and_hears_which_were_not_given_up(
    client, supervisor, city, pushed, lost, nudges
):
    nudges.clear()
    OutboxMessage.objects.filter(pk=lost[1].pk).update(state=OutboxState.ACKED)
    client.force_login(supervisor)
    asked = {"ids": [str(row.uid) for row in lost[:2]], "reason": WHY}
    address = f"/m/{city.code}/linkage/links/{pushed.code}/replay/"
    answer = client.post(address, asked, **JSON)
    assert answer.json() == {"replayed": 1, "refused": [str(lost[1].uid)]}
    assert nudges == [pushed.pk]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"reason": WHY}, "ids"),
        ({"since": "2026-11-01T00:00:00+09:00", "until": "2026-11-02T00:00:00+09:00"}, "reason"),
        ({"ids": []}, "ids"),
        ({"ids": ["x"]}, "ids[0]"),
        ({"since": "2026-11-01T00:00:00+09:00", "reason": WHY}, "ids"),
        (
            {
                "since": "2026-11-02T00:00:00+09:00",
                "until": "2026-11-01T00:00:00+09:00",
                "reason": WHY,
            },
            "until",
        ),
    ],
)
def test_an_unclear_wish_names_the_field(client, administrator, city, pushed, asked, field):
    client.force_login(administrator)
    answer = client.post(f"/m/{city.code}/linkage/links/{pushed.code}/replay/", asked, **JSON)
    assert answer.status_code == 400
    assert field.split("[")[0] in " ".join(answer.json()["errors"])


def test_operators_and_strangers_replay_nothing(client, haneul, stranger, city, other_city, pushed):
    sent = {"since": "2026-11-01T00:00:00+09:00", "until": "2026-11-02T00:00:00+09:00"}
    for user, code, status in (
        (haneul, city.code, 403),
        (stranger, city.code, 404),
        (stranger, other_city.code, 403),
    ):
        client.force_login(user)
        address = f"/m/{code}/linkage/links/{pushed.code}/replay/"
        assert client.post(address, sent, **JSON).status_code == status
