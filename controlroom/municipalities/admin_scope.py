"""How Django admin obeys memberships: rows and choices of one's own municipalities only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right


def administered(user: Any, right: Right) -> QuerySet[Municipality]:
    """Give the municipalities a person administers by this right; a superuser administers all."""
    if user.is_active and user.is_superuser:
        return Municipality.objects.all()
    return Municipality.objects.visible_to(user, right)


def administers(request: HttpRequest, right: Right) -> bool:
    """Say whether this person administers anywhere by this right, asking once a request.

    A page of the administration asks for every model it may name, and for each permission on it.
    """
    known: dict[Any, bool] = request.__dict__.setdefault("administers", {})
    asked = (request.user.pk, right)
    if asked not in known:
        known[asked] = administered(request.user, right).exists()
    return known[asked]


class ScopedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """An admin of rows that belong to a municipality.

    `right` is needed to see and to change; `municipality_path` leads from the row to its
    municipality ("site__municipality"). `read_only` refuses every change, for facts and for state
    that only verbs may change. Django's own model permissions are not asked: roles decide.
    """

    right: Right
    municipality_path = "municipality"
    read_only = False

    def _holds(self, request: HttpRequest, obj: Model | None) -> bool:
        if obj is None or obj.pk is None:
            return administers(request, self.right)
        scope = administered(request.user, self.right)
        owner: Any = obj
        for step in self.municipality_path.split("__"):
            owner = getattr(owner, step)
        return scope.filter(pk=owner.pk).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        scope = administered(request.user, self.right)
        return super().get_queryset(request).filter(**{f"{self.municipality_path}__in": scope})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._holds(request, None)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not self.read_only and self._holds(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not self.read_only and self._holds(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return not self.read_only and self._holds(request, obj)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.related_model is Municipality:
            kwargs["queryset"] = administered(request.user, self.right)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ScopedInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """Rows of a parent that belongs to a municipality; `right` there is needed for any of them."""

    right: Right

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Name each cell for who does not see the column heads."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = db_field.verbose_name
        return field

    def _holds(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None:
            return administers(request, self.right)
        scope = administered(request.user, self.right)
        return scope.filter(pk=obj.municipality_id).exists()

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)
