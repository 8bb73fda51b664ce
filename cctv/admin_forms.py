"""Forms of the camera admin: what a source is may be said here but never read back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv import sources
from cctv.models import Camera, CameraPolicy
from cctv.policies import ALLOWED
from controlroom.errors import DomainError

KEEP, SET, SYNTHETIC, REMOVE = "keep", "set", "synthetic", "remove"


class CameraForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    source_change = forms.ChoiceField(
        label=_("change the video source"),
        choices=[
            (KEEP, _("leave it as it is")),
            (SET, _("take the address below")),
            (SYNTHETIC, _("synthetic picture (demo)")),
            (REMOVE, _("disconnect")),
        ],
        initial=KEEP,
        required=False,
    )
    source_url = forms.CharField(
        label=_("address of the picture"),
        required=False,
        max_length=500,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "size": 80}),
        help_text=_("rtsp, rtsps or https; kept encrypted and never shown again"),
    )

    class Meta:
        model = Camera
        fields = [
            "site", "position", "name", "maker", "model_name", "bearing_deg", "field_of_view_deg",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        url = said.get("source_url", "")
        if said.get("source_change") == SET:
            if not url:
                self.add_error("source_url", _("an address is needed"))
            else:
                self._check(url)
        elif url:
            self.add_error("source_change", _("say that the address below is to be taken"))
        return said

    def _check(self, url: str) -> None:
        try:
            sources.check(url)
        except DomainError as refusal:
            for why in refusal.fields.get("url", [refusal.message]):
                self.add_error("source_url", str(why))

    def wanted_source(self) -> str | None:
        """Give what sources.set_source should be told, or None to leave it."""
        change = self.cleaned_data.get("source_change")
        if change == SET:
            return str(self.cleaned_data["source_url"])
        return {SYNTHETIC: sources.SYNTHETIC, REMOVE: ""}.get(str(change))


SERVICES = {
    "police112": _("police 112"),
    "fire119": _("fire 119"),
    "disaster": _("disaster"),
    "city": _("the centre itself"),
}


class CameraPolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    service = forms.ChoiceField(
        label=_("service"), choices=[(code, SERVICES.get(code, code)) for code in ALLOWED]
    )

    class Meta:
        model = CameraPolicy
        fields = ["municipality", "service", "purpose", "allowed", "basis"]
