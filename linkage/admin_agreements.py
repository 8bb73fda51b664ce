"""Purposes and legal bases: shared by the installation, seen by who keeps links."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.admin_scope import administers
from controlroom.municipalities.roles import Right
from linkage.agreement_forms import LegalBasisForm
from linkage.choices import DataKind
from linkage.models_agreements import LegalBasis, Purpose


class SharedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Rows of every municipality: those who keep links see them, a superuser changes them.

    What a link names cannot be deleted: the database protects it, and Django shows by whom.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        return administers(request, Right.LINKS_MANAGE)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_add_permission(request)


@admin.register(Purpose)
class PurposeAdmin(SharedAdmin):
    list_display = ["code", "name_ko", "name_en"]
    search_fields = ["code", "name_ko", "name_en"]


@admin.register(LegalBasis)
class LegalBasisAdmin(SharedAdmin):
    form = LegalBasisForm
    list_display = ["code", "law", "data", "is_in_force", "checked_on"]
    list_filter = ["is_in_force"]
    search_fields = ["code", "law_ko", "law_en", "article", "text_ko"]
    fieldsets = [
        (None, {"fields": ["code", ("law_ko", "law_en"), "article", "is_in_force", "checked_on"]}),
        (_("What it lets a link carry"), {"fields": ["allowed_data"]}),
        (_("Text"), {"fields": ["text_ko", "text_en"]}),
    ]

    @admin.display(description=_("law"), ordering="law_ko")
    def law(self, basis: LegalBasis) -> str:
        return str(basis)

    @admin.display(description=_("data it allows"))
    def data(self, basis: LegalBasis) -> str:
        labels = dict(DataKind.choices)
        return ", ".join(str(labels.get(kind, kind)) for kind in basis.allowed_data)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []
