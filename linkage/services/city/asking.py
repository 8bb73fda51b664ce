"""Ask a source of the city over HTTP, and keep what lies in the city or at its border."""

from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from django.db import connection

from controlroom.municipalities.models import Municipality
from linkage import transport
from linkage.models_city import Feed
from linkage.sealing import unseal
from linkage.services.city.adapters import CityEvent, SeenCamera
from linkage.services.city.records import MAX_BYTES

# What lies this far outside the boundary still concerns the city.
BUFFER_M = 1_000


def fetch(feed: Feed) -> bytes:
    """Ask with the feed's key.

    Raises: TransportError.
    """
    query = {}
    if feed.key and feed.key_parameter:
        query[feed.key_parameter] = unseal(feed.key)
    joint = "&" if urlsplit(feed.url).query else "?"
    url = f"{feed.url}{joint}{urlencode(query)}" if query else feed.url
    destination = transport.Destination(
        url=url, host=urlsplit(url).hostname or "", allow_private=feed.allow_private_address
    )
    return transport.fetch(destination=destination, max_bytes=MAX_BYTES)


def inside(municipality: Municipality, seen: Iterable[CityEvent | SeenCamera]) -> set[str]:
    """Keep the ids whose place is in the municipality or near its limit, in one query."""
    rows = [(one.source_id, one.lon, one.lat) for one in seen]
    if not rows:
        return set()
    ids, lons, lats = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM unnest(%s::text[], %s::float8[], %s::float8[]) AS p(id, lon, lat) "
            "JOIN municipalities_municipality m ON m.id = %s "
            "WHERE ST_DWithin(m.boundary, ST_MakePoint(p.lon, p.lat)::geography, %s)",
            [ids, lons, lats, municipality.pk, BUFFER_M],
        )
        return {row[0] for row in cursor.fetchall()}
