"""A round of the auditor: what is missed becomes an alarm, and ends when its cause is gone."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from controlroom.journal import pulses
from controlroom.journal.models import Entry, Pulse
from incidents import lifecycle, timers
from incidents.models import Incident
from linkage import grants, outbox, transport
from linkage.choices import Direction, LinkState
from linkage.demo.link import room_link
from linkage.grants import Given
from linkage.models import Alarm, Canary, Link, OutboxMessage, StreamGrant
from linkage.models_cap import CapSource
from linkage.models_city import Feed, Sensor
from linkage.models_disaster import Situation
from linkage.services.city import sensors
from linkage.services.disaster import situations
from linkage.watch import canaries, checks, rounds
from linkage.watch.rounds import Auditor
from linkage.watch.scheduler import BEAT
from tests.incidents.conftest import make_camera
from tests.linkage.conftest import envelope

HOUR = timedelta(hours=1)


@pytest.fixture
def auditor(db) -> Auditor:
    return Auditor()


@pytest.fixture
def owed(post, haneul, link) -> OutboxMessage:
    post(envelope())
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    return OutboxMessage.objects.get()


def standing(kind: str) -> list[Alarm]:
    return list(Alarm.objects.standing().filter(kind=kind))


def make_old(message: OutboxMessage, by: timedelta = HOUR) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(created_at=timezone.now() - by)


def test_a_quiet_room_is_a_good_round_without_alarms(auditor, city):
    assert auditor.round()
    assert Alarm.objects.count() == 0
    assert pulses.age(rounds.AUDITOR) < timedelta(minutes=1)


def test_a_message_in_its_time_is_no_alarm(auditor, owed):
    auditor.round()
    assert standing("outbox.overdue") == []


def test_an_overdue_message_stands_until_it_is_acknowledged(auditor, owed, link):
    make_old(owed)
    auditor.round()
    auditor.round()
    (alarm,) = standing("outbox.overdue")
    assert (alarm.municipality, alarm.subject_id) == (link.municipality, link.code)
    assert alarm.detail["waiting"] == 1
    assert alarm.detail["oldest_s"] >= 3600
    outbox.acknowledge(link=link, uid=owed.uid)
    auditor.round()
    assert standing("outbox.overdue") == []


def test_a_suspended_link_owes_nothing(auditor, owed, link):
    make_old(owed)
    Link.objects.update(state=LinkState.SUSPENDED)
    auditor.round()
    assert standing("outbox.overdue") == []


def test_planned_silence_is_said_with_less_weight(auditor, owed):
    make_old(owed)
    Link.objects.update(state=LinkState.MAINTENANCE)
    auditor.round()
    assert standing("outbox.overdue")[0].severity == 3


def test_an_urgent_message_that_nobody_was_asked_to_telephone_is_an_alarm(auditor, owed):
    make_old(owed)
    OutboxMessage.objects.update(priority=1)
    auditor.round()
    assert len(standing("phone.unasked")) == 1


def test_an_escalation_that_did_not_happen_stands_until_it_does(auditor, post, city, link):
    post(envelope())
    Incident.objects.update(priority=1, rings_since=timezone.now() - HOUR)
    auditor.round()
    (alarm,) = standing("escalation.overdue")
    assert alarm.subject_id == str(Incident.objects.get().pk)
    timers.escalate_overdue()
    auditor.round()
    assert standing("escalation.overdue") == []


def test_an_agency_that_should_speak_and_does_not_is_an_alarm(auditor, post, link):
    Link.objects.update(silent_after_s=600, created_at=timezone.now() - HOUR)
    auditor.round()
    assert standing("link.silent") == []
    auditor.round()
    assert standing("link.silent")[0].detail["expected_s"] == 600
    post(envelope())
    auditor.round()
    assert standing("link.silent") == []


def test_a_new_two_way_link_is_expected_to_speak_and_one_that_only_hears_is_not(city):
    assert room_link("police112", municipality=city).link.silent_after_s == 900
    deaf = room_link("fire119", municipality=city, direction=Direction.OUT).link
    assert deaf.silent_after_s is None


def test_an_agency_that_need_not_speak_may_be_silent(auditor, link):
    Link.objects.update(created_at=timezone.now() - HOUR, silent_after_s=None)
    auditor.round()
    assert standing("link.silent") == []


def test_who_is_only_asked_is_not_expected_to_speak(auditor, city):
    link = room_link("city", municipality=city).link
    Link.objects.update(created_at=timezone.now() - HOUR)
    auditor.round()
    auditor.round()
    assert len(standing("link.silent")) == 1
    Feed.objects.create(municipality=city, link=link, adapter="its_events", url="http://x.example/")
    auditor.round()
    assert standing("link.silent") == []


def test_a_silent_sensor_is_noticed_without_a_worker_until_it_is_out_of_use(auditor, city):
    link = room_link("city", municipality=city).link
    sensor = Sensor.objects.create(
        municipality=city,
        link=link,
        code="water",
        name="수위",
        kind="water_level",
        unit="m",
        location=Point(127.4, 36.4, srid=4326),
        attention_from=1.0,
    )
    auditor.round()
    assert [alarm.subject_id for alarm in standing("sensor.silent")] == [str(sensor.pk)]
    # The workers say the same of the same: one alarm.
    sensors.watch()
    assert len(standing("sensor.silent")) == 1
    Sensor.objects.update(is_active=False)
    auditor.round()
    assert standing("sensor.silent") == []


def test_an_index_of_alerts_that_fails_or_that_nobody_asks_is_noticed(auditor, city):
    link = room_link("disaster", municipality=city).link
    CapSource.objects.create(link=link, feed_url="http://x.example/", failures=2, last_error="HTTP")
    auditor.round()
    assert standing("cap.feed_failing")[0].detail["failures"] == 2
    CapSource.objects.update(failures=0)
    auditor.round()
    assert standing("cap.feed_failing") == []
    CapSource.objects.update(next_fetch_at=timezone.now() - HOUR)
    auditor.round()
    assert standing("cap.feed_failing")[0].detail["unasked_s"] >= 3600
    Link.objects.update(state=LinkState.SUSPENDED)
    auditor.round()
    assert standing("cap.feed_failing") == []


def test_an_overdue_situation_report_is_noticed_until_the_cycle_or_the_level_changes(
    auditor, post, haneul, link
):
    post(envelope())
    situation = situations.declare(incident=Incident.objects.get(), level=2, by=haneul)
    for settle in (
        lambda: situations.set_cycle(situation=situation, every_min=60, by=haneul),
        lambda: situations.set_level(situation=situation, level=3, by=haneul),
    ):
        Situation.objects.update(next_report_at=timezone.now() - HOUR)
        auditor.round()
        assert len(standing("disaster.report_overdue")) == 1
        settle()
        # At once, and not only when somebody looks.
        assert standing("disaster.report_overdue") == []


def test_a_grant_that_outlives_its_time_is_noticed_until_it_is_ended(auditor, post, city, link):
    post(envelope())
    grant = grants.give(
        link=link,
        incident=Incident.objects.get(),
        case_number="20261122-000001",
        camera_id=make_camera(city, 127.4, 36.4, "시청").pk,
        given=Given(
            purpose="emergency",
            basis="x",
            at=timezone.now(),
            until=timezone.now() + timedelta(minutes=30),
            not_after=timezone.now() + timedelta(minutes=30),
        ),
    )
    auditor.round()
    assert standing("grant.overdue") == []
    StreamGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now() - HOUR)
    auditor.round()
    assert standing("grant.overdue")[0].detail["open"] == 1
    grants.end_overdue()
    auditor.round()
    assert standing("grant.overdue") == []


def test_a_canary_that_nobody_takes_means_that_no_worker_works(auditor, city):
    auditor.round()
    Canary.objects.update(created_at=timezone.now() - HOUR)
    pulses.beat(BEAT)
    auditor.round()
    assert len(standing("worker.stalled")) == 1
    assert standing("beat.stopped") == []
    assert Canary.objects.filter(processed_at=None).count() == 1
    assert canaries.take() == 1
    auditor.round()
    assert standing("worker.stalled") == []


def test_without_beat_the_beat_is_named(auditor, city):
    auditor.round()
    Canary.objects.update(created_at=timezone.now() - HOUR)
    auditor.round()
    assert len(standing("beat.stopped")) == 1


def screens(city, *, seen: int, rung: int, age: timedelta = timedelta(0), seats: int = 3) -> None:
    data = {"seats": seats, "seen": {str(city.pk): seen}, "rung": {str(city.pk): rung}}
    at = timezone.now() - age
    Pulse.objects.update_or_create(name="screens:elsewhere:1", defaults={"at": at, "data": data})


def write_entry(city, number: int, age: timedelta) -> None:
    Entry.objects.create(
        municipality=city,
        number=number,
        kind="incident.note",
        subject_kind="incident",
        subject_id="x",
        at=timezone.now() - age,
    )


@pytest.mark.parametrize(
    ("pulse", "kind"),
    [
        ({"seen": 4, "rung": 4}, "feed.stalled"),
        ({"seen": 5, "rung": 4}, "feed.deaf"),
        ({"seen": 5, "rung": 5, "age": HOUR}, "feed.stalled"),
    ],
    ids=["feed behind", "bell not heard", "no pulse"],
)
def test_screens_that_are_not_served_are_an_alarm_at_the_second_look(auditor, city, pulse, kind):
    write_entry(city, 5, HOUR)
    screens(city, **pulse)
    auditor.round()
    assert standing(kind) == []
    auditor.round()
    assert len(standing(kind)) == 1
    screens(city, seen=5, rung=5)
    auditor.round()
    assert Alarm.objects.standing().count() == 0


def test_screens_that_are_up_to_date_or_empty_are_none(auditor, city):
    write_entry(city, 5, HOUR)
    for pulse in ({"seen": 5, "rung": 5}, {"seen": 1, "rung": 1, "seats": 0}):
        screens(city, **pulse)
        auditor.round()
        auditor.round()
    assert Alarm.objects.count() == 0


def test_the_pulse_of_a_dead_process_of_this_machine_is_removed(db, monkeypatch):
    monkeypatch.setattr(pulses.socket, "gethostname", lambda: "here")
    # Above the greatest process id that Linux gives.
    pulses.beat("screens:here:99999999", {"seats": 1})
    assert pulses.screens() == []
    assert not Pulse.objects.exists()


def test_a_check_that_fails_spoils_the_round_and_not_the_others(
    auditor, owed, monkeypatch, settings, caplog
):
    def broken():
        raise ValueError("out of order")

    settings.HEARTBEAT_URL = "http://127.0.0.1:1/"
    called = []
    monkeypatch.setattr(transport, "call", lambda url, **_kw: called.append(url))
    monkeypatch.setattr(
        rounds, "CHECKS", (checks.Check(("link.silent",), broken), *checks.CHECKS[:1])
    )
    make_old(owed)
    assert not auditor.round()
    assert len(standing("outbox.overdue")) == 1
    # No heartbeat leaves after a round that could not look, nor is the round on record.
    assert called == []
    assert pulses.age(rounds.AUDITOR) is None


def test_a_good_round_is_told_outside(auditor, city, monkeypatch, settings):
    settings.HEARTBEAT_URL = "https://watch.example.org/ping"
    called = []
    monkeypatch.setattr(
        rounds, "transport", SimpleNamespace(call=lambda url, **_kw: called.append(url))
    )
    auditor.round()
    assert called == ["https://watch.example.org/ping"]


def test_nobody_outside_listening_spoils_no_round(auditor, city, settings):
    settings.HEARTBEAT_URL = "http://127.0.0.1:1/"
    assert auditor.round()


def test_the_workers_miss_an_auditor_that_stopped(city):
    rounds.miss_auditor()
    assert Alarm.objects.count() == 0
    pulses.beat(rounds.AUDITOR)
    Pulse.objects.update(at=timezone.now() - HOUR)
    rounds.miss_auditor()
    assert len(standing("auditor.stopped")) == 1
    Auditor().round()
    assert standing("auditor.stopped") == []


def test_a_traffic_source_that_fails_or_is_asked_by_nobody_is_an_alarm_until_it_answers(
    auditor, link
):
    def look() -> list[Alarm]:
        for _ in range(3):
            auditor.round()
        return standing("source.silent")

    now = timezone.now()
    feed = Feed.objects.create(
        municipality=link.municipality, link=link, adapter="its_events", url="http://x.example/"
    )
    assert look() == []
    Feed.objects.update(failures=3, next_poll_at=now + HOUR)
    [alarm] = look()
    assert (alarm.subject_id, alarm.detail["failures"]) == (str(feed), 3)
    Feed.objects.update(failures=0, answered_at=timezone.now())
    auditor.round()
    assert standing("source.silent") == []
    cleared = Entry.objects.filter(kind="alarm.cleared").values_list("data", flat=True)
    assert [data["alarm"]["kind"] for data in cleared].count("source.silent") == 1
    # Nobody asked, though nothing failed.
    Feed.objects.update(answered_at=now - HOUR)
    assert len(look()) == 1
    # Who paused the link knows that it is silent.
    Link.objects.update(state=LinkState.SUSPENDED)
    assert look() == []
