"""The Atom index of a city's own alerts, and each alert as CAP."""

from datetime import timedelta

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from lxml import etree

from controlroom.municipalities.models import Municipality
from linkage.cap.alert import cap_time
from linkage.models_cap import CapIssue

ATOM = "http://www.w3.org/2005/Atom"
SHOWN = timedelta(days=30)
AT_MOST = 200


@require_safe
def index(request: HttpRequest, code: str) -> HttpResponse:
    """Give the newest alerts first."""
    city = Municipality.objects.filter(code=code).first()
    if city is None:
        raise Http404
    since = timezone.now() - SHOWN
    issues = list(public().filter(municipality=city, sent__gte=since)[:AT_MOST])
    here = request.build_absolute_uri(reverse("cap:index", args=[code]))
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _add(feed, "id", here)
    _add(feed, "title", f"{city.name_ko} CAP")
    newest = issues[0].sent if issues else timezone.now()
    _add(feed, "updated", cap_time(timezone.localtime(newest)))
    _add(_add(feed, "author"), "name", city.name_ko)
    _add(feed, "link", rel="self", href=here)
    for issue in issues:
        address = reverse("cap:alert", args=[code, issue.identifier])
        entry = _add(feed, "entry")
        _add(entry, "id", f"urn:cap:{issue.identifier}")
        _add(entry, "title", issue.title)
        _add(entry, "updated", cap_time(timezone.localtime(issue.sent)))
        _add(
            entry,
            "link",
            rel="alternate",
            type="application/cap+xml",
            href=request.build_absolute_uri(address),
        )
    body = etree.tostring(feed, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8")


@require_safe
def alert(request: HttpRequest, code: str, identifier: str) -> HttpResponse:
    found = public().filter(municipality__code=code, identifier=identifier).first()
    if found is None:
        raise Http404
    return HttpResponse(bytes(found.body), content_type="application/cap+xml; charset=utf-8")


def public() -> QuerySet[CapIssue]:
    """Give what everybody may read: no drill."""
    issues: QuerySet[CapIssue] = CapIssue.objects.filter(status="Actual", scope="Public")
    return issues


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    child.text = text or None
    return child
