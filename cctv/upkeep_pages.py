"""Pages of camera life: what is not well, maintenance tickets and their steps, availability."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from cctv import availability, maintenance
from cctv.choices import Health, HostState, TicketCause, TicketState
from cctv.maintenance_states import STANDING, verbs_from
from cctv.models import Camera, CameraCondition, CameraHost, MaintenanceTicket, PlannedWork
from cctv.reasons_health import reason_text
from cctv.register.export import csv_blocks
from controlroom.errors import DomainError, NotAllowed, OutOfScope
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right

VIEW = frozenset({Right.OPERATIONS_VIEW, Right.REGISTER_MANAGE})
COUNT = frozenset({Right.STATISTICS_READ, Right.REGISTER_MANAGE})
SHOWN = 200
USUAL_DAYS, MOST_DAYS = 30, 400
PRIORITIES = (1, 2, 3, 4)
VERB_WORDS = {
    "open": gettext_lazy("opened"),
    "add": gettext_lazy("cameras added"),
    "assign": gettext_lazy("Assign"),
    "repair": gettext_lazy("Repaired"),
    "verify": gettext_lazy("verified by a look"),
    "close": gettext_lazy("Close"),
    "dismiss": gettext_lazy("Not needed"),
    "reopen": gettext_lazy("Reopen"),
}
GROUP_WORDS = {
    "municipality": gettext_lazy("municipality"),
    "maker": gettext_lazy("maker"),
    "purpose": gettext_lazy("purpose"),
    "camera": gettext_lazy("camera"),
}


def _city(request: HttpRequest, code: str, rights: frozenset[Right]) -> tuple[Municipality, Any]:
    """Find the municipality and this person's rights there, one of these among them.

    Raises: Http404, PermissionDenied.
    """
    found: Municipality | None = (
        Municipality.objects.visible_to(request.user).filter(code=code).defer("boundary").first()
    )
    if found is None:
        raise Http404
    held = rights_in(request.user, found.pk)
    if not held & rights:
        raise PermissionDenied
    return found, held


@require_GET
@login_required
def condition(request: HttpRequest, code: str) -> HttpResponse:
    """Show how the cameras are, what is not well, and the tickets."""
    city, held = _city(request, code, VIEW)
    chosen = request.GET.get("state", "")
    counts = _counts(city)
    return render(
        request,
        "cctv/condition.html",
        {
            "municipality": city,
            "tab": "condition",
            "counts": [row for row in counts if row["number"] or row["state"] == "online"],
            "chosen": chosen if chosen in {row["state"] for row in counts} else "",
            "cameras": _cameras(city, chosen),
            "most": _("At most %(count)s are shown, the longest first.") % {"count": SHOWN},
            "hosts": _hosts(city),
            "may": _may(held),
            "priorities": PRIORITIES,
            "causes": TicketCause.choices,
        },
    )


@require_GET
@login_required
def tickets(request: HttpRequest, code: str) -> HttpResponse:
    city, held = _city(request, code, VIEW)
    is_all = request.GET.get("state") == "all"
    rows = MaintenanceTicket.objects.filter(municipality=city).prefetch_related("notes__by")
    if not is_all:
        rows = rows.filter(state__in=STANDING)
    now = timezone.now()
    return render(
        request,
        "cctv/tickets.html",
        {
            "municipality": city,
            "tab": "tickets",
            "tickets": [_ticket(row) for row in rows.select_related("opened_by")[:SHOWN]],
            "is_all": is_all,
            "may": _may(held),
            "works": PlannedWork.objects.filter(municipality=city, ends_at__gt=now)
            .select_related("site")
            .order_by("begins_at")[:SHOWN],
            "now": now,
        },
    )


@require_POST
@login_required
def open_ticket(request: HttpRequest, code: str) -> HttpResponse:
    city, _held = _city(request, code, maintenance.MAY_OPEN)
    sent = request.POST
    cameras = (
        list(Camera.objects.in_register().filter(municipality=city, pk=int(sent["camera"])))
        if sent.get("camera", "").isdecimal()
        else []
    )
    cause = sent.get("cause", "")

    def act() -> None:
        maintenance.open_ticket(
            municipality_id=city.pk,
            cameras=cameras,
            cause=TicketCause(cause) if cause in TicketCause.values else TicketCause.OTHER,
            priority=int(sent["priority"]) if sent.get("priority", "").isdecimal() else 3,
            by=request.user,  # type: ignore[arg-type]  # signed in
            text=sent.get("text", ""),
        )

    return _done(request, code, act)


@require_POST
@login_required
def ticket_step(request: HttpRequest, code: str, ticket_id: int, verb: str) -> HttpResponse:
    city, _held = _city(request, code, maintenance.MAY_WORK)
    found = MaintenanceTicket.objects.filter(municipality=city, pk=ticket_id).first()
    if found is None or verb not in verbs_from(found.state):
        if found is None or verb not in VERB_WORDS:
            raise Http404
        messages.error(request, _("The ticket has moved on meanwhile."))
        return redirect("camera-tickets", code=code)

    def act() -> None:
        maintenance.act(
            ticket=found,
            verb=verb,
            by=request.user,  # type: ignore[arg-type]  # signed in
            text=request.POST.get("text", ""),
            contractor=request.POST.get("contractor", ""),
        )

    return _done(request, code, act)


def _done(request: HttpRequest, code: str, act: Any) -> HttpResponse:
    """Do it and lead back to the tickets; a refusal says why there."""
    try:
        act()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except OutOfScope as refusal:
        raise Http404(str(refusal)) from refusal
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Done and put on record."))
    return redirect("camera-tickets", code=code)


@require_GET
@login_required
def availability_page(request: HttpRequest, code: str) -> HttpResponse | StreamingHttpResponse:
    """Show the table, or give it as CSV when the address says so."""
    city, held = _city(request, code, COUNT)
    by = request.GET.get("by", "maker")
    by = by if by in availability.GROUPS else "maker"
    first, last = _span(request)
    zone = timezone.get_current_timezone()
    since = datetime.combine(first, time.min, zone)
    until = min(datetime.combine(last + timedelta(days=1), time.min, zone), timezone.now())
    rows = availability.report(
        municipality_ids=_cities(request, city, by), since=since, until=until, by=by
    )
    if request.GET.get("format") == "csv":
        head, *cells = availability.csv_rows(rows)
        answer = StreamingHttpResponse(
            csv_blocks(head, cells, "utf-8-sig"), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="availability-{code}.csv"'
        return answer
    return render(
        request,
        "cctv/availability.html",
        {
            "municipality": city,
            "tab": "availability",
            "groups": list(GROUP_WORDS.items()),
            "by": by,
            "by_words": GROUP_WORDS[by],
            "first": first,
            "last": last,
            "rows": [_availability(row) for row in rows],
            "may": _may(held),
        },
    )


def _cities(request: HttpRequest, city: Municipality, by: str) -> list[int]:
    """Give this city alone; by municipality, every one whose statistics this person may read."""
    if by != "municipality":
        return [city.pk]
    readable = Municipality.objects.visible_to(request.user, Right.STATISTICS_READ)
    return sorted({city.pk, *readable.values_list("pk", flat=True)})


def _span(request: HttpRequest) -> tuple[date, date]:
    today = timezone.localdate()
    first = _date(request.GET.get("from")) or today - timedelta(days=USUAL_DAYS - 1)
    last = _date(request.GET.get("to")) or today
    last = min(last, today)
    first = min(first, last)
    return max(first, last - timedelta(days=MOST_DAYS)), last


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _availability(row: availability.Availability) -> dict[str, Any]:
    hours = availability.hours
    return {
        "key": row.key or _("not stated"),
        "cameras": row.cameras,
        "usable": hours(row.usable_s),
        "known": hours(row.known_s),
        "percent": None if row.share is None else round(100 * row.share, 1),
        "impaired": hours(row.impaired_s),
        "down": hours(row.down_s),
        "unknown": hours(row.unknown_s),
        "planned": hours(row.planned_s),
    }


def _counts(city: Municipality) -> list[dict[str, Any]]:
    found = dict(
        Camera.objects.in_register()
        .filter(municipality=city)
        .order_by()
        .values_list("health")
        .annotate(n=Count("pk"))
    )
    wrong = CameraCondition.objects.filter(
        municipality=city, clock_wrong_since__isnull=False, camera__gone_at=None
    ).count()
    rows = [
        {"state": state.value, "label": state.label, "number": found.get(state.value, 0)}
        for state in Health
    ]
    return [*rows, {"state": "clock", "label": _("clock wrong"), "number": wrong}]


def _cameras(city: Municipality, chosen: str) -> list[dict[str, Any]]:
    rows = (
        Camera.objects.in_register()
        .filter(municipality=city)
        .select_related("site", "condition")
        .defer("source_secret", "condition__reference")
    )
    if chosen == "clock":
        rows = rows.filter(condition__clock_wrong_since__isnull=False)
    elif chosen in Health.values:
        rows = rows.filter(health=chosen)
    else:
        rows = rows.filter(
            ~Q(health__in=[Health.ONLINE, Health.UNKNOWN])
            | Q(condition__clock_wrong_since__isnull=False)
        )
    return [_camera(row) for row in rows.order_by("health_at", "pk")[:SHOWN]]


def _camera(camera: Camera) -> dict[str, Any]:
    known = getattr(camera, "condition", None)
    return {
        "id": camera.pk,
        "name": str(camera),
        "health": camera.health,
        "label": camera.get_health_display(),
        "reason": reason_text(known.reason) if known else "",
        "since": camera.health_at,
        "picture_at": known.picture_at if known else None,
        "checked_at": known.checked_at if known else None,
        "size": f"{known.width} × {known.height}" if known and known.width else "",
        "skew": _skew(known),
        "cause": camera.health if camera.health in TicketCause.values else TicketCause.OTHER,
    }


def _skew(known: CameraCondition | None) -> str:
    if known is None or known.clock_wrong_since is None:
        return ""
    return _("clock wrong by %(count)s s") % {"count": round((known.clock_skew_ms or 0) / 1000)}


def _number_of_cameras(number: int) -> str:
    return ngettext("%(n)s camera", "%(n)s cameras", number) % {"n": number}


def _hosts(city: Municipality) -> list[dict[str, Any]]:
    down = CameraHost.objects.filter(municipality=city, state=HostState.DOWN).order_by("since")
    found = []
    for host in down:
        its = Camera.objects.in_register().filter(municipality=city, condition__host_key=host.key)
        first = its.select_related("site").defer("source_secret").order_by("pk").first()
        found.append(
            {
                "label": host.label,
                "since": host.since,
                "reason": reason_text(host.reason),
                "number": its.count(),
                "cameras": _number_of_cameras(its.count()),
                "first": str(first) if first else "",
            }
        )
    return found


def _ticket(ticket: MaintenanceTicket) -> dict[str, Any]:
    cameras = [str(one) for one in ticket.cameras.select_related("site").defer("source_secret")[:4]]
    return {
        "id": ticket.pk,
        "priority": ticket.priority,
        "cause": ticket.get_cause_display(),
        "state": ticket.state,
        "label": TicketState(ticket.state).label,
        "cameras": cameras,
        "number": ticket.cameras.count(),
        "count": _number_of_cameras(ticket.cameras.count()),
        "entries": ngettext("%(n)s entry", "%(n)s entries", len(ticket.notes.all()))
        % {"n": len(ticket.notes.all())},
        "contractor": ticket.contractor,
        "opened_by": str(ticket.opened_by) if ticket.opened_by else _("by itself"),
        "opened_at": ticket.opened_at,
        "state_at": ticket.state_at,
        "verbs": [(verb, VERB_WORDS[verb]) for verb in verbs_from(ticket.state)],
        "notes": [
            {
                "at": note.at,
                "by": str(note.by) if note.by else _("by itself"),
                "verb": VERB_WORDS.get(note.verb, note.verb),
                "text": note.text,
            }
            for note in ticket.notes.all()
        ],
    }


def _may(held: Any) -> dict[str, bool]:
    return {
        "operate": Right.OPERATIONS_VIEW in held,
        "open": bool(held & maintenance.MAY_OPEN),
        "work": bool(held & maintenance.MAY_WORK),
        "count": bool(held & COUNT),
        "plan": Right.REGISTER_MANAGE in held,
    }
