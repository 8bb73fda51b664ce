"""Nothing accepted is lost: the web process killed at random moments, and the same report at once.

Fault numbers are those of the project's fault list: F1 (kill -9 mid-POST), F17 (100 at once).
"""

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from incidents.models import Incident, Report
from linkage.demo.link import room_link
from linkage.models import Case, InboxMessage
from tests.conftest import THOROUGH
from tests.linkage.conftest import envelope, token_for
from tests.live.conftest import start_web, web  # noqa: F401 - fixtures

pytestmark = pytest.mark.live
POSTS = 500 if THOROUGH else 150
SENDERS = 4
# Enough to hit every part of a post; a bound, so that a busy machine finishes too.
MOST_KILLS = 15 if THOROUGH else 6


@pytest.fixture
def sender(web, city):  # noqa: F811
    """Give a function that posts one document once; None when no answer came."""
    link = room_link(
        "police112", municipality=city, push_url="", rate_per_s=1000, burst=10_000
    ).link
    headers = {"Authorization": f"Bearer {token_for(link)}"}
    url = f"{web.url}/api/v1/links/{link.code}/messages"
    http = httpx.Client(headers=headers, timeout=20, trust_env=False)

    def send(document, *, key: str | None = None) -> httpx.Response | None:
        try:
            return http.post(url, json=document, headers={"Idempotency-Key": key} if key else {})
        except httpx.HTTPError:
            return None

    yield send
    http.close()


class Killer(threading.Thread):
    """Kills the web process at random moments and starts it again, until told to stop."""

    def __init__(self, web) -> None:  # noqa: F811
        super().__init__(daemon=True)
        self.web, self.kills, self.ended = web, 0, threading.Event()

    def run(self) -> None:
        chance = random.Random(112)
        while self.kills < MOST_KILLS and not self.ended.wait(chance.uniform(0.4, 2.5)):
            self.web.stop(signal.SIGKILL)
            self.kills += 1
            self.web.start()


def test_every_201_survives_kills_and_a_retry_makes_one_incident(web, sender):  # noqa: F811
    answers: dict[str, dict] = {}
    unanswered = 0
    counting = threading.Lock()

    def post_until_answered(number: int) -> None:
        nonlocal unanswered
        receipt_no = f"f1-{number:04d}"
        document, deadline = envelope(receipt_no=receipt_no), time.monotonic() + 120
        while time.monotonic() < deadline:
            response = sender(document, key=document["msg_id"])
            if response is not None and response.status_code == 201:
                answers[receipt_no] = response.json()
                return
            with counting:
                unanswered += 1
            time.sleep(0.1)

    killer = Killer(web)
    killer.start()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(post_until_answered, range(POSTS)))
    killer.ended.set()
    killer.join(40)
    assert killer.kills >= 3
    assert len(answers) == POSTS
    kept = dict(Case.objects.values_list("external_id", "incident__number"))
    assert kept == {name: body["incident"]["number"] for name, body in answers.items()}
    assert Incident.objects.count() == POSTS
    assert Report.objects.count() == POSTS
    assert InboxMessage.objects.count() == POSTS
    print(f"F1: {POSTS} posts, {killer.kills} kills, {unanswered} unanswered tries, 0 lost")  # noqa: T201


def test_the_same_report_100_times_at_once_is_one_incident_with_one_answer(sender):
    document = envelope()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: sender(document), range(100)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert Incident.objects.count() == 1


def test_the_same_key_100_times_at_once_replays_or_says_in_flight(sender):
    document = envelope()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: sender(document, key="k-1"), range(100)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    taken = [answer.text for answer in answers if answer.status_code == 201]
    assert len(set(taken)) == 1
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refused <= {"idempotency_key_in_flight"}
    assert Incident.objects.count() == 1
