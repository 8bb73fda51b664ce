"""The recipient's pages of released video, under /agency/<link>/exports/: its own and nothing else.

A look is taken by POST; the films are then given by its number to this person, from this sign-in
and this address only, and every part of them is asked for anew.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cctv.video_api import caller_of
from controlroom.errors import DomainError, OutOfScope
from linkage import ranges, self_service
from linkage.agency_pictures import picture_of
from linkage.exports import films, releases
from linkage.models import ExportRequest, Link
from linkage.models_exports import ExportView, FilmKind
from linkage.views_agency import for_engineers


def _of_link(link: Link) -> Any:
    return (
        ExportRequest.objects.filter(link=link)
        .select_related("release", "basis", "link__agency")
        .defer("letter")
    )


def _found(user: Any, link: str, reference: UUID) -> ExportRequest:
    """Raises: OutOfScope."""
    export: ExportRequest | None = (
        _of_link(self_service.link_of(user, link)).filter(reference=reference).first()
    )
    if export is None:
        raise OutOfScope(_("no such request"))
    return export


@for_engineers
@require_GET
def listing(request: HttpRequest, link: str) -> HttpResponse:
    found = self_service.link_of(request.user, link)
    rows = _of_link(found).exclude(state="draft").order_by("-pk")[:100]
    return render(request, "agency/exports.html", {"link": picture_of(found), "rows": rows})


@for_engineers
@require_GET
def one(request: HttpRequest, link: str, reference: UUID) -> HttpResponse:
    export = _found(request.user, link, reference)
    release = getattr(export, "release", None)
    is_open = (
        export.state == "released"
        and release is not None
        and release.available_until > timezone.now()
    )
    return render(
        request,
        "agency/export.html",
        {
            "link": picture_of(export.link),
            "export": export,
            "release": release,
            "is_open": is_open,
            "left": release.views_allowed - release.views_used if release else 0,
            "clips": export.clips.select_related("camera__site"),
        },
    )


@for_engineers
@require_POST
def look(request: HttpRequest, link: str, reference: UUID) -> HttpResponse:
    export = _found(request.user, link, reference)
    try:
        view = releases.open_view(export=export, viewer=request.user, caller=caller_of(request))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("agency:export", link=link, reference=reference)
    return redirect("agency:export-view", link=link, reference=reference, view=view.reference)


def _view(request: HttpRequest, link: str, reference: UUID, view: UUID) -> ExportView:
    """Raises: OutOfScope."""
    export = _found(request.user, link, reference)
    found = releases.open_to(reference=view, viewer=request.user, caller=caller_of(request))
    if found.release.export_id != export.pk:
        raise OutOfScope(_("no such look, or it is over"))
    return found


@for_engineers
@require_GET
def view_page(request: HttpRequest, link: str, reference: UUID, view: UUID) -> HttpResponse:
    found = _view(request, link, reference, view)
    export = found.release.export
    return render(
        request,
        "agency/export_view.html",
        {
            "link": picture_of(export.link),
            "export": export,
            "view": found,
            "films": films.of(export, FilmKind.MASKED),
        },
    )


@for_engineers
@require_GET
def film(request: HttpRequest, link: str, reference: UUID, view: UUID, number: int) -> HttpResponse:
    found = _view(request, link, reference, view)

    def read(start: int, length: int) -> tuple[int, bytes]:
        row, part = releases.serve(view=found, clip_id=number, start=start, length=length)
        return row.bytes, part

    return ranges.answer(request, read)


@for_engineers
@require_POST
def package(request: HttpRequest, link: str, reference: UUID) -> Any:
    """Give the encrypted package, where the release says so; it takes one of the looks."""
    export = _found(request.user, link, reference)
    try:
        view = releases.open_view(
            export=export, viewer=request.user, caller=caller_of(request), is_download=True
        )
        parts = releases.take_along(view=view)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("agency:export", link=link, reference=reference)
    answer = StreamingHttpResponse(parts, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{export.number}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


@for_engineers
@require_POST
def confirm(request: HttpRequest, link: str, reference: UUID) -> HttpResponse:
    """Take the person's word that the agency's own copies are destroyed."""
    export = _found(request.user, link, reference)
    user: Any = request.user
    try:
        releases.confirm_copies_destroyed(export=export, who=str(user), by=user)
        messages.success(request, _("Confirmed: your copies are destroyed."))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("agency:export", link=link, reference=reference)
