"""Whose a text message is that names no place for certain: people say so, each on record.

Everything locks in one order: the message, then the journal counters by municipality.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from controlroom.audit.chain import record
from controlroom.errors import Conflict, Invalid, NotAllowed, OutOfScope
from controlroom.journal import log
from controlroom.municipalities.access import require
from controlroom.municipalities.admin_scope import administered
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from incidents.features import moment, person
from linkage.models_messages import (
    DisasterMessage,
    DisasterMessagePlace,
    Landing,
    MessageDecision,
)
from linkage.services.disaster import text_incidents, text_messages

RECENT = timedelta(hours=24)
FACT = "disaster.message_decided"


def decide(
    *, number: int, municipality: Municipality, is_ours: bool, by: Any
) -> DisasterMessagePlace | None:
    """Say for a candidate whether the message concerns it; give its place there if it does.

    "Ours" makes it an event of the city as if it had landed there by itself. The same again changes
    nothing; "not ours" can be taken back, "ours" cannot: what it opened is closed by its own verb.
    Locks: the message, then the journal counters.
    Emits: FACT in the journals of the city and of the other candidates.
    Raises: NotAllowed, OutOfScope for what it is no candidate of, Conflict.
    """
    require(by, municipality.pk, Right.INCIDENT_WORK)
    with transaction.atomic():
        row = _lock(number)
        if row is None or not _is_candidate(row, municipality):
            raise OutOfScope(_("no such message"))
        _keep(row, [municipality], is_ours=is_ours, by=by)
    return _opened(row, municipality) if is_ours else None


def assign(*, message: DisasterMessage, municipalities: Iterable[Municipality], by: Any) -> None:
    """Let an administrator say which of their municipalities a message concerns.

    Locks and emits as decide.
    Raises: Invalid without a municipality, NotAllowed for one that is not theirs.
    """
    chosen = sorted(municipalities, key=lambda city: city.pk)
    if not chosen:
        raise Invalid(
            _("choose at least one municipality"),
            fields={"municipalities": [_("This field is required.")]},
        )
    theirs = set(administered(by, Right.POLICY_MANAGE).values_list("pk", flat=True))
    if not {city.pk for city in chosen} <= theirs:
        raise NotAllowed(_("your role does not allow this"))
    with transaction.atomic():
        row = _lock(message.number)
        if row is None:
            raise OutOfScope(_("no such message"))
        _keep(row, chosen, is_ours=True, by=by)
    text_incidents.open_due(message=message)


@transaction.atomic
def dismiss(*, message: DisasterMessage, by: Any) -> None:
    """Say that a message concerns no municipality here: for who keeps the installation.

    Raises: NotAllowed, Conflict when a municipality has it.
    """
    if not by.is_superuser:
        raise NotAllowed(_("your role does not allow this"))
    row = _lock(message.number)
    if row is None or row.places.filter(municipality__isnull=False).exists():
        raise Conflict(_("a municipality has this message already"))
    made = MessageDecision.objects.get_or_create(
        message=row, municipality=None, is_ours=False, defaults={"by": by}
    )
    if made[1]:
        record(
            action="disaster_message.none",
            subject_kind="disaster_message",
            subject_id=row.number,
            actor_id=by.pk,
        )


def _lock(number: int) -> DisasterMessage | None:
    rows = DisasterMessage.objects.select_for_update(no_key=True)
    row: DisasterMessage | None = rows.filter(number=number).first()
    return row


def _is_candidate(message: DisasterMessage, municipality: Municipality) -> bool:
    """Say whether it may concern the city: by its code, or by its province's."""
    own = {municipality.code, municipality.code[:2]}
    return message.landing == Landing.AMBIGUOUS and bool(own & set(message.candidates))


def _keep(
    message: DisasterMessage, municipalities: list[Municipality], *, is_ours: bool, by: Any
) -> None:
    """Raises: Conflict when somebody has said otherwise meanwhile."""
    fresh = [city for city in municipalities if _is_news(message, city, is_ours=is_ours)]
    for city in fresh:
        MessageDecision.objects.create(message=message, municipality=city, is_ours=is_ours, by=by)
        if is_ours:
            # It may have landed here before the installation knew the city.
            DisasterMessagePlace.objects.update_or_create(
                message=message, code=city.code, defaults={"municipality": city}
            )
        record(
            action="disaster_message.ours" if is_ours else "disaster_message.not_ours",
            subject_kind="disaster_message",
            subject_id=message.number,
            municipality_id=city.pk,
            actor_id=by.pk,
        )
    if fresh:
        _tell(message, {city.pk for city in fresh}, by=by)


def _is_news(message: DisasterMessage, city: Municipality, *, is_ours: bool) -> bool:
    """Raises: Conflict."""
    said = message.decisions.filter(municipality=city).select_related("by").last()
    if said is None or said.is_ours == is_ours:
        return said is None
    if said.is_ours:
        words = _("%(name)s has taken it as this city's; end its incident instead")
        raise Conflict(words % {"name": said.by})
    return True


def _tell(message: DisasterMessage, decided: set[int], *, by: Any) -> None:
    """Let the cities that decided hear it, and the other candidates; only the former who did."""
    concerned = Municipality.objects.filter(Q(pk__in=decided) | of_candidates(message.candidates))
    said = with_decisions(DisasterMessage.objects.filter(pk=message.pk)).get()
    for city in concerned.defer("boundary").order_by("pk"):
        log.append(
            municipality_id=city.pk,
            kind=FACT,
            subject_kind="disaster_message",
            subject_id=message.number,
            data={"message": feature(said, city)},
            actor_id=by.pk if city.pk in decided else None,
        )


def _opened(message: DisasterMessage, municipality: Municipality) -> DisasterMessagePlace:
    """Open what is due now, and give the place as it is then."""
    text_incidents.open_due(message=message)
    place: DisasterMessagePlace = message.places.select_related("incident").get(
        municipality=municipality
    )
    return place


def waiting_for(municipality: Municipality) -> QuerySet[DisasterMessage]:
    """Find what may concern the city and nobody there has decided on, newest first."""
    said = MessageDecision.objects.filter(message=OuterRef("pk"), municipality=municipality)
    mine = Q(candidates__contains=[municipality.code])
    mine |= Q(candidates__contains=[municipality.code[:2]])
    placed = DisasterMessagePlace.objects.filter(message=OuterRef("pk"), municipality=municipality)
    rows = DisasterMessage.objects.filter(mine, landing=Landing.AMBIGUOUS)
    return rows.exclude(Exists(said)).exclude(Exists(placed))


def decided_by(municipality: Municipality) -> QuerySet[DisasterMessage]:
    """Find what the city has decided on, the newest decision first."""
    said_at = Max("decisions__at", filter=Q(decisions__municipality=municipality))
    rows = DisasterMessage.objects.annotate(said_at=said_at).filter(said_at__isnull=False)
    return rows.order_by("-said_at")


def of_candidates(codes: Iterable[str]) -> Q:
    """Match the municipalities that these codes mean, of a city or of a whole province."""
    matching = Q(pk__in=[])
    for code in codes:
        matching |= Q(code__startswith=code) if len(code) == 2 else Q(code=code)
    return matching


def with_decisions(messages: QuerySet[DisasterMessage]) -> QuerySet[DisasterMessage]:
    """Fetch with the messages what feature shows of them."""
    said = MessageDecision.objects.select_related("by", "municipality")
    return messages.prefetch_related(
        Prefetch("decisions", said.defer("municipality__boundary")), "places"
    )


def feature(message: DisasterMessage, municipality: Municipality) -> dict[str, Any]:
    """Give the message with what was decided, as this city may see it.

    Of another city: whether it took the message and when, not who, and nothing of its incident.
    """
    said = list(message.decisions.all())
    own = [one for one in said if one.municipality_id == municipality.pk]
    others = {
        one.municipality_id: one
        for one in said
        if one.municipality is not None and one.municipality_id != municipality.pk
    }
    here = [one for one in message.places.all() if one.municipality_id == municipality.pk]
    incident = here[0].incident_id if here else None
    return {
        **text_messages.feature(message),
        "decided": _own(own[-1]) if own else None,
        "others": [
            {"name": _name(one.municipality), "is_ours": one.is_ours, "at": moment(one.at)}
            for one in others.values()
        ],
        "incident": str(incident) if incident else None,
    }


def _name(municipality: Municipality | None) -> str:
    return municipality.name if municipality else ""


def _own(said: MessageDecision) -> dict[str, Any]:
    return {"is_ours": said.is_ours, "at": moment(said.at), "by": person(said.by)}
