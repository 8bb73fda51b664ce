"""Wall screens in the admin: entered, given their code once, retired."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right
from incidents import screens
from incidents.models_screens import WallScreen


@admin.register(WallScreen)
class WallScreenAdmin(ScopedAdmin):
    right = Right.POLICY_MANAGE
    list_display = ["name", "municipality", "layout", "enrolled_at", "last_seen_at", "retired_at"]
    list_filter = ["layout", ("municipality", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["municipality"]
    search_fields = ["name"]
    fields = ["municipality", "name", "layout", "camera_group", "days", *(
        "enrolled_at", "key_expires_at", "last_seen_at", "retired_at",
    )]  # fmt: skip
    actions = ["give_code", "retire"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a screen in its municipality."""
        fixed = ["enrolled_at", "key_expires_at", "last_seen_at", "retired_at"]
        return [*fixed, "municipality"] if obj else fixed

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # It is retired: where pictures were shown stays known.
        return False

    def save_model(self, request: HttpRequest, obj: WallScreen, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._say_code(request, obj)

    def _say_code(self, request: HttpRequest, screen: WallScreen) -> None:
        code = screens.give_code(screen=screen, by=request.user)  # type: ignore[arg-type]  # signed in
        said = _("Open /wall/ on the screen %(name)s and enter %(code)s within 24 hours.")
        text = str(said) % {"name": screen.name, "code": code}
        self.message_user(request, text, messages.WARNING)

    @admin.action(description=_("Give a new enrolment code"))
    def give_code(self, request: HttpRequest, chosen: QuerySet[WallScreen]) -> None:
        for screen in chosen:
            self._say_code(request, screen)

    @admin.action(description=_("Retire: code and key end at once"))
    def retire(self, request: HttpRequest, chosen: QuerySet[WallScreen]) -> None:
        for screen in chosen:
            screens.retire(screen=screen, by=request.user)  # type: ignore[arg-type]  # signed in
        self.message_user(request, _("Done."), messages.SUCCESS)
