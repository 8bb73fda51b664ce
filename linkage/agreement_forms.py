"""Forms of links and legal bases: tick boxes and short texts instead of JSON."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from incidents.models import Kind
from linkage.choices import DataKind
from linkage.models import Link
from linkage.models_agreements import LegalBasis, check_minutes

_PAIR = re.compile(r"^\s*([0-9A-Za-z_-]{1,10})\s*[=:]\s*(\d{1,5})\s*$")


class MinutesField(forms.CharField):
    """Minutes by urgency code, written 0=120, 1=90."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return ", ".join(f"{code}={minutes}" for code, minutes in sorted(value.items()))
        return value

    def to_python(self, value: Any) -> Any:
        pairs = [part for part in str(value or "").split(",") if part.strip()]
        found = [_PAIR.match(part) for part in pairs]
        if not all(found):
            raise ValidationError(
                _("write urgency codes with whole minutes, for example 0=120, 1=90")
            )
        minutes = {match[1]: int(match[2]) for match in found if match}
        check_minutes(minutes)
        return minutes

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or {}) != (data or ""))


class KindCodesField(forms.MultipleChoiceField):
    """Codes of kinds; a code that is no longer in the catalogue stays choosable."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, *, service: str, kept: list[str]) -> None:
        kinds = Kind.objects.filter(service=service) if service else Kind.objects.none()
        offered = {kind.code: f"{kind.code} {kind.name}" for kind in kinds.order_by("code")}
        for code in kept:
            offered.setdefault(code, code)
        self.choices = list(offered.items())


class LinkForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A link as agreed; its allowed kinds are ticked once the link and so its service exist."""

    time_limits_min = MinutesField(
        label=_("time limit by urgency (min)"),
        required=False,
        help_text=_("for example 0=120, 1=90; other codes get the limit above"),
    )
    allowed_kinds = KindCodesField(
        label=_("allowed kinds"), required=False, help_text=_("none ticked means all")
    )

    class Meta:
        model = Link
        fields = ("time_limits_min", "allowed_kinds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            # A new link gets its service's usual purpose and basis where none is chosen.
            for name in {"purpose", "legal_basis"} & set(self.fields):
                self.fields[name].required = False
        kinds = self.fields.get("allowed_kinds")
        if isinstance(kinds, KindCodesField):
            kinds.offer(service=self.instance.service, kept=list(self.instance.allowed_kinds))


class LegalBasisForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    allowed_data = forms.MultipleChoiceField(
        label=_("data it allows"),
        choices=DataKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("what is not ticked never leaves on a link with this basis"),
    )

    class Meta:
        model = LegalBasis
        fields = ("allowed_data",)
