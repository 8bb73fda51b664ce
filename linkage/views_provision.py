"""The register of provision for who reads the records: searched, counted, put right, handed out."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from controlroom.errors import DomainError, NotAllowed, OutOfScope
from controlroom.municipalities.access import municipality_for, rights_in
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.choices import Service
from linkage.models import ProvisionEntry
from linkage.models_provision import Corrected, Form
from linkage.provision import entries, printing
from linkage.provision.rows import (
    Asked,
    Totals,
    Words,
    cells,
    columns,
    entries_of,
    rows,
    running,
    totals,
)

PAGE_ROWS = 50


class AskedForm(forms.Form):
    """What narrows the register; each field is left empty for all."""

    since = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label=_("To"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    agency = forms.ChoiceField(label=_("Recipient"), required=False)
    service = forms.ChoiceField(
        label=_("Service"), required=False, choices=[("", _("all")), *Service.choices]
    )
    form = forms.ChoiceField(
        label=_("Form"), required=False, choices=[("", _("all")), *Form.choices]
    )
    purpose = forms.ChoiceField(label=_("Purpose"), required=False)
    basis = forms.ChoiceField(label=_("Legal basis"), required=False)
    camera = forms.IntegerField(
        label=_("Number of the camera"), required=False, min_value=1, max_value=2**62
    )
    incident = forms.CharField(label=_("Incident"), required=False, max_length=20)
    case = forms.CharField(label=_("Agency's number"), required=False, max_length=60)
    words = forms.CharField(label=_("Words"), required=False, max_length=100)

    def __init__(self, data: Any, municipality: Municipality) -> None:
        super().__init__(data)
        known = ProvisionEntry.objects.filter(municipality=municipality).order_by()
        words = Words()
        for name, column, said in (
            ("agency", "recipient", str),
            ("purpose", "purpose", words.purpose),
            ("basis", "basis", words.basis),
        ):
            values = sorted(known.values_list(column, flat=True).distinct())
            field: Any = self.fields[name]
            field.choices = [("", _("all")), *((value, said(value)) for value in values)]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def asked(self) -> Asked | None:
        """Give what was asked for; None when a field cannot be read."""
        if not self.is_valid():
            return None
        return Asked(**{name: value for name, value in self.cleaned_data.items() if value})


@never_cache
@login_required
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    municipality = _municipality(request, code)
    form = AskedForm(request.GET, municipality)
    asked = form.asked()
    user: Any = request.user
    words = Words()
    shown: list[Any] = []
    found = ProvisionEntry.objects.none()
    now: list[Any] = []
    if asked is not None:
        found = entries_of(municipality=municipality, user=user, asked=asked)
        now = running(municipality=municipality, user=user, asked=asked)
    pages = Paginator(found.prefetch_related("corrections__by"), PAGE_ROWS)
    chosen = pages.get_page(request.GET.get("page"))
    shown = [*(now if chosen.number == 1 else []), *rows(chosen.object_list)]
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "linkage/provision.html",
        {
            "municipality": municipality,
            "form": form,
            "columns": columns(),
            "rows": [(row, cells(row, words)) for row in shown],
            "page": chosen,
            "query": query.urlencode(),
            "totals": totals(found) if asked is not None else Totals(0, 0, 0, 0),
            "running": len(now),
            "may_correct": Right.RECORDS_KEEP in rights_in(user, municipality.pk),
            "fields": Corrected.choices,
        },
    )


@never_cache
@login_required
@require_POST
def export(request: HttpRequest, code: str) -> HttpResponse:
    """Hand the register out as it is narrowed in the address; the form says as what, and why."""
    municipality = _municipality(request, code)
    asked = AskedForm(request.GET, municipality).asked()
    user: Any = request.user
    try:
        if asked is None:
            raise OutOfScope(_("the filter cannot be read"))
        made = printing.export(
            municipality=municipality,
            by=user,
            asked=asked,
            kind=request.POST.get("kind", ""),
            reason=request.POST.get("reason", ""),
        )
    except DomainError as refusal:
        return _back(request, municipality, refusal)
    return HttpResponse(
        made.body,
        content_type=made.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{made.name}"',
            "Cache-Control": "no-store",
        },
    )


@never_cache
@login_required
@require_POST
def correct(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Put an entry right by a new row."""
    municipality = _municipality(request, code)
    entry = ProvisionEntry.objects.filter(municipality=municipality, pk=number).first()
    if entry is None:
        raise Http404
    said = {name: request.POST.get(name, "") for name in ("field", "value", "reason")}
    user: Any = request.user
    try:
        entries.correct(entry=entry, by=user, **said)
    except DomainError as refusal:
        return _back(request, municipality, refusal)
    messages.success(request, _("The correction stands beside the entry."))
    return _back(request, municipality)


def _municipality(request: HttpRequest, code: str) -> Municipality:
    try:
        return municipality_for(request.user, code, Right.RECORDS_READ)
    except OutOfScope as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal


def _back(
    request: HttpRequest, municipality: Municipality, refusal: DomainError | None = None
) -> HttpResponse:
    if refusal is not None:
        why = "; ".join(str(one) for many in refusal.fields.values() for one in many)
        messages.error(request, ": ".join(filter(None, [str(refusal.message), why])))
    query = request.GET.urlencode()
    under = reverse("linkage:provision", args=[municipality.code])
    return redirect(f"{under}?{query}" if query else under)
