"""What traffic systems answer, as events and cameras of one shape: bytes in, values out; no Django.

One adapter is one function (ADAPTERS). A record that cannot be used is told with its reason and
stops no other. Times are written yyyyMMddHHmmss in Korean time, coordinates in WGS84 degrees.
Source: domain.md 3.10 (fields of ITS eventInfo and cctvInfo, of UTIC imsOpenData).
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from linkage.services.city.records import Record, read

KST = timezone(timedelta(hours=9))
SOUTH, NORTH, WEST, EAST = 32.0, 39.0, 124.0, 132.0
ACCIDENT, ROADWORKS, GATHERING, BREAKDOWN = "C07", "C12", "C13", "C14"
WEATHER, CLOSURE, FLOOD = "C15", "C16", "C09"


@dataclass(frozen=True)
class CityEvent:
    """One event of a source as it is now; the same `source_id` is the same event."""

    source_id: str
    kind_code: str
    kind_name: str
    lon: float
    lat: float
    starts_at: datetime
    ends_at: datetime | None
    # When the source changed it; a source that does not say so is told apart by its content.
    updated_at: datetime | None
    address: str
    summary: str
    raw: Record = field(hash=False)

    @property
    def content_sha256(self) -> str:
        return hashlib.sha256(
            json.dumps(self.raw, sort_keys=True, ensure_ascii=False).encode()
        ).hexdigest()


@dataclass(frozen=True)
class SeenCamera:
    """A camera of another road operator; its address expires within minutes."""

    source_id: str
    name: str
    lon: float
    lat: float
    picture_format: str
    road_section: str
    url: str = field(repr=False)


@dataclass(frozen=True)
class Refused:
    """A record that was not used: its place in the answer, its id where it has one, the reason."""

    index: int
    source_id: str
    code: str


@dataclass(frozen=True)
class Reading:
    events: tuple[CityEvent, ...] = ()
    cameras: tuple[SeenCamera, ...] = ()
    refused: tuple[Refused, ...] = ()


class _Unusable(ValueError):
    """`code` names what is wrong with the record."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# ITS names kinds in words; the first word that an event's type or detail contains decides.
_ITS_WORDS = (
    ("사고", ACCIDENT),
    ("고장", BREAKDOWN),
    ("침수", FLOOD),
    ("공사", ROADWORKS),
    ("작업", ROADWORKS),
    ("행사", GATHERING),
    ("기상", WEATHER),
    ("결빙", WEATHER),
    ("안개", WEATHER),
    ("통제", CLOSURE),
)
# UTIC numbers them: 사고, 공사, 행사, 기상, 통제.
_UTIC_KINDS = {"1": ACCIDENT, "2": ROADWORKS, "3": GATHERING, "4": WEATHER, "5": CLOSURE}
_UTIC_NAMES = {"1": "사고", "2": "공사", "3": "행사", "4": "기상", "5": "통제"}


def its_events(raw: bytes) -> Reading:
    """Read ITS eventInfo. It has no number of an event: start, kind and road link stand for it."""
    return _events(read(raw, containers=frozenset({"items", "item"})), _its_event, _its_id)


def utic_events(raw: bytes) -> Reading:
    """Read UTIC imsOpenData."""
    rows = read(raw, containers=frozenset({"record"}))
    return _events(rows, _utic_event, lambda row: row.get("incidentId", ""))


def its_cameras(raw: bytes) -> Reading:
    """Read ITS cctvInfo."""
    cameras: dict[str, SeenCamera] = {}
    refused = []
    for index, row in enumerate(read(raw, containers=frozenset({"data"}))):
        try:
            camera = _its_camera(row)
        except _Unusable as problem:
            refused.append(Refused(index, row.get("cctvname", ""), problem.code))
            continue
        cameras.setdefault(camera.source_id, camera)
    return Reading(cameras=tuple(cameras.values()), refused=tuple(refused))


# The value of the field in JSON, then in XML.
_ADDRESS = re.compile(
    rb'("cctvurl"\s*:\s*")(?:[^"\\]|\\.)*(?=")|(<cctvurl>).*?(?=</cctvurl>)', re.DOTALL
)


def without_addresses(raw: bytes) -> bytes:
    """Strike the addresses out of an answer of cctvInfo and leave every other byte as it came."""
    return _ADDRESS.sub(lambda found: found[1] or found[2], raw)


Adapter = Callable[[bytes], Reading]
ADAPTERS: dict[str, Adapter] = {
    "its_events": its_events,
    "its_cameras": its_cameras,
    "utic_events": utic_events,
}


def _events(
    rows: list[Record], make: Callable[[Record], CityEvent], name: Callable[[Record], str]
) -> Reading:
    events: dict[str, CityEvent] = {}
    refused = []
    for index, row in enumerate(rows):
        try:
            event = make(row)
        except _Unusable as problem:
            refused.append(Refused(index, name(row)[:60], problem.code))
            continue
        known = events.setdefault(event.source_id, event)
        if known is not event and known.raw != event.raw:
            refused.append(Refused(index, event.source_id, "id_twice"))
    return Reading(events=tuple(events.values()), refused=tuple(refused))


def _its_event(row: Record) -> CityEvent:
    said = f"{row.get('eventType', '')} {row.get('eventDetailType', '')}".strip()
    if not said:
        raise _Unusable("no_kind")
    kind = next((code for word, code in _ITS_WORDS if word in said), "")
    lon, lat = _place(row, "coordX", "coordY")
    road = " ".join(
        part for part in (row.get("roadName", ""), _direction(row.get("roadDrcType", ""))) if part
    )
    parts = (row.get("message", ""), row.get("lanesBlocked", ""))
    return CityEvent(
        source_id=_its_id(row),
        kind_code=kind or f"ITS-{row.get('eventType', '')}"[:30],
        kind_name=said[:60],
        lon=lon,
        lat=lat,
        starts_at=_time(row, "startDate"),
        ends_at=_time_or_none(row, "endDate"),
        updated_at=None,
        address=road[:200],
        summary=(" · ".join(part for part in parts if part) or said)[:500],
        raw=row,
    )


def _direction(text: str) -> str:
    return f"({text})" if text else ""


def _its_id(row: Record) -> str:
    where = row.get("linkId") or f"{row.get('coordX', '')},{row.get('coordY', '')}"
    parts = [row.get(name, "") for name in ("type", "eventType", "eventDetailType", "startDate")]
    digest = hashlib.sha256("\x1f".join([*parts, where]).encode()).hexdigest()
    return f"{row.get('startDate', '')[:14]}-{digest[:16]}"


def _utic_event(row: Record) -> CityEvent:
    number = row.get("incidentId", "")
    # The names of these two fields are spelt so by the source.
    code = row.get("incidenteTypeCd", "")
    if not number or len(number) > 50:
        raise _Unusable("no_id")
    if not code:
        raise _Unusable("no_kind")
    lon, lat = _place(row, "locationDataX", "locationDataY")
    title = row.get("incidentTitle", "")
    parts = (title, row.get("lane", ""), row.get("controlType", ""))
    name = _UTIC_NAMES.get(code, f"UTIC {code}")
    return CityEvent(
        source_id=number,
        kind_code=_UTIC_KINDS.get(code, f"UTIC-{code}"[:30]),
        kind_name=name,
        lon=lon,
        lat=lat,
        starts_at=_time(row, "startDate"),
        ends_at=_time_or_none(row, "endDate"),
        updated_at=_time_or_none(row, "updateDate"),
        address=(row.get("addressNew") or row.get("addressJibun") or row.get("roadName", ""))[:200],
        summary=(" · ".join(part for part in parts if part) or name)[:500],
        raw=row,
    )


def _its_camera(row: Record) -> SeenCamera:
    name, url = row.get("cctvname", ""), row.get("cctvurl", "")
    if not name:
        raise _Unusable("no_name")
    if not url.startswith(("http://", "https://")):
        raise _Unusable("no_address")
    lon, lat = _place(row, "coordx", "coordy")
    digest = hashlib.sha256(f"{name}\x1f{lon:.5f}\x1f{lat:.5f}".encode()).hexdigest()
    return SeenCamera(
        source_id=digest[:24],
        name=name[:120],
        lon=lon,
        lat=lat,
        picture_format=row.get("cctvformat", "")[:20],
        road_section=row.get("roadsectionid", "")[:30],
        url=url,
    )


def _place(row: Record, x: str, y: str) -> tuple[float, float]:
    try:
        lon, lat = float(row.get(x, "")), float(row.get(y, ""))
    except ValueError:
        raise _Unusable("no_place") from None
    if not (WEST <= lon <= EAST and SOUTH <= lat <= NORTH):
        swapped = WEST <= lat <= EAST and SOUTH <= lon <= NORTH
        raise _Unusable("swapped_place" if swapped else "out_of_korea")
    return lon, lat


def _time(row: Record, name: str) -> datetime:
    found = _time_or_none(row, name)
    if found is None:
        raise _Unusable(f"no_{name}")
    return found


def _time_or_none(row: Record, name: str) -> datetime | None:
    text = row.get(name, "")
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=KST).astimezone(UTC)
    except ValueError:
        raise _Unusable(f"bad_{name}") from None
