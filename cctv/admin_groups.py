"""The cameras of a group in the admin: chosen among the municipality's own."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cctv.models import GroupedCamera
from controlroom.municipalities.admin_scope import administered
from controlroom.municipalities.roles import Right


class TurnsFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # not generic at run time
    """Refuses a camera of another municipality."""

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            camera = form.cleaned_data.get("camera") if hasattr(form, "cleaned_data") else None
            if camera and camera.municipality_id != self.instance.municipality_id:
                raise ValidationError(
                    _("%(camera)s is a camera of another municipality"),
                    params={"camera": str(camera)},
                )


class TurnInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    model = GroupedCamera
    formset = TurnsFormSet
    extra = 3
    fields = ["order", "camera"]
    autocomplete_fields = ["camera"]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Name each cell for who does not see the column heads."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = db_field.verbose_name
        return field

    def _holds(self, request: HttpRequest, obj: Any) -> bool:
        scope = administered(request.user, Right.REGISTER_MANAGE)
        return scope.exists() if obj is None else scope.filter(pk=obj.municipality_id).exists()

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._holds(request, obj)
