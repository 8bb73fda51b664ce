"""The register says what was delivered: random viewers, grants and ends, and processes killed.

By the built-in way a web process is killed in the middle; by nginx' way, where persons' pieces are
files that nginx sends, the web process, nginx' worker and all of nginx.

Tolerance: a session claims at its end no more than CHECK_S + HANDOVER_S without a byte, and bridges
no pause in its middle that is longer than that and BREAK together; it leaves no byte unclaimed.
Posters are claimed one by one; one that a killed process recorded and did not send is claimed too.
"""

import contextlib
import os
import random
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

import httpx
import pytest
from django.utils import timezone

from cctv import posters, view_ends
from cctv.choices import EndReason
from cctv.models import Camera, ViewRecord
from cctv.models_video import BREAK
from cctv.passes import CHECK_S, HANDOVER_S
from cctv.posters import Poster
from controlroom.accounts.models import User
from incidents.models import Incident, Kind
from linkage import grants
from linkage.choices import LinkMode
from linkage.demo.link import room_link
from linkage.models import AgencySeat, ProvisionEntry, StreamGrant
from linkage.models_video import GrantEnd
from tests.cctv.builders import make_camera
from tests.linkage.conftest import api_client, envelope, token_for
from tests.linkage.services.police112.conftest import RECEIPT, ask
from tests.linkage.services.police112.terminals import enrolled, share
from tests.linkage.test_mutual_tls import Authority
from tests.live.conftest import Web, short_folder, until
from tests.live.test_nginx import NGINX, Front

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.django_db(transaction=True)]

RUN_S = 10.0
MISSED_AT_MOST = 6
AT_THE_END = timedelta(seconds=CHECK_S + HANDOVER_S)
IN_THE_MIDDLE = AT_THE_END + BREAK
# Between the two machines' looks at one clock.
CLOCK = timedelta(seconds=0.2)
PICTURE = b"\xff\xd8 what the camera saw before \xff\xd9"


@dataclass
class Watcher(threading.Thread):
    """A player that counts what it was given: asked when, and the last byte when."""

    grant: str
    who: str
    under: str
    header: str
    prefix: str
    headers: dict[str, str]
    chance: random.Random
    trust: ssl.SSLContext
    ticket_url: str = ""
    # A list is one request to the web process; who does without asks nginx for pieces alone.
    counts_on: bool = False
    newest: str = ""
    missed: int = 0
    stops: threading.Event = field(default_factory=threading.Event)
    delivered: list[tuple[datetime, datetime, int]] = field(default_factory=list)
    posters: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        with httpx.Client(headers=self.headers, verify=self.trust, timeout=20) as client:
            while not self.stops.is_set():
                with contextlib.suppress(httpx.HTTPError):
                    self._watch(client)
                time.sleep(0.2)

    def _watch(self, client: httpx.Client) -> None:
        """Watch by one ticket until it is refused, or until this player is closed or goes away."""
        answer = client.post(self.ticket_url or f"{self.under}ticket")
        if answer.status_code != 201:
            self.refused += 1
            time.sleep(0.5)
            return
        shown = {self.header: self.prefix + answer.json()["ticket"]}
        under = answer.json()["playlist"].rsplit("/", 1)[0]
        base = f"{client.headers['X-Base']}{under}/"
        if self.chance.random() < 0.7:
            before = client.get(
                f"{client.headers['X-Base']}{answer.json()['poster']}", headers=shown
            )
            self.posters += before.content == PICTURE
            if self.chance.random() < 0.3:
                return  # it is content with that
        until_s = time.monotonic() + self.chance.uniform(2, 9)
        pauses_at = time.monotonic() + self.chance.uniform(1, 8)
        seen: set[str] = set()
        self.newest = ""
        while not self.stops.is_set() and time.monotonic() < until_s:
            if not self._take_news(client, base, shown, seen):
                return
            if time.monotonic() > pauses_at:
                pauses_at = until_s
                time.sleep(self.chance.uniform(0, 7))
            time.sleep(0.3)
        if self.chance.random() < 0.5:  # else it goes away without a word
            away = f"{self.under}ticket" if self.prefix == "" else f"{base}state"
            client.delete(away, headers=shown)

    def _take_news(
        self, client: httpx.Client, base: str, shown: dict[str, str], seen: set[str]
    ) -> bool:
        """Take what is new, by the play list or by counting on; False when it is refused."""
        if self.counts_on and self.newest:
            return self._count_on(client, base, shown)
        body = self._take(client, f"{base}live.m3u8", shown)
        named = (body or b"").decode().splitlines()
        news = [line for line in named if line.endswith(".m4s") and line not in seen]
        seen.update(news)
        self.newest = named[-1] if news else self.newest
        return body is not None and all(
            self._take(client, f"{base}{piece}", shown) is not None for piece in news
        )

    def _count_on(self, client: httpx.Client, base: str, shown: dict[str, str]) -> bool:
        """Take the piece after the last one without asking for a list, as long as there is one."""
        run, number = self.newest.removesuffix(".m4s").split("-")
        following = f"{run}-{int(number) + 1:06}.m4s"
        got = self._take(client, f"{base}{following}", shown)
        if got:
            self.newest, self.missed = following, 0
        else:
            self.missed += 1
        if self.missed > MISSED_AT_MOST:
            # Another run of the relay, which a list names.
            self.newest, self.missed = "", 0
        return got is not None

    def _take(self, client: httpx.Client, url: str, shown: dict[str, str]) -> bytes | None:
        """Take what is there; a piece cut short by a dying server was delivered all the same."""
        asked, got = datetime.now(UTC), b""
        try:
            with client.stream("GET", url, headers=shown) as answer:
                if answer.status_code == 404 and url.endswith(".m4s"):
                    return b""
                if answer.status_code != 200:
                    self.refused += 1
                    return None
                for part in answer.iter_bytes():
                    got += part
        finally:
            if got:
                self.delivered.append((asked, datetime.now(UTC), len(got)))
        return got


@dataclass
class Place:
    """Where players ask, and what is killed there while they watch."""

    url: str
    web: Web
    # Five players, by whom each: two watch by one grant.
    players: tuple[str, ...]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    front: Front | None = None

    def kills(self) -> list[Callable[[], object]]:
        if self.front is None:
            return [self.kill_web]
        return [self.kill_web, self.kill_worker, self.kill_front]

    def kill_web(self) -> None:
        self.web.stop(signal.SIGKILL)
        self.web.start()

    def kill_worker(self) -> None:
        for pid in self.front.workers():
            os.kill(pid, signal.SIGKILL)

    def kill_front(self) -> None:
        self.front.kill()
        self.front.start()


@pytest.fixture
def built_in(web: Web) -> Place:
    return Place(web.url, web, ("system", "system", "terminal", "terminal", "person"))


@pytest.fixture
def by_nginx(transactional_db) -> Iterator[Place]:
    """Persons' pieces are nginx' to send; what systems and terminals ask for passes through it."""
    if NGINX is None:
        pytest.skip("this machine has no nginx")
    with short_folder() as folder:
        front = Front(folder, Authority("한빛시 CA"), Authority("기관 CA"))
        url = f"https://localhost:{front.port}"
        web = Web(
            folder,
            on_socket=f"{folder}/web.sock",
            CONTROLROOM_VIDEO_DIR=f"{folder}/video",
            CONTROLROOM_BEHIND_PROXY="true",
            CONTROLROOM_TRUSTED_ORIGINS=url,
        )
        try:
            web.start()
            front.start()
            trust = ssl.create_default_context(cafile=folder / "trusted.pem")
            who = ("system", "person", "terminal", "person", "person")
            yield Place(url, web, who, trust, front)
        finally:
            front.stop()
            web.close()


@pytest.fixture(params=["built_in", "by_nginx"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


@pytest.fixture
def watchers(place: Place, city, haneul, settings) -> Iterator[list[Watcher]]:
    """Five players by four grants: the room's system, its terminal, its persons."""
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")
    Kind.objects.create(service="police112", code="201", name_ko="폭력", name_en="assault")
    link = room_link("police112", municipality=city, mode=LinkMode.PUSH).link
    api = api_client(link)
    cameras = [make_camera(city, 30.0 * n) for n in (1, 2, 3, 4)]

    def post(document) -> None:
        answer = api.post(f"/api/v1/links/{link.code}/messages", document, format="json")
        assert answer.status_code == 201, answer.content

    post(envelope(receipt_no=RECEIPT))
    post(ask(*[camera.pk for camera in cameras]))
    settings.STATE_DIR = place.web.log_path.parent / "state"
    _look_at(cameras)
    first, second, third, fourth = StreamGrant.objects.order_by("pk")
    browser = enrolled(api, link)
    assert share(api, link).status_code == 201
    chance = random.Random(seed)

    def player(grant, who, under, header, prefix, headers, ticket_url="") -> Watcher:
        return Watcher(
            grant=str(grant.reference),
            who=who,
            under=f"{place.url}{under}",
            header=header,
            prefix=prefix,
            headers=headers | {"X-Base": place.url},
            chance=random.Random(chance.random()),
            trust=place.trust,
            ticket_url=f"{place.url}{ticket_url}" if ticket_url else "",
        )

    def system(grant: StreamGrant) -> Watcher:
        shown = {"Authorization": f"Bearer {token}"}
        under = f"/api/v1/links/{link.code}/grants/{grant.reference}/"
        return player(grant, link.code, under, "Video-Ticket", "", shown)

    def terminal(grant: StreamGrant) -> Watcher:
        shown = {"Cookie": f"patrol={browser.cookies['patrol'].value}"}
        under = f"/patrol/cameras/{grant.reference}/"
        return player(grant, f"{link.code} T-01", under, "Authorization", "Ticket ", shown)

    def person(grant: StreamGrant) -> Watcher:
        user = User.objects.create_user(f"engineer-{grant.camera_id}")
        AgencySeat.objects.create(municipality=city, agency=link.agency, user=user)
        shown = {
            "Cookie": f"{place.web.cookie_of(user)}; csrftoken={'c' * 32}",
            "X-CSRFToken": "c" * 32,
            "Referer": f"{place.url}/",
        }
        seat = f"/agency/case/{link.code}/{RECEIPT}/watch/cameras/{grant.reference}/ticket"
        under = f"/video/{grant.camera_id}/"
        made = player(grant, str(user), under, "Authorization", "Ticket ", shown, seat)
        made.counts_on = True
        return made

    token = token_for(link, "police112")
    by = {"system": system, "terminal": terminal, "person": person}
    players = [
        by[who](grant)
        for who, grant in zip(place.players, (first, second, first, third, fourth), strict=True)
    ]
    yield players
    for one in players:
        one.stops.set()
    for one in players:
        one.join(25)


def _look_at(cameras: list[Camera]) -> None:
    for camera in cameras:
        seen = Poster(PICTURE, timezone.now())
        posters.keep(camera_id=camera.pk, mark=posters.mark_of(camera), poster=seen)


def test_every_delivered_second_is_in_the_register_and_no_other(place, watchers, haneul):
    for one in watchers:
        one.start()
    until(lambda: all(one.delivered for one in watchers), within_s=60, what="all watch")
    began = time.monotonic()
    first, *later = place.kills()
    first()
    ends = random.Random(watchers[0].chance.random()).sample([_revoke, _expire, _close], 3)
    grants_ended = StreamGrant.objects.order_by("-pk")[:3]
    for grant, end, kill in zip_longest(grants_ended, ends, later):
        time.sleep(RUN_S / 4)
        end(grant, haneul)
        if kill:
            kill()
    time.sleep(max(0.0, began + RUN_S - time.monotonic()))
    for one in watchers:
        one.stops.set()
    for one in watchers:
        one.join(25)
    view_ends.sweep()
    view_ends.end_views(
        grants=list(StreamGrant.objects.values_list("reference", flat=True)),
        reason=EndReason.STOPPED,
    )
    until(lambda: not view_ends.settle() and not _unsettled(), within_s=20, what="all is settled")
    _compare(watchers, lost_at_most=len(later), kills=len(later) + 1)


def _unsettled() -> bool:
    return ViewRecord.objects.filter(settled_at=None).exists()


def _revoke(grant: StreamGrant, by: User) -> None:
    grants.revoke(grant=grant, by=by, reason="시험")


def _expire(grant: StreamGrant, _by: User) -> None:
    StreamGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())


def _close(grant: StreamGrant, _by: User) -> None:
    grants.end(grants=StreamGrant.objects.filter(pk=grant.pk), why=GrantEnd.AGENCY_CLOSE)


def _claims(entry: ProvisionEntry) -> list[tuple[datetime, datetime]]:
    """Give the stretches of time in which the entry says that something left."""
    edges = [entry.began_at]
    for pause in entry.breaks:
        edges += [datetime.fromisoformat(moment) for moment in pause]
    edges.append(entry.ended_at)
    return list(zip(edges[::2], edges[1::2], strict=True))


def _compare(watchers: list[Watcher], *, lost_at_most: int, kills: int) -> None:
    """A piece is counted when nginx is let send it; with nginx dies the one on its way, if any."""
    assert Incident.objects.count() == 1
    entries = list(ProvisionEntry.objects.select_related("grant"))
    gave_nothing = {"first_byte_at": None, "poster_sent_at": None}
    assert len(entries) == ViewRecord.objects.exclude(**gave_nothing).count()
    unclaimed, idle, seconds = [], [], 0.0
    for one in watchers:
        given = sorted(one.delivered)
        own = [
            entry
            for entry in entries
            if (str(entry.grant.reference), entry.received_by) == (one.grant, one.who)
        ]
        claims = sorted(stretch for entry in own for stretch in _claims(entry))
        unclaimed += [
            (one.who, got)
            for _asked, got, _size in given
            if not any(begin - CLOCK <= got <= end + CLOCK for begin, end in claims)
        ]
        idle += [(one.who, *gap) for stretch in claims for gap in _gaps(stretch, given)]
        seconds += sum((end - begin).total_seconds() for begin, end in claims)
        before = [entry for entry in own if entry.poster_sent_at]
        assert one.posters <= len(before) <= one.posters + kills
        sizes = [size for _asked, _got, size in given] + [len(PICTURE)] * len(before)
        assert sum(entry.size for entry in own) <= sum(sizes) + lost_at_most * max(sizes)
    parts = sum(len(one.delivered) for one in watchers)
    pictures = sum(one.posters for one in watchers)
    sys.stdout.write(
        f"{parts} parts, {pictures} posters, {len(entries)} entries, {seconds:.0f} s claimed\n"
    )
    assert (unclaimed, idle) == ([], [])


def _gaps(
    stretch: tuple[datetime, datetime], given: list[tuple[datetime, datetime, int]]
) -> Iterator[tuple[datetime, datetime]]:
    """Find where a claimed stretch holds nothing for longer than the tolerance."""
    begin, end = stretch
    last = begin
    for asked, got, _size in given:
        if got < begin or asked > end:
            continue
        if asked - last > IN_THE_MIDDLE + CLOCK:
            yield last, asked
        last = max(last, got)
    if end - last > AT_THE_END + CLOCK:
        yield last, end
