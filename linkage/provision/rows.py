"""What a reader of the register sees: entries and running sessions as rows, found and counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cctv.choices import EndReason
from cctv.models import ViewRecord
from controlroom.municipalities.models import Municipality
from incidents.choices import Service
from linkage.models import ProvisionEntry
from linkage.models_agreements import LegalBasis
from linkage.models_provision import Corrected, Form
from linkage.policy_texts import PURPOSES
from linkage.provision.entries import grant_of, session_facts


@dataclass(frozen=True)
class Asked:
    """What narrows the register; empty: everything."""

    since: datetime | None = None
    until: datetime | None = None
    agency: str = ""
    service: str = ""
    purpose: str = ""
    basis: str = ""
    camera: int | None = None
    incident: str = ""
    case: str = ""
    form: str = ""
    words: str = ""

    def said(self) -> dict[str, str]:
        """Give what was asked for, for the record of an export."""
        return {name: str(value) for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Totals:
    count: int
    agencies: int
    seconds: float
    size: int


@dataclass(frozen=True)
class Row:
    """One line of the register; `number` is empty while the session runs."""

    number: str
    entry: ProvisionEntry
    is_running: bool = False
    corrections: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return seconds_of(self.entry)

    @property
    def period(self) -> str:
        return period_of(self.entry, is_running=self.is_running)


def seconds_of(entry: ProvisionEntry) -> float:
    """Give for how long pictures left: a file is handed over in no time."""
    if entry.form in {Form.STILL, Form.FILE}:
        return 0.0
    paused = sum((_lasting(pause) for pause in entry.breaks), timedelta())
    return (entry.ended_at - entry.began_at - paused).total_seconds()


def _lasting(pause: list[str]) -> timedelta:
    begin, end = (datetime.fromisoformat(moment) for moment in pause)
    return end - begin


def period_of(entry: ProvisionEntry, *, is_running: bool) -> str:
    begin, end = (
        timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")
        for at in (entry.began_at, entry.ended_at)
    )
    if entry.form == Form.STILL:
        return begin
    last = _("running") if is_running else end
    pauses = _("%(count)s pauses") % {"count": len(entry.breaks)} if entry.breaks else ""
    return " · ".join(word for word in (f"{begin} ~ {last}", pauses) if word)


# --- finding -----------------------------------------------------------------------------
def entries_of(*, municipality: Municipality, user: Any, asked: Asked) -> QuerySet[ProvisionEntry]:
    """Give the entries that this person may read, narrowed, the newest first."""
    rows: QuerySet[ProvisionEntry] = ProvisionEntry.objects.visible_to(user).filter(
        municipality=municipality
    )
    return rows.filter(_narrowed(asked)).select_related("grant")


def _narrowed(asked: Asked) -> Q:
    narrowed = Q()
    if asked.since:
        narrowed &= Q(ended_at__gte=asked.since)
    if asked.until:
        narrowed &= Q(began_at__lt=asked.until)
    exactly = {
        "service": asked.service,
        "purpose": asked.purpose,
        "basis": asked.basis,
        "form": asked.form,
        "camera": asked.camera,
        "case_number": asked.case,
        "incident_number": asked.incident,
    }
    for name, wanted in exactly.items():
        if wanted:
            narrowed &= Q(**{name: wanted})
    if asked.agency:
        narrowed &= Q(recipient=asked.agency)
    for word in asked.words.split():
        narrowed &= (
            Q(file_name__icontains=word)
            | Q(recipient__icontains=word)
            | Q(received_by__icontains=word)
            | Q(case_number__icontains=word)
            | Q(incident_number__icontains=word)
            | Q(request__icontains=word)
            | Q(handled_by__icontains=word)
        )
    return narrowed


def running(*, municipality: Municipality, user: Any, asked: Asked) -> list[Row]:
    """Give the sessions that are not entered yet because they run, or ended just now."""
    views = (
        ViewRecord.objects.visible_to(user)
        .filter(
            municipality=municipality,
            grant__isnull=False,
            settled_at=None,
        )
        .filter(Q(first_byte_at__isnull=False) | Q(poster_sent_at__isnull=False))
        .select_related("viewer")
        .order_by("-started_at")
    )
    found = [
        (ProvisionEntry(**session_facts(view, grant)), view.ended_at is None)
        for view in views
        if (grant := grant_of(view))
    ]
    return [Row("", entry, is_running=runs) for entry, runs in found if _fits(entry, asked)]


def _fits(entry: ProvisionEntry, asked: Asked) -> bool:
    """Judge a row that is in no table yet as `_narrowed` judges those that are."""
    exactly = (
        (asked.service, entry.service),
        (asked.purpose, entry.purpose),
        (asked.basis, entry.basis),
        (asked.form, entry.form),
        (asked.camera, entry.camera_id),
        (asked.case, entry.case_number),
        (asked.incident, entry.incident_number),
        (asked.agency, entry.recipient),
    )
    said = " ".join(
        [
            *(entry.file_name, entry.recipient, entry.received_by, entry.case_number),
            *(entry.incident_number, entry.request, entry.handled_by),
        ]
    ).casefold()
    return (
        (not asked.since or entry.ended_at >= asked.since)
        and (not asked.until or entry.began_at < asked.until)
        and all(not wanted or wanted == is_so for wanted, is_so in exactly)
        and all(word.casefold() in said for word in asked.words.split())
    )


def rows(found: Iterable[ProvisionEntry]) -> Iterator[Row]:
    """Give the entries as rows, each with what was put right of it."""
    for entry in found:
        yield Row(str(entry.pk), entry, corrections=[*map(_corrected, entry.corrections.all())])


def _corrected(row: Any) -> str:
    column = Corrected(row.field).label
    at = timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M")
    return f"{column} → {row.value} ({row.reason}; {row.by}, {at})"


def totals(found: QuerySet[ProvisionEntry]) -> Totals:
    """Count what was found; the pauses of a session are no part of its seconds."""
    whole = found.order_by().aggregate(
        count=Count("pk"), agencies=Count("recipient", distinct=True), size=Sum("size")
    )
    watched = found.order_by().exclude(form__in=[Form.STILL, Form.FILE])
    spans = watched.aggregate(spans=Sum(F("ended_at") - F("began_at")))["spans"] or timedelta()
    paused = sum(
        (
            _lasting(one)
            for many in watched.exclude(breaks=[]).values_list("breaks")
            for one in many[0]
        ),
        timedelta(),
    )
    return Totals(
        whole["count"], whole["agencies"], (spans - paused).total_seconds(), whole["size"] or 0
    )


# --- in words ----------------------------------------------------------------------------
def columns() -> list[str]:
    """Give the columns of the form, in their order (제42조; 별지 개인영상정보 관리대장)."""
    return [
        _("No."),
        _("Date and time"),
        _("File: name and kind"),
        _("Person in charge"),
        _("Purpose"),
        _("Recipient"),
        _("Legal basis"),
        _("Form"),
        _("Period"),
        _("Incident and case"),
        _("Remarks"),
    ]


def cells(row: Row, words: "Words") -> list[str]:
    """Give a row in words, in the order of the columns."""
    entry = row.entry
    at = timezone.localtime(entry.entered_at if row.number else entry.began_at)
    remarks = [words.reason(entry.end_reason), *row.corrections]
    if entry.size:
        remarks.insert(0, _("%(count)s bytes") % {"count": f"{entry.size:,}"})
    if entry.poster_taken_at and entry.poster_sent_at:
        taken, shown = (
            timezone.localtime(one).strftime("%Y-%m-%d %H:%M:%S")
            for one in (entry.poster_taken_at, entry.poster_sent_at)
        )
        words_of = _("a still of %(taken)s was shown at %(shown)s")
        remarks.append(words_of % {"taken": taken, "shown": shown})
    if entry.sha256:
        remarks.append(f"SHA-256 {entry.sha256[:16]}…")
    return [
        row.number or (_("running") if row.is_running else _("closing")),
        at.strftime("%Y-%m-%d %H:%M:%S"),
        entry.file_name,
        entry.handled_by or _("by itself, by the rules"),
        words.purpose(entry.purpose),
        f"{entry.recipient} ({entry.received_by})",
        words.basis(entry.basis),
        str(Form(entry.form).label),
        row.period,
        " / ".join(word for word in (entry.incident_number, entry.case_number) if word),
        "; ".join(word for word in remarks if word),
    ]


class Words:
    """Codes as a person reads them: looked up once for a whole list."""

    def __init__(self) -> None:
        self._bases = {basis.code: str(basis) for basis in LegalBasis.objects.all()}
        self._services = dict(Service.choices)
        self._reasons = dict(EndReason.choices)

    def basis(self, code: str) -> str:
        law = self._bases.get(code)
        return f"{law} ({code})" if law else code

    def service(self, code: str) -> str:
        return str(self._services.get(code, code))

    def reason(self, code: str) -> str:
        return str(self._reasons.get(code, code))

    def purpose(self, code: str) -> str:
        if code == "INCIDENT":
            return pgettext("purpose", "response to the incident")
        return str(PURPOSES.get(code, code))
