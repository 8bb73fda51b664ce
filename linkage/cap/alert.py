"""An alert as read and as written: plain values, no XML and no Django."""

from dataclasses import dataclass, field
from datetime import datetime

# Rings of (lon, lat), closed; CAP itself writes lat,lon.
Ring = tuple[tuple[float, float], ...]

KR_R1 = "대한민국정부1.1"
KR_1 = "대한민국정부1.0"
KR_EDITIONS = frozenset({KR_R1, KR_1})
GEOCODE_R1 = "KRDSTGeocode"
GEOCODE_1 = "행정구역코드"
GEOCODES = frozenset({GEOCODE_R1, GEOCODE_1})
NATIONWIDE = "0000000000"


@dataclass(frozen=True)
class Reference:
    sender: str
    identifier: str
    sent: datetime

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{cap_time(self.sent)}"


@dataclass(frozen=True)
class Area:
    description: str
    rings: tuple[Ring, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()

    @property
    def legal_codes(self) -> tuple[str, ...]:
        """Ten-digit administrative codes, under the name of either edition."""
        return tuple(value for name, value in self.geocodes if name in GEOCODES)


@dataclass(frozen=True)
class Info:
    event: str
    category: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    language: str = "en-US"
    response_types: tuple[str, ...] = ()
    event_codes: tuple[tuple[str, str], ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True)
class Alert:
    identifier: str
    sender: str
    sent: datetime
    status: str
    msg_type: str
    scope: str
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()
    edition: str = field(default="", compare=False)
    is_signed: bool = field(default=False, compare=False)

    @property
    def reference(self) -> Reference:
        return Reference(self.sender, self.identifier, self.sent)

    @property
    def areas(self) -> tuple[Area, ...]:
        """The areas of every language, each once."""
        return tuple(dict.fromkeys(area for info in self.infos for area in info.areas))

    @property
    def legal_codes(self) -> set[str]:
        """The administrative codes of all its areas."""
        return {code for area in self.areas for code in area.legal_codes}


def cap_time(moment: datetime) -> str:
    """Write a time as CAP demands: whole seconds, a numeric offset, never Z."""
    text = moment.replace(microsecond=0).isoformat()
    return text.removesuffix("+00:00") + "-00:00" if text.endswith("+00:00") else text
