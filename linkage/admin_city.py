"""Feeds, bells and sensors as an administrator keeps them; what came of them is read."""

from collections.abc import Callable, Collection
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.gis.db.models import PointField
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from leaflet.forms.widgets import LeafletWidget

from controlroom.audit import chain
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right
from controlroom.sealing import seal
from incidents.statuses import Status
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
from linkage.models_disaster import CrisisLevel
from linkage.models_raw import RawIntake

LAST_READINGS = 20
SHOWN_BYTES = 64 * 1024
STAGES = (pgettext_lazy("level", "below all levels"), *CrisisLevel.labels)
# Only what the rows on the page have: the names of other cities are not theirs to read.
OWN_CITY = ("municipality", admin.RelatedOnlyFieldListFilter)


class _OwnLinks(ScopedAdmin):
    """Offers only links that serve one's own municipalities; the forms check which of them."""

    right = Right.LINKS_MANAGE

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Link:
            scope = administered(request.user, self.right)
            kwargs["queryset"] = Link.objects.serving_any(scope).filter(service="city")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _check_municipality(form: forms.BaseForm, admitted: Callable[[Link], Collection[int]]) -> None:
    link = form.cleaned_data.get("link") or form.instance.link  # type: ignore[attr-defined]
    stated = form.cleaned_data.get("municipality")
    if stated and stated.pk not in admitted(link):
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
            # What is asked over the line is its keeper's to say.
            _check_municipality(self, lambda link: [link.municipality_id])
        return said


@admin.register(Feed)
class FeedAdmin(_OwnLinks):
    form = FeedForm
    list_display = [
        "link",
        "adapter",
        "is_active",
        "polled_at",
        "answered_at",
        "failures",
        "last_error",
    ]
    list_filter = [OWN_CITY, "adapter", "is_active"]
    search_fields = ["link__code", "url"]
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
    list_filter = [("feed", admin.RelatedOnlyFieldListFilter), "ended_by"]
    list_select_related = ["feed__link", "incident"]
    search_fields = ["source_id"]


@admin.register(TrafficCamera)
class TrafficCameraAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["name", "feed", "picture_format", "health", "seen_at", "gone_at"]
    list_filter = [OWN_CITY, "picture_format"]
    list_select_related = ["feed__link", "camera"]
    search_fields = ["name"]
    exclude = ["location"]

    @admin.display(description=gettext_lazy("health"))
    def health(self, row: TrafficCamera) -> str:
        return row.camera.get_health_display()


@admin.register(RawIntake)
class RawIntakeAdmin(ScopedAdmin):
    """What came outside the inbox. The content stands on the row's own page, and reading it is
    on record."""

    right = Right.LINKS_MANAGE
    read_only = True
    municipality_path = "link__municipality"
    list_display = ["received_at", "link", "feed", "times", "again_at"]
    list_filter = [("link", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["link", "feed__link"]
    fields = ["link", "feed", "received_at", "again_at", "times", "sha256", "content"]
    readonly_fields = ["content"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RawIntake]:
        return super().get_queryset(request).defer("raw")

    @admin.display(description=gettext_lazy("as received"))
    def content(self, row: RawIntake) -> str:
        return bytes(row.raw)[:SHOWN_BYTES].decode("utf-8", "replace")

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        shown: HttpResponse = super().change_view(request, object_id, *args, **kwargs)
        row = self.get_object(request, object_id)
        if row is not None and shown.status_code == HTTPStatus.OK:
            chain.record(
                action="raw_intake.read",
                subject_kind="raw_intake",
                subject_id=row.pk,
                municipality_id=row.link.municipality_id,
                actor_id=request.user.pk,
                detail={"link": row.link.code},
            )
        return shown


class StillThere(admin.SimpleListFilter):
    title = gettext_lazy("in the register")
    parameter_name = "there"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Bell]) -> QuerySet[Bell]:
        if self.value() in {"yes", "no"}:
            return rows.filter(gone_at__isnull=self.value() == "yes")
        return rows


@admin.register(Bell)
class BellAdmin(ScopedAdmin):
    """The register is changed by its import (manage.py import_bells)."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = [
        "number",
        "place_text",
        "purpose",
        "connection",
        "police_linked",
        "pressed",
        "false_alarms",
        "inspected_on",
        "gone_at",
    ]
    list_filter = [OWN_CITY, "purpose", "connection", "police_linked", StillThere]
    search_fields = ["number", "register_id", "place_text", "road_address", "lot_address"]
    exclude = ["location"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bell]:
        real = Q(presses__incident__is_drill=False)
        false = Q(presses__incident__status__in=[Status.FALSE_ALARM, Status.CANCELLED])
        rows: QuerySet[Bell] = super().get_queryset(request)
        return rows.annotate(
            press_count=Count("presses", filter=real),
            false_count=Count("presses", filter=real & false),
        )

    @admin.display(description=gettext_lazy("presses"), ordering="press_count")
    def pressed(self, row: Bell) -> int:
        return int(row.press_count)  # type: ignore[attr-defined]  # annotated above

    @admin.display(description=gettext_lazy("false alarms"), ordering="false_count")
    def false_alarms(self, row: Bell) -> int:
        return int(row.false_count)  # type: ignore[attr-defined]  # annotated above


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
            # A sensor stands in any city that the line serves.
            _check_municipality(self, Link.serving_ids)
        return said


@admin.register(Sensor)
class SensorAdmin(_OwnLinks):
    form = SensorForm
    formfield_overrides = {PointField: {"widget": LeafletWidget()}}
    list_display = ["name", "kind", "reading", "stage", "measured_at", "speaks", "is_active"]
    list_filter = [OWN_CITY, "kind", "level", "is_active"]
    search_fields = ["code", "name", "address"]
    fields = [*SensorForm.Meta.fields, "level", "value", "measured_at", "last_readings"]
    readonly_fields = ["level", "value", "measured_at", "last_readings"]

    @admin.display(description=gettext_lazy("value"), ordering="value")
    def reading(self, row: Sensor) -> str:
        return "-" if row.value is None else f"{row.value:g} {row.unit}"

    @admin.display(description=gettext_lazy("level"), ordering="level")
    def stage(self, row: Sensor) -> str:
        return str(STAGES[row.level])

    @admin.display(description=gettext_lazy("speaks"), boolean=True)
    def speaks(self, row: Sensor) -> bool:
        if row.measured_at is None:
            return False
        return timezone.now() - row.measured_at <= timedelta(seconds=row.stale_after_s)

    @admin.display(description=gettext_lazy("last readings"))
    def last_readings(self, row: Sensor) -> str:
        """Give the newest readings, one a line."""
        newest = row.readings.order_by("-at")[:LAST_READINGS] if row.pk else ()
        lines = (
            (
                f"{timezone.localtime(one.at):%m-%d %H:%M:%S}",
                f"{one.value:g} {row.unit}",
                STAGES[one.level],
            )
            for one in newest
        )
        return format_html_join("", "<div>{} · {} · {}</div>", lines) or "-"


@admin.register(SensorReading)
class SensorReadingAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    municipality_path = "sensor__municipality"
    list_display = ["at", "sensor", "value", "level", "received_at"]
    list_filter = [("sensor", admin.RelatedOnlyFieldListFilter), "level"]
    list_select_related = ["sensor"]
    date_hierarchy = "at"
