"""Views by WebRTC: Janus sends what a relay gives it, while the view's record says that it may.

The record is ahead of the pictures here as elsewhere: the player asks twice a watch's trust for the
state, each asking is a look at ticket, right and view, and puts on record until when pictures may
leave (`sent_until`). The process that made the offer holds the handle of Janus, reads that twice a
second and lets Janus pause when it is over. Whichever process ends a view cuts its handle at once.
"""

import contextlib
import hashlib
import threading
import time
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
from cctv.gateway import admissions
from cctv.gateway.janus import JanusDown, Line, down
from cctv.models import MediaSession, ViewRecord
from cctv.relay_beside import HOST, PAYLOAD_TYPE, Beside
from cctv.tickets import TicketRefused
from controlroom.errors import NotAllowed, Unavailable

log = structlog.get_logger(__name__)

KIND = "janus"
PLUGIN = "janus.plugin.streaming"
LOOK_S = 0.5
# From the offer until media flows.
UP_S = 8.0
# Until a relay that was just wanted says where it sends.
RELAY_S = 3.0
# Its frames come at least so often; a relay that gives none is not paid for on the record.
FLOWS_S = 2.0
# Of the streaming plugin: no such mountpoint.
MISSING = 455
# AES_CM_128_HMAC_SHA1_80.
SUITE = 80
# Constrained baseline, which every browser that has H.264 offers; a decoder reads the real profile.
FORMAT = "profile-level-id=42e01f;packetization-mode=1"
_EVENT = frozenset({"event"})


class PortTaken(Unavailable):
    code = "webrtc_port_taken"


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

    line: Line | None = None
    session: int = 0
    # A handle that watches nothing: for questions about mountpoints.
    hand: int = 0
    # Offers under way: the line stays open for them.
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
                kind=KIND,
                session_id=hashlib.sha256(f"new {token}".encode()).hexdigest(),
                pass_digest=hashlib.sha256(f"{KIND} {token}".encode()).hexdigest(),
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
        with _here.guard:
            line, session = _connected()
            _here.opening += 1
        try:
            return _offer(
                line, session, row, Sitting(row.pk, row.view_id, camera_id, quality, beside)
            )
        finally:
            with _here.guard:
                _here.opening -= 1
    except Unavailable:
        _note_end(row.pk)
        raise


def _offer(line: Line, session: int, row: MediaSession, sitting: Sitting) -> str:
    sitting.handle = int(line.ask("attach", session_id=session, plugin=PLUGIN)["data"]["id"])
    at = {"session_id": session, "handle_id": sitting.handle}
    MediaSession.objects.filter(pk=row.pk).update(session_id=f"{session}/{sitting.handle}")
    with _here.guard:
        _here.sittings[sitting.handle] = sitting
    wish = {"request": "watch", "id": sitting.beside.port, "pin": settings.JANUS_SECRET}
    try:
        for _attempt in range(2):
            _mount(sitting.beside)
            watched = line.ask("message", until=_EVENT, **at, body=wish)
            # Its last viewer may have left, and taken it down, since _mount looked.
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
        line.ask("message", until=frozenset({"ack", "event"}), **_at(row),
                 body={"request": "start"}, jsep={"type": "answer", "sdp": sdp})  # fmt: skip
    finally:
        line.close()


def switch(*, row: MediaSession, camera_id: int, quality: Quality) -> None:
    """Let the session go on with its camera's other stream, at that one's next key frame.

    Raises: JanusDown, PortTaken.
    """
    beside = _beside(camera_id, quality)
    with _here.guard:
        line, _session = _connected()
        _here.opening += 1
    try:
        _mount(beside)
        wish = {"request": "switch", "id": beside.port, "pin": settings.JANUS_SECRET}
        line.ask("message", until=frozenset({"ack", "event"}), **_at(row), body=wish)
    finally:
        with _here.guard:
            _here.opening -= 1


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
                raise _taken(found)
            return found
        if time.monotonic() > until:
            raise down("no relay")
        time.sleep(streams.LOOK_S)


def _taken(beside: Beside) -> PortTaken:
    return PortTaken(_("another program sits on port %(port)d") % {"port": beside.port})


def _connected() -> tuple[Line, int]:
    """Give this process's line and session. Called under the guard."""
    if _here.line is None or not _here.line.is_open:
        # The handles of a line that broke are gone with it.
        for sitting in _here.sittings.values():
            sitting.is_gone = True
        _here.line = Line(_hear)
        _here.session = int(_here.line.ask("create")["data"]["id"])
        hand = _here.line.ask("attach", session_id=_here.session, plugin=PLUGIN)
        _here.hand = int(hand["data"]["id"])
    if _here.keeper is None or not _here.keeper.is_alive():
        _here.keeper = threading.Thread(target=_keep, name="whep", daemon=True)
        _here.keeper.start()
    return _here.line, _here.session


def _mount(beside: Beside) -> None:
    """See to it that Janus takes this relay's packets: the port's number, the key's hash.

    A mountpoint of another relay that had the port before goes, and with it whoever watched it.
    """
    mark = hashlib.sha256(beside.key).hexdigest()
    found = _mountpoint(request="info", id=beside.port)
    if found.get("info", {}).get("description") == mark:
        return
    if found.get("error_code") != MISSING:
        _mountpoint(request="destroy", id=beside.port, secret=settings.JANUS_SECRET)
    made = _mountpoint(
        request="create", type="rtp", admin_key=settings.JANUS_SECRET, permanent=False,
        id=beside.port, description=mark, is_private=True, secret=settings.JANUS_SECRET,
        pin=settings.JANUS_SECRET, srtpsuite=SUITE, srtpcrypto=beside.key_text,
        media=[{"type": "video", "mid": "v", "codec": "h264", "pt": PAYLOAD_TYPE, "fmtp": FORMAT,
                "port": beside.port, "iface": HOST}],
    )  # fmt: skip
    if "error_code" in made and _mountpoint(request="info", id=beside.port).get("error_code"):
        log.error("webrtc_port_taken", port=beside.port, code=made["error_code"])
        raise _taken(beside)


def _leave(port: int) -> None:
    """Take the mountpoint down if nobody watches it any more, in this process or another."""
    if any(one.beside.port == port for one in _here.sittings.copy().values()):
        return
    found = _mountpoint(request="info", id=port, secret=settings.JANUS_SECRET)
    if found.get("info", {}).get("viewers") == 0:
        _mountpoint(request="destroy", id=port, secret=settings.JANUS_SECRET)


def _mountpoint(**body: Any) -> dict[str, Any]:
    if (line := _here.line) is None:
        raise down("closed")
    at: dict[str, Any] = {"session_id": _here.session, "handle_id": _here.hand}
    said: dict[str, Any] = line.ask("message", **at, body=body)
    found: dict[str, Any] = said.get("plugindata", {}).get("data", {})
    return found


def _at(row: MediaSession) -> dict[str, int]:
    session, _slash, handle = row.session_id.partition("/")
    if not handle:
        raise down("no handle")
    return {"session_id": int(session), "handle_id": int(handle)}


# --- cutting ----------------------------------------------------------------------------
def cut_ended() -> int:
    """Cut the handles of views that are over, whichever process has them; return how many.

    One that could not be cut stays: its own process finds it, and the next sweep.
    """
    rows = list(
        MediaSession.objects.filter(
            kind=KIND, kicked_at=None, view__ended_at__isnull=False
        ).order_by("pk")[:500]
    )
    cut = 0
    line: Line | None = None
    try:
        for row in rows:
            if "/" in row.session_id:
                line = line or Line()
                _cut(line, row.pk, **_at(row))
            cut += _note_end(row.pk)
    except JanusDown:
        log.warning("webrtc_not_cut")
    finally:
        if line:
            line.close()
    return cut


def _cut(line: Line, row_id: int, *, session_id: int, handle_id: int) -> None:
    """Send nothing more by this handle, count what was sent, and take it away.

    Raises: JanusDown.
    """
    at = {"session_id": session_id, "handle_id": handle_id}
    line.tell("message", **at, body={"request": "pause"})
    with contextlib.suppress(JanusDown):
        books = Line(administers=True)
        try:
            _count(books, {row_id: (session_id, handle_id)})
        finally:
            books.close()
    line.tell("detach", **at)


def _note_end(row_id: int) -> int:
    return MediaSession.objects.filter(pk=row_id, kicked_at=None).update(kicked_at=timezone.now())


def _hear(news: dict[str, Any]) -> None:
    """Take what Janus says by itself about a handle, or about the session of them all."""
    kind = news.get("janus")
    with _here.guard:
        told = _here.sittings.get(news.get("sender", 0))
        if kind == "timeout" and _here.line:
            _here.line.close()
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
    """Look after this process's viewers until none is left."""
    looks = 0
    books: Line | None = None
    try:
        while True:
            time.sleep(LOOK_S)
            with _here.guard:
                sittings = list(_here.sittings.values())
                if not sittings and not _here.opening:
                    if _here.line:
                        _here.line.close()
                    _here.line, _here.keeper = None, None
                    return
            ended = _read(sittings)
            for sitting in sittings:
                if sitting.view_id in ended or _is_over(sitting):
                    _drop(sitting)
                else:
                    _let(sitting)
            _stay_alive()
            looks += 1
            if looks % 2:
                books = _write_down(books, sittings)
    finally:
        if books:
            books.close()
        connections.close_all()


def _write_down(books: Line | None, sittings: list[Sitting]) -> Line | None:
    """Count what was sent; gives the connection to go on counting by, if there is one."""
    try:
        if books is None or not books.is_open:
            books = Line(administers=True)
        _count(books, {one.row_id: (_here.session, one.handle) for one in sittings})
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


def _is_over(sitting: Sitting) -> bool:
    line = _here.line
    if sitting.is_gone or line is None or not line.is_open:
        return True
    if not sitting.is_up and time.monotonic() - sitting.began > UP_S:
        return True
    if sitting.switched_to not in {0, sitting.beside.port}:
        _follow(sitting)
    return streams.beside(sitting.camera_id, sitting.quality) != sitting.beside


def _follow(sitting: Sitting) -> None:
    """Go over to the stream that Janus has switched this viewer to."""
    left = sitting.beside.port
    for quality in Quality:
        found = streams.beside(sitting.camera_id, quality)
        if found and found.port == sitting.switched_to:
            sitting.quality, sitting.beside = quality, found
    _leave(left)


def _let(sitting: Sitting) -> None:
    """Let Janus send while the record says that it may, and pause otherwise."""
    may = sitting.until is None or timezone.now() < sitting.until
    if may != sitting.sends and (line := _here.line):
        wish = {"request": "start" if may else "pause"}
        try:
            line.tell(
                "message", session_id=_here.session, handle_id=sitting.handle, body=wish
            )
            sitting.sends = may
        except JanusDown:
            line.close()


def _stay_alive() -> None:
    line = _here.line
    try:
        if line and line.is_open:
            line.tell("keepalive", session_id=_here.session)
    except JanusDown:
        log.warning("janus_not_told")


def _drop(sitting: Sitting) -> None:
    """Send this viewer nothing more; the last one takes the mountpoint down."""
    with _here.guard:
        _here.sittings.pop(sitting.handle, None)
        line, session = _here.line, _here.session
    try:
        if line and line.is_open:
            _cut(line, sitting.row_id, session_id=session, handle_id=sitting.handle)
            _leave(sitting.beside.port)
    except JanusDown:
        # A line that takes nothing is closed, which ends all of its handles.
        if line:
            line.close()
    try:
        _note_end(sitting.row_id)
    except DatabaseError:
        log.warning("webrtc_end_not_written", view=sitting.view_id)


# --- counting ---------------------------------------------------------------------------
def _count(books: Line, handles: dict[int, tuple[int, int]]) -> None:
    """Write down what Janus sent by these handles, by their rows."""
    try:
        rows = MediaSession.objects.in_bulk(list(handles))
        for row_id, row in rows.items():
            session_id, handle_id = handles[row_id]
            try:
                said = books.ask("handle_info", session_id=session_id, handle_id=handle_id)
            except JanusDown:
                # A handle that is gone was counted when it went.
                continue
            if (sent := _sent(said.get("info", {}))) > row.bytes_sent:
                admissions.count(row, sent)
    except DatabaseError:
        connections.close_all()
        log.warning("webrtc_count_not_written")


def _sent(info: dict[str, Any]) -> int:
    """Read from what Janus says of a handle how many bytes of pictures left by it."""
    media = info.get("webrtc", {}).get("media", {})
    return sum(one.get("stats", {}).get("out", {}).get("bytes", 0) for one in media.values())
