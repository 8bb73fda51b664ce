"""Look back: what is kept of a camera around an open incident, by a ticket of its own.

A ticket for recorded pictures opens its period and nothing live. The view is on record before the
first byte, like any other; every piece is decrypted as it leaves.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import passes, tickets
from cctv.choices import Action
from cctv.errors import TicketRefused
from cctv.models import Camera, Playback, RecordingPart, VideoTicket
from cctv.passes import Caller
from cctv.recordings import vault
from cctv.recordings.container import Kind
from cctv.recordings.errors import RecordingMissing
from cctv.recordings.spans import Span, joined
from cctv.recordings.vault import Piece
from cctv.tickets import Issued
from controlroom.accounts.models import User
from controlroom.errors import Invalid

# So much before the incident may be looked at, and so much at once.
BEFORE = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
PIECE = re.compile(r"([0-9]{1,18})-(init\.mp4|([0-9]{1,6})\.m4s)")

# Sent with incident_id and municipality_id. The room that owns incidents answers when it happened.
began_asked = Signal()


@dataclass(frozen=True)
class LookBack:
    """A ticket for a period, and what of it there is."""

    issued: Issued
    since: datetime
    until: datetime
    spans: list[Span]


def issue(
    *,
    camera: Camera,
    viewer: User,
    caller: Caller,
    incident_id: uuid.UUID,
    since: datetime | None = None,
    until: datetime | None = None,
) -> LookBack:
    """Issue a ticket for the recorded pictures of a camera around an open incident.

    Without a wish: from ten minutes before it happened, until now, an hour at most.
    Raises: NotAllowed, TicketRefused, Invalid for a period that is not the incident's,
    RecordingMissing when nothing of it is kept.
    """
    with transaction.atomic():
        issued = tickets.issue(
            camera=camera,
            viewer=viewer,
            caller=caller,
            incident_id=incident_id,
            purpose="",
            action=Action.RECORDED,
        )
        began = _began(camera, incident_id)
        first, last = _period(began, since, until)
        spans = joined(piece.span for piece in vault.of_period(camera.pk, first, last))
        if not spans:
            raise RecordingMissing(
                _("nothing of this camera is kept of that time"),
                fields={"since": [_("nothing was recorded then, or its time is over")]},
            )
        digest = passes.key_of(issued.token, caller).digest
        ticket = VideoTicket.objects.get(digest=digest)
        Playback.objects.create(ticket=ticket, since=first, until=last)
    return LookBack(issued, first, last, spans)


def _began(camera: Camera, incident_id: uuid.UUID) -> datetime:
    answers = began_asked.send(
        sender=Playback, incident_id=incident_id, municipality_id=camera.municipality_id
    )
    for _receiver, answer in answers:
        if isinstance(answer, datetime):
            return answer
    raise TicketRefused(_("this incident is not open here"))


def _period(
    began: datetime, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    now = timezone.now()
    earliest = began - BEFORE
    first = since or earliest
    last = until or min(now, first + LONGEST)
    fields = {}
    if first < earliest:
        fields["since"] = [_("more than ten minutes before the incident")]
    if last > now + timedelta(minutes=1):
        fields["until"] = [_("is in the future")]
    elif first >= last:
        fields["until"] = [_("must be after the start")]
    elif last - first > LONGEST:
        fields["until"] = [_("more than an hour at once")]
    if fields:
        raise Invalid(_("this period cannot be looked at for the incident"), fields=fields)
    return first, last


def of_ticket(digest: str, camera_id: int) -> Playback:
    """Give the period that a ticket opens. Raises: TicketRefused."""
    found: Playback | None = Playback.objects.filter(
        ticket__digest=digest, ticket__camera_id=camera_id
    ).first()
    if found is None:
        raise TicketRefused(_("this ticket does not open this camera"))
    return found


def playlist(camera_id: int, period: Playback) -> str:
    """Write the play list of what is kept of the period; gaps are cut and said as such."""
    pieces = vault.of_period(camera_id, period.since, period.until)
    longest = max((piece.frame.length_ms for piece in pieces), default=1000)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{-(-longest // 1000)}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"]
    before: Piece | None = None
    for piece in pieces:
        lines += _joint(before, piece)
        lines.append(f"#EXTINF:{piece.frame.length_ms / 1000:.3f},")
        lines.append(f"{piece.part.pk}-{piece.frame.number}.m4s")
        before = piece
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def _joint(before: Piece | None, piece: Piece) -> list[str]:
    """Say what a player must know between two pieces."""
    lines = []
    is_same = before is not None and before.part.run == piece.part.run
    if before is None or not is_same or before.frame.ended_ms != piece.frame.began_ms:
        lines += ["#EXT-X-DISCONTINUITY"] if before is not None else []
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{piece.span[0].isoformat(timespec='milliseconds')}")
    if before is None or before.part.pk != piece.part.pk:
        lines.append(f'#EXT-X-MAP:URI="{piece.part.pk}-init.mp4"')
    return lines


def piece(camera_id: int, period: Playback, name: str) -> bytes | None:
    """Decrypt one piece of the period; None for what lies outside of it or is gone."""
    asked = PIECE.fullmatch(name)
    if asked is None:
        return None
    parts = RecordingPart.objects.touching(camera_id, period.since, period.until)
    part = parts.filter(pk=int(asked[1])).first()
    if part is None:
        return None
    if asked[3] is None:
        return vault.init_of(part)
    for found in vault.pieces(part, period.since, period.until):
        if found.frame.number == int(asked[3]) and found.frame.kind == Kind.PIECE:
            return vault.open_frame(part, found.frame)
    return None
