"""The forms of an agency's engineers."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _


class OwnPasswordForm(PasswordChangeForm):
    """Asks for the old password by the door of sign-in, which counts wrong ones and locks."""

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        self.request = request
        user: Any = request.user
        super().__init__(user, data)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) is None:
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return old

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        new = said.get("new_password1")
        if new and new == said.get("old_password"):
            self.add_error("new_password2", _("This is your present password."))
        return said
