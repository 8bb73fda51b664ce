"""Kinds and priorities as an administrator keeps them; incidents and reports only to be read."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from leaflet.admin import LeafletGeoAdminMixin

from controlroom.audit import chain
from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administers
from controlroom.municipalities.roles import Right
from incidents import admin_scene, admin_screens, lifecycle
from incidents.exports import incidents_file
from incidents.models import Incident, IncidentEvent, Kind, PriorityRule, Report
from incidents.querysets import IncidentQuerySet


class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Tables that every municipality of this installation shares; each change is on record."""

    def _holds(self, request: HttpRequest) -> bool:
        return administers(request, Right.POLICY_MANAGE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._holds(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._holds(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, "policy.added", obj, str(obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, "policy.changed", obj, str(obj))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._record(request, "policy.deleted", obj, str(obj))
        return super().log_deletions(request, queryset)

    @staticmethod
    def _record(request: HttpRequest, action: str, obj: Model, words: str) -> None:
        chain.record(
            action=action,
            subject_kind=str(obj._meta.model_name),  # noqa: SLF001 - Django's own name for it
            subject_id=str(obj.pk),
            actor_id=request.user.pk,
            detail={"as": words},
        )


class RuleInline(admin.TabularInline):  # type: ignore[type-arg]
    model = PriorityRule
    extra = 0
    fields = ["urgency", "priority"]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return administers(request, Right.POLICY_MANAGE)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    has_change_permission = has_delete_permission = has_view_permission


@admin.register(Kind)
class KindAdmin(PolicyAdmin):
    list_display = ["code", "name_ko", "name_en", "service", "kind_class", "is_mapped"]
    list_filter = ["is_mapped", "service", "kind_class"]
    search_fields = ["code", "name_ko", "name_en"]
    list_per_page = 200
    inlines = [RuleInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Keep the agency's code as it came: reports name it."""
        return ["service", "code"] if obj else []

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Give each rule of the kind the kind's service."""
        for rule in formset.save(commit=False):
            rule.service = form.instance.service
            rule.save()
        for gone in formset.deleted_objects:
            gone.delete()
        formset.save_m2m()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse to delete a kind that an incident names."""
        in_use = isinstance(obj, Kind) and Incident.objects.filter(kind=obj).exists()
        return not in_use and super().has_delete_permission(request, obj)


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule names a kind of its own service or none."""

    class Meta:
        model = PriorityRule
        fields = ["service", "kind", "urgency", "priority"]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        kind = said.get("kind")
        if kind is not None and kind.service != said.get("service"):
            raise forms.ValidationError({"kind": _("this kind belongs to another service")})
        return said


@admin.register(PriorityRule)
class PriorityRuleAdmin(PolicyAdmin):
    form = RuleForm
    list_display = ["service", "kind", "urgency", "priority"]
    list_filter = ["service", "priority"]
    list_select_related = ["kind"]
    search_fields = ["kind__code", "kind__name_ko", "kind__name_en"]
    autocomplete_fields = ["kind"]


class ReasonForm(ActionForm):
    """The reason that an action on incidents needs."""

    reason = forms.CharField(label=_("reason"), required=False, max_length=300)


class EventInline(admin.TabularInline):  # type: ignore[type-arg]
    model = IncidentEvent
    fields = ["at", "verb", "actor", "agent", "from_status", "to_status", "text"]
    readonly_fields = ["at", "verb", "actor", "agent", "from_status", "to_status", "text"]
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return administers(request, Right.OPERATIONS_VIEW)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncidentEvent]:
        return super().get_queryset(request).select_related("actor", "incident").order_by("pk")


@admin.register(Incident)
class IncidentAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]  # untyped mixin
    """Read, filter, search, export; a state changes only by the verbs that the console uses."""

    right = Right.OPERATIONS_VIEW
    read_only = True
    modifiable = False
    list_display = [
        "number",
        "drill_mark",
        "priority",
        "status",
        "kind",
        "address",
        "received_at",
        "owner",
    ]
    list_filter = ["status", "priority", "service", "kind__kind_class", "is_drill", "municipality"]
    list_select_related = ["kind", "owner"]
    search_fields = ["number", "address", "summary", "reports__external_id"]
    date_hierarchy = "received_at"
    action_form = ReasonForm
    actions = ["reopen", "export_csv"]
    inlines = [EventInline]

    @admin.display(description=_("drill"), ordering="is_drill")
    def drill_mark(self, incident: Incident) -> str:
        if not incident.is_drill:
            return ""
        return format_html('<span class="chip-drill">{}</span>', _("Drill"))

    @admin.action(description=_("Reopen with a reason"))
    def reopen(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        user: Any = request.user
        done = 0
        for incident in chosen:
            try:
                lifecycle.reopen(incident=incident, by=user, reason=request.POST.get("reason", ""))
                done += 1
            except DomainError as refusal:
                self.message_user(request, f"{incident}: {refusal.message}", messages.ERROR)
        if done:
            words = ngettext("%d incident reopened", "%d incidents reopened", done) % done
            self.message_user(request, words, messages.SUCCESS)

    @admin.action(description=_("Export as CSV"))
    def export_csv(self, request: HttpRequest, chosen: IncidentQuerySet) -> StreamingHttpResponse:
        chain.record(
            action="incidents.exported",
            subject_kind="incident",
            subject_id="",
            actor_id=request.user.pk,
            reason=request.POST.get("reason", ""),
            detail={"count": chosen.count()},
        )
        name = f"incidents-{timezone.localtime():%Y%m%d-%H%M%S}.csv"
        return StreamingHttpResponse(
            incidents_file(chosen),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


@admin.register(Report)
class ReportAdmin(ScopedAdmin):
    right = Right.OPERATIONS_VIEW
    read_only = True
    list_display = ["external_id", "version", "state", "is_applied", "incident", "received_at"]
    list_filter = ["state", "is_applied", "service", "source", "municipality"]
    list_select_related = ["incident"]
    search_fields = ["external_id", "incident__number"]
    date_hierarchy = "received_at"


# The pages of concerns and clusters register themselves.
__all__ = ["admin_scene", "admin_screens"]
