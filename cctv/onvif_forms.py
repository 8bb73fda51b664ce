"""Forms of ONVIF cameras in the admin: name and password may be said here, never read back."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.choices import OnvifProfile
from cctv.models import Camera, OnvifDevice
from cctv.onvif.aiming import Sighting, Unclear, calibrate
from cctv.onvif.onboarding import Wish


class ConnectForm(forms.Form):
    camera = forms.ModelChoiceField(
        label=gettext_lazy("camera of the register"), queryset=Camera.objects.none()
    )
    address = forms.CharField(
        label=gettext_lazy("address of the device service"),
        max_length=300,
        help_text=gettext_lazy("192.0.2.10 or http://192.0.2.10/onvif/device_service"),
    )
    user = forms.CharField(label=gettext_lazy("name"), max_length=64, required=False)
    password = forms.CharField(
        label=gettext_lazy("password"),
        max_length=128,
        required=False,
        strip=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("kept encrypted and never shown again"),
    )
    profile = forms.ChoiceField(
        label=gettext_lazy("ONVIF profile"), choices=OnvifProfile.choices, initial=OnvifProfile.T
    )
    accepts_clock = forms.BooleanField(
        label=gettext_lazy("take it in although its clock is far off"), required=False
    )

    def __init__(self, *args: Any, cameras: QuerySet[Camera], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["camera"]
        field.queryset = cameras
        field.widget = AutocompleteSelect(OnvifDevice._meta.get_field("camera"), admin.site)  # noqa: SLF001 - Django's own name for it
        field.widget.choices = field.choices

    def wish(self) -> Wish:
        said = self.cleaned_data
        return Wish(
            address=said["address"],
            user=said["user"],
            password=said["password"],
            profile=said["profile"],
            accepts_clock=said["accepts_clock"],
        )


class DeviceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What a person says of a connected camera; two sightings work out how it is mounted."""

    pan_a = forms.FloatField(label=gettext_lazy("first sighting: pan"), required=False)
    bearing_a = forms.FloatField(
        label=gettext_lazy("its bearing (°)"), required=False, min_value=0, max_value=360
    )
    pan_b = forms.FloatField(label=gettext_lazy("second sighting: pan"), required=False)
    bearing_b = forms.FloatField(
        label=gettext_lazy("its bearing (°)"), required=False, min_value=0, max_value=360
    )

    class Meta:
        model = OnvifDevice
        fields = [
            "home_preset",
            "pulls_events",
            "zero_deg",
            "deg_per_pan",
            "level_tilt",
            "deg_per_tilt",
            "height_m",
            "wide_deg",
            "zoom_times",
        ]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        names = ("pan_a", "bearing_a", "pan_b", "bearing_b")
        sighted: list[float] = [said[name] for name in names if said.get(name) is not None]
        if not sighted:
            return said
        if len(sighted) < len(names):
            self.add_error("pan_a", _("two sightings need both pans and both bearings"))
            return said
        pan_a, bearing_a, pan_b, bearing_b = sighted
        try:
            said["zero_deg"], said["deg_per_pan"] = calibrate(
                Sighting(pan_a, bearing_a), Sighting(pan_b, bearing_b)
            )
        except Unclear as why:
            self.add_error("pan_a", _(str(why)))
        return said
