"""Links as an administrator keeps them: what is agreed by form, states and secrets by action."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet, URLField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administers
from controlroom.municipalities.roles import Right
from linkage import links, mutual_tls, trials
from linkage.admin_tls import TlsInline
from linkage.agreement_forms import LinkForm
from linkage.choices import LinkState
from linkage.models import Link, LinkTls
from linkage.models_agreements import MaintenanceWindow


class MaintenanceInline(admin.TabularInline):  # type: ignore[type-arg]
    model = MaintenanceWindow
    fields = ["starts_at", "ends_at", "reason"]
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return administers(request, Right.LINKS_MANAGE)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    has_change_permission = has_delete_permission = has_view_permission


@admin.register(Link)
class LinkAdmin(ScopedAdmin):
    """A new link shows its secrets once; state and secrets change only by actions."""

    right = Right.LINKS_MANAGE
    list_display = [
        "code",
        "agency",
        "service",
        "municipality",
        "mode",
        "legal_basis",
        "allows_drills",
        "state",
        "last_success_at",
    ]
    list_filter = ["state", "service", "mode", "legal_basis", "allows_drills", "municipality"]
    list_select_related = ["agency", "municipality", "legal_basis"]
    search_fields = ["code", "agency__name_ko", "agency__name_en"]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    actions = ["send_test", "new_client_secret", "rotate", "suspend", "maintain", "resume"]
    _identity = ("municipality", "agency", "service", "code")
    _measured = ("state", "push_host", "application", "failures", "last_success_at")
    form = LinkForm
    inlines = [MaintenanceInline, TlsInline]
    save_on_top = True
    fieldsets = [
        (None, {"fields": [*_identity, "region", "direction", "mode"]}),
        (
            gettext_lazy("What the link is for"),
            {
                "fields": ["purpose", "legal_basis", "allowed_kinds", "allows_drills"],
                "description": gettext_lazy(
                    "The legal basis decides which kinds of data leave the centre: what it does "
                    "not allow is left out of every message."
                ),
            },
        ),
        (
            gettext_lazy("Video"),
            {"fields": ["radius_m", "camera_limit", "time_limit_min", "time_limits_min"]},
        ),
        (
            gettext_lazy("How we reach the agency"),
            {"fields": ["push_url", "push_host", "allow_private_address", "application"]},
        ),
        (
            gettext_lazy("Deadlines and tries"),
            {
                "fields": [
                    "ack_deadline_s",
                    ("ack_deadline_p1_s", "ack_deadline_p2_s", "ack_deadline_p3_s"),
                    ("retry_longest_gap_s", "retry_life_h"),
                ],
                "description": gettext_lazy(
                    "A deadline left empty is the general one. A message without acknowledgement "
                    "by then is sent again; an urgent one becomes a telephone task."
                ),
            },
        ),
        (
            gettext_lazy("What the agency may send"),
            {"fields": [("rate_per_s", "burst"), "silent_after_s"]},
        ),
        (
            gettext_lazy("State"),
            {"fields": ["state", "failures", "last_success_at", "dormant_after_days"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self._measured, *(self._identity if obj else ())]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Suspend a link instead: its exchanges are a record."""
        return False

    def save_model(self, request: HttpRequest, obj: Link, form: Any, change: Any) -> None:
        chosen = form.cleaned_data
        if change:
            super().save_model(request, obj, form, change)
            links.register_push(
                link=obj,
                push_url=obj.push_url,
                allow_private_address=obj.allow_private_address,
                by=request.user,
            )
            return
        usual = ("purpose", "legal_basis")
        given = {name: said for name, said in chosen.items() if said or name not in usual}
        made = links.create_link(**given, by=request.user)
        obj.pk = made.link.pk
        obj.refresh_from_db()
        self._show_once(request, made)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        if formset.model is LinkTls:
            self._save_tls(request, form.instance, formset)
            return
        super().save_formset(request, form, formset, change)
        if formset.model is MaintenanceWindow and formset.has_changed():
            links.windows_changed(link=form.instance, by=request.user)

    def _save_tls(self, request: HttpRequest, link: Link, formset: Any) -> None:
        for form in formset.forms:
            if form.has_changed():
                names = ("certificate", "authorities", "fingerprints")
                said = {name: form.cleaned_data[name] for name in names}
                key = form.cleaned_data["private_key"]
                mutual_tls.register(link=link, key=key, by=request.user, **said)
        # What Django looks at afterwards to write its own log.
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    def _show_once(self, request: HttpRequest, made: links.Credentials) -> None:
        words = format_html(
            "{} <code>{} {} {}</code>",
            _("Write this down now, it is not shown again:"),
            made.client_id,
            made.client_secret,
            made.webhook_secret,
        )
        self.message_user(request, words, messages.WARNING)

    @admin.action(description=gettext_lazy("Send a test message"))
    def send_test(self, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        for link in chosen:
            try:
                message = trials.send(link=link, by=request.user)
            except DomainError as refusal:
                self.message_user(request, f"{link}: {refusal.message}", messages.ERROR)
            else:
                words = _("%(link)s: test message %(number)s is under way")
                said = words % {"link": link, "number": message.case_number}
                self.message_user(request, said, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Issue a new client secret (the old one ends)"))
    def new_client_secret(self, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        for link in chosen:
            self._show_once(request, links.issue_client(link=link, by=request.user))

    @admin.action(description=gettext_lazy("Rotate the signing secret (both sign for a day)"))
    def rotate(self, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        for link in chosen:
            self._show_once(request, links.rotate_webhook_secret(link=link, by=request.user))

    @admin.action(description=gettext_lazy("Suspend"))
    def suspend(self, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        self._set(request, chosen, LinkState.SUSPENDED)

    @admin.action(description=gettext_lazy("Put into maintenance"))
    def maintain(self, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        self._set(request, chosen, LinkState.MAINTENANCE)

    @admin.action(description=gettext_lazy("Bring back up"))
    def resume(self, request: HttpRequest, chosen: QuerySet[Link]) -> None:
        self._set(request, chosen, LinkState.UP)

    def _set(self, request: HttpRequest, chosen: QuerySet[Link], state: LinkState) -> None:
        for link in chosen:
            links.set_state(link=link, state=state, by=request.user)
        done = len(chosen)
        words = ngettext("%d link changed", "%d links changed", done) % done
        self.message_user(request, words, messages.SUCCESS)
