"""The console page: who is at the desk, which addresses it uses, which words it needs."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Choices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, override
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from controlroom.accounts.models import User
from controlroom.errors import NotAllowed, OutOfScope
from controlroom.municipalities.access import municipality_for, rights_in
from controlroom.municipalities.models import Membership, Municipality
from controlroom.municipalities.roles import Right
from incidents.choices import KindClass, Priority, Result, Service, Status
from incidents.models import Kind
from incidents.models_clusters import Assessment
from incidents.models_joins import JoinKind


@require_GET
@login_required
@ensure_csrf_cookie
def console(request: HttpRequest, code: str) -> HttpResponse:
    user = request.user
    try:
        municipality = municipality_for(user, code, Right.OPERATIONS_VIEW)
    except OutOfScope as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    return render(
        request,
        "incidents/console.html",
        {"config": config(municipality, user), "municipality": municipality},
    )


def config(municipality: Municipality, user: Any) -> dict[str, Any]:
    """Give all that the page needs before its first request."""
    held = Membership.objects.filter(user=user, municipality=municipality).in_force()
    centre = municipality.centre
    return {
        "code": municipality.code,
        "name": municipality.name,
        "centre": [centre.x, centre.y] if centre else None,
        "user": {"id": user.pk, "name": str(user), "language": user.language},
        "language": get_language(),
        "rights": sorted(rights_in(user, municipality.pk)),
        "roles": sorted(held.values_list("role", flat=True)),
        "urls": addresses(municipality.code),
        "choices": words(municipality),
    }


def addresses(code: str) -> dict[str, str]:
    """Give the addresses that the panels fetch; each belongs to the app that owns the data."""
    base = reverse("console", args=[code])
    return {
        "console": base,
        "socket": f"/ws{base}live",
        "snapshot": reverse("snapshot", args=[code]),
        "events": f"{base}live/events",
        "incidents": reverse("incidents", args=[code]),
        "clusters": reverse("clusters", args=[code]),
        "same": reverse("same-counts", args=[code]),
        "sites": f"{base}cctv/sites.json",
        "site": f"{base}cctv/sites/",
        "search": f"{base}cctv/search/",
        "cameras": f"{base}cctv/cameras/",
        "tours": f"{base}cctv/tours/",
        "links": f"{base}linkage/links/",
        "alarms": f"{base}linkage/alarms/",
        "exchanges": f"{base}linkage/incidents/",
        "units": f"{base}linkage/units/",
        "reports": f"{base}linkage/reports/",
        "roads": f"{base}linkage/traffic-cameras/",
        "situations": f"{base}linkage/situations/",
        "alerts": f"{base}linkage/cap/",
        "texts": f"{base}linkage/disaster-messages/",
        "grants": f"{base}linkage/grants/",
        "video_requests": f"{base}linkage/video-requests/",
        "shares": f"{base}linkage/shares/",
        "stills": f"{base}linkage/stills/",
        "phone": f"{base}linkage/phone-tasks/",
        "boundary": reverse("boundary", args=[code]),
        "basemap": reverse("base-map", args=[code]),
        "logout": reverse("logout"),
        "set_language": reverse("set_language"),
    }


def words(municipality: Municipality) -> dict[str, list[dict[str, Any]]]:
    """Give every choice with its label in both languages, so that switching needs no request."""
    return {
        "priority": _labelled(Priority),
        "status": _labelled(Status),
        "result": _labelled(Result),
        "service": _labelled(Service),
        "class": _labelled(KindClass),
        "assessment": _labelled(Assessment),
        "join": _labelled(JoinKind),
        "kinds": [
            {
                "service": kind.service,
                "code": kind.code,
                "name_ko": kind.name_ko,
                "name_en": kind.name_en,
                "class": kind.kind_class,
                "mapped": kind.is_mapped,
            }
            for kind in Kind.objects.all()
        ],
        "people": [{"id": person.pk, "name": str(person)} for person in colleagues(municipality)],
    }


def colleagues(municipality: Municipality) -> list[User]:
    """Find those who may take an incident here."""
    members = Membership.objects.filter(municipality=municipality).carrying(Right.INCIDENT_WORK)
    people = User.objects.filter(pk__in=members.values("user_id"), is_active=True)
    return list(people.order_by("display_name", "username"))


def _labelled(choices: type[Choices]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"value": choice.value} for choice in choices]
    for language in ("ko", "en"):
        with override(language):
            for row, choice in zip(rows, choices, strict=True):
                row[language] = str(choice.label)
    return rows
