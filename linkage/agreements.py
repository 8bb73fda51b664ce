"""What a link may be told: its legal basis decides, field by field and message by message."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from linkage import legal_catalogue
from linkage.choices import DataKind, LinkState, MessageType
from linkage.models import Link
from linkage.models_agreements import LegalBasis, Purpose

# What stands in a field of an outbound payload, at any depth. A field that is not here carries
# the state of the case (numbers, states, times), which every link may be told.
FIELD_DATA: dict[str, DataKind] = {
    "place": DataKind.PLACE,
    "address": DataKind.PLACE,
    "area": DataKind.PLACE,
    "route": DataKind.PLACE,
    "summary": DataKind.SUMMARY,
    "text": DataKind.SUMMARY,
    "phone": DataKind.PHONE,
    "caller_phone": DataKind.PHONE,
    "cameras": DataKind.LIVE_VIDEO,
    "playlist": DataKind.LIVE_VIDEO,
    "stream": DataKind.LIVE_VIDEO,
    "streams": DataKind.LIVE_VIDEO,
    "ticket": DataKind.LIVE_VIDEO,
    "recording": DataKind.RECORDED_VIDEO,
    "recordings": DataKind.RECORDED_VIDEO,
    "still": DataKind.STILL,
    "stills": DataKind.STILL,
    "picture": DataKind.STILL,
    "plate": DataKind.PLATE,
    "plates": DataKind.PLATE,
    "person": DataKind.PERSON,
    "persons": DataKind.PERSON,
    "photo": DataKind.PERSON,
    "track": DataKind.LOCATION_TRACK,
}
# Messages that are about one kind of data and nothing else: without it they are not sent at all.
MESSAGE_DATA: dict[str, DataKind] = {
    MessageType.CAMERA_LIST: DataKind.LIVE_VIDEO,
    MessageType.STREAM_GRANT: DataKind.LIVE_VIDEO,
    MessageType.STILL: DataKind.STILL,
    MessageType.ESCAPE_ROUTE: DataKind.PLACE,
}
ALLOWED = "allowed"
NO_BASIS = "no_legal_basis"
NOT_IN_FORCE = "basis_not_in_force"
NOT_COVERED = "not_covered_by_basis"
SUSPENDED = "link_suspended"


@dataclass(frozen=True)
class Decision:
    """The answer and its reason code, so that a refusal can be shown and recorded."""

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


def may_tell(link: Link, kind_of_data: str) -> Decision:
    """Say whether this kind of data may leave on the link."""
    if not (open_ := _unless_suspended(link)):
        return open_
    basis = link.legal_basis
    if basis is None:
        return Decision(allowed=False, reason=NO_BASIS)
    if not basis.is_in_force:
        return Decision(allowed=False, reason=NOT_IN_FORCE)
    if kind_of_data not in basis.allowed_data:
        return Decision(allowed=False, reason=NOT_COVERED)
    return Decision(allowed=True, reason=ALLOWED)


def _unless_suspended(link: Link) -> Decision:
    suspended = link.state == LinkState.SUSPENDED
    return Decision(allowed=not suspended, reason=SUSPENDED if suspended else ALLOWED)


def may_send(link: Link, message_type: str) -> Decision:
    """Say whether a message of this type may be sent on the link at all."""
    needed = MESSAGE_DATA.get(message_type)
    if needed is not None:
        return may_tell(link, needed)
    return _unless_suspended(link)


def permitted(link: Link, payload: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Give the payload without what the link's basis does not allow, and the names left out."""
    withheld: set[str] = set()
    kept = _permitted(link, payload, withheld)
    return kept, sorted(withheld)


def _permitted(link: Link, value: Any, withheld: set[str]) -> Any:
    if isinstance(value, list):
        return [_permitted(link, inner, withheld) for inner in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        kind = FIELD_DATA.get(name)
        if kind is not None and not may_tell(link, kind):
            withheld.add(name)
            continue
        kept[name] = _permitted(link, inner, withheld)
    return kept


@transaction.atomic
def install() -> None:
    """Write the catalogue's purposes and legal bases where they are missing; change no row."""
    for row in legal_catalogue.PURPOSES:
        Purpose.objects.get_or_create(
            code=row.code, defaults={"name_ko": row.name_ko, "name_en": row.name_en}
        )
    for basis in legal_catalogue.BASES:
        LegalBasis.objects.get_or_create(
            code=basis.code,
            defaults={
                "law_ko": basis.law_ko,
                "law_en": basis.law_en,
                "article": basis.article,
                "text_ko": basis.note_ko,
                "allowed_data": list(basis.allowed_data),
            },
        )


def usual(service: str) -> dict[str, Any]:
    """Give purpose and legal basis that a new link of the service starts with."""
    named = legal_catalogue.USUAL.get(service)
    if named is None:
        return {}
    if not LegalBasis.objects.filter(code=named[1]).exists():
        install()
    return {
        "purpose": Purpose.objects.filter(code=named[0]).first(),
        "legal_basis": LegalBasis.objects.filter(code=named[1]).first(),
    }
