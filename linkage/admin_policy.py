"""The policy on video in the admin: the matrix, changes by two people, what it would say."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.choices import Purpose
from cctv.purposes import purposes_for
from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.choices import Service
from linkage import policy_changes
from linkage.models import PolicyChange, VideoRequest
from linkage.models_agreements import LegalBasis
from linkage.models_policy import ChangeState
from linkage.policy import decision as policy
from linkage.policy.decision import Asked, Seen, Terms
from linkage.policy.rows import BY_CODE, CHANGEABLE, SERVICES, SETS, Row, values_of
from linkage.policy.words import Access, Ground, Mode, Trigger, Word
from linkage.policy_texts import (
    ACCESSES,
    FIELDS,
    GROUNDS,
    PREPARED,
    PURPOSES,
    RULES,
    TRIGGERS,
    WORDS,
)
from linkage.video_policy import rows_of


def service_name(code: str) -> str:
    return str(PREPARED[code] if code in PREPARED else Service(code).label)


def shown(name: str, value: Any) -> str:
    """Write a value of a row as people read it."""
    if name in SETS:
        return ", ".join(value) or (_("all others") if name == "kinds" else "-")
    if name == "word":
        return str(WORDS[Word(value)])
    return (_("yes") if value else _("no")) if name == "unasked" else str(value)


class CodesField(forms.CharField):
    """Codes, parted by commas or blanks."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return sorted(set(str(value or "").replace(",", " ").split()))


class ChangeForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A row as it should be; a field left empty stays as it is."""

    row = forms.ChoiceField(label=gettext_lazy("row"), choices=[(code, code) for code in BY_CODE])
    word = forms.ChoiceField(
        label=FIELDS["word"], required=False, choices=[("", "-"), *WORDS.items()]
    )
    kinds = CodesField(
        label=FIELDS["kinds"],
        required=False,
        help_text=gettext_lazy("Our codes of kinds; empty: every kind that no other row names."),
    )
    bases = CodesField(label=FIELDS["bases"], required=False)
    purposes = CodesField(label=FIELDS["purposes"], required=False)
    grounds = CodesField(label=FIELDS["grounds"], required=False)
    radius_m = forms.IntegerField(label=FIELDS["radius_m"], required=False)
    cameras = forms.IntegerField(label=FIELDS["cameras"], required=False)
    minutes = forms.IntegerField(label=FIELDS["minutes"], required=False)
    total_minutes = forms.IntegerField(label=FIELDS["total_minutes"], required=False)
    unasked = forms.BooleanField(
        label=FIELDS["unasked"],
        required=False,
        help_text=gettext_lazy("With the report, where the link's agreement says automatic."),
    )
    answer_s = forms.IntegerField(label=FIELDS["answer_s"], required=False)
    reason = forms.CharField(
        label=gettext_lazy("reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    class Meta:
        model = PolicyChange
        fields = ("municipality", "row", "reason")

    # Set by the admin: who asks.
    user: Any = None

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        values = {
            name: said[name]
            for name in CHANGEABLE
            if name in SETS or name == "unasked" or said.get(name) not in {None, ""}
        }
        try:
            self.instance = policy_changes.propose(
                municipality=said["municipality"],
                row=said["row"],
                values=values,
                reason=said["reason"],
                by=self.user,
            )
        except DomainError as refusal:
            for name, reasons in refusal.fields.items():
                self.add_error(name if name in self.fields else None, [str(one) for one in reasons])
            if not self.errors:
                raise ValidationError(str(refusal.message)) from None
        return said

    def _post_clean(self) -> None:
        """The verb has made the row: Django builds none from the fields."""


class DecisionForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """The word of the second person, or of the first who takes it back."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("decision"),
        choices=[
            ("", "-"),
            ("approve", gettext_lazy("approve: it takes force now")),
            ("reject", gettext_lazy("reject")),
            ("withdraw", gettext_lazy("withdraw (who proposed it)")),
        ],
    )
    words = forms.CharField(label=gettext_lazy("reason"), max_length=500, required=False)

    class Meta:
        model = PolicyChange
        fields: tuple[str, ...] = ()

    user: Any = None

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        verb = getattr(policy_changes, said["verdict"])
        try:
            self.instance = verb(change=self.instance, by=self.user, decision=said["words"])
        except DomainError as refusal:
            raise ValidationError(str(refusal.message)) from None
        return said

    def _post_clean(self) -> None:
        """The verb has changed the row."""


@admin.register(PolicyChange)
class PolicyChangeAdmin(ScopedAdmin):
    """What was proposed and decided is a record; only the verbs change it."""

    right = Right.POLICY_MANAGE
    change_list_template = "admin/linkage/policy_list.html"
    list_display = ["proposed_at", "municipality", "row", "state", "proposed_by", "decided_by"]
    list_filter = ["state", "row"]
    list_select_related = ["municipality", "proposed_by", "decided_by"]
    search_fields = ["row", "reason", "decision"]
    date_hierarchy = "proposed_at"
    readonly_fields = [
        "municipality",
        "row",
        "changes",
        "reason",
        "proposed_by",
        "proposed_at",
        "lapses_at",
        "state",
        "decided_by",
        "decided_at",
        "decision",
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        waits = obj is None or getattr(obj, "state", "") == ChangeState.PROPOSED
        return waits and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.readonly_fields) if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["municipality", "row", *CHANGEABLE, "reason"]
        more = ["verdict", "words"] if self.has_change_permission(request, obj) else []
        return [*self.readonly_fields, *more]

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        kwargs["form"] = DecisionForm if obj else ChangeForm
        kwargs["fields"] = () if obj else ("municipality", "reason")
        made = super().get_form(request, obj, *args, **kwargs)
        return type(made.__name__, (made,), {"user": request.user})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the row as it counts now."""
        said: dict[str, Any] = super().get_changeform_initial_data(request)
        city = _city(request)
        if city is not None and said.get("row") in BY_CODE:
            said |= {"municipality": city.pk, **policy_changes.now_of(city, said["row"])}
        return said

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """The form's verb has done it."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit record has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit record has it."""

    @admin.display(description=gettext_lazy("changes"))
    def changes(self, row: PolicyChange) -> SafeString:
        lines = [
            (FIELDS[name], shown(name, before), shown(name, after))
            for name, before, after in policy_changes.difference(row)
        ]
        return format_html(
            "<ul>{}</ul>", format_html_join("", "<li>{}: {} → <strong>{}</strong></li>", lines)
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.matrix_view)
        return [path("matrix/", view, name="linkage_policychange_matrix"), *super().get_urls()]

    def matrix_view(self, request: HttpRequest) -> HttpResponse:
        """Show the matrix of a municipality, and what it would say to a request."""
        city = _city(request)
        if city is None:
            raise PermissionDenied
        rows = rows_of(city.pk)
        form = ExplainForm(request.GET if "service" in request.GET else None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Policy on video"),
            "city": city,
            "cities": administered(request.user, self.right).defer("boundary"),
            "form": form,
            "said": _explained(form, city, rows) if form.is_bound and form.is_valid() else None,
            "heads": [FIELDS[name] for name in CHANGEABLE],
            "rows": [_line(row, city) for row in rows],
        }
        return TemplateResponse(request, "admin/linkage/policy_matrix.html", context)


def _city(request: HttpRequest) -> Municipality | None:
    """Give the municipality named by ?city=, else the first of one's own."""
    own = administered(request.user, Right.POLICY_MANAGE).defer("boundary").order_by("code")
    code = request.GET.get("city", "")
    found: Municipality | None = (own.filter(code=code) if code else own).first()
    return found


def _line(row: Row, city: Municipality) -> dict[str, Any]:
    values = values_of(row)
    change = reverse("admin:linkage_policychange_add") + f"?city={city.code}&row={row.code}"
    return {
        "code": row.code,
        "service": service_name(row.service),
        "access": ACCESSES[row.access],
        "cells": [shown(name, values[name]) for name in CHANGEABLE],
        "is_own": values != values_of(BY_CODE[row.code]),
        "change": change,
    }


class ExplainForm(forms.Form):
    """A request as it might come; nothing is sent or kept."""

    service = forms.ChoiceField(
        label=gettext_lazy("service"), choices=[(code, code) for code in SERVICES]
    )
    kind = forms.CharField(
        label=gettext_lazy("kind"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("our code; empty: unmapped"),
    )
    access = forms.ChoiceField(label=gettext_lazy("right"), choices=list(ACCESSES.items()))
    trigger = forms.ChoiceField(label=gettext_lazy("set off by"), choices=list(TRIGGERS.items()))
    mode = forms.ChoiceField(
        label=gettext_lazy("mode of the link"),
        choices=[
            (Mode.REQUEST, gettext_lazy("on request")),
            (Mode.AUTOMATIC, gettext_lazy("automatic push")),
        ],
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("purpose"),
        choices=list(PURPOSES.items()),
    )
    basis = forms.ChoiceField(label=gettext_lazy("legal basis"))
    ground = forms.ChoiceField(
        label=gettext_lazy("ground"),
        required=False,
        choices=[("", "-"), *[(str(one), GROUNDS[one]) for one in Ground]],
    )
    radius_m = forms.IntegerField(
        label=gettext_lazy("distance of the camera (m)"), min_value=0, initial=100
    )
    minutes = forms.IntegerField(label=gettext_lazy("minutes"), min_value=1, initial=60)
    camera_purpose = forms.ChoiceField(
        label=gettext_lazy("purpose of the camera"), choices=Purpose.choices
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named: dict[str, Any] = self.fields  # the choices are those of now
        named["service"].choices = [(code, service_name(code)) for code in SERVICES]
        bases = LegalBasis.objects.order_by("code").values_list("code", flat=True)
        known = {code for row in BY_CODE.values() for code in row.bases}
        named["basis"].choices = [(code, code) for code in sorted(known | set(bases))]


def _explained(form: ExplainForm, city: Municipality, rows: list[Row]) -> dict[str, Any]:
    """Ask the policy as a link would whose agreement stands in nothing's way."""
    said = form.cleaned_data
    bases = LegalBasis.objects.filter(is_in_force=True)
    terms = Terms(
        service=said["service"],
        mode=Mode(said["mode"]),
        radius_m=float("inf"),
        camera_limit=10**6,
        minutes=10**6,
        bases={row.code: frozenset(row.allowed_data) for row in bases},
        camera_purposes=purposes_for(municipality_id=city.pk, service=said["service"]),
    )
    asked = Asked(
        purpose=said["purpose"],
        basis=said["basis"],
        cameras=(1,),
        kind=said["kind"],
        trigger=Trigger(said["trigger"]),
        access=Access(said["access"]),
        ground=said["ground"],
        minutes=said["minutes"],
    )
    seen = Seen(float(said["radius_m"]), said["camera_purpose"])
    found = policy.decide(rows=rows, terms=terms, asked=asked, listed={1: seen})
    rule = found.denied[0][1] if found.denied else found.answer.rule
    word = Word.REFUSED if found.denied else found.answer.word
    return {
        "word": WORDS[word],
        "code": str(word),
        "rule": str(rule) if rule else "",
        "why": RULES[rule] if rule else "",
        "row": found.answer.row.code if found.answer.row else "",
    }


@admin.register(VideoRequest)
class VideoRequestAdmin(ScopedAdmin):
    """Requests that waited for a person's word, and what became of them: facts."""

    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["asked_at", "link", "case_number", "purpose", "state", "answered_by", "rule"]
    list_filter = ["state", ("link", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["link", "answered_by"]
    search_fields = ["case_number", "incident__number"]
    date_hierarchy = "asked_at"
