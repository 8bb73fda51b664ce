"""The one admin site: people enter by role, through the room's own sign-in page."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.access import holds_anywhere
from controlroom.municipalities.roles import Right

# The rights that have something to do in the admin.
ADMIN_RIGHTS = frozenset(
    {
        Right.POLICY_MANAGE,
        Right.REGISTER_MANAGE,
        Right.LINKS_MANAGE,
        Right.PEOPLE_MANAGE,
        Right.RECORDS_READ,
    }
)


# Rights come from roles in a municipality: Django's groups would promise what nobody asks. The
# OAuth clients are handed out by links, and their tokens are nobody's to read.
KEPT_ELSEWHERE = frozenset({"auth", "oauth2_provider"})


class ControlroomAdminSite(admin.AdminSite):
    site_header = _("Control room administration")
    site_title = _("Control room administration")
    index_title = _("What the centre keeps")
    site_url = "/"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = (
            model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        )
        kept = [one for one in models if one._meta.app_label not in KEPT_ELSEWHERE]  # noqa: SLF001
        super().register(kept, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        if not user.is_authenticated or not user.is_active:
            return False
        return user.is_superuser or holds_anywhere(user, ADMIN_RIGHTS)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the room's sign-in page: one page carries language, audit and its limits."""
        if request.user.is_authenticated:
            return redirect("home")
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return redirect(f"{reverse('login')}?{query}")
