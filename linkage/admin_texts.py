"""Disaster text messages in the admin: where each landed, and whose one is that names no place."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered, administers
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage.models_messages import (
    DisasterMessage,
    DisasterMessagePlace,
    Landing,
    MessageDecision,
)
from linkage.services.disaster import decisions

HERE = DisasterMessagePlace.objects.filter(message=OuterRef("pk"), municipality__isnull=False)
DISMISSED = MessageDecision.objects.filter(message=OuterRef("pk"), municipality=None)


class WhoseFilter(admin.SimpleListFilter):
    title = gettext_lazy("whose it is")
    parameter_name = "whose"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", gettext_lazy("waits for a decision")),
            ("decided", gettext_lazy("decided by a person")),
            ("none", gettext_lazy("concerns no municipality here")),
        ]

    def queryset(
        self, _request: HttpRequest, rows: QuerySet[DisasterMessage]
    ) -> QuerySet[DisasterMessage]:
        if self.value() == "waiting":
            open_ = rows.exclude(landing=Landing.PLACED)
            return open_.exclude(Exists(HERE)).exclude(Exists(DISMISSED))
        if self.value() == "decided":
            said = MessageDecision.objects.filter(message=OuterRef("pk"))
            return rows.filter(Exists(said))
        if self.value() == "none":
            return rows.filter(Exists(DISMISSED)).exclude(Exists(HERE))
        return rows


class Chooser(FilteredSelectMultiple):
    """Django's two lists, in a box of their own: they put themselves first in what holds them."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        return format_html("<div>{}</div>", super().render(*args, **kwargs))


class WhoseForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Nothing of the message is changed: only whose it is may be said."""

    municipalities = forms.ModelMultipleChoiceField(
        label=gettext_lazy("municipalities that it concerns"),
        queryset=Municipality.objects.none(),
        required=False,
        help_text=gettext_lazy(
            "It becomes an event of each; an emergency of the last 24 hours opens an incident "
            "there, as its policy says. This is put on record and cannot be taken back."
        ),
    )
    concerns_none = forms.BooleanField(
        label=gettext_lazy("concerns no municipality here"), required=False
    )

    class Meta:
        model = DisasterMessage
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("concerns_none") and said.get("municipalities"):
            raise ValidationError(_("choose municipalities, or that it concerns none"))
        return said


@admin.register(DisasterMessage)
class DisasterMessageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """One's own, those that may be one's own, and those that name no place; roles decide."""

    right = Right.POLICY_MANAGE
    form = WhoseForm
    list_display = ["issued_at", "step", "category", "agency", "excerpt", "landing", "whose"]
    list_filter = ["landing", WhoseFilter, "step"]
    search_fields = ["text", "agency", "=number"]
    date_hierarchy = "issued_at"
    show_full_result_count = False
    list_per_page = 50
    readonly_fields = [
        "number",
        "issued_at",
        "agency",
        "category",
        "step",
        "regions",
        "text",
        "landing",
        "candidates_named",
        "whose",
        "said",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).prefetch_related("places__municipality")
        rows = rows.prefetch_related("decisions__municipality", "decisions__by")
        user: Any = request.user
        if user.is_active and user.is_superuser:
            return rows
        scope = administered(user, self.right)
        mine = Q(landing=Landing.UNPLACED)
        for code in scope.values_list("code", flat=True):
            mine |= Q(candidates__contains=[code]) | Q(candidates__contains=[code[:2]])
        here = DisasterMessagePlace.objects.filter(message=OuterRef("pk"), municipality__in=scope)
        return rows.filter(mine | Exists(here)) if scope else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return administers(request, self.right)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return self.has_module_permission(request)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        user: Any = request.user
        none = ["concerns_none"] if user.is_superuser else []
        return [*self.readonly_fields, "municipalities", *none]

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        # The two fields of the form are no fields of the model: Django must not look for them.
        kwargs["fields"] = ()
        form = super().get_form(request, obj, *args, **kwargs)
        field: Any = form.base_fields["municipalities"]
        theirs = administered(request.user, self.right).defer("boundary")
        field.queryset = theirs.exclude(disaster_messages__message=obj) if obj else theirs
        field.widget = Chooser(_("municipalities"), is_stacked=False)
        field.widget.choices = field.choices
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        said = form.cleaned_data
        try:
            if said["municipalities"]:
                chosen = said["municipalities"]
                decisions.assign(message=obj, municipalities=chosen, by=request.user)
            elif said.get("concerns_none"):
                decisions.dismiss(message=obj, by=request.user)
        except DomainError as refusal:
            messages.error(request, refusal.message)

    @admin.display(description=gettext_lazy("text"))
    def excerpt(self, row: DisasterMessage) -> str:
        return Truncator(" ".join(row.text.split())).chars(60)

    @admin.display(description=gettext_lazy("candidates"))
    def candidates_named(self, row: DisasterMessage) -> str:
        return ", ".join(row.candidate_names or row.candidates) or "-"

    @admin.display(description=gettext_lazy("whose it is"))
    def whose(self, row: DisasterMessage) -> str:
        """Name the municipalities here that have it; else how many may."""
        here = [place.municipality.name for place in row.places.all() if place.municipality]
        if here:
            return ", ".join(here)
        if any(one.municipality_id is None for one in row.decisions.all()):
            return _("no municipality here")
        if row.landing == Landing.PLACED:
            return _("elsewhere")
        if not row.candidates:
            return _("no candidate")
        return _("%(count)s candidates") % {"count": len(row.candidates)}

    @admin.display(description=gettext_lazy("decisions"))
    def said(self, row: DisasterMessage) -> str:
        """Say what was decided, not by whom: that is read where one may read the decisions."""
        return "; ".join(_decision(one) for one in row.decisions.all()) or "-"


def _decision(said: MessageDecision) -> str:
    whose = said.municipality.name if said.municipality else _("no municipality here")
    when = localize(localtime(said.at))
    if said.municipality is not None and not said.is_ours:
        return _("%(name)s: not theirs, %(when)s") % {"name": whose, "when": when}
    return f"{whose}, {when}"


@admin.register(MessageDecision)
class MessageDecisionAdmin(ScopedAdmin):
    """Who said whose a message is: a record."""

    right = Right.POLICY_MANAGE
    read_only = True
    list_display = ["at", "message", "municipality", "is_ours", "by"]
    list_filter = ["is_ours", ("municipality", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["message", "municipality", "by"]
    search_fields = ["=message__number", "message__text"]
    date_hierarchy = "at"
