"""Recording policies and legal holds in the administration: every change by a verb, with its reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cctv.models import Camera, LegalHold, RecordingPolicy
from cctv.recordings import holds, policies
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right


class OfOwnCameras(ScopedAdmin):
    """An admin of rows of cameras: only those of one's own municipalities can be chosen."""

    right = Right.POLICY_MANAGE
    raw_id_fields = ["camera"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Camera:
            scope = administered(request.user, self.right)
            kwargs["queryset"] = Camera.objects.in_register().filter(municipality__in=scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class RecordingPolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = RecordingPolicy
        fields = [
            "municipality", "purpose", "camera", "is_on", "retention_hours", "basis",
            "justification",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        camera, city = said.get("camera"), said.get("municipality")
        if camera and city and camera.municipality_id != city.pk:
            self.add_error("camera", _("this camera is of another municipality"))
        return said


@admin.register(RecordingPolicy)
class RecordingPolicyAdmin(OfOwnCameras):
    form = RecordingPolicyForm
    list_display = ["__str__", "municipality", "is_on", "retention_hours", "basis"]
    list_filter = ["is_on", "purpose", "municipality"]
    list_select_related = ["municipality", "camera__site"]
    actions = None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        policies.write(policy=obj, by=request.user)  # type: ignore[arg-type]  # signed in

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        policies.remove(policy=obj, by=request.user)  # type: ignore[arg-type]  # signed in


class LegalHoldForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = LegalHold
        fields = ["camera", "since", "until", "kept_until", "letter_number", "reason"]
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if since and until and since >= until:
            self.add_error("until", _("must be after the start"))
        if said.get("kept_until") and said["kept_until"] <= timezone.now():
            self.add_error("kept_until", _("must be in the future"))
        return said


class ReleaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of a standing hold only its release can be said."""

    release_reason = forms.CharField(
        label=_("why released"),
        max_length=300,
        help_text=_("Only another person than who placed it may release a hold."),
    )

    # Whose request it is: the admin says it, for a refusal belongs beside the field.
    by: Any = None

    class Meta:
        model = LegalHold
        fields = ["release_reason"]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if self.by is not None and self.instance.placed_by_id == self.by.pk:
            self.add_error("release_reason", _("another person must release this hold"))
        return said


@admin.register(LegalHold)
class LegalHoldAdmin(OfOwnCameras):
    list_display = ["letter_number", "camera", "since", "until", "kept_until", "released_at"]
    list_filter = [("released_at", admin.EmptyFieldListFilter), "municipality"]
    list_select_related = ["camera__site"]
    search_fields = ["letter_number", "reason", "camera__name"]
    actions = None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any  # noqa: FBT001, FBT002  # Django's own
    ) -> Any:
        if obj is None:
            return super().get_form(request, obj, change, form=LegalHoldForm, **kwargs)
        form = super().get_form(request, obj, change, form=ReleaseForm, **kwargs)
        return type("OwnReleaseForm", (form,), {"by": request.user})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(LegalHoldForm.Meta.fields)
        if obj is None:
            return fields
        return [*fields, "placed_by", "placed_at", "released_by", "released_at", "release_reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return []
        said = [*LegalHoldForm.Meta.fields, "placed_by", "placed_at", "released_by", "released_at"]
        return [*said, "release_reason"] if obj.released_at else said

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_over = isinstance(obj, LegalHold) and obj.released_at is not None
        return not is_over and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # That something was held, and by which letter, stays on record.
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        by: Any = request.user
        if change:
            holds.release(hold=obj, reason=form.cleaned_data["release_reason"], by=by)
            return
        said = form.cleaned_data
        placed = holds.place(by=by, **{name: said[name] for name in LegalHoldForm.Meta.fields})
        obj.pk, obj.municipality_id, obj.placed_by = placed.pk, placed.municipality_id, by

