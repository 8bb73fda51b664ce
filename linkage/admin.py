"""Agencies and links as an administrator keeps them; exchanges are read, and sent again by verb."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administers
from controlroom.municipalities.roles import Right
from linkage import (
    admin_agreements,
    admin_codes,
    admin_links,
    admin_regions,
    admin_seats,
    replays,
)
from linkage.models import Agency, Case, DeliveryAttempt, InboxMessage, OutboxMessage, Resync

__all__ = ["admin_agreements", "admin_codes", "admin_links", "admin_regions", "admin_seats"]


def _holds(request: HttpRequest) -> bool:
    return administers(request, Right.LINKS_MANAGE)


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Agencies are shared by the municipalities of an installation."""

    list_display = ["name_ko", "kind", "organisation_code", "duty_phone"]
    list_filter = ["kind"]
    search_fields = ["name_ko", "name_en", "organisation_code"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _holds(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _holds(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        in_use = isinstance(obj, Agency) and obj.links.exists()
        return not in_use and _holds(request)


class ReasonForm(ActionForm):
    """The list's action asks why: the reason is put on record."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]
    model = DeliveryAttempt
    fields = ["number", "started_at", "finished_at", "outcome", "http_status", "error"]
    readonly_fields = ["number", "started_at", "finished_at", "outcome", "http_status", "error"]
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(OutboxMessage)
class OutboxAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["uid", "link", "message_type", "state", "attempts", "created_at", "last_error"]
    list_filter = ["state", "message_type", "link"]
    list_select_related = ["link"]
    search_fields = ["uid", "case_number"]
    date_hierarchy = "created_at"
    actions = ["replay"]
    action_form = ReasonForm
    inlines = [AttemptInline]

    @admin.action(description=gettext_lazy("Send again"))
    def replay(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        reason = request.POST.get("reason", "").strip()
        if len(reason) < 2:
            self.message_user(request, _("Say why, beside the action."), messages.ERROR)
            return
        done = 0
        for message in chosen:
            try:
                replays.replay(message=message, by=request.user, reason=reason)
                done += 1
            except DomainError as refusal:
                self.message_user(request, f"{message}: {refusal.message}", messages.ERROR)
        if done:
            words = ngettext("%d message queued again", "%d messages queued again", done) % done
            self.message_user(request, words, messages.SUCCESS)


@admin.register(InboxMessage)
class InboxAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["message_id", "link", "message_type", "case_number", "result", "received_at"]
    list_filter = ["result", "message_type", "link"]
    list_select_related = ["link"]
    search_fields = ["message_id", "case_number"]
    date_hierarchy = "received_at"
    exclude = ["raw", "response"]
    readonly_fields = ["as_received"]

    @admin.display(description=gettext_lazy("as received"))
    def as_received(self, message: InboxMessage) -> str:
        return bytes(message.raw).decode("utf-8", "replace")


@admin.register(Resync)
class ResyncAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    municipality_path = "link__municipality"
    read_only = True
    list_display = ["asked_at", "link", "asker", "asked_by", "since", "offered", "reason"]
    list_filter = ["asker", "link"]
    list_select_related = ["link", "asked_by"]
    date_hierarchy = "asked_at"


@admin.register(Case)
class CaseAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["external_id", "link", "incident", "version", "opened_at"]
    list_filter = ["link"]
    list_select_related = ["link", "incident"]
    search_fields = ["external_id", "incident__number"]


from linkage import admin_city as admin_city  # noqa: E402, PLC0414 - registers its own
from linkage import admin_disaster as admin_disaster  # noqa: E402, PLC0414 - registers itself
from linkage import admin_policy as admin_policy  # noqa: E402, PLC0414 - registers its own
from linkage import admin_provision as admin_provision  # noqa: E402, PLC0414 - registers its own
from linkage import admin_rooms as admin_rooms  # noqa: E402, PLC0414 - registers its own
from linkage import admin_texts as admin_texts  # noqa: E402, PLC0414 - registers its own
