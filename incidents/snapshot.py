"""The picture of now and the journal number it belongs to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from controlroom.accounts.models import User
from controlroom.journal import log
from controlroom.journal.audiences import audiences_of
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.models import Municipality
from incidents.features import incident_features, moment
from incidents.models import Incident


@contextmanager
def one_moment() -> Iterator[None]:
    """Let every query inside see the database at one moment.

    Facts commit in the order of their numbers, so at one moment the head is exact: every fact up
    to it is in the picture and none after it. Inside a transaction that has begun already the
    level cannot change; then the order of reading (number first) still holds: a later fact that
    the picture has already is applied again by the client and brings the same feature.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def snapshot(*, municipality: Municipality, viewer: User) -> dict[str, Any]:
    """Give the open incidents and the number of the last fact that they contain."""
    with one_moment():
        audiences = audiences_of(rights_in(viewer, municipality.pk))
        cursor = log.scope_head(municipality_id=municipality.pk, audiences=audiences)
        still_open = (
            Incident.objects.visible_to(viewer)
            .filter(municipality=municipality)
            .still_open()
            .order_by("priority", "-received_at", "-pk")
        )
        incidents = incident_features(still_open)
    return {"cursor": cursor, "server_time": moment(timezone.now()), "incidents": incidents}
