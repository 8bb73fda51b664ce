"""The register of provision in the admin: found there, read and handed out on its own page."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right
from linkage.models import ProvisionCorrection, ProvisionEntry


@admin.register(ProvisionEntry)
class ProvisionEntryAdmin(ScopedAdmin):
    right = Right.RECORDS_READ
    read_only = True
    list_display = [
        *("id", "began_at", "ended_at", "recipient", "received_by", "form", "case_number"),
        "register",
    ]
    list_filter = ["form", "service", "end_reason"]
    list_select_related = ["municipality"]
    search_fields = ["recipient", "received_by", "case_number", "incident_number", "file_name"]
    date_hierarchy = "began_at"

    @admin.display(description=_("register of provision"))
    def register(self, entry: Any) -> str:
        url = reverse("linkage:provision", args=[entry.municipality.code])
        return format_html('<a href="{}">{}</a>', url, entry.municipality)


@admin.register(ProvisionCorrection)
class ProvisionCorrectionAdmin(ScopedAdmin):
    right = Right.RECORDS_READ
    read_only = True
    list_display = ["at", "entry", "field", "value", "reason", "by"]
    list_filter = ["field"]
    list_select_related = ["entry", "by"]
    date_hierarchy = "at"
