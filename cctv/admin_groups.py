"""The cameras of a group in the admin: chosen among the municipality's own."""

from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext as _

from cctv.models import GroupedCamera
from controlroom.municipalities.admin_scope import ScopedInline
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


class TurnInline(ScopedInline):
    right = Right.REGISTER_MANAGE
    model = GroupedCamera
    formset = TurnsFormSet
    extra = 3
    fields = ["order", "camera"]
    autocomplete_fields = ["camera"]
