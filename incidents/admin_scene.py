"""Sites of concern and clusters of reports: read in the admin, changed by their own verbs."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right
from incidents.models import ClusterAlarm
from incidents.models_concerns import SiteOfConcern


@admin.register(SiteOfConcern)
class SiteOfConcernAdmin(ScopedAdmin):
    """Changed by the import of its source (manage.py import_concerns)."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = ["kind", "name", "ref", "detail", "source", "data_date"]
    list_display_links = ["name"]
    list_filter = ["kind", ("municipality", admin.RelatedOnlyFieldListFilter), "source"]
    search_fields = ["name", "ref", "detail"]
    exclude = ["location"]


@admin.register(ClusterAlarm)
class ClusterAlarmAdmin(ScopedAdmin):
    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = [
        "raised_at",
        "lead",
        "kind_class",
        "reports",
        "is_accelerating",
        "assessment",
        "acknowledged_by",
        "ended_at",
    ]
    list_filter = [
        "kind_class",
        "assessment",
        "is_accelerating",
        "is_drill",
        ("municipality", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["lead", "acknowledged_by"]
    search_fields = ["lead__number"]
    date_hierarchy = "raised_at"
    exclude = ["centre"]

    @admin.display(description=gettext_lazy("reports"))
    def reports(self, row: ClusterAlarm) -> int:
        return len(row.members)
