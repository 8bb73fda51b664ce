"""Admin of camera life: tickets to read (their steps have a page), rules and planned work."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cctv.admin_recorded import RecordedAdmin
from cctv.models import (
    CameraHost,
    MaintenanceNote,
    MaintenanceTicket,
    PlannedWork,
    Site,
    TicketRule,
)
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right


@admin.register(TicketRule)
class TicketRuleAdmin(RecordedAdmin):
    right = Right.REGISTER_MANAGE
    list_display = ["municipality", "cause", "is_active", "after_min", "priority"]
    list_filter = ["cause", "is_active"]
    list_select_related = ["municipality"]


@admin.register(PlannedWork)
class PlannedWorkAdmin(RecordedAdmin):
    right = Right.REGISTER_MANAGE
    list_display = ["begins_at", "ends_at", "municipality", "site", "reason"]
    list_select_related = ["municipality", "site"]
    autocomplete_fields = ["site"]
    date_hierarchy = "begins_at"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Site:
            scope = administered(request.user, self.right)
            kwargs["queryset"] = Site.objects.filter(municipality__in=scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class NoteInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    model = MaintenanceNote
    extra = 0
    fields = ("at", "verb", "state", "text", "by")
    readonly_fields = fields
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(MaintenanceTicket)
class MaintenanceTicketAdmin(ScopedAdmin):
    """Tickets are facts here; the page of tickets takes their steps."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = ["__str__", "state", "priority", "municipality", "contractor", "opened_at"]
    list_filter = ["state", "cause", "priority"]
    list_select_related = ["municipality"]
    search_fields = ["contractor", "cameras__name", "notes__text"]
    shown = (
        "municipality", "cause", "state", "priority", "contractor", "cameras",
        "opened_by", "opened_at", "state_at", "page",
    )  # fmt: skip
    fields = shown
    inlines = [NoteInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown

    @admin.display(description=_("next step"))
    def page(self, ticket: MaintenanceTicket) -> str:
        address = reverse("camera-tickets", args=[ticket.municipality.code])
        return format_html('<a href="{}">{}</a>', address, _("Maintenance tickets"))


@admin.register(CameraHost)
class CameraHostAdmin(ScopedAdmin):
    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = ["label", "municipality", "state", "since", "reason", "checked_at"]
    list_filter = ["state"]
    list_select_related = ["municipality"]
