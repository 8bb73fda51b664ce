"""Views by WebRTC: Janus sends what a relay gives it, while the view's record says that it may.

The record is ahead of the pictures here as elsewhere: the player asks once a second for the
state, each asking is a look at ticket, right and view, and puts on record until when pictures may
leave (`sent_until`). The process that made the offer holds the handle of Janus, reads that twice a
second and lets Janus pause when it is over. Whichever process ends a view cuts its handle at once.
"""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import streams
from cctv.choices import Quality
from cctv.errors import TicketRefused
from cctv.gateway import whep_ends
from cctv.gateway.janus import JanusDown, Line, down
from cctv.gateway.mountpoints import Hand, taken
from cctv.models import MediaSession, ViewRecord
from cctv.relay_beside import Beside
from controlroom.errors import NotAllowed, Unavailable

log = structlog.get_logger(__name__)

PLUGIN = "janus.plugin.streaming"
LOOK_S = 0.5
# From the offer until media flows.
UP_S = 8.0
# Until a relay that was just wanted says where it sends.
RELAY_S = 3.0
# Its frames come at least so often; a relay that gives none is not paid for on the record.
FLOWS_S = 2.0
_EVENT = frozenset({"event"})


class OperatorsOnly(NotAllowed):
    code = "webrtc_operators_only"


@dataclass
class Sitting:
    """A viewer whom this process let Janus send to. Seconds of a steady clock."""

    row_id: int
    view_id: int
    camera_id: int
    quality: Quality
    beside: Beside
    handle: int = 0
    began: float = field(default_factory=time.monotonic)
    # Until when the record says that pictures may leave; None before the browser answered.
    until: datetime | None = None
    sends: bool = True
    # The port of its camera's other stream, when Janus went over to that.
    switched_to: int = 0
    is_up: bool = False
    is_gone: bool = False


@dataclass
class _Carrier:
    """What this process has at Janus: one connection, one session, a handle for each viewer."""

    hand: Hand | None = None
    # Offers under way: the connection stays open for them.
    opening: int = 0
    sittings: dict[int, Sitting] = field(default_factory=dict)
    keeper: threading.Thread | None = None
    guard: threading.RLock = field(default_factory=threading.RLock)


_here = _Carrier()


# --- letting in -------------------------------------------------------------------------
def reserve(*, view_id: int, token: str) -> MediaSession:
    """Note that this ticket opens its one session.

    Raises: TicketRefused when it did so before, OperatorsOnly for whoever watches by a grant.
    """
    if ViewRecord.objects.filter(pk=view_id, grant=None, agent="").first() is None:
        raise OperatorsOnly(_("WebRTC is for the centre's own people; take the play list"))
    try:
        with transaction.atomic():
            row: MediaSession = MediaSession.objects.create(
                view_id=view_id,
                kind=whep_ends.KIND,
                session_id=hashlib.sha256(f"new {token}".encode()).hexdigest(),
                pass_digest=hashlib.sha256(f"{whep_ends.KIND} {token}".encode()).hexdigest(),
            )
    except IntegrityError:
        raise TicketRefused(_("this ticket has opened its session already")) from None
    return row


def offer(*, row: MediaSession, camera_id: int, quality: Quality) -> str:
    """Let Janus offer the stream; nothing is sent before the answer is there.

    Raises: JanusDown, PortTaken.
    """
    try:
        beside = _beside(camera_id, quality)
        with _connected() as hand:
            sitting = Sitting(row.pk, row.view_id, camera_id, quality, beside)
            return _offer(hand, row, sitting)
    except Unavailable:
        whep_ends.note_end(row.pk)
        raise


def _offer(hand: Hand, row: MediaSession, sitting: Sitting) -> str:
    sitting.handle = _attach(hand.line, hand.session)
    at = {"session_id": hand.session, "handle_id": sitting.handle}
    MediaSession.objects.filter(pk=row.pk).update(session_id=f"{hand.session}/{sitting.handle}")
    with _here.guard:
        _here.sittings[sitting.handle] = sitting
    wish = {"request": "watch", "id": sitting.beside.port, "pin": settings.JANUS_SECRET}
    try:
        for _attempt in range(2):
            hand.mount(sitting.beside)
            watched = hand.line.ask("message", until=_EVENT, **at, body=wish)
            # Its last viewer may have left, and taken it down, since that was looked at.
            if sdp := watched.get("jsep", {}).get("sdp", ""):
                return str(sdp)
        raise down("no offer")
    except Unavailable:
        sitting.is_gone = True
        raise


def answer(*, row: MediaSession, sdp: str) -> None:
    """Hand the browser's answer on, wherever the offer was made.

    Raises: JanusDown.
    """
    line = Line()
    try:
        line.ask("message", until=frozenset({"ack", "event"}), **whep_ends.place_of(row),
                 body={"request": "start"}, jsep={"type": "answer", "sdp": sdp})  # fmt: skip
    finally:
        line.close()


def switch(*, row: MediaSession, camera_id: int, quality: Quality) -> None:
    """Let the session go on with its camera's other stream, at that one's next key frame.

    Raises: JanusDown, PortTaken.
    """
    beside = _beside(camera_id, quality)
    wish = {"request": "switch", "id": beside.port, "pin": settings.JANUS_SECRET}
    until = frozenset({"ack", "event"})
    with _connected() as hand:
        hand.mount(beside)
        hand.line.ask("message", until=until, **whep_ends.place_of(row), body=wish)


def flows(camera_id: int, quality: Quality) -> bool:
    """Say whether the relay has frames to send now."""
    age = streams.seen(camera_id, quality).moved_age_s
    return age is not None and age < FLOWS_S


def _beside(camera_id: int, quality: Quality) -> Beside:
    until = time.monotonic() + RELAY_S
    while True:
        streams.want(camera_id, quality=quality)
        if found := streams.beside(camera_id, quality):
            if found.is_taken:
                raise taken(found)
            return found
        if time.monotonic() > until:
            raise down("no relay")
        time.sleep(streams.LOOK_S)


@contextlib.contextmanager
def _connected() -> Iterator[Hand]:
    """Give this process's hand at Janus, which stays for as long as this needs it."""
    with _here.guard:
        if _here.hand is None or not _here.hand.line.is_open:
            # The handles of a connection that broke are gone with it.
            for sitting in _here.sittings.values():
                sitting.is_gone = True
            _here.hand = _new_hand()
        if _here.keeper is None or not _here.keeper.is_alive():
            _here.keeper = threading.Thread(target=_keep, name="whep", daemon=True)
            _here.keeper.start()
        hand = _here.hand
        _here.opening += 1
    try:
        yield hand
    finally:
        with _here.guard:
            _here.opening -= 1


def _new_hand() -> Hand:
    line = Line(_hear)
    try:
        session = int(line.ask("create")["data"]["id"])
        return Hand(line, session, _attach(line, session))
    except JanusDown:
        line.close()
        raise


def _attach(line: Line, session: int) -> int:
    return int(line.ask("attach", session_id=session, plugin=PLUGIN)["data"]["id"])


# --- keeping ----------------------------------------------------------------------------
def _hear(news: dict[str, Any]) -> None:
    """Take what Janus says by itself about a handle, or about the session of them all."""
    kind = news.get("janus")
    with _here.guard:
        told = _here.sittings.get(news.get("sender", 0))
        if kind == "timeout" and _here.hand:
            _here.hand.line.close()
        elif told and kind == "webrtcup":
            told.is_up = True
        elif told and kind in {"hangup", "detached"}:
            told.is_gone = True
        elif told and kind == "event":
            told.switched_to = _switched_to(news) or told.switched_to


def _switched_to(news: dict[str, Any]) -> int:
    result = news.get("plugindata", {}).get("data", {}).get("result", {})
    return int(result.get("id", 0)) if result.get("switched") == "ok" else 0


def _keep() -> None:
    """Look after this process's viewers until none is left; its end, whyever, sends nobody more."""
    looks = 0
    books: Line | None = None
    try:
        while hand := _hand_in_use():
            sittings = list(_here.sittings.values())
            ended = _read(sittings)
            for sitting in sittings:
                if sitting.view_id in ended or _is_over(hand, sitting):
                    _drop(hand, sitting)
                else:
                    _let(hand, sitting)
            looks += 1
            if looks % 2:
                books = _write_down(hand, books, sittings)
            _stay_alive(hand)
            time.sleep(LOOK_S)
    finally:
        if books:
            books.close()
        connections.close_all()


def _hand_in_use() -> Hand | None:
    """Give the hand while somebody needs it, and let it go otherwise."""
    with _here.guard:
        if _here.hand and not _here.sittings and not _here.opening:
            _here.hand.line.close()
            _here.hand, _here.keeper = None, None
        return _here.hand


def _write_down(hand: Hand, books: Line | None, sittings: list[Sitting]) -> Line | None:
    """Count what was sent; gives the connection to go on counting by, if there is one."""
    try:
        if books is None or not books.is_open:
            books = Line(administers=True)
        whep_ends.count(books, {one.row_id: (hand.session, one.handle) for one in sittings})
    except JanusDown:
        return None
    return books


def _read(sittings: list[Sitting]) -> set[int]:
    """Learn until when pictures may leave, and which views are over.

    Without the database what was read last goes on to its end, and no further.
    """
    views = {sitting.view_id for sitting in sittings}
    try:
        rows = ViewRecord.objects.filter(pk__in=views)
        found = {pk: (ended, until) for pk, ended, until in
                 rows.values_list("pk", "ended_at", "sent_until")}  # fmt: skip
    except DatabaseError:
        connections.close_all()
        return set()
    for sitting in sittings:
        sitting.until = found.get(sitting.view_id, (None, None))[1]
    return {view for view in views if view not in found or found[view][0] is not None}


def _is_over(hand: Hand, sitting: Sitting) -> bool:
    if sitting.is_gone or not hand.line.is_open:
        return True
    if not sitting.is_up and time.monotonic() - sitting.began > UP_S:
        return True
    if sitting.switched_to not in {0, sitting.beside.port}:
        _follow(sitting)
    return streams.beside(sitting.camera_id, sitting.quality) != sitting.beside


def _follow(sitting: Sitting) -> None:
    """Go over to the stream that Janus has switched this viewer to."""
    for quality in Quality:
        found = streams.beside(sitting.camera_id, quality)
        if found and found.port == sitting.switched_to:
            sitting.quality, sitting.beside = quality, found


def _let(hand: Hand, sitting: Sitting) -> None:
    """Let Janus send while the record says that it may, and pause otherwise."""
    may = sitting.until is None or timezone.now() < sitting.until
    if may == sitting.sends:
        return
    wish = {"request": "start" if may else "pause"}
    try:
        hand.line.tell("message", session_id=hand.session, handle_id=sitting.handle, body=wish)
        sitting.sends = may
    except JanusDown:
        hand.line.close()


def _stay_alive(hand: Hand) -> None:
    try:
        if hand.line.is_open:
            hand.line.tell("keepalive", session_id=hand.session)
    except JanusDown:
        hand.line.close()


def _drop(hand: Hand, sitting: Sitting) -> None:
    """Send this viewer nothing more; the last one takes the mountpoint down."""
    with _here.guard:
        _here.sittings.pop(sitting.handle, None)
        is_last = all(one.beside != sitting.beside for one in _here.sittings.values())
    try:
        if hand.line.is_open:
            at = {"session_id": hand.session, "handle_id": sitting.handle}
            whep_ends.cut(hand.line, sitting.row_id, **at)
            if is_last:
                hand.leave(sitting.beside.port)
    except JanusDown:
        # A connection that takes nothing is closed, which ends all of its handles.
        hand.line.close()
    try:
        whep_ends.note_end(sitting.row_id)
    except DatabaseError:
        log.warning("webrtc_end_not_written", view=sitting.view_id)
