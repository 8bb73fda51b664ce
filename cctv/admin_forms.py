"""Forms of the camera admin: what a source is may be said here but never read back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv import sources
from cctv.choices import SourceKind
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

    sub_change = forms.ChoiceField(
        label=_("change the sub stream"),
        choices=[
            (KEEP, _("leave it as it is")),
            (SET, _("take the address below")),
            (REMOVE, _("disconnect")),
        ],
        initial=KEEP,
        required=False,
    )
    sub_url = forms.CharField(
        label=_("address of the sub stream"),
        required=False,
        max_length=500,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "size": 80}),
        help_text=_("the camera's own smaller stream, shown in small tiles; H.264 where it can"),
    )

    class Meta:
        model = Camera
        fields = [
            "site", "position", "name", "maker", "model_name", "bearing_deg", "field_of_view_deg",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        self._check("source", said)
        self._check("sub", said)
        if said.get("sub_change") == SET and not self._will_stream(said):
            self.add_error("sub_change", _("a sub stream needs a main stream with an address"))
        return said

    def _check(self, which: str, said: dict[str, Any]) -> None:
        url = said.get(f"{which}_url", "")
        if said.get(f"{which}_change") != SET:
            if url:
                why = _("say that the address below is to be taken")
                self.add_error(f"{which}_change", why)
            return
        if not url:
            self.add_error(f"{which}_url", _("an address is needed"))
            return
        try:
            sources.check(url)
        except DomainError as refusal:
            for reason in refusal.fields.get("url", [refusal.message]):
                self.add_error(f"{which}_url", str(reason))

    def _will_stream(self, said: dict[str, Any]) -> bool:
        change = said.get("source_change") or KEEP
        return change == SET or (change == KEEP and self.instance.source_kind == SourceKind.STREAM)

    def wanted_source(self) -> str | None:
        """Give what sources.set_source should be told, or None to leave it."""
        change = self.cleaned_data.get("source_change")
        if change == SET:
            return str(self.cleaned_data["source_url"])
        return {SYNTHETIC: sources.SYNTHETIC, REMOVE: ""}.get(str(change))

    def wanted_sub(self) -> str | None:
        """Give what sources.set_sub_source should be told, or None to leave it."""
        change = self.cleaned_data.get("sub_change")
        if change == SET:
            return str(self.cleaned_data["sub_url"])
        return "" if change == REMOVE else None


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
