"""Mutual TLS of a link, on the link's own page: the key goes in and never comes out."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from controlroom.errors import Invalid
from controlroom.municipalities.admin_scope import administers
from controlroom.municipalities.roles import Right
from linkage import mutual_tls
from linkage.models import LinkTls


class TlsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    private_key = forms.CharField(
        label=_("key of our certificate (PEM)"),
        widget=forms.Textarea(attrs={"autocomplete": "off", "spellcheck": "false"}),
        required=False,
        help_text=_("kept encrypted and never shown; empty: the present one stays"),
    )
    fingerprints = forms.CharField(
        label=_("the agency's certificates (SHA-256)"),
        widget=forms.Textarea,
        required=False,
        help_text=_(
            "one a line, two during a change; one of them must be shown with every request"
        ),
    )

    class Meta:
        model = LinkTls
        fields = ["certificate", "authorities"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["fingerprints"] = "\n".join(self.instance.fingerprints)

    def clean_fingerprints(self) -> list[str]:
        return [line for line in self.cleaned_data["fingerprints"].splitlines() if line.strip()]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        try:
            mutual_tls.validate(
                certificate=said.get("certificate", ""),
                key=said.get("private_key", "") or mutual_tls.key_of(self.instance),
                authorities=said.get("authorities", ""),
                fingerprints=said.get("fingerprints", []),
            )
        except Invalid as refused:
            names = {"key": "private_key"}
            raise ValidationError(
                {
                    names.get(name, name): [str(one) for one in reasons]
                    for name, reasons in refused.fields.items()
                }
            ) from refused
        return said

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's own shape
        """Leave the writing to the verb."""
        return self.instance


class TlsInline(admin.StackedInline):  # type: ignore[type-arg]
    model = LinkTls
    form = TlsForm
    fields = ["certificate", "private_key", "authorities", "fingerprints", "expires_at"]
    readonly_fields = ["expires_at"]
    extra = 1
    max_num = 1
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return administers(request, Right.LINKS_MANAGE)

    has_add_permission = has_change_permission = has_view_permission
