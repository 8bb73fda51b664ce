"""Films given to a recipient: n looks until a time, each on record before its first byte.

A look is bound to the person, the sign-in and the address that opened it. At the end the films'
keys are destroyed, and who or what clock did it is on record.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv.choices import Action
from cctv.models import ViewRecord
from cctv.passes import CHECK_S, HANDOVER_S, Caller
from controlroom.errors import Conflict, Invalid, OutOfScope
from controlroom.sealing import seal, unseal
from linkage.choices import LinkState
from linkage.exports import films, packages, rules, vault
from linkage.exports.requests import check_handler, needed
from linkage.exports.states import HOLDING, State, Verb
from linkage.exports.telling import locked, record, saved, step
from linkage.models import ExportRequest
from linkage.models_exports import ExportFilm, ExportRelease, ExportView, FilmKind
from linkage.provision import entries

# One look lasts so long at most.
LOOK = timedelta(hours=1)
# Without l, 1, o and 0, to be told by telephone: 20 of 31 signs are 99 bits.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


class ViewsUsed(Conflict):
    """Every look that was allowed has been taken."""

    code = "views_used"


@transaction.atomic
def release(
    *,
    export: ExportRequest,
    by: Any,
    recipient: str,
    views: int,
    until: datetime,
    may_download: bool = False,
) -> tuple[ExportRelease, str]:
    """Give the masked films to a recipient; give the passphrase of the package, once.

    Raises: NotAllowed, Invalid, StepForbidden.
    """
    export = locked(export)
    check_handler(export, by)
    now = timezone.now()
    faults: dict[str, list[Any]] = {}
    if not recipient.strip():
        faults["recipient"] = [_("This field is required.")]
    if not 1 <= views <= rules.MOST_VIEWS:
        faults["views"] = [_("must be 1 to %(count)s") % {"count": rules.MOST_VIEWS}]
    if not now < until <= now + rules.LONGEST_RELEASE:
        faults["until"] = [
            _("must be within the next %(count)s days") % {"count": rules.LONGEST_RELEASE.days}
        ]
    if faults:
        raise Invalid(_("the films cannot be released like this"), fields=faults)
    step(export, Verb.RELEASE)
    phrase = new_passphrase() if may_download else ""
    made = ExportRelease.objects.create(
        export=export,
        recipient=recipient.strip()[:100],
        released_by=by,
        released_at=now,
        available_until=until,
        views_allowed=views,
        may_download=may_download,
        passphrase=seal(phrase) if phrase else None,
    )
    saved(
        export,
        "export.released",
        by=by,
        reason=export.purpose,
        recipient=made.recipient,
        views=views,
        until=until.isoformat(),
        may_download=may_download,
        films=[film.sha256 for film in films.of(export, FilmKind.MASKED)],
    )
    return made, phrase


def new_passphrase() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _sign in range(20))
    return "-".join(signs[at : at + 5] for at in range(0, 20, 5))


def open_view(
    *, export: ExportRequest, viewer: Any, caller: Caller, is_download: bool = False
) -> ExportView:
    """Take one of the looks, or refuse it: two who ask for the last one get it once.

    Locks: the request.
    Raises: OutOfScope when its time is over, ViewsUsed.
    """
    with transaction.atomic():
        export = locked(export)
        found = _in_force(export)
        if is_download and not found.may_download:
            raise OutOfScope(_("this release may not be downloaded"))
        taken = ExportRelease.objects.filter(pk=found.pk, views_used__lt=F("views_allowed")).update(
            views_used=F("views_used") + 1
        )
        if not taken:
            raise ViewsUsed(_("every look that was allowed has been taken"))
        now = timezone.now()
        view: ExportView = ExportView.objects.create(
            release=found,
            viewer=viewer,
            session_digest=digest_of(caller),
            address=caller.address,
            opened_at=now,
            expires_at=min(now + LOOK, found.available_until),
            is_download=is_download,
        )
        record(
            export,
            "export.downloaded" if is_download else "export.viewed",
            by=viewer,
            reason=export.purpose,
            view=str(view.reference),
            look=found.views_used + 1,
            of=found.views_allowed,
            case=export.case_number,
        )
    return view


def open_to(*, reference: uuid.UUID, viewer: Any, caller: Caller) -> ExportView:
    """Find the look by which this caller may see the films now.

    Raises: OutOfScope for another's, from elsewhere, or one that is over.
    """
    view = (
        ExportView.objects.select_related("release__export__link", "viewer")
        .filter(reference=reference, viewer=viewer, is_download=False)
        .first()
    )
    if (
        view is None
        or not secrets.compare_digest(view.session_digest, digest_of(caller))
        or view.address != caller.address
        or view.expires_at <= timezone.now()
    ):
        raise OutOfScope(_("no such look, or it is over"))
    _in_force(view.release.export)
    return view


def serve(*, view: ExportView, clip_id: int, start: int, length: int) -> tuple[ExportFilm, bytes]:
    """Give a part of a masked film; that it is seen is on record before its first byte.

    Raises: OutOfScope, FilmUnreadable.
    """
    film = _film(view.release.export, clip_id, FilmKind.MASKED)
    part = films.part(film, start=start, length=length)
    with transaction.atomic():
        _note(view=view, film=film, sent=len(part))
    return film, part


def take_along(*, view: ExportView) -> Iterator[bytes]:
    """Give the films as an encrypted package; that they leave is on record before it begins.

    Raises: OutOfScope.
    """
    export = view.release.export
    found = films.of(export, FilmKind.MASKED)
    if not found or view.release.passphrase is None:
        raise OutOfScope(_("no such release, or its time is over"))
    with transaction.atomic():
        for film in found:
            _note(view=view, film=film, sent=film.bytes)
    return packages.packed(export=export, films=found, passphrase=unseal(view.release.passphrase))


def _film(export: ExportRequest, clip_id: int, kind: FilmKind) -> ExportFilm:
    """Raises: OutOfScope."""
    found = [film for film in films.of(export, kind) if film.clip_id == clip_id]
    if not found:
        raise OutOfScope(_("no such film, or it is destroyed"))
    return found[0]


def watch(
    *, export: ExportRequest, clip_id: int, kind: FilmKind, by: Any, start: int, length: int
) -> tuple[ExportFilm, bytes]:
    """Give a part of a film to who works on the request, on record before its first byte.

    Raises: NotAllowed, OutOfScope, FilmUnreadable.
    """
    check_handler(export, by)
    film = _film(export, clip_id, kind)
    part = films.part(film, start=start, length=length)
    with transaction.atomic():
        purpose = f"{export.number} {kind}"
        _note_view(
            export=export, film=film, viewer=by, address=None, purpose=purpose, sent=len(part)
        )
    return film, part


def _note(*, view: ExportView, film: ExportFilm, sent: int) -> None:
    """Write down that a recipient is given a part; the first of each film enters the register."""
    export = view.release.export
    purpose = f"{export.number} {view.reference}"
    camera = film.clip.camera
    is_first = not ViewRecord.objects.filter(camera=camera, purpose=purpose).exists()
    _note_view(
        export=export,
        film=film,
        viewer=view.viewer,
        address=view.address,
        purpose=purpose,
        sent=sent,
    )
    if is_first:
        entries.enter_release(
            released=entries.Released(
                export=export.reference,
                municipality_id=export.municipality_id,
                recipient=view.release.recipient,
                received_by=str(view.viewer),
                purpose=export.purpose,
                basis=export.basis.code,
                released_at=view.opened_at,
                available_until=view.expires_at,
                size=film.bytes,
                sha256=film.sha256,
                request=export.letter_number,
                handled_by=str(view.release.released_by),
                camera=camera,
                incident=export.incident,
                link=export.link,
                case_number=export.case_number,
            )
        )


def _note_view(
    *, export: ExportRequest, film: ExportFilm, viewer: Any, address: Any, purpose: str, sent: int
) -> None:
    """Write or lengthen the view record of this film; the sweep of views ends it when it is quiet.

    `sent_until` is committed before a byte leaves, as for every other viewer.
    """
    now = timezone.now()
    until = now + timedelta(seconds=CHECK_S + HANDOVER_S)
    row = (
        ViewRecord.objects.select_for_update()
        .filter(camera=film.clip.camera, viewer=viewer, purpose=purpose, ended_at=None)
        .first()
    )
    if row is not None:
        changed = row.claim(since=now, until=until)
        row.last_seen_at = row.last_byte_at = now
        row.bytes_sent += sent
        row.save(update_fields=[*changed, "last_seen_at", "last_byte_at", "bytes_sent"])
        return
    row = ViewRecord.objects.create(
        municipality_id=export.municipality_id,
        camera=film.clip.camera,
        viewer=viewer,
        action=Action.RECORDED,
        incident_id=export.incident_id,
        purpose=purpose,
        address=address,
        started_at=now,
        last_seen_at=now,
        presented_at=now,
        first_byte_at=now,
        last_byte_at=now,
        sent_until=until,
        bytes_sent=sent,
    )
    record(
        export,
        "export.film_seen",
        by=viewer,
        reason=export.purpose,
        camera=film.clip.camera_id,
        view=row.pk,
        sha256=film.sha256,
    )


def _in_force(export: ExportRequest) -> ExportRelease:
    """Raises: OutOfScope."""
    found = ExportRelease.objects.select_related("export").filter(export_id=export.pk).first()
    now = timezone.now()
    fresh = ExportRequest.objects.select_related("link").get(pk=export.pk)
    if (
        found is None
        or fresh.state != State.RELEASED
        or found.available_until <= now
        or fresh.link.state == LinkState.SUSPENDED
    ):
        raise OutOfScope(_("no such release, or its time is over"))
    return found


def digest_of(caller: Caller) -> str:
    return hashlib.sha256(caller.session_key.encode()).hexdigest()


# --- the end ------------------------------------------------------------------------------
def expire_overdue() -> int:
    """End the releases whose time is over or whose last look has ended; give how many."""
    now = timezone.now()
    with transaction.atomic():
        standing = ExportRequest.objects.filter(state=State.RELEASED).select_related("link")
        over = standing.filter(release__available_until__lte=now)
        used = standing.filter(release__views_used__gte=F("release__views_allowed")).exclude(
            release__views__expires_at__gt=now
        )
        rows = list(
            ExportRequest.objects.filter(pk__in=[*_ids(over), *_ids(used)])
            .select_related("link")
            .order_by("pk")
            .select_for_update(of=("self",), no_key=True, skip_locked=True)
        )
        for export in sorted(rows, key=lambda row: row.municipality_id):
            if export.state != State.RELEASED:
                continue
            step(export, Verb.EXPIRE)
            export.reason = "time" if export.release.available_until <= now else "views"
            export.lapses_at = now + timedelta(days=settings.EXPORT_KEEP_DAYS)
            saved(export, "export.expired", agent="linkage.exports", reason=export.reason)
    return len(rows)


def _ids(rows: Any) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def destroy(*, export: ExportRequest, by: Any, reason: str) -> ExportRequest:
    """Destroy every film of the request, by a person's word.

    Raises: NotAllowed, Invalid without a reason, StepForbidden.
    """
    with transaction.atomic():
        export = locked(export)
        check_handler(export, by)
        gone = _destroyed(export, by=by, reason=needed(reason))
    _remove(gone)
    return export


def destroy_overdue() -> int:
    """Destroy the films that nobody needs any more, by the clock; give of how many requests."""
    held = [str(state) for state in HOLDING - {State.EXTRACTING, State.MASKING, State.RELEASED}]
    due = ExportRequest.objects.filter(state__in=held, lapses_at__lte=timezone.now())
    done = 0
    for pk in list(due.order_by("pk").values_list("pk", flat=True)[:100]):
        with transaction.atomic():
            export = locked(ExportRequest(pk=pk))
            if export.state not in held or export.lapses_at > timezone.now():
                continue
            gone = _destroyed(export, by=None, reason="time")
        _remove(gone)
        done += 1
    return done


def _destroyed(export: ExportRequest, *, by: Any, reason: str) -> list[ExportFilm]:
    step(export, Verb.DESTROY)
    gone = list(ExportFilm.objects.filter(clip__export=export, destroyed_at=None))
    films.forget_keys(gone)
    ExportRelease.objects.filter(export=export).update(passphrase=None)
    export.destroyed_by, export.destroyed_at, export.reason = by, timezone.now(), reason
    saved(
        export,
        "export.destroyed",
        by=by,
        agent="" if by else "linkage.exports",
        reason=reason,
        films=[{"film": str(film.name), "sha256": film.sha256} for film in gone],
    )
    return gone


def _remove(gone: list[ExportFilm]) -> None:
    for film in gone:
        vault.remove(film.name)


@transaction.atomic
def confirm_copies_destroyed(*, export: ExportRequest, who: str, by: Any = None) -> ExportRequest:
    """Take the recipient's word that its own copies are destroyed; said again changes nothing.

    Raises: Conflict before anything was released.
    """
    export = locked(export)
    if not ExportRelease.objects.filter(export=export).exists():
        raise Conflict(_("nothing of this request was released"))
    if export.copies_destroyed_at is None:
        export.copies_destroyed_at = timezone.now()
        export.copies_destroyed_by = who[:100]
        export.save()
        record(
            export,
            "export.copies_destroyed",
            by=by,
            agent="" if by else export.link.code,
            who=export.copies_destroyed_by,
        )
    return export
