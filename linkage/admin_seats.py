"""Engineers of agencies, kept by those who keep links: each a person and a seat."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right
from linkage.models import AgencySeat


class SeatForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A new seat makes a new person: nobody who serves in a centre becomes one by a slip."""

    username = forms.CharField(label=_("sign-in name"), max_length=150)
    display_name = forms.CharField(label=_("name"), max_length=60, required=False)
    password = forms.CharField(
        label=_("first password"), widget=forms.PasswordInput(render_value=False), strip=False
    )

    class Meta:
        model = AgencySeat
        fields = ["municipality", "agency", "valid_from", "valid_until"]

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        User.username_validator(name)
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(_("this sign-in name is taken"))
        return name

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


@admin.register(AgencySeat)
class SeatAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    list_display = ["user", "agency", "municipality", "valid_from", "valid_until"]
    list_filter = ["agency", "municipality"]
    list_select_related = ["user", "agency", "municipality"]
    search_fields = ["user__username", "user__display_name"]

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        if obj is None:
            kwargs |= {"form": SeatForm, "fields": SeatForm.Meta.fields}
        return super().get_form(request, obj, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = ["municipality", "agency", "valid_from", "valid_until"]
        return (
            [*own[:2], "user", *own[2:]] if obj else ["username", "display_name", "password", *own]
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["municipality", "agency", "user"] if obj else []

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: AgencySeat, form: Any, change: Any) -> None:
        if not change:
            said = form.cleaned_data
            obj.user = User.objects.create_user(
                said["username"], password=said["password"], display_name=said["display_name"]
            )
        super().save_model(request, obj, form, change)
        self._record("seat.changed" if change else "seat.given", request, obj)

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record("seat.taken", request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for seat in queryset:
            self.delete_model(request, seat)

    def _record(self, action: str, request: HttpRequest, seat: Model) -> None:
        chain.record(
            action=action,
            subject_kind="agency_seat",
            subject_id=str(seat.pk),
            municipality_id=seat.municipality_id,  # type: ignore[attr-defined]
            actor_id=request.user.pk,
            detail={"user": seat.user_id, "agency": seat.agency_id},  # type: ignore[attr-defined]
        )
