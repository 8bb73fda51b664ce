"""ONVIF cameras in the admin: find them, examine and connect one, calibrate it; locks, events."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.models import Camera, CameraEvent, OnvifDevice, PtzLock
from cctv.onvif import discovery, onboarding, ptz
from cctv.onvif_forms import ConnectForm, DeviceForm
from controlroom.audit import chain
from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right

MARKS = {"found": "●", "warned": "▲", "refused": "✕"}


@admin.register(OnvifDevice)
class OnvifDeviceAdmin(ScopedAdmin):
    """Cameras come in by examination alone; what is said of them by hand is on record."""

    right = Right.REGISTER_MANAGE
    form = DeviceForm
    list_display = [
        "camera",
        "municipality",
        "maker",
        "model",
        "profile",
        "has_ptz",
        "clock_offset_s",
        "pull_state",
    ]
    list_filter = ["profile", "has_ptz", "pulls_events", "pull_state"]
    list_select_related = ["municipality", "camera__site"]
    search_fields = ["camera__name", "camera__site__name", "maker", "model"]
    change_list_template = "admin/cctv/onvif_list.html"
    readonly_fields = [
        "camera",
        "profile",
        "maker",
        "model",
        "firmware",
        "main_token",
        "sub_token",
        "clock_offset_s",
        "examined_at",
        "has_ptz",
        "has_events",
        "has_snapshot",
        "pull_state",
        "pull_error",
        "pull_at",
        "looks_at",
    ]
    fieldsets = [
        (
            gettext_lazy("what was found"),
            {
                "fields": [
                    "camera",
                    ("maker", "model", "firmware"),
                    ("profile", "main_token", "sub_token"),
                    ("has_ptz", "has_events", "has_snapshot"),
                    ("clock_offset_s", "examined_at"),
                ]
            },
        ),
        (gettext_lazy("movement"), {"fields": ["home_preset"]}),
        (
            gettext_lazy("turning to an incident"),
            {
                "description": gettext_lazy(
                    "Two sightings are enough: turn the camera to a landmark, note its pan and the "
                    "bearing of the landmark on the map, and do it again for another one."
                ),
                "fields": [
                    "looks_at",
                    ("pan_a", "bearing_a"),
                    ("pan_b", "bearing_b"),
                    ("zero_deg", "deg_per_pan"),
                    ("level_tilt", "deg_per_tilt"),
                    ("height_m", "wide_deg", "zoom_times"),
                ],
            },
        ),
        (
            gettext_lazy("events"),
            {"fields": ["pulls_events", ("pull_state", "pull_error", "pull_at")]},
        ),
    ]

    @admin.display(description=gettext_lazy("where it looks now"))
    def looks_at(self, device: OnvifDevice) -> str:
        """Ask the camera itself: a sighting is written down from here."""
        if not device.has_ptz:
            return "-"
        try:
            return ptz.position(device)
        except DomainError as refusal:
            return str(refusal.message)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OnvifDevice]:
        found: QuerySet[OnvifDevice] = super().get_queryset(request)
        return found.defer("access_secret", "municipality__boundary", "municipality__centre")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, "camera.onvif_changed", obj, {"changes": message})
        return super().log_change(request, obj, message)

    def _record(self, request: HttpRequest, action: str, obj: Any, detail: Any) -> None:
        user: Any = request.user
        chain.record(
            action=action,
            subject_kind="camera",
            subject_id=obj.camera_id if obj else "",
            municipality_id=obj.municipality_id if obj else None,
            actor_id=user.pk,
            detail=detail,
        )

    def get_urls(self) -> list[URLPattern]:
        search = self.admin_site.admin_view(self.search_view)
        return [path("search/", search, name="cctv_onvif_search"), *super().get_urls()]

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Look for cameras in the camera networks; the search itself is on record."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {"title": _("Find cameras on the network"), "result": None}
        if request.method == "POST":
            try:
                result = discovery.search()
            except DomainError as refusal:
                context["refusal"] = refusal.message
            else:
                context["result"] = result
                self._record(request, "camera.onvif_search", None, {"found": len(result.found)})
        return self._page(request, "search", context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Examine a camera and, when asked and nothing was refused, connect it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        held = administered(request.user, self.right)
        cameras = Camera.objects.in_register().filter(municipality__in=held)
        # From the search: the address comes in the body, because those of pages reach logs.
        begins = request.method == "POST" and "begin" in request.POST
        form = ConnectForm(
            request.POST if request.method == "POST" and not begins else None,
            initial={"address": request.POST.get("address", "")} if begins else {},
            cameras=cameras.select_related("site"),
        )
        context: dict[str, Any] = {"title": _("Connect a camera over ONVIF"), "form": form}
        if form.is_bound and form.is_valid():
            context |= self._examine(request, form)
        return self._page(request, "connect", context)

    def _examine(self, request: HttpRequest, form: ConnectForm) -> dict[str, Any]:
        findings = onboarding.examine(form.wish())
        camera: Camera = form.cleaned_data["camera"]
        steps = [(MARKS[one.outcome], one) for one in findings.steps]
        connected = None
        if findings.is_complete and "connect" in request.POST:
            user: Any = request.user
            connected = onboarding.connect(camera=camera, findings=findings, by=user)
            self.message_user(
                request, _("%(camera)s is connected.") % {"camera": camera}, messages.SUCCESS
            )
        return {"steps": steps, "findings": findings, "connected": connected}

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        given = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,  # noqa: SLF001 - Django's own name for it
            "search_url": reverse("admin:cctv_onvif_search"),
            "connect_url": reverse("admin:cctv_onvifdevice_add"),
            **context,
        }
        return TemplateResponse(request, f"admin/cctv/onvif_{name}.html", given)


@admin.register(PtzLock)
class PtzLockAdmin(ScopedAdmin):
    """Who moved which camera, for what: facts."""

    right = Right.RECORDS_READ
    read_only = True
    list_display = [
        "began_at",
        "ended_at",
        "holder_name",
        "camera",
        "service",
        "moves",
        "presets",
        "end_reason",
    ]
    list_filter = ["began_at", "end_reason", "service"]
    list_select_related = ["holder", "camera__site"]
    search_fields = ["reason", "agency", "person", "holder__username", "camera__name"]
    date_hierarchy = "began_at"


@admin.register(CameraEvent)
class CameraEventAdmin(ScopedAdmin):
    """What cameras report of themselves."""

    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = ["seen_at", "camera", "kind", "is_on", "source", "at"]
    list_filter = ["seen_at", "kind", "is_on"]
    list_select_related = ["camera__site"]
    search_fields = ["camera__name", "camera__site__name"]
