"""What the pages of requests for recorded video ask people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.models import Camera
from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from linkage.choices import DataKind
from linkage.exports import rules
from linkage.models import Link
from linkage.models_agreements import LegalBasis

_INPUT = {"class": "input"}
_WHEN = forms.DateTimeInput(
    attrs={**_INPUT, "type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
)


class RequestForm(forms.Form):
    """A request as a person of the centre writes it down; the verb judges it."""

    link = forms.ModelChoiceField(
        Link.objects.none(), label=_("For which agency"), to_field_name="code"
    )
    case_number = forms.RegexField(
        r"^[0-9A-Za-z_-]{1,40}$", label=_("Its number of the case"), required=False
    )
    basis = forms.ModelChoiceField(
        LegalBasis.objects.none(), label=_("Legal basis"), to_field_name="code"
    )
    purpose = forms.CharField(label=_("Purpose"), max_length=300, help_text=_("no names"))
    since = forms.DateTimeField(label=_("From"), widget=_WHEN)
    until = forms.DateTimeField(label=_("To"), widget=_WHEN)
    cameras = forms.ModelMultipleChoiceField(
        Camera.objects.none(), label=_("Cameras"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, data: Any = None, *, city: Municipality, offered: list[int], **options: Any
    ) -> None:
        super().__init__(data, **options)
        fields: dict[str, Any] = self.fields
        fields["link"].queryset = Link.objects.serving(city).select_related("agency")
        fields["link"].label_from_instance = lambda link: f"{link.agency} · {link.code}"
        carrying = LegalBasis.objects.filter(is_in_force=True)
        fields["basis"].queryset = carrying.filter(allowed_data__contains=[DataKind.RECORDED_VIDEO])
        asked = data.getlist("cameras") if data else []
        named = {int(one) for one in asked if one.isdecimal() and len(one) < 19} | set(offered)
        own = Camera.objects.filter(municipality=city, pk__in=named)
        fields["cameras"].queryset = own.in_register().select_related("site")
        for name, field in fields.items():
            if name != "cameras":
                field.widget.attrs["class"] = "input"


class FindForm(forms.Form):
    """Which cameras are offered: those of an incident, or by name."""

    incident = forms.CharField(label=_("Number of the incident"), max_length=20, required=False)
    q = forms.CharField(label=_("Name of a camera or its site"), max_length=60, required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def incident_of(self, city: Municipality) -> Incident | None:
        number = self.cleaned_data.get("incident") if self.is_valid() else ""
        found: Incident | None = (
            Incident.objects.filter(municipality=city, number=number).first() if number else None
        )
        return found


class LetterForm(forms.Form):
    number = forms.CharField(label=_("Number of the official letter"), max_length=60)
    letter = forms.FileField(
        label=_("The letter"),
        widget=forms.FileInput(
            attrs={**_INPUT, "accept": ",".join(f".{kind}" for kind in sorted(rules.LETTER_KINDS))}
        ),
    )


class ReleaseForm(forms.Form):
    recipient = forms.CharField(label=_("Recipient"), max_length=100)
    views = forms.IntegerField(
        label=_("Views at most"), min_value=1, max_value=rules.MOST_VIEWS, initial=3
    )
    until = forms.DateTimeField(label=_("To be seen until"), widget=_WHEN)
    may_download = forms.BooleanField(
        label=_("may be downloaded as an encrypted package"), required=False
    )


class BasisReasonForm(forms.Form):
    basis = forms.SlugField(max_length=20)
    reason = forms.CharField(max_length=300)
