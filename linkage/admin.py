"""Agencies and links as an administrator keeps them; exchanges are read, and sent again by verb."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet, URLField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from controlroom.errors import DomainError
from controlroom.municipalities.admin_scope import ScopedAdmin, administered
from controlroom.municipalities.roles import Right
from linkage import links, outbox
from linkage.choices import LinkState
from linkage.models import Agency, Case, DeliveryAttempt, InboxMessage, Link, OutboxMessage


def _holds(request: HttpRequest) -> bool:
    return administered(request.user, Right.LINKS_MANAGE).exists()


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Agencies are shared by the municipalities of an installation."""

    list_display = ["name_ko", "kind", "organisation_code", "duty_phone"]
    list_filter = ["kind"]
    search_fields = ["name_ko", "name_en", "organisation_code"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _holds(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _holds(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        in_use = isinstance(obj, Agency) and obj.links.exists()
        return not in_use and _holds(request)


@admin.register(Link)
class LinkAdmin(ScopedAdmin):
    """A new link shows its secrets once; state and secrets change only by actions."""

    right = Right.LINKS_MANAGE
    list_display = ["code", "agency", "service", "municipality", "state", "last_success_at"]
    list_filter = ["state", "service", "municipality"]
    list_select_related = ["agency", "municipality"]
    search_fields = ["code", "agency__name_ko", "agency__name_en"]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    actions = ["new_client_secret", "rotate", "suspend", "maintain", "resume"]
    _identity = ("municipality", "agency", "service", "code")
    _measured = ("state", "push_host", "application", "failures", "last_success_at")
    fields = [
        *_identity,
        "direction",
        "push_url",
        "allow_private_address",
        "allowed_kinds",
        "allows_drills",
        "ack_deadline_s",
        "rate_per_s",
        "burst",
        *_measured,
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
        made = links.create_link(**chosen, by=request.user)
        obj.pk = made.link.pk
        obj.refresh_from_db()
        self._show_once(request, made)

    def _show_once(self, request: HttpRequest, made: links.Credentials) -> None:
        words = format_html(
            "{} <code>{} {} {}</code>",
            _("Write this down now, it is not shown again:"),
            made.client_id,
            made.client_secret,
            made.webhook_secret,
        )
        self.message_user(request, words, messages.WARNING)

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


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]
    model = DeliveryAttempt
    fields = ["number", "started_at", "finished_at", "outcome", "http_status", "error"]
    readonly_fields = ["number", "started_at", "finished_at", "outcome", "http_status", "error"]
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _holds(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(OutboxMessage)
class OutboxAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["uid", "link", "message_type", "state", "attempts", "created_at", "last_error"]
    list_filter = ["state", "message_type", "link"]
    list_select_related = ["link"]
    search_fields = ["uid", "case_number"]
    date_hierarchy = "created_at"
    actions = ["replay"]
    inlines = [AttemptInline]

    @admin.action(description=gettext_lazy("Send again"))
    def replay(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        done = 0
        for message in chosen:
            try:
                outbox.replay(message=message, by=request.user)
                done += 1
            except DomainError as refusal:
                self.message_user(request, f"{message}: {refusal.message}", messages.ERROR)
        if done:
            words = ngettext("%d message queued again", "%d messages queued again", done) % done
            self.message_user(request, words, messages.SUCCESS)


@admin.register(InboxMessage)
class InboxAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["message_id", "link", "message_type", "case_number", "result", "received_at"]
    list_filter = ["result", "message_type", "link"]
    list_select_related = ["link"]
    search_fields = ["message_id", "case_number"]
    date_hierarchy = "received_at"
    exclude = ["raw", "response"]
    readonly_fields = ["as_received"]

    @admin.display(description=gettext_lazy("as received"))
    def as_received(self, message: InboxMessage) -> str:
        return bytes(message.raw).decode("utf-8", "replace")


@admin.register(Case)
class CaseAdmin(ScopedAdmin):
    right = Right.LINKS_MANAGE
    read_only = True
    list_display = ["external_id", "link", "incident", "version", "opened_at"]
    list_filter = ["link"]
    list_select_related = ["link", "incident"]
    search_fields = ["external_id", "incident__number"]
