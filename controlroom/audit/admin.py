"""The audit record in the admin: read, filter, search; nothing else."""

from django.contrib import admin

from controlroom.audit.models import Record
from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right


@admin.register(Record)
class RecordAdmin(ScopedAdmin):
    right = Right.RECORDS_READ
    read_only = True
    list_display = ["at", "actor", "agent", "action", "subject_kind", "subject_id", "reason"]
    list_filter = ["action", "subject_kind", "municipality"]
    search_fields = ["subject_id", "actor__username", "agent", "reason"]
    date_hierarchy = "at"
