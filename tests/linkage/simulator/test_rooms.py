"""The simulated rooms speak as their contracts say: the real intake takes every message."""

import heapq
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from lxml import etree

from cctv.stills import Picture
from incidents import catalogue, lifecycle
from incidents.correlation import probably_same_as
from incidents.models import Incident
from linkage import resyncs, stills
from linkage.demo.link import room_link
from linkage.demo.street import install_street
from linkage.envelopes import cloud_event
from linkage.links import create_link
from linkage.models import Agency, InboxMessage, OutboxMessage, TerminalShare
from linkage.models_city import Bell, BellPress, Feed, FeedAdapter, Sensor
from linkage.models_disaster import Situation
from linkage.services.city import adapters, feeds
from linkage.services.disaster import situations
from linkage.simulator.city import ITS, RISE_STEPS, UTIC, CityRoom
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.disaster import CHANGES, DisasterRoom
from linkage.simulator.fire119 import Fire119Room
from linkage.simulator.patrol import PatrolTerminal
from linkage.simulator.police112 import Police112Room
from linkage.simulator.room import Habits
from linkage.simulator.scenes import City, Town
from tests.cctv.builders import make_camera
from tests.incidents.conftest import make_camera as seen_by
from tests.linkage.conftest import api_client, envelope
from tests.linkage.services.disaster.conftest import make_link
from tests.linkage.services.rooms import report_of

pytestmark = pytest.mark.django_db


class Line:
    """The room's line to the centre: straight to the agency API, each answer kept."""

    def __init__(self, link, scope):
        self.link, self.api = link, api_client(link, scope)
        self.stopping = threading.Event()
        self.answers = []

    def send(self, message_type, payload, *, correlation_id=""):
        document = envelope(message_type) | {"payload": payload}
        if correlation_id:
            document["correlation_id"] = correlation_id
        answer = self.api.post(f"/api/v1/links/{self.link.code}/messages", document, format="json")
        self.answers.append((message_type, answer.status_code, answer.content.decode()))
        return answer

    @property
    def account(self):
        return Account("", "", "", self.link.code)

    def post_cap(self, raw):
        address = f"/api/v1/links/{self.link.code}/cap"
        answer = self.api.post(address, raw, content_type="application/xml")
        self.answers.append((read_type(raw), answer.status_code, answer.content.decode()))
        return answer

    def post_readings(self, readings):
        address = f"/api/v1/links/{self.link.code}/readings"
        answer = self.api.post(address, {"readings": readings}, format="json")
        self.answers.append(("readings", answer.status_code, answer.content.decode()))
        return answer

    def ask(self, door, said):
        return self.api.post(f"/api/v1/links/{self.link.code}/{door}", said, format="json")

    def fetch(self, path):
        return self.api.get(path)


def read_type(raw: bytes) -> str:
    return etree.fromstring(raw).findtext("{*}msgType")


def work_off(room) -> None:
    """Do what is due, now or later, in its order, without waiting for its time."""
    while room._agenda:
        heapq.heappop(room._agenda)[2]()


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        (Police112Room, "police112"),
        (Fire119Room, "fire119"),
    ],
)
def test_a_case_from_its_report_to_its_end_is_taken_in_word_for_word(city, kind, service):
    line = Line(room_link(service, municipality=city).link, service)
    calm = Habits(correct=1, cancel=0, same_scene=0, duplicate=1)
    room = kind(
        client=line,
        city=City(lon=127.4, lat=36.4, seed=7, themes=kind.themes),
        rate_per_min=1,
        habits=calm,
        limit=1,
    )
    room.after(0, room._new_case)
    heapq.heappop(room._agenda)[2]()
    case = next(iter(room._open.values()))
    room._dispatch(case, "")
    work_off(room)
    assert {status for _type, status, _body in line.answers} == {201}, line.answers
    said = {message_type for message_type, _status, _body in line.answers}
    assert {"EVENT_NOTIFY", "STATUS_UPDATE", "UNIT_POSITION"} <= said
    assert Incident.objects.count() == 1


def until_asked(room, times: int) -> None:
    """Do what is due until the room has asked for video so many times."""
    while sum(said == "STREAM_REQUEST" for said, *_rest in room.client.answers) < times:
        heapq.heappop(room._agenda)[2]()


def newest(message_type: str):
    return cloud_event(OutboxMessage.objects.filter(message_type=message_type).latest("pk"))


@pytest.mark.parametrize(
    ("kind", "service"),
    [(Police112Room, "police112"), (Fire119Room, "fire119"), (DisasterRoom, "disaster")],
)
def test_a_room_asks_for_the_list_and_then_for_video_on_its_own_law(
    city, haneul, monkeypatch, kind, service
):
    monkeypatch.setattr("linkage.simulator.watching.ASKS", 1.0)
    catalogue.install()
    link = make_link(city) if service == "disaster" else room_link(service, municipality=city).link
    room = kind(
        client=Line(link, service),
        city=City(lon=127.4, lat=36.4, seed=7, themes=kind.themes),
        rate_per_min=1,
        limit=1,
    )
    room.after(0, room._new_case)
    heapq.heappop(room._agenda)[2]()
    place = Incident.objects.get().location
    seen_by(city, place.x, place.y, "현장")
    incident = lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    lifecycle.move(incident=incident, by=haneul, place=place)
    room.heard(newest("ACK"))
    until_asked(room, 1)
    room.heard(newest("CAMERA_LIST"))
    until_asked(room, 2)
    room.heard(newest("STREAM_GRANT"))
    assert room.watching.answers == {"STREAM_GRANT": 1}
    assert {status for _type, status, _body in room.client.answers} == {201}


def by_django(request: httpx.Request) -> httpx.Response:
    """Answer a terminal's browser in this process and this transaction."""
    said = Client().generic(
        request.method,
        request.url.raw_path.decode(),
        request.content,
        request.headers.get("Content-Type", ""),
        headers={"Cookie": request.headers.get("Cookie", "")},
    )
    cookies = [("Set-Cookie", one.OutputString()) for one in said.cookies.values()]
    return httpx.Response(said.status_code, headers=cookies, content=said.content)


def test_a_dispatched_case_is_on_a_terminal_until_its_end(city, monkeypatch):
    # Looks are counted from now: the first comes after all that is due.
    monkeypatch.setattr("linkage.simulator.police112.LOOK_EVERY_S", 10_000.0)
    line = Line(room_link("police112", municipality=city).link, "police112")
    room = Police112Room(
        client=line,
        city=City(lon=127.4, lat=36.4, seed=7),
        rate_per_min=1,
        habits=Habits(correct=0, cancel=0, same_scene=0, duplicate=0),
        limit=1,
    )
    here = {"transport": httpx.MockTransport(by_django)}
    room.terminals = [
        PatrolTerminal("http://testserver", number="SIM-1", call_sign="순찰11호", **here)
    ]
    room.enrol()
    room._new_case()
    room._dispatch(next(iter(room._open.values())), "")
    given = TerminalShare.objects.get()
    assert (given.terminal.number, given.ended_at) == ("SIM-1", None)
    assert given.opened_at
    work_off(room)
    given.refresh_from_db()
    assert given.end_reason == "agency_close"


def test_a_disaster_is_raised_changed_and_ended_in_both_forms(city, haneul):
    line = Line(make_link(city), "disaster")
    room = DisasterRoom(
        client=line,
        city=City(lon=127.4, lat=36.4, seed=7, themes=DisasterRoom.themes),
        rate_per_min=1,
        limit=2,
    )
    room.after(0, room._new_case)
    for _ in range(2):
        heapq.heappop(room._agenda)[2]()
    by_json, _by_cap = Situation.objects.order_by("pk")
    situations.publish(situation=by_json, is_public=True, by=haneul)
    pushed = OutboxMessage.objects.get(message_type="CAP_ALERT")
    for _ in range(2):
        room.heard(cloud_event(pushed))
        room.acknowledge_published()
    work_off(room)
    assert {status for _type, status, _body in line.answers} == {201}, line.answers
    said = Counter(message_type for message_type, _status, _body in line.answers)
    assert said["Ack"] == said["Alert"] == said["Cancel"] == said["CLOSE"] == 1
    assert said["Update"] == said["STATUS_UPDATE"] == CHANGES
    assert Incident.objects.count() == 2
    assert not Situation.objects.filter(ended_at=None).exists()
    assert by_json.issues.order_by("pk").first().replies.get().msg_type == "Ack"
    pushed.refresh_from_db()
    assert pushed.state == "answered"


@pytest.mark.parametrize(("kind", "service"), [(Police112Room, "police112"), (CityRoom, "city")])
def test_a_close_of_ours_is_acknowledged_and_answers_it(city, haneul, kind, service):
    link = room_link(service, municipality=city).link
    room = kind(
        client=Line(link, service),
        city=City(lon=127.4, lat=36.4, seed=7, themes=Police112Room.themes),
        rate_per_min=1,
    )
    room.client.send("EVENT_NOTIFY", {"receipt_no": "closed-1", **report_of(service)})
    incident = lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    lifecycle.mark_false_alarm(incident=incident, by=haneul)
    ours = OutboxMessage.objects.get(message_type="CLOSE")
    room.heard(cloud_event(ours))
    work_off(room)
    ours.refresh_from_db()
    assert ours.state == "answered", room.client.answers


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_since_is_sent_again_as_the_same_when_the_centre_asks(
    city, administrator, live_server
):
    made = room_link("police112", municipality=city)
    account = Account(live_server.url, made.client_id, made.client_secret, made.link.code)
    client = AgencyClient(account)
    room = Police112Room(
        client=client,
        city=City(lon=127.4, lat=36.4, seed=7),
        rate_per_min=1,
        habits=Habits(0, 0, 0, 0),
    )
    for number in range(2):
        room._report(room.city.case(receipt_no=f"again-{number}", at=datetime.now(UTC)))
    # One was lost with the backup.
    lost = InboxMessage.objects.get(case_number="again-1")
    InboxMessage.objects.filter(pk=lost.pk).delete()
    since = timezone.now() - timedelta(minutes=5)
    asked = resyncs.ask(link=made.link, since=since, reason="복구", by=administrator)
    room.heard(cloud_event(asked.message))
    heapq.heappop(room._agenda)[2]()
    ids = InboxMessage.objects.values_list("message_id", flat=True)
    assert {one["id"] for one in client.sent()} == set(ids)
    assert len(ids) == Incident.objects.count() == 2
    client.hang_up()


@pytest.fixture
def streets(city):
    """The city's own systems as the demo has them, and their room."""
    agency = Agency.objects.create(
        kind="city", organisation_code="9001001", name_ko="한빛시 도시정보센터"
    )
    link = create_link(municipality=city, agency=agency, service="city", code="city-90010").link
    catalogue.install()
    for _ in range(2):
        install_street(municipality=city, link_code=link.code, door="http://127.0.0.1:9/agency/")
    town = Town()
    middle = City(lon=127.4, lat=36.4, seed=7, themes=CityRoom.themes, town=town)
    return CityRoom(client=Line(link, "city"), city=middle, rate_per_min=1), town


def drawn(room, theme):
    """Let the room report a case of this theme."""
    chosen = next(one for one in room.themes if one.code == theme)
    room.city.themes = (chosen,)
    room._report(room.city.case(receipt_no=room._number(), at=datetime.now(UTC)))


def asked(room, adapter, page):
    """Ask the room as the feed does, and give what it lists."""
    kind, content = room.pages[page]()
    assert kind.startswith("application/")
    reading = adapters.ADAPTERS[adapter](content)
    assert reading.refused == ()
    feeds.take(feed=Feed.objects.get(adapter=adapter), reading=reading)
    return reading.events


def test_the_city_systems_press_list_and_measure_as_the_city_takes_it_in(streets):
    room, _town = streets
    assert (Bell.objects.count(), Sensor.objects.count(), Feed.objects.count()) == (28, 3, 3)
    drawn(room, "bell")
    press = BellPress.objects.get()
    assert press.incident.kind.code == "C01"
    for _ in range(3):
        drawn(room, "accident")
    drawn(room, "breakdown")
    drawn(room, "works")
    listed = [
        *asked(room, FeedAdapter.ITS_EVENTS, ITS),
        *asked(room, FeedAdapter.UTIC_EVENTS, UTIC),
    ]
    assert Counter(event.kind_code for event in listed) == {"C07": 3, "C14": 1, "C12": 1}
    assert Incident.objects.exclude(pk=press.incident_id).count() == len(listed)
    drawn(room, "rise")
    levels = []
    for _ in range(RISE_STEPS + 1):
        room._measure()
        levels.append(max(Sensor.objects.values_list("level", flat=True)))
    assert max(levels) == 4
    assert levels[-1] == 0
    assert {status for _type, status, _body in room.client.answers} == {201}


def test_the_traffic_centre_sees_some_accidents_that_112_reported(city, streets):
    room, town = streets
    police = Police112Room(
        client=Line(room_link("police112", municipality=city).link, "police112"),
        city=City(lon=127.4, lat=36.4, seed=7, town=town),
        rate_per_min=1,
        habits=Habits(correct=0, cancel=0, same_scene=0, duplicate=0),
    )
    police.city.themes = tuple(one for one in police.themes if one.code == "401")
    for _ in range(8):
        police._report(police.city.case(receipt_no=police._number(), at=datetime.now(UTC)))
    room._look_around()
    for _due, _order, work in list(room._agenda):
        if getattr(work, "func", None) == room._see:
            work()
    asked(room, FeedAdapter.ITS_EVENTS, ITS)
    asked(room, FeedAdapter.UTIC_EVENTS, UTIC)
    seen = Incident.objects.filter(service="city")
    assert 0 < seen.count() < 8
    assert all(probably_same_as(incident) for incident in seen)


@pytest.mark.parametrize(
    ("kind", "service"), [(Police112Room, "police112"), (Fire119Room, "fire119")]
)
def test_a_still_that_is_told_is_fetched_and_held_against_its_hash(city, haneul, kind, service):
    line = Line(room_link(service, municipality=city).link, service)
    room = kind(
        client=line,
        city=City(lon=127.4, lat=36.4, seed=7, themes=kind.themes),
        rate_per_min=0.001,
        limit=1,
    )
    room._new_case()
    incident = Incident.objects.get()
    picture = Picture(b"\xff\xd8 the scene \xff\xd9", 640, 360, timezone.now())
    camera = make_camera(city)
    still = stills.keep(picture=picture, incident=incident, camera=camera, by=haneul)
    (release,) = stills.send(still=still, by=haneul, text="흰 승용차")
    event = cloud_event(release.message)
    room.heard(event)
    spoilt = {**event["data"]["payload"], "still": "spoilt", "sha256": "0" * 64}
    room.heard({**event, "data": {**event["data"], "payload": spoilt}})
    work_off(room)
    assert room.stills == {str(still.reference): True, "spoilt": False}
    release.refresh_from_db()
    assert release.first_viewed_at is not None
