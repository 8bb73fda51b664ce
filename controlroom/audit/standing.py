"""How each chain stands, for those who read the record: head, last export, last verification."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from controlroom.audit.models import ChainLink, ChainState
from controlroom.audit.models_chain import NO_CITY
from controlroom.audit.walking import Fault
from controlroom.municipalities.models import Municipality

WORDS = {
    Fault.ALTERED: gettext_lazy("altered"),
    Fault.RECORD_GONE: gettext_lazy("record gone"),
    Fault.MISSING: gettext_lazy("numbers missing"),
    Fault.TWICE: gettext_lazy("a number twice"),
    Fault.BROKEN: gettext_lazy("does not follow"),
    Fault.MISPLACED: gettext_lazy("of another municipality"),
    Fault.UNCHAINED: gettext_lazy("in no chain"),
    Fault.REWRITTEN: gettext_lazy("rewritten"),
    Fault.CUT: gettext_lazy("tail cut"),
    Fault.ANCHOR_FORGED: gettext_lazy("anchors forged"),
}


@dataclass(frozen=True)
class Standing:
    """One chain as it stands; `is_good` unless it is known to be broken."""

    name: str
    number: int
    sealed_at: datetime | None
    anchored_number: int
    anchored_at: datetime | None
    verified_number: int
    verified_at: datetime | None
    faults: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.faults


def standings(cities: Iterable[Municipality]) -> Iterator[Standing]:
    """Give the chains of these municipalities, and the one of records without any."""
    names = {NO_CITY: _("without a municipality")} | {city.pk: str(city) for city in cities}
    states = ChainState.objects.in_bulk(list(names))
    for chain, name in names.items():
        state = states.get(chain) or ChainState(chain=chain)
        head = ChainLink.objects.filter(chain=chain).order_by("-number").first()
        yield Standing(
            name=name,
            number=head.number if head else 0,
            sealed_at=head.sealed_at if head else None,
            anchored_number=state.anchored_number,
            anchored_at=state.anchored_at,
            verified_number=state.verified_number,
            verified_at=state.verified_at,
            faults=tuple(str(WORDS[Fault(code)]) for code in state.fault.split()),
        )
