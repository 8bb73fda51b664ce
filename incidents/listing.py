"""The list of incidents, newest first: its filters and its pages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.errors import Invalid
from incidents.features import Feature, incident_features
from incidents.querysets import IncidentQuerySet


def page_of(
    incidents: IncidentQuerySet, *, asked: Mapping[str, Any], viewer: User
) -> tuple[list[Feature], str | None]:
    """Give a page of features and the cursor of the next one, None at the end.

    The cursor is the last row's time and id, so rows that share a time are neither lost nor
    repeated.
    """
    limit = asked["limit"]
    rows = filtered(incidents, asked, viewer).after(_mark(asked.get("cursor") or ""))
    features = incident_features(rows.order_by("-received_at", "-pk")[: limit + 1])
    if len(features) <= limit:
        return features, None
    last = features[limit - 1]
    mark = f"{last['received_at']} {last['id']}"
    return features[:limit], urlsafe_b64encode(mark.encode()).decode()


def filtered(
    incidents: IncidentQuerySet, asked: Mapping[str, Any], viewer: User
) -> IncidentQuerySet:
    if asked.get("status"):
        incidents = incidents.filter(status__in=asked["status"])
    if asked.get("priority"):
        incidents = incidents.filter(priority__in=asked["priority"])
    if asked.get("service"):
        incidents = incidents.filter(service=asked["service"])
    if asked.get("owner"):
        incidents = incidents.filter(owner_id=_owner_id(asked["owner"], viewer))
    if asked.get("ended") is not None:
        incidents = incidents.ended() if asked["ended"] else incidents.still_open()
    if asked.get("q"):
        incidents = incidents.matching(asked["q"])
    return incidents


def _owner_id(asked: str, viewer: User) -> int | None:
    return {"me": viewer.pk, "none": None}[asked] if asked in {"me", "none"} else int(asked)


def _mark(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    try:
        at, pk = urlsafe_b64decode(cursor.encode()).decode().split(" ")
        return datetime.fromisoformat(at), UUID(pk)
    except ValueError as error:
        raise Invalid(
            _("this is not a cursor of this list"), fields={"cursor": [_("not a cursor")]}
        ) from error
