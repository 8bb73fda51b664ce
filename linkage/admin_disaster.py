"""Whom a city tells onward, how its alerts are read; situations and alerts are read only."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right
from linkage.models_cap import CapAlert, CapFeedEntry, CapSource
from linkage.models_disaster import OnwardContact, Situation
from linkage.models_messages import MessagePolicy


@admin.register(OnwardContact)
class OnwardContactAdmin(ScopedAdmin):
    right = Right.POLICY_MANAGE
    list_display = ["whom", "channel", "number", "from_level", "municipality"]
    list_filter = ["channel", "from_level", "municipality"]
    search_fields = ["whom"]


@admin.register(CapSource)
class CapSourceAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    municipality_path = "link__municipality"
    list_display = ["link", "speaks_for", "requires_profile", "feed_url", "fetched_at", "failures"]
    list_select_related = ["link"]
    readonly_fields = ["fetched_at", "failures", "last_error"]

    @admin.display(description=_("speaks for"))
    def speaks_for(self, source: CapSource) -> str:
        return ", ".join(map(str, source.senders)) or gettext("⚠ anybody: list its senders")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not obj.senders:
            warning = gettext("This link may open alerts in anybody's name: list its senders.")
            messages.warning(request, warning)


@admin.register(CapFeedEntry)
class CapFeedEntryAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    municipality_path = "source__link__municipality"
    list_display = ["name", "source", "refusal", "fetched_at"]
    list_filter = ["refusal"]
    list_select_related = ["source"]
    search_fields = ["name"]
    fields = ["source", "name", "href", "refusal", "fetched_at"]


@admin.register(MessagePolicy)
class MessagePolicyAdmin(ScopedAdmin):
    right = Right.POLICY_MANAGE
    list_display = ["municipality", "opens_from"]
    list_select_related = ["municipality"]


@admin.register(Situation)
class SituationAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["incident", "level", "issuer", "started_at", "ended_at", "is_public"]
    list_filter = ["level", "is_public", "municipality"]
    list_select_related = ["incident"]
    fields = ["incident", "level", "issuer", "area_names", "started_at", "ended_at", "is_public"]


@admin.register(CapAlert)
class CapAlertAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["identifier", "sender", "sent", "msg_type", "scope", "route", "link"]
    list_filter = ["msg_type", "scope", "route", "municipality"]
    list_select_related = ["link"]
    search_fields = ["identifier", "sender"]
    fields = [
        "identifier",
        "sender",
        "sent",
        "status",
        "msg_type",
        "scope",
        "edition",
        "route",
        "document",
    ]
