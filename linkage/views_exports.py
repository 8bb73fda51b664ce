"""The centre's pages of requests for recorded video: list, request, letter, boxes, release, end."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from cctv.models import Camera
from controlroom.errors import DomainError, NotAllowed, OutOfScope
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.cameras import current_choice
from linkage import ranges
from linkage.choices import DataKind
from linkage.console import municipality_of
from linkage.export_forms import (
    BasisReasonForm,
    FindForm,
    LetterForm,
    ReleaseForm,
    RequestForm,
)
from linkage.exports import listing, masks, releases, requests, rules
from linkage.exports.states import Verb
from linkage.models import ExportRequest
from linkage.models_agreements import LegalBasis
from linkage.models_exports import ExportClip, FilmKind
from linkage.serializers import checked

SEE = (Right.EXPORT_DRAFT, Right.RECORDS_READ)
FOUND = 30
View = Callable[..., HttpResponse]


def for_centre(view: View) -> View:
    """Let in who may see the requests of this city; another's is not there at all."""

    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, code: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            city, _right = municipality_of(request.user, code, *SEE)
            return view(request, city, *args, **kwargs)
        except OutOfScope as refusal:
            raise Http404(str(refusal)) from refusal
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal

    return guarded


def export_of(user: Any, city: Municipality, reference: UUID) -> ExportRequest:
    """Raises: OutOfScope."""
    found: ExportRequest | None = (
        ExportRequest.objects.visible_to(user)
        .filter(municipality=city, reference=reference)
        .with_names()
        .first()
    )
    if found is None:
        raise OutOfScope(_("no such request"))
    return found


def clip_of(export: ExportRequest, number: int) -> ExportClip:
    """Raises: OutOfScope."""
    clip: ExportClip | None = export.clips.select_related("camera__site").filter(pk=number).first()
    if clip is None:
        raise OutOfScope(_("no such film, or it is destroyed"))
    return clip


def said(refusal: DomainError) -> str:
    reasons = "; ".join(str(one) for many in refusal.fields.values() for one in many)
    return ": ".join(filter(None, [str(refusal.message), reasons]))


@for_centre
@require_GET
def page(request: HttpRequest, city: Municipality) -> HttpResponse:
    state, q = request.GET.get("state", ""), request.GET.get("q", "").strip()[:60]
    shown = listing.rows_of(request.user, city, state=state, q=q.replace("\x00", ""))
    rights = rights_in(request.user, city.pk)
    return render(
        request,
        "exports/list.html",
        {
            "municipality": city,
            **shown,
            "state": state,
            "q": q,
            "may_ask": Right.EXPORT_DRAFT in rights,
            "may_operate": Right.OPERATIONS_VIEW in rights,
        },
    )


@for_centre
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, city: Municipality) -> HttpResponse:
    """Ask for recorded video in an agency's name."""
    find = FindForm(request.GET)
    incident = find.incident_of(city)
    offered = _offered(city, incident, find)
    form = RequestForm(request.POST or None, city=city, offered=offered)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            export = requests.draft(
                link=asked["link"],
                since=asked["since"],
                until=asked["until"],
                cameras=[camera.pk for camera in asked["cameras"]],
                purpose=asked["purpose"],
                basis=asked["basis"].code,
                incident=incident,
                case_number=asked["case_number"],
                by=request.user,
            )
            return redirect("exports:request", code=city.code, reference=export.reference)
        except DomainError as refusal:
            for name, reasons in refusal.fields.items() or {"__all__": [refusal.message]}.items():
                form.add_error(name if name in form.fields else None, [str(one) for one in reasons])
    return render(
        request,
        "exports/new.html",
        {"municipality": city, "form": form, "find": find, "incident": incident},
    )


def _offered(city: Municipality, incident: Any, find: FindForm) -> list[int]:
    """Give the cameras chosen for the incident, and those whose name holds the words."""
    choice = current_choice(incident) if incident else None
    ids = [int(pick["id"]) for pick in choice.picks] if choice else []
    words = find.cleaned_data.get("q", "") if find.is_valid() else ""
    if words:
        own = Camera.objects.filter(municipality=city).in_register()
        named = own.filter(name__icontains=words) | own.filter(site__name__icontains=words)
        ids += list(named.order_by("name", "pk").values_list("pk", flat=True)[:FOUND])
    return ids


@for_centre
@require_GET
def one(request: HttpRequest, city: Municipality, reference: UUID) -> HttpResponse:
    return _shown(request, city, export_of(request.user, city, reference))


def _shown(
    request: HttpRequest, city: Municipality, export: ExportRequest, **more: Any
) -> HttpResponse:
    rights = rights_in(request.user, city.pk)
    verbs = listing.offered(export, request.user, rights)
    bases = LegalBasis.objects.filter(is_in_force=True)
    both = [DataKind.RECORDED_VIDEO, DataKind.PERSON]
    return render(
        request,
        "exports/request.html",
        {
            "municipality": city,
            "export": export,
            "clips": export.clips.select_related("camera__site").prefetch_related("films"),
            "history": listing.history(export),
            "progress": listing.progress(export),
            "may": {str(verb): verb in verbs for verb in Verb},
            "may_read_letter": bool(export.letter_name)
            and (
                Right.RECORDS_READ in rights
                or not rules.may_handle(rights=rights, is_police=export.is_police)
            ),
            "is_override": not (export.is_police and Right.EXPORT_HANDLE in rights),
            "letter_form": LetterForm(),
            "release_form": ReleaseForm(initial={"recipient": str(export.link.agency)}),
            "unmasked_bases": bases.filter(allowed_data__contains=both),
            "phrase": "",
            **more,
        },
    )


def _letter(request: HttpRequest, export: ExportRequest) -> None:
    form = LetterForm(request.POST, request.FILES)
    if not form.is_valid():
        raise requests.letter_missing()
    file = form.cleaned_data["letter"]
    requests.attach_letter(
        export=export,
        number=form.cleaned_data["number"],
        name=file.name,
        body=file.read(),
        by=request.user,
    )
    requests.submit(export=export, by=request.user)


def _unmasked(request: HttpRequest, export: ExportRequest) -> None:
    form = BasisReasonForm(request.POST)
    asked = form.cleaned_data if form.is_valid() else {"basis": "", "reason": ""}
    masks.leave_unmasked(export=export, by=request.user, **asked)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "")


DEEDS: dict[str, Callable[[HttpRequest, ExportRequest], Any]] = {
    "letter": _letter,
    "withdraw": lambda request, export: requests.withdraw(
        export=export, by=request.user, reason=_reason(request)
    ),
    "review": lambda request, export: requests.review(export=export, by=request.user),
    "approve": lambda request, export: requests.approve(
        export=export, by=request.user, reason=_reason(request)
    ),
    "reject": lambda request, export: requests.reject(
        export=export, by=request.user, reason=_reason(request)
    ),
    "retry": lambda request, export: masks.retry(export=export, by=request.user),
    "mask": lambda request, export: masks.mask(export=export, by=request.user),
    "unmasked": _unmasked,
    "mask-again": lambda request, export: masks.mask_again(
        export=export, by=request.user, reason=_reason(request)
    ),
    "destroy": lambda request, export: releases.destroy(
        export=export, by=request.user, reason=_reason(request)
    ),
}


@for_centre
@require_POST
def act(request: HttpRequest, city: Municipality, reference: UUID, deed: str) -> HttpResponse:
    """Do one of DEEDS; what it refuses is said on the page."""
    export = export_of(request.user, city, reference)
    if deed not in DEEDS:
        raise Http404
    try:
        DEEDS[deed](request, export)
    except DomainError as refusal:
        messages.error(request, said(refusal))
    return redirect("exports:request", code=city.code, reference=reference)


@sensitive_variables("phrase")
@for_centre
@require_POST
def release(request: HttpRequest, city: Municipality, reference: UUID) -> HttpResponse:
    """Release the masked films; the passphrase of a package is shown once, here."""
    export = export_of(request.user, city, reference)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return _shown(request, city, export, release_form=form)
    try:
        _made, phrase = releases.release(export=export, by=request.user, **form.cleaned_data)
    except DomainError as refusal:
        messages.error(request, said(refusal))
        return redirect("exports:request", code=city.code, reference=reference)
    return _shown(request, city, export_of(request.user, city, reference), phrase=phrase)


@for_centre
@require_GET
def state(request: HttpRequest, city: Municipality, reference: UUID) -> HttpResponse:
    return JsonResponse(listing.progress(export_of(request.user, city, reference)))


@for_centre
@require_POST
def letter(request: HttpRequest, city: Municipality, reference: UUID) -> HttpResponse:
    """Give the letter to be saved; reading it is on record."""
    export = export_of(request.user, city, reference)
    try:
        body = requests.read_letter(export=export, by=request.user)
    except DomainError as refusal:
        messages.error(request, said(refusal))
        return redirect("exports:request", code=city.code, reference=reference)
    ending = export.letter_name.rpartition(".")[2]
    answer = HttpResponse(body, content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="letter-{export.number}.{ending}"'
    return answer


@for_centre
@require_GET
def boxes_page(
    request: HttpRequest, city: Municipality, reference: UUID, number: int
) -> HttpResponse:
    """Show a film with its boxes to who looks them over."""
    export = export_of(request.user, city, reference)
    requests.check_handler(export, request.user)
    clip = clip_of(export, number)
    film = clip.films.filter(kind=FilmKind.ORIGINAL, destroyed_at=None).first()
    if film is None:
        raise OutOfScope(_("no such film, or it is destroyed"))
    return render(
        request,
        "exports/boxes.html",
        {
            "municipality": city,
            "export": export,
            "clip": clip,
            "film": film,
            "others": export.clips.filter(is_missing=False).select_related("camera__site"),
            "config": {
                "boxes": clip.boxes or [],
                "version": clip.boxes_version,
                "length_s": film.length_s,
                "editable": export.state == "extracted",
                "save": f"{request.path}save/",
            },
        },
    )


class BoxSerializer(serializers.Serializer[Any]):
    at_s = serializers.FloatField(min_value=0, max_value=1e6)
    until_s = serializers.FloatField(min_value=0, max_value=1e6)
    x = serializers.FloatField(min_value=-1, max_value=2)
    y = serializers.FloatField(min_value=-1, max_value=2)
    width = serializers.FloatField(min_value=0, max_value=2)
    height = serializers.FloatField(min_value=0, max_value=2)
    kind = serializers.ChoiceField(choices=["face", "plate", "person-added"])
    score = serializers.FloatField(min_value=0, max_value=1, default=1.0)


class BoxesSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=0)
    # How many there may be, the verb says.
    boxes = BoxSerializer(many=True)


@api_view(["POST"])
def save_boxes(request: Request, code: str, reference: UUID, number: int) -> Response:
    city, _right = municipality_of(request.user, code, *SEE)
    clip = clip_of(export_of(request.user, city, reference), number)
    asked = checked(BoxesSerializer, request.data)
    clip = masks.change_boxes(clip=clip, by=request.user, **asked)
    return Response({"version": clip.boxes_version, "boxes": clip.boxes})


@for_centre
@require_GET
def film(
    request: HttpRequest, city: Municipality, reference: UUID, number: int, kind: str
) -> HttpResponse:
    """Give a part of a film to who works on it, on record before its first byte."""
    export = export_of(request.user, city, reference)
    if kind not in FilmKind.values:
        raise Http404

    def read(start: int, length: int) -> tuple[int, bytes]:
        found, part = releases.watch(
            export=export,
            clip_id=number,
            kind=FilmKind(kind),
            by=request.user,
            start=start,
            length=length,
        )
        return found.bytes, part

    return ranges.answer(request, read)
