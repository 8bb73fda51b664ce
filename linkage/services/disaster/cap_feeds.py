"""Ask another office's index for its alerts: only what is new, each entry once, failures told."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.errors import DomainError
from linkage import line_alarms, transport
from linkage.cap import xml
from linkage.cap.errors import CapRefused, NotAnAlert
from linkage.choices import Direction, LinkState
from linkage.errors import LinkClosed
from linkage.lanes import lanes
from linkage.models import Link
from linkage.models_cap import CapFeedEntry, CapSource
from linkage.services.disaster import cap_intake

# Its name in linkage.lanes.
LANE = "cap"
FAILING, REFUSED = "cap.feed_failing", "cap.feed_refused"
# One answer may be lost by accident; two in a row are told.
TOLD_AFTER = 2
LONGEST_PAUSE = timedelta(minutes=5)
# A question so long due, and more than three turns, is one that nobody asks.
UNASKED = timedelta(minutes=2)
# The rest of a long index, or of a slow office, comes with the next question.
ENTRIES_AT_ONCE = 20
LONGEST_ROUND_S = 30.0
# Alerts that did not come, after which the office itself is taken to be away.
MISSES = 3
GONE = frozenset({404, 410})
CAP_TYPES = frozenset({"application/cap+xml", "application/common-alerting-protocol+xml"})
_ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True)
class Entry:
    """One line of an index: its id, when it was changed, where its alert is."""

    name: str
    changed: str
    href: str

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join((self.name, self.changed, self.href)).encode()).hexdigest()


def due(now: datetime) -> list[int]:
    """Give the sources that are to be asked now."""
    sources = CapSource.objects.exclude(feed_url="").filter(next_fetch_at__lte=now)
    open_links = sources.exclude(link__state__in=[LinkState.SUSPENDED, LinkState.MAINTENANCE])
    return list(open_links.exclude(link__direction=Direction.OUT).values_list("pk", flat=True))


def failing(now: datetime) -> Iterator[tuple[CapSource, dict[str, object]]]:
    """Give the sources that failed twice in a row, and those that nobody asks."""
    sources = CapSource.objects.exclude(feed_url="").exclude(link__direction=Direction.OUT)
    for source in sources.exclude(
        link__state__in=[LinkState.SUSPENDED, LinkState.MAINTENANCE]
    ).select_related("link"):
        about: dict[str, object] = {"link": source.link.code}
        if source.failures >= TOLD_AFTER:
            yield source, about | {"failures": source.failures, "error": source.last_error}
        elif now - source.next_fetch_at > max(UNASKED, timedelta(seconds=3 * source.interval_s)):
            unasked = round((now - source.next_fetch_at).total_seconds())
            yield source, about | {"unasked_s": unasked}


def poll(*, source_id: int) -> int | None:
    """Ask one source, outside any transaction; give how many alerts came in.

    None when another worker does it already, or when it failed: then the failure is kept, the
    next question comes later, and the second in a row raises an alarm.
    """
    source = _claim(source_id)
    if source is None:
        return None
    try:
        with lanes.timed((LANE, source.pk)):
            answer = transport.fetch_changed(
                destination=_destination(source, source.feed_url),
                max_bytes=xml.MAX_BYTES,
                etag=source.etag,
                last_modified=source.last_modified,
            )
        entries = [] if answer.is_same else read_index(answer.body, source.feed_url)
        fresh = _fresh(source, entries)
        asked, taken, missed = _take_all(source, fresh[:ENTRIES_AT_ONCE])
    except (transport.TransportError, CapRefused, LinkClosed) as error:
        _failed(source, str(error))
        return None
    if not answer.is_same:
        _tell_refused(source, entries)
    if missed:
        _failed(source, missed)
        return None
    # With the rest still to come the index must be read again, changed or not.
    is_whole = len(fresh) == asked
    _succeeded(
        source,
        etag=answer.etag if is_whole else "",
        last_modified=answer.last_modified if is_whole else "",
    )
    return taken


def _take_all(source: CapSource, entries: list[Entry]) -> tuple[int, int, str]:
    """Take each while there is time; one that does not come keeps no other back.

    Give how many were asked for, how many alerts came, and what failed.
    Raises: LinkClosed.
    """
    ends = time.monotonic() + LONGEST_ROUND_S
    asked, taken, missed = 0, 0, []
    for entry in entries:
        if asked and time.monotonic() > ends:
            break
        asked += 1
        try:
            taken += _take(source, entry)
        except transport.TransportError as error:
            missed.append(str(error))
            if len(missed) == MISSES:
                break
    return asked, taken, ", ".join(dict.fromkeys(missed))


def read_index(raw: bytes, base: str) -> list[Entry]:
    """Read an Atom or RSS index, oldest first as it was published.

    Raises: CapRefused.
    """
    root = xml.parse(raw)
    name = xml.name_of(root)
    if name == "feed":
        found = [_of_atom(entry, base) for entry in root.iter(f"{_ATOM}entry")]
    elif name == "rss":
        found = [_of_rss(item, base) for item in root.iter("item")]
    else:
        raise NotAnAlert(_("neither an Atom nor an RSS index"))
    return list(dict.fromkeys(entry for entry in reversed(found) if entry is not None))


def _of_atom(entry: xml.Element, base: str) -> Entry | None:
    links = [one for one in entry.iterfind(f"{_ATOM}link") if one.get("href")]
    named = [one for one in links if (one.get("type") or "") in CAP_TYPES]
    usual = [one for one in links if one.get("rel", "alternate") == "alternate"]
    chosen = next(iter([*named, *usual, *links]), None)
    if chosen is None:
        return None
    href = urljoin(base, chosen.get("href").strip())
    name = (entry.findtext(f"{_ATOM}id") or href).strip()
    changed = entry.findtext(f"{_ATOM}updated") or entry.findtext(f"{_ATOM}published") or ""
    return Entry(name, changed.strip(), href)


def _of_rss(item: xml.Element, base: str) -> Entry | None:
    link = (item.findtext("link") or "").strip()
    if not link:
        return None
    href = urljoin(base, link)
    name = (item.findtext("guid") or href).strip()
    return Entry(name, (item.findtext("pubDate") or "").strip(), href)


def _claim(source_id: int) -> CapSource | None:
    """Move the next question on before asking, so that no second worker asks the same."""
    now = timezone.now()
    waiting = CapSource.objects.exclude(feed_url="").filter(pk=source_id, next_fetch_at__lte=now)
    source: CapSource | None = waiting.select_related("link__municipality").first()
    if source is None:
        return None
    # Longer than one round may take: a worker that dies in it is followed by another.
    won = waiting.update(next_fetch_at=now + timedelta(seconds=max(source.interval_s, 300)))
    return source if won else None


def _destination(source: CapSource, url: str) -> transport.Destination:
    """Let every address be of the registered host: an index leads nowhere else."""
    return transport.Destination(
        url=url,
        host=urlsplit(source.feed_url).hostname or "",
        allow_private=source.allow_private_address,
    )


def _fresh(source: CapSource, entries: list[Entry]) -> list[Entry]:
    digests = [entry.digest for entry in entries]
    known = set(source.entries.filter(digest__in=digests).values_list("digest", flat=True))
    return [entry for entry in entries if entry.digest not in known]


def _take(source: CapSource, entry: Entry) -> int:
    """Fetch an alert and take it in; give how many it held. What is refused is not asked again.

    Raises: TransportError when it did not come, LinkClosed.
    """
    try:
        with lanes.timed((LANE, source.pk)):
            raw = transport.fetch(
                destination=_destination(source, entry.href), max_bytes=xml.MAX_BYTES
            )
    except transport.TransportError as error:
        # Another host, an address that may not be reached, or nothing there any more.
        why = "address" if error.permanent else "gone" if error.http_status in GONE else ""
        if not why:
            raise
        _keep(source, entry, refusal=why)
        return 0
    try:
        with transaction.atomic():
            taken = cap_intake.accept(link=source.link, raw=raw)
            _keep(source, entry)
    except LinkClosed:
        raise
    except DomainError as refused:
        _keep(source, entry, refusal=refused.code)
        return 0
    # One alert may have become one of several cities.
    return len({one.row.message.message_id for one in taken})


def _keep(source: CapSource, entry: Entry, *, refusal: str = "") -> None:
    CapFeedEntry.objects.get_or_create(
        source=source,
        digest=entry.digest,
        defaults={"name": entry.name[:300], "href": entry.href[:1000], "refusal": refusal[:40]},
    )


def _succeeded(source: CapSource, *, etag: str, last_modified: str) -> None:
    now = timezone.now()
    CapSource.objects.filter(pk=source.pk).update(
        fetched_at=now,
        next_fetch_at=now + timedelta(seconds=source.interval_s),
        failures=0,
        last_error="",
        etag=etag,
        last_modified=last_modified,
    )
    line_alarms.clear(kind=FAILING, link=source.link)


def _failed(source: CapSource, error: str) -> None:
    """Ask again later the more often it failed."""
    failures = source.failures + 1
    usual = timedelta(seconds=source.interval_s)
    pause = max(usual, min(usual * 2 ** min(failures - 1, 6), LONGEST_PAUSE))
    CapSource.objects.filter(pk=source.pk).update(
        failures=failures, last_error=error[:300], next_fetch_at=timezone.now() + pause
    )
    if failures >= TOLD_AFTER:
        _raise(FAILING, source.link, {"failures": failures, "error": error[:300]})


def _tell_refused(source: CapSource, entries: Iterable[Entry]) -> None:
    """Let an alarm stand while the index names an alert that we could not read."""
    digests = [entry.digest for entry in entries]
    refused = source.entries.filter(digest__in=digests).exclude(refusal="")
    names = list(refused.values_list("name", flat=True)[:10])
    if names:
        _raise(REFUSED, source.link, {"entries": names})
    else:
        line_alarms.clear(kind=REFUSED, link=source.link)


def _raise(kind: str, link: Link, detail: dict[str, object]) -> None:
    line_alarms.raise_(kind=kind, link=link, detail={"link": link.code, **detail})
