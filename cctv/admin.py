"""Admin of sites, cameras and the policy of their use; who watched them can only be read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from leaflet.admin import LeafletGeoAdminMixin

from cctv import (
    admin_imports,
    admin_onvif,
    admin_recordings,
    admin_roads,
    admin_upkeep,
    sources,
    upkeep,
)
from cctv.admin_forms import CameraForm, CameraPolicyForm
from cctv.admin_groups import TurnInline
from cctv.admin_recorded import RecordedAdmin
from cctv.choices import Health, Quality
from cctv.models import Camera, CameraGroup, CameraPolicy, Site, ViewRecord
from cctv.register.export import register_file
from controlroom.municipalities.admin_scope import ScopedAdmin, ScopedInline, administered
from controlroom.municipalities.roles import Right


class OwnMunicipalities(admin.RelatedFieldListFilter):
    """Offers only the municipalities that this person administers."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        scope = administered(request.user, model_admin.right).defer("boundary", "centre")
        return [(str(one.pk), str(one)) for one in scope]


class InRegister(admin.SimpleListFilter):
    """Shows what is in the register unless asked for the rest."""

    title = _("register")
    parameter_name = "register"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("gone", _("no longer in the register")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("in the register")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        gone = Q(gone_at__isnull=False)
        if queryset.model is Camera:
            gone |= Q(site__gone_at__isnull=False)
        return queryset.filter(gone if self.value() == "gone" else ~gone)


class Maker(admin.SimpleListFilter):
    """Offers the makers that the person's own cameras are known to be of."""

    title = _("maker")
    parameter_name = "maker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = model_admin.get_queryset(request).exclude(maker="").order_by("maker")
        return [(name, name) for name in known.values_list("maker", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(maker=self.value()) if self.value() else queryset


class CameraInline(ScopedInline):
    right = Right.REGISTER_MANAGE
    model = Camera
    extra = 0
    fields = ["position", "name", "bearing_deg", "field_of_view_deg", "health", "source_kind"]
    readonly_fields = ["health", "source_kind"]
    show_change_link = True
    can_delete = False


@admin.register(Site)
class SiteAdmin(LeafletGeoAdminMixin, RecordedAdmin):  # type: ignore[misc]  # untyped mixin
    right = Right.REGISTER_MANAGE
    list_display = ["__str__", "register_id", "municipality", "purpose", "worth", "installed_month"]
    list_filter = [
        InRegister,
        "purpose",
        "cameras__health",
        "cameras__source_kind",
        ("municipality", OwnMunicipalities),
    ]
    list_select_related = ["municipality"]
    list_per_page = 50
    search_fields = [
        "name", "register_id", "road_address", "lot_address", "cameras__name",
    ]  # fmt: skip
    ordering = ["name", "pk"]
    inlines = [CameraInline]
    actions = ["export_register", "retire", "restore"]
    readonly_fields = ["gone_at", "updated_at"]
    change_form_template = "admin/cctv/site/change_form.html"

    class Media:
        css = {"all": ["css/admin-site-map.css"]}
        js = ["js/admin/site-map.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        """Count the cameras and those that work, in the same query."""
        now = Q(cameras__gone_at__isnull=True)
        counted: QuerySet[Site] = (
            super()
            .get_queryset(request)
            .filter(is_borrowed=False)
            .defer("municipality__boundary", "municipality__centre")
            .annotate(
                cameras_now=Count("cameras", filter=now, distinct=True),
                cameras_online=Count(
                    "cameras", filter=now & Q(cameras__health=Health.ONLINE), distinct=True
                ),
            )
        )
        return counted

    @admin.display(description=_("cameras online"))
    def worth(self, site: Any) -> str:
        return f"{site.cameras_online} / {site.cameras_now}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a site in its municipality: its cameras and their records belong there."""
        return [*self.readonly_fields, "municipality"] if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # A site is retired: who watched its cameras must stay on record.
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Give each camera the municipality of its site."""
        for camera in formset.save(commit=False):
            camera.municipality_id = form.instance.municipality_id
            camera.save()
        formset.save_m2m()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Tell the map where the base map of this municipality is."""
        site = self.get_object(request, object_id) if object_id else None
        owner = site.municipality if site else administered(request.user, self.right).first()
        drawn = {
            "boundary": reverse("boundary", args=[owner.code]),
            "base_map": reverse("base-map", args=[owner.code]),
            "is_new": site is None,
            "centre": list(owner.centre.coords) if owner.centre else None,
        } if owner else None  # fmt: skip
        context = {**(extra_context or {}), "site_map": drawn}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.action(description=_("Export in the columns of the standard register (CSV)"))
    def export_register(
        self, request: HttpRequest, queryset: QuerySet[Site]
    ) -> StreamingHttpResponse:
        chosen = Site.objects.filter(pk__in=queryset.order_by().values("pk"))
        return StreamingHttpResponse(
            register_file(chosen),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="cctv-register.csv"'},
        )

    @admin.action(description=_("Take out of the register"))
    def retire(self, request: HttpRequest, queryset: QuerySet[Site]) -> None:
        for site in queryset:
            upkeep.retire_site(site=site, by=request.user)  # type: ignore[arg-type]  # signed in
        self._say(request, len(queryset))

    @admin.action(description=_("Bring back into the register"))
    def restore(self, request: HttpRequest, queryset: QuerySet[Site]) -> None:
        for site in queryset:
            upkeep.restore_site(site=site, by=request.user)  # type: ignore[arg-type]  # signed in
        self._say(request, len(queryset))

    def _say(self, request: HttpRequest, number: int) -> None:
        said = ngettext("%(n)s site done.", "%(n)s sites done.", number) % {"n": number}
        self.message_user(request, said, messages.SUCCESS)


@admin.register(Camera)
class CameraAdmin(RecordedAdmin):
    right = Right.REGISTER_MANAGE
    form = CameraForm
    list_display = [
        "__str__", "municipality", "purpose", "health", "health_at", "maker", "source_kind",
    ]  # fmt: skip
    list_filter = [
        InRegister,
        "health",
        "source_kind",
        Maker,
        "site__purpose",
        ("municipality", OwnMunicipalities),
    ]
    list_select_related = ["site", "municipality"]
    list_per_page = 50
    search_fields = [
        "name", "maker", "model_name", "site__name", "site__register_id", "site__road_address",
    ]  # fmt: skip
    ordering = ["site__name", "position"]
    autocomplete_fields = ["site"]
    readonly_fields = ["municipality", "health", "health_at", "source_kind", "has_sub", "gone_at"]
    fieldsets = [
        (None, {"fields": ["municipality", "site", "position", "name", "maker", "model_name"]}),
        (_("direction"), {"fields": ["bearing_deg", "field_of_view_deg"]}),
        (
            _("video source"),
            {
                "fields": [
                    *("source_kind", "source_change", "source_url"),
                    *("has_sub", "sub_change", "sub_url"),
                ]
            },
        ),
        (_("state"), {"fields": ["health", "health_at", "gone_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Camera]:
        return (
            super()
            .get_queryset(request)
            .filter(site__is_borrowed=False)
            .defer("source_secret", "municipality__boundary", "municipality__centre")
        )

    @admin.display(description=_("sub stream"), boolean=True)
    def has_sub(self, camera: Camera) -> bool:
        return Quality.SUB in camera.qualities

    @admin.display(description=_("purpose"), ordering="site__purpose")
    def purpose(self, camera: Camera) -> str:
        return camera.site.get_purpose_display()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Site:
            scope = administered(request.user, self.right)
            kwargs["queryset"] = Site.objects.filter(municipality__in=scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a camera on its pole; one that moved is another camera."""
        return [*self.readonly_fields, "site"] if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Camera, form: Any, change: Any) -> None:
        obj.municipality_id = obj.site.municipality_id
        super().save_model(request, obj, form, change)
        wanted = form.wanted_source()
        if wanted is not None:
            sources.set_source(obj, wanted, by=request.user)  # type: ignore[arg-type]  # signed in
        wanted_sub = form.wanted_sub()
        if wanted_sub is not None:
            sources.set_sub_source(obj, wanted_sub, by=request.user)  # type: ignore[arg-type]  # signed in


@admin.register(CameraPolicy)
class CameraPolicyAdmin(RecordedAdmin):
    right = Right.POLICY_MANAGE
    form = CameraPolicyForm
    list_display = ["municipality", "service", "purpose", "allowed", "basis"]
    list_filter = ["service", "purpose", "allowed", ("municipality", OwnMunicipalities)]
    list_select_related = ["municipality"]
    search_fields = ["basis"]


@admin.register(CameraGroup)
class CameraGroupAdmin(RecordedAdmin):
    right = Right.REGISTER_MANAGE
    list_display = ["name", "municipality", "purpose", "turn_s", "size"]
    list_filter = [("municipality", OwnMunicipalities)]
    list_select_related = ["municipality"]
    search_fields = ["name", "purpose", "cameras__name", "cameras__site__name"]
    inlines = [TurnInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CameraGroup]:
        counted: QuerySet[CameraGroup] = (
            super().get_queryset(request).annotate(cameras_now=Count("turns"))
        )
        return counted

    @admin.display(description=_("cameras"), ordering="cameras_now")
    def size(self, group: Any) -> int:
        return int(group.cameras_now)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a group in its municipality, as its cameras are."""
        return ["municipality"] if obj else []


@admin.register(ViewRecord)
class ViewRecordAdmin(ScopedAdmin):
    """Who watched what, for what: facts."""

    right = Right.RECORDS_READ
    read_only = True
    list_display = [
        *("started_at", "ended_at", "viewer", "agent", "camera", "purpose", "end_reason"),
        *("bytes_sent", "last_byte_at"),
    ]
    list_filter = ["started_at", "end_reason", "action", ("municipality", OwnMunicipalities)]
    list_select_related = ["viewer", "camera", "camera__site"]
    search_fields = [
        *("purpose", "viewer__username", "viewer__display_name", "agent", "grant"),
        "camera__name",
    ]
    date_hierarchy = "started_at"


# These pages register themselves.
__all__ = ["admin_imports", "admin_onvif", "admin_recordings", "admin_roads", "admin_upkeep"]
