"""The operations screen in a real Chromium against the real product."""

import signal
import statistics
import threading
import time
from itertools import count

import pytest
from django.utils import timezone

from cctv.models import ViewRecord
from controlroom.accounts.models import User
from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from linkage import inbox, outbox, transport
from linkage.demo.link import room_link
from linkage.links import new_webhook_secret
from linkage.models import Link, OutboxMessage, Still
from linkage.models_cap import CapIssue
from linkage.models_city import Feed
from linkage.models_disaster import OnwardContact, Situation
from linkage.services.city import feeds
from linkage.services.disaster import cap_intake
from linkage.simulator.receiver import Receiver, serve
from linkage.simulator.road_video import PAGE, RoadVideo
from linkage.simulator.street import ROAD_CAMERAS
from linkage.wire import canonical
from tests.browser.conftest import CODE, committed, show
from tests.browser.test_axe import faults, leave
from tests.linkage.cap.alerts import alert, references
from tests.linkage.services.disaster.conftest import make_link, notify
from tests.looks import fits, picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]
_cases = count(1)
WIDE = {"width": 1920, "height": 1080}

SEEN = """(receipt) => new Promise((done) => {
  const find = () => [...document.querySelectorAll('.strip-address')]
    .some((line) => line.textContent.includes(receipt) && line.getBoundingClientRect().height > 0);
  const look = () => find() && requestAnimationFrame(() => done(Date.now()));
  new MutationObserver(look).observe(document.getElementById('strips'),
    { childList: true, subtree: true, characterData: true });
  look();
})"""


def case(stage, **payload) -> str:
    """Report a case whose number stands in its address, so that its strip can be found."""
    receipt = f"B{next(_cases):06d}-{time.monotonic_ns() % 10**6:06d}"
    stage.report(receipt, **{"urgency": "2", "address": f"중앙로 {receipt}", **payload})
    return receipt


def strip(page, receipt: str):
    return page.locator(".strip", has_text=receipt)


def press(page, code: str, key: str) -> None:
    """Press a key as a keyboard in Hangul mode does: the place says C, the letter says ㅊ."""
    page.evaluate(
        """([code, key]) => (document.activeElement ?? document.body).dispatchEvent(
          new KeyboardEvent('keydown', { code, key, bubbles: true, cancelable: true }))""",
        [code, key],
    )


def incident_of(receipt: str) -> Incident:
    return Incident.objects.get(address__contains=receipt)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def test_a_report_is_visible_as_a_strip_at_once(stage, console, capsys):
    page = console()
    took = []
    for _ in range(30):
        receipt = f"V{next(_cases):06d}-{time.monotonic_ns() % 10**6:06d}"
        page.evaluate(f"() => {{ window.seen = ({SEEN})('{receipt}'); }}")
        posted = time.time() * 1000
        stage.report(receipt, urgency="3", address=f"한밭로 {receipt}")
        took.append(page.evaluate("window.seen") - posted)
    p50, p99 = statistics.median(took), percentile(took, 0.99)
    show(capsys, f"report posted -> strip visible: p50 {p50:.0f} ms, p99 {p99:.0f} ms of 30")
    assert page.faults == []


def test_v_shows_decoded_frames_of_the_best_camera(stage, console, capsys):
    receipt = case(stage, urgency="0")
    page = console()
    strip(page, receipt).click()
    page.wait_for_selector("#cameras .camera")
    took = []
    for _ in range(20):
        page.evaluate(
            """() => {
              window.firstFrame = new Promise((done) => {
                window.pressed = performance.now();
                const look = () => {
                  const video = document.querySelector('.tile[data-large] video');
                  video ? video.requestVideoFrameCallback(() => done(performance.now() - window.pressed))
                        : requestAnimationFrame(look);
                };
                look();
              });
            }"""  # noqa: E501
        )
        page.keyboard.press("v")
        took.append(page.evaluate("window.firstFrame"))
        page.keyboard.press("x")
        page.wait_for_selector("#video", state="hidden")
    p50, p95 = statistics.median(took), percentile(took, 0.95)
    show(capsys, f"V -> decoded frame: cold {took[0]:.0f}, p50 {p50:.0f}, p95 {p95:.0f} ms")
    assert page.faults == []


def test_the_whole_journey_by_keyboard_alone_in_hangul_mode(stage, console):
    receipt = case(stage, urgency="0", kind_code="201")
    page = console()
    page.wait_for_selector(f".strip:has-text('{receipt}')")
    for _ in range(60):
        press(page, "KeyJ", "ㅓ")
        if strip(page, receipt).get_attribute("aria-current") == "true":
            break
    press(page, "Space", " ")
    page.wait_for_selector(f".strip:has-text('{receipt}'):not([data-waiting])")
    assert incident_of(receipt).status == "acknowledged"
    press(page, "Enter", "Enter")
    page.wait_for_selector("#incident-actions [data-verb=claim]")
    press(page, "KeyC", "ㅊ")
    page.wait_for_selector("#incident-actions [data-verb=close]")
    assert incident_of(receipt).owner.username == "haneul"
    press(page, "KeyV", "ㅍ")
    page.wait_for_function(
        "() => document.querySelector('.tile[data-large] .player')?.dataset.frames > 0"
    )
    press(page, "Digit2", "2")
    page.wait_for_selector(".tile:nth-child(2)[data-large]")
    press(page, "KeyN", "ㅜ")
    page.keyboard.insert_text("순찰차 도착")
    page.keyboard.press("Enter")
    page.wait_for_selector("#timeline .fact-note:has-text('순찰차 도착')")
    page.keyboard.press("Escape")
    # Closing has no key of its own: its button is reached and pressed by the keyboard.
    page.focus("#incident-actions [data-verb=close]")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.closest('#verb-fields')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("현장 조치 완료")
    # Past whether it was of use and the way back.
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "verb-submit"
    page.keyboard.press("Enter")
    page.wait_for_selector("#verb-dialog:not([open])", state="attached")
    page.wait_for_selector(f".strip:has-text('{receipt}')", state="detached")
    assert incident_of(receipt).status == "closed"
    page.wait_for_selector("#video", state="hidden")
    assert page.faults == []


def test_one_key_acknowledges_and_none_fires_while_composing(stage, console):
    receipt = case(stage, urgency="0")
    page = console()
    strip(page, receipt).click()
    page.wait_for_selector("#incident-actions [data-verb=acknowledge]")
    page.evaluate(
        """document.body.dispatchEvent(new KeyboardEvent('keydown',
          { code: 'Space', key: 'Process', keyCode: 229, isComposing: true, bubbles: true }))"""
    )
    page.focus("#note")
    page.keyboard.press("Space")
    assert incident_of(receipt).status == "received"
    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    page.wait_for_selector(f".strip:has-text('{receipt}'):not([data-waiting])")
    assert incident_of(receipt).status == "acknowledged"


def test_a_draft_survives_a_reload(stage, console):
    receipt = case(stage)
    page = console()
    strip(page, receipt).click()
    page.fill("#note", "쓰다 만 메모")
    page.reload()
    page.wait_for_selector('#freshness[data-state="live"]')
    strip(page, receipt).click()
    assert page.input_value("#note") == "쓰다 만 메모"


def test_an_urgent_report_is_announced_and_sounds(stage, console):
    page = console()
    page.mouse.click(700, 400)
    page.wait_for_selector("#sound-alarm", state="hidden")
    page.evaluate(
        """() => {
          window.tones = 0;
          const start = OscillatorNode.prototype.start;
          OscillatorNode.prototype.start = function (...at) { window.tones += 1; return start.apply(this, at); };
        }"""  # noqa: E501
    )
    receipt = case(stage, urgency="0")
    page.wait_for_function(
        "(text) => document.getElementById('announce-urgent').textContent.includes(text)",
        arg=receipt,
    )
    page.wait_for_function("() => window.tones >= 4")
    page.keyboard.press("F8")
    page.wait_for_selector("#silence[data-silent]")


def test_a_frozen_server_is_told_within_seconds_and_recovers(stage, console):
    page = console()
    stage.web.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        page.wait_for_selector('body[data-freshness="stale"] #banner:not([hidden])', timeout=20000)
        told_s = time.monotonic() - began
        assert "마지막 갱신" in page.inner_text("#banner")
    finally:
        stage.web.process.send_signal(signal.SIGCONT)
    assert told_s <= 16
    receipt = case(stage)
    page.wait_for_selector('#freshness[data-state="live"]', timeout=30000)
    strip(page, receipt).wait_for(timeout=15000)


@pytest.mark.parametrize("size", [(1280, 720), (2560, 1440)])
def test_the_page_never_scrolls_and_nothing_sticks_out(stage, console, size):
    receipt = case(stage, urgency="0")
    page = console(viewport={"width": size[0], "height": size[1]})
    strip(page, receipt).click()
    page.wait_for_selector("#cameras .camera")
    page.keyboard.press("v")
    page.wait_for_selector(".tile")
    width, height = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert (width, height) == size
    clipped = page.evaluate(
        """() => [...document.querySelectorAll('.topbar > *, .topbar-tools > *, .button')]
          .filter((one) => one.checkVisibility({ contentVisibilityAuto: true })
            && (one.scrollWidth > one.clientWidth + 2
              || one.getBoundingClientRect().right > innerWidth))
          .map((one) => one.id || one.className)"""
    )
    assert clipped == []


def test_twenty_thousand_cameras_stay_usable(stage, console, capsys):
    page = None

    def sites(route):
        rows = [
            [
                i,
                127.33 + (i * 7919 % 9973) / 71000,
                36.33 + (i * 104729 % 9967) / 71000,
                1,
                1,
                0,
                f"지점 {i}",
            ]
            for i in range(20000)
        ]
        route.fulfill(json={"sites": rows, "purposes": [], "health": []})

    stage_context = console()
    stage_context.context.route("**/cctv/sites.json", sites)
    stage_context.reload()
    page = stage_context
    page.wait_for_selector('#freshness[data-state="live"]')
    page.wait_for_function("() => controlroom.siteCount() === 20000")
    page.evaluate(
        """() => {
          window.frames_ = [];
          let last = performance.now();
          const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick); };
          requestAnimationFrame(tick);
        }"""  # noqa: E501
    )
    for _ in range(3):
        page.mouse.move(700, 400)
        page.mouse.down()
        for step in range(20):
            page.mouse.move(700 - step * 12, 400 - step * 6)
        page.mouse.up()
        page.mouse.wheel(0, -400)
    page.wait_for_timeout(500)
    frames = page.evaluate("window.frames_.slice(2)")
    paints = page.evaluate("controlroom.paintMs()")
    show(
        capsys,
        f"20,000 cameras: frame p50 {statistics.median(frames):.0f} ms, "
        f"p95 {percentile(frames, 0.95):.0f}, worst {max(frames):.0f} ms of {len(frames)}; "
        f"paint worst {max(paints):.0f} ms (software rendering)",
    )
    assert len(frames) > 20


def test_another_persons_work_shows_here_without_a_reload(stage, console):
    receipt = case(stage)
    mine, theirs = console("haneul"), console("sup")
    strip(mine, receipt).click()
    mine.wait_for_selector("#incident-actions [data-verb=claim]")
    mine.keyboard.press("c")
    owner = User.objects.get(username="haneul").display_name
    strip(theirs, receipt).locator(".strip-owner", has_text=owner).wait_for()


def test_signing_out_leaves_nothing_behind(stage, console):
    page = console("police")
    page.click("#sign-out button")
    page.wait_for_url("**/accounts/login/**")
    page.goto(f"/m/{CODE}/")
    assert "/accounts/login/" in page.url


def declared(stage) -> Situation:
    """Let a disaster room raise a situation over the middle of the city, with somebody to tell."""

    def work() -> Situation:
        west, south = stage.city.centre.x - 0.012, stage.city.centre.y - 0.008
        east, north = stage.city.centre.x + 0.016, stage.city.centre.y + 0.01
        ring = [[west, south], [east, south - 0.003], [east + 0.004, north], [west, north]]
        area = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        OnwardContact.objects.create(
            municipality=stage.city, whom="부시장", number="042-000-0001", from_level=2
        )
        link = make_link(stage.city)
        document = notify(area=area, level=2, report_every_min=180, address="가온동 가온천")
        inbox.accept(link=link, raw=canonical(document))
        return Situation.objects.get(incident__cases__link=link)

    return committed(work)


def answered(stage, situation: Situation) -> None:
    """Let the room answer to the alert that was published of the situation."""

    def work() -> None:
        issue = CapIssue.objects.get(situation=situation)
        raw = alert(
            identifier="R-1",
            sent=timezone.localtime().replace(microsecond=0).isoformat(),
            msg_type="Ack",
            scope="Private",
            extra=f"<addresses>{issue.sender}</addresses><note>000</note>",
            after=references((issue.sender, issue.identifier, issue.sent.isoformat())),
            infos="",
        )
        cap_intake.accept(link=Link.objects.get(code=f"disaster-{CODE}"), raw=raw)

    committed(work)


def draw_a_triangle(page) -> None:
    page.click("#disaster-do-draw")
    for x, y in ((420, 250), (560, 300), (500, 420)):
        page.mouse.click(x, y)
    page.keyboard.press("Enter")


def test_a_disaster_is_worked_and_its_area_is_drawn_by_level(stage, console):
    situation = declared(stage)
    page, other = console(), console(theme="light", language="en", viewport=WIDE)
    strip(page, "가온동 가온천").click()
    page.wait_for_selector("#disaster-body:not([hidden])")
    page.wait_for_selector("path.crisis-area.crisis-2")
    page.wait_for_selector(".crisis-camera")
    found = faults(page, "situation, dark")
    page.click("#disaster-do-level")
    page.select_option("#field-level", "4")
    page.click("#verb-submit")
    page.wait_for_selector("#verb-dialog:not([open])", state="attached")
    drawn = Situation.objects.get(pk=situation.pk).area
    draw_a_triangle(page)
    other.wait_for_function(
        """() => document.querySelector('path.crisis-area')?.getAttribute('d').match(/[ML]/g).length
          === 3"""
    )
    assert Situation.objects.get(pk=situation.pk).area != drawn
    # Another desk sees it without doing anything.
    other.wait_for_selector("path.crisis-area.crisis-4")
    other.wait_for_selector("#crisis-legend:not([hidden])")
    page.click("#disaster-do-report")
    page.fill("#field-text", "하천 수위 상승, 대피 중")
    page.click("#verb-submit")
    page.wait_for_selector("#disaster-reports :text('하천 수위 상승')")
    page.check("#disaster-notices input")
    page.wait_for_selector("#disaster-notices input:disabled")
    page.click("#disaster-notices button")
    page.fill("#field-name", "김 비서관")
    page.click("#verb-submit")
    page.wait_for_selector("#disaster-notices :text('김 비서관')")
    page.click("#disaster-do-publish")
    page.click("#verb-submit")
    page.wait_for_selector("#disaster-alerts :text('응답 없음')")
    # To each agency by its line; what its own people say is another thing.
    page.wait_for_selector(f"#disaster-alerts [data-push=disaster-{CODE}]")
    answered(stage, situation)
    page.wait_for_selector("#disaster-alerts :text('cap.agency.example 수신확인')")
    page.locator("#disaster-alerts [data-push]", has_text="기관 응답").wait_for()
    strip(other, "가온동 가온천").click()
    other.wait_for_selector("#disaster-body:not([hidden])")
    other.click("#disaster-sight")
    found += faults(other, "situation, light")
    for desk, name in ((page, "disaster-dark-ko"), (other, "disaster-light-en")):
        picture(desk, name)
        desk.click("#theme-toggle")
        desk.evaluate("document.getElementById('disaster-notices').scrollIntoView()")
        picture(desk, f"{name}-other-theme")
        assert fits(desk)
    page.click("#disaster-do-end")
    page.click("#verb-submit")
    other.wait_for_selector("path.crisis-area", state="detached")
    assert found == page.faults == other.faults == []


@pytest.fixture
def roads(stage):
    """Serve the simulated road operator, and ask it once as the city's feed does."""
    city = Municipality.objects.get(code=CODE)
    middle = {"lon": city.centre.x, "lat": city.centre.y}
    receiver = Receiver(
        secret=new_webhook_secret(),
        on_message=lambda _event: None,
        further=RoadVideo(**middle).answer,
    )
    door = serve(receiver, port=0)
    threading.Thread(target=door.serve_forever, daemon=True).start()

    def ask() -> None:
        link = room_link("city", municipality=stage.city).link
        feed = Feed.objects.create(
            municipality=stage.city,
            link=link,
            adapter="its_cameras",
            url=f"{door.url}{PAGE}",
            allow_private_address=True,
        )
        feeds.poll(feed_id=feed.pk)

    committed(ask)
    yield middle
    transport.hang_up()
    door.shutdown()
    door.server_close()


def test_a_traffic_camera_is_a_square_of_its_own_and_is_seen_live_beside_an_incident(
    stage, console, roads
):
    receipt = case(stage, place={**roads, "error_radius_m": 10, "method": "gps"})
    page = console(viewport=WIDE)
    page.wait_for_selector(".road-pin", state="attached")
    assert page.locator(".road-pin").count() == len(ROAD_CAMERAS)
    page.click("#map-roads")
    assert page.locator(".road-pin").count() == 0
    strip(page, receipt).click()
    page.wait_for_selector("#roads .camera")
    nearest = page.locator("#roads .camera-name").first
    assert "시청네거리" in nearest.inner_text()
    assert faults(page, "an incident with traffic cameras") == []
    nearest.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector('.tile[data-large] .player[data-state="live"]', timeout=30_000)
    assert ViewRecord.objects.filter(camera__site__is_borrowed=True, ended_at=None).exists()
    assert page.faults == []


def test_a_still_is_taken_seen_and_sent_and_every_desk_hears_of_its_way(stage, console):
    receipt = case(stage, urgency="2")
    page, other = console(), console(theme="light", language="en", viewport=WIDE)
    for desk in (page, other):
        strip(desk, receipt).click()
        desk.wait_for_selector("#stills .muted")
    page.keyboard.press("p")
    page.wait_for_function(
        "() => document.getElementById('announce').textContent.includes('영상을')"
    )
    page.keyboard.press("v")
    page.wait_for_selector(".tile[data-large] .player[data-state='live']")
    picture(page, "still-wall-ko")
    page.keyboard.press("p")
    page.wait_for_selector("#still-dialog[open] #still-send:enabled")
    page.wait_for_function("() => document.getElementById('still-picture').naturalWidth === 640")
    assert page.evaluate("document.activeElement.id") == "still-text"
    page.keyboard.insert_text("흰 모자, 시장 쪽으로")
    found = faults(page, "still, dark")
    picture(page, "still-dialog-ko")
    assert fits(page)
    button = page.locator("#still-send").bounding_box()
    assert button["y"] + button["height"] <= page.viewport_size["height"]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#still-dialog:not([open])", state="attached")
    shown = "document.getElementById('still-picture').getAttribute('src')"
    assert page.evaluate(shown) is None
    # Another desk sees it and its way without doing anything; the agency acknowledges.
    other.wait_for_selector("#stills .still-sent:text('Queued')")
    committed(lambda: outbox.acknowledge(link=sent_still().link, uid=sent_still().uid))
    other.wait_for_selector("#stills .still-sent:text('Acknowledged')")
    other.wait_for_selector("#timeline :text('Still sent')")
    other.click("#stills button")
    other.wait_for_selector("#still-dialog[open] #still-send:enabled")
    other.wait_for_function("() => document.getElementById('still-picture').naturalWidth === 640")
    found += faults(other, "still, light")
    picture(other, "still-dialog-en")
    leave(other, "still")
    other.evaluate("document.getElementById('stills').scrollIntoView({ block: 'center' })")
    picture(other, "still-panel-en")
    found += reported_with_it(page)
    assert found == page.faults == other.faults == []


def reported_with_it(page) -> list[str]:
    """Report to an agency with the still that was taken; one could be taken now as well."""
    page.click("#report-open")
    labels = page.locator("#field-still option").all_inner_texts()
    assert any(label.startswith("지금 찍기") for label in labels)
    target = page.locator("#field-target option").nth(1).get_attribute("value")
    page.select_option("#field-target", target)
    page.select_option("#field-still", str(Still.objects.get().reference))
    page.fill("#field-text", "시장 앞 다툼")
    found = faults(page, "report with a still")
    picture(page, "still-report-ko")
    page.click("#verb-submit")
    page.wait_for_selector("#verb-dialog:not([open])", state="attached")
    page.wait_for_function("() => document.querySelectorAll('#stills .still-sent').length === 2")
    page.evaluate("document.getElementById('stills').scrollIntoView({ block: 'center' })")
    picture(page, "still-panel-ko")
    return found


def sent_still() -> OutboxMessage:
    return OutboxMessage.objects.get(message_type="STILL")
