"""What the rooms of 119 and 112 did, their terminals, and alarms: facts and state, to be read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext

from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right
from linkage.alarm_kinds import KINDS
from linkage.models import (
    Alarm,
    FiledReport,
    Still,
    StillRelease,
    StreamGrant,
    Terminal,
    TerminalShare,
)
from linkage.models_fire119 import Engine, FireCase, FireTime
from linkage.services.police112 import terminals

# Only what the rows on the page have: the names of other cities' links are not theirs to read.
OWN_CITY = ("municipality", admin.RelatedOnlyFieldListFilter)
OWN_LINK = ("link", admin.RelatedOnlyFieldListFilter)


class _Facts(ScopedAdmin):
    """State that only verbs may change."""

    right = Right.LINKS_MANAGE
    read_only = True
    show_full_result_count = False


@admin.register(FireCase)
class FireCaseAdmin(_Facts):
    list_display = ["number", "incident", "link", "state", "closing_code", "ended_at"]
    list_filter = ["state", OWN_CITY]
    list_select_related = ["case__incident", "case__link"]
    search_fields = ["case__external_id", "case__incident__number"]

    @admin.display(description=gettext_lazy("agency's number"), ordering="case__external_id")
    def number(self, row: FireCase) -> str:
        return row.case.external_id

    @admin.display(description=gettext_lazy("incident"), ordering="case__incident")
    def incident(self, row: FireCase) -> str:
        return str(row.case.incident)

    @admin.display(description=gettext_lazy("link"), ordering="case__link")
    def link(self, row: FireCase) -> str:
        return str(row.case.link)


@admin.register(FireTime)
class FireTimeAdmin(_Facts):
    list_display = ["at", "step", "unit", "case", "told_at"]
    list_filter = ["step", OWN_CITY]
    list_select_related = ["case"]
    search_fields = ["case__external_id", "unit"]
    date_hierarchy = "at"


@admin.register(Engine)
class EngineAdmin(_Facts):
    list_display = ["call_sign", "vehicle", "case", "speed_kmh", "located_at"]
    list_filter = ["vehicle", OWN_CITY]
    list_select_related = ["case"]
    search_fields = ["call_sign", "case__external_id"]
    exclude = ["location"]


@admin.register(StreamGrant)
class StreamGrantAdmin(_Facts):
    list_display = [
        "granted_at",
        "link",
        "case_number",
        "camera",
        "purpose",
        "trigger",
        "given_by",
        "expires_at",
        "ended_at",
        "end_reason",
        "first_viewed_at",
    ]
    list_filter = [OWN_LINK, "end_reason", "trigger", "purpose"]
    list_select_related = ["link", "camera", "given_by"]
    search_fields = ["case_number", "incident__number", "camera__name"]
    date_hierarchy = "granted_at"


@admin.register(Terminal)
class TerminalAdmin(_Facts):
    """Their room registers them; whoever keeps links may end one that was lost."""

    list_display = ["number", "call_sign", "link", "enrolled_at", "last_seen_at", "retired_at"]
    list_filter = [OWN_LINK]
    list_select_related = ["link"]
    search_fields = ["number", "call_sign"]
    actions = ["retire"]

    @admin.action(description=gettext_lazy("Retire: key, code and what is shared end at once"))
    def retire(self, request: HttpRequest, chosen: QuerySet[Terminal]) -> None:
        for terminal in chosen:
            terminals.retire(terminal=terminal, by=request.user)
        done = len(chosen)
        words = ngettext("%d terminal retired", "%d terminals retired", done) % done
        self.message_user(request, words, messages.SUCCESS)


@admin.register(TerminalShare)
class TerminalShareAdmin(_Facts):
    list_display = [
        "given_at",
        "terminal",
        "unit",
        "case_number",
        "expires_at",
        "ended_at",
        "end_reason",
        "opened_at",
        "last_seen_at",
    ]
    list_filter = [OWN_LINK, "end_reason"]
    list_select_related = ["terminal"]
    search_fields = ["terminal__number", "unit", "case_number", "incident__number"]
    date_hierarchy = "given_at"


@admin.register(FiledReport)
class FiledReportAdmin(_Facts):
    list_display = ["filed_at", "link", "incident", "relation", "filed_by", "case", "taken_at"]
    list_filter = [OWN_LINK, "relation"]
    list_select_related = ["link", "incident", "filed_by", "case"]
    search_fields = ["incident__number", "case__external_id"]
    date_hierarchy = "filed_at"


@admin.register(Still)
class StillAdmin(_Facts):
    """What is known of a still; the picture itself is looked at on the console, on record."""

    list_display = ["taken_at", "camera", "incident", "taken_by", "kept_until", "destroyed_at"]
    list_filter = [OWN_CITY]
    list_select_related = ["camera__site", "incident", "taken_by"]
    search_fields = ["incident__number", "camera__name", "sha256"]
    date_hierarchy = "taken_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Still]:
        return super().get_queryset(request).defer("sealed")


@admin.register(StillRelease)
class StillReleaseAdmin(_Facts):
    list_display = ["released_at", "link", "case_number", "available_until", "first_viewed_at"]
    list_filter = [OWN_LINK]
    list_select_related = ["link"]
    search_fields = ["case_number", "still__incident__number"]
    date_hierarchy = "released_at"
    exclude = ["still"]


class StandingFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "standing"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("standing")), ("no", gettext_lazy("cleared"))]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Alarm]) -> QuerySet[Alarm]:
        if self.value() in {"yes", "no"}:
            return rows.filter(cleared_at__isnull=self.value() == "yes")
        return rows


@admin.register(Alarm)
class AlarmAdmin(_Facts):
    """Alarms of the whole system belong to no city: they stand on the console."""

    list_display = [
        "raised_at",
        "severity",
        "title",
        "subject_id",
        "acknowledged_by",
        "acknowledged_at",
        "cleared_at",
    ]
    list_filter = [StandingFilter, "severity", "kind", OWN_CITY]
    list_select_related = ["acknowledged_by"]
    search_fields = ["subject_id", "kind"]
    date_hierarchy = "raised_at"

    @admin.display(description=gettext_lazy("alarm"), ordering="kind")
    def title(self, row: Alarm) -> str:
        known = KINDS.get(row.kind)
        return str(known.title) if known else row.kind
