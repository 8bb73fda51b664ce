"""Admin of municipalities, and of people with their roles in them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletGeoAdminMixin

from controlroom.accounts.models import User
from controlroom.municipalities.admin_scope import ScopedAdmin, administered, administers
from controlroom.municipalities.models import Membership, Municipality, MunicipalityCode
from controlroom.municipalities.roles import Right


class MunicipalityCodeInline(admin.TabularInline):  # type: ignore[type-arg]
    model = MunicipalityCode
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Municipality)
class MunicipalityAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]  # untyped mixin
    """A superuser adds municipalities; an administrator keeps the policy of the own one."""

    right = Right.POLICY_MANAGE
    list_display = ["code", "name", "organisation_code", "programme_state", "camera_radius_m"]
    list_filter = ["programme_state", "province_ko"]
    search_fields = ["code", "organisation_code", "name_ko", "name_en", "codes__code"]
    inlines = [MunicipalityCodeInline]
    modifiable = False

    def _holds(self, request: HttpRequest, obj: Model | None) -> bool:
        scope = administered(request.user, self.right)
        return scope.exists() if obj is None else scope.filter(pk=obj.pk).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Municipality]:
        return administered(request.user, self.right)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if getattr(request.user, "is_superuser", False):
            return []
        return ["code", "organisation_code", "boundary", "centre", "programme_state"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    min_num = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        scope = administered(request.user, Right.PEOPLE_MANAGE)
        return super().get_queryset(request).filter(municipality__in=scope)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Municipality:
            kwargs["queryset"] = administered(request.user, Right.PEOPLE_MANAGE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return administers(request, Right.PEOPLE_MANAGE)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return administers(request, Right.PEOPLE_MANAGE)

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People of the own municipalities. Whoever also serves elsewhere is only shown.

    Otherwise the administrator of one city could reset a password and enter another.
    """

    list_display = ["username", "display_name", "is_active", "last_login"]
    list_filter = ["is_active", "memberships__role"]
    search_fields = ["username", "display_name"]
    filter_horizontal = []
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("person"), {"fields": ["display_name", "language", "email", "is_active"]}),
        (_("times"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "display_name", "language", "password1", "password2"]})
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people = super().get_queryset(request)
        if getattr(request.user, "is_superuser", False):
            return people
        scope = administered(request.user, Right.PEOPLE_MANAGE)
        return people.filter(memberships__municipality__in=scope).distinct()

    def _manages(self, request: HttpRequest, person: Model | None) -> bool:
        if getattr(request.user, "is_superuser", False):
            return True
        scope = administered(request.user, Right.PEOPLE_MANAGE)
        if not isinstance(person, User):
            return scope.exists()
        elsewhere = Membership.objects.filter(~Q(municipality__in=scope), user=person)
        return not person.is_superuser and scope.exists() and not elsewhere.exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._manages(request, None)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return self._manages(request, None)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._manages(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # People stay in the record; they are made inactive instead.
        return False
