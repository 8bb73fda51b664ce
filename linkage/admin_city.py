"""Feeds, bells and sensors as an administrator keeps them; what came of them is read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.gis.db.models import PointField
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from leaflet.forms.widgets import LeafletWidget

from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right
from linkage.models import Link
from linkage.models_city import (
    Bell,
    BellPress,
    Feed,
    FeedItem,
    Sensor,
    SensorReading,
    TrafficCamera,
)
from linkage.sealing import seal


class _OwnLinks(ScopedAdmin):
    """Offers the links of one's own municipalities only, and keeps both municipalities the same."""

    right = Right.LINKS_MANAGE

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Link:
            scope = administered(request.user, self.right)
            kwargs["queryset"] = Link.objects.filter(municipality__in=scope, service="city")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _check_municipality(form: forms.BaseForm) -> None:
    link = form.cleaned_data.get("link") or form.instance.link  # type: ignore[attr-defined]
    stated = form.cleaned_data.get("municipality")
    if stated and link.municipality_id != stated.pk:
        form.add_error("link", _("this link belongs to another municipality"))


class FeedForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    url = forms.URLField(
        label=gettext_lazy("address"),
        max_length=500,
        assume_scheme="https",
        help_text=gettext_lazy("with its query, without the key"),
    )
    new_key = forms.CharField(
        label=gettext_lazy("key of the source"),
        required=False,
        widget=forms.PasswordInput,
        help_text=gettext_lazy("leave it empty to keep the one there is"),
    )

    class Meta:
        model = Feed
        fields = (
            "municipality",
            "link",
            "adapter",
            "url",
            "key_parameter",
            "allow_private_address",
            "interval_s",
            "is_active",
        )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("link"):
            _check_municipality(self)
        return said


@admin.register(Feed)
class FeedAdmin(_OwnLinks):
    form = FeedForm
    list_display = ["link", "adapter", "is_active", "answered_at", "failures", "last_error"]
    list_filter = ["adapter", "is_active"]
    list_select_related = ["link"]
    readonly_fields = ["polled_at", "answered_at", "failures", "last_error", "last_result"]
    fields = [*FeedForm.Meta.fields, "new_key", *readonly_fields]

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: Any) -> None:
        if form.cleaned_data["new_key"]:
            obj.key = seal(form.cleaned_data["new_key"])
        super().save_model(request, obj, form, change)


@admin.register(FeedItem)
class FeedItemAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    municipality_path = "feed__municipality"
    list_display = ["source_id", "feed", "starts_at", "ends_at", "ended_at", "ended_by", "incident"]
    list_filter = ["feed", "ended_by"]
    list_select_related = ["feed__link", "incident"]
    search_fields = ["source_id"]


@admin.register(TrafficCamera)
class TrafficCameraAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["name", "feed", "picture_format", "seen_at"]
    list_select_related = ["feed__link"]
    search_fields = ["name"]
    exclude = ["location"]


@admin.register(Bell)
class BellAdmin(ScopedAdmin):
    """The register is changed by its import (manage.py import_bells)."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = ["number", "place_text", "purpose", "connection", "police_linked", "gone_at"]
    list_filter = ["municipality", "purpose", "connection", "police_linked"]
    search_fields = ["number", "register_id", "place_text", "road_address", "lot_address"]
    exclude = ["location"]


@admin.register(BellPress)
class BellPressAdmin(ScopedAdmin):
    right = Right.REGISTER_MANAGE
    read_only = True
    municipality_path = "bell__municipality"
    list_display = ["pressed_at", "bell", "incident"]
    list_select_related = ["bell", "incident"]
    date_hierarchy = "pressed_at"


class SensorForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Sensor
        fields = (
            "municipality",
            "link",
            "code",
            "name",
            "kind",
            "unit",
            "location",
            "address",
            "attention_from",
            "caution_from",
            "alert_from",
            "severe_from",
            "hysteresis",
            "stale_after_s",
            "is_active",
        )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        names = ("attention_from", "caution_from", "alert_from", "severe_from")
        stated = [said[name] for name in names if said.get(name) is not None]
        if stated != sorted(set(stated)):
            self.add_error("severe_from", _("each threshold must be above the one before"))
        if not stated:
            self.add_error("attention_from", _("a sensor needs a threshold"))
        if said.get("link"):
            _check_municipality(self)
        return said


@admin.register(Sensor)
class SensorAdmin(_OwnLinks):
    form = SensorForm
    formfield_overrides = {PointField: {"widget": LeafletWidget()}}
    list_display = ["name", "kind", "value", "unit", "level", "measured_at", "is_active"]
    list_filter = ["municipality", "kind", "is_active"]
    search_fields = ["code", "name", "address"]
    fields = [*SensorForm.Meta.fields, "level", "value", "measured_at"]
    readonly_fields = ["level", "value", "measured_at"]


@admin.register(SensorReading)
class SensorReadingAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    municipality_path = "sensor__municipality"
    list_display = ["at", "sensor", "value", "level", "received_at"]
    list_filter = ["sensor", "level"]
    list_select_related = ["sensor"]
    date_hierarchy = "at"
