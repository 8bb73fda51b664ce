"""Ask a source of the city over HTTP, and find what lies in a city of the line or at its border."""

from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from django.db import connection

from controlroom.sealing import unseal
from linkage import transport
from linkage.models import Link
from linkage.models_city import Feed
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


def inside(link: Link, seen: Iterable[CityEvent | SeenCamera]) -> dict[str, int]:
    """Give the city of the link in which, or else near whose limit, each place lies, by id; in one
    query."""
    rows = [(one.source_id, one.lon, one.lat) for one in seen]
    if not rows:
        return {}
    ids, lons, lats = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (p.id) p.id, m.id "
            "FROM unnest(%s::text[], %s::float8[], %s::float8[]) AS p(id, lon, lat) "
            "JOIN municipalities_municipality m ON m.id = ANY(%s) "
            "WHERE ST_DWithin(m.boundary, ST_MakePoint(p.lon, p.lat)::geography, %s) "
            "ORDER BY p.id, ST_Distance(m.boundary, ST_MakePoint(p.lon, p.lat)::geography), m.id",
            [ids, lons, lats, link.serving_ids(), BUFFER_M],
        )
        return dict(cursor.fetchall())
