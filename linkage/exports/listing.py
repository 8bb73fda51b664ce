"""What the pages show of requests: a list with its counts, one request with its history."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q

from controlroom.journal.models import Entry
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right
from linkage.exports import rules
from linkage.exports.states import WORKING, State, Verb, allowed
from linkage.models import ExportRequest
from linkage.models_exports import ExportState

SHOWN = 200


def rows_of(user: Any, city: Municipality, *, state: str = "", q: str = "") -> dict[str, Any]:
    """Give the newest requests that match, and how many there are in each state."""
    own = ExportRequest.objects.visible_to(user).filter(municipality=city)
    if q:
        words = Q(case_number__icontains=q) | Q(letter_number__icontains=q)
        words |= Q(purpose__icontains=q) | Q(link__agency__name_ko__icontains=q)
        if q.upper().startswith("E") and q.rpartition("-")[2].isdecimal():
            words |= Q(pk=int(q.rpartition("-")[2][:18]))
        own = own.filter(words)
    counted = dict(own.order_by().values_list("state").annotate(Count("pk")))
    rows = own.filter(state=state) if state in ExportState.values else own
    return {
        "rows": list(rows.with_names().order_by("-pk")[:SHOWN]),
        "counts": [
            {"value": value, "label": label, "count": counted.get(value, 0)}
            for value, label in ExportState.choices
            if counted.get(value) or value == state
        ],
        "total": sum(counted.values()),
    }


def history(export: ExportRequest) -> list[dict[str, Any]]:
    entries = Entry.objects.filter(
        municipality_id=export.municipality_id,
        subject_kind="export",
        subject_id=str(export.reference),
    )
    labels = dict(ExportState.choices)
    return [
        {
            "at": entry.at,
            "state": labels.get(entry.data.get("state", ""), entry.kind),
            "by": str(entry.actor) if entry.actor else "",
        }
        for entry in entries.select_related("actor").order_by("number")
    ]


def offered(export: ExportRequest, user: Any, rights: Iterable[Right]) -> frozenset[Verb]:
    """Name what this person may do to the request as it stands."""
    held = frozenset(rights)
    verbs = allowed(export.state)
    own = export.requested_by_id == user.pk
    may_handle = rules.may_handle(rights=held, is_police=export.is_police) is None
    found = {
        Verb.REVIEW,
        Verb.REJECT,
        Verb.RETRY,
        Verb.MASK,
        Verb.MASK_AGAIN,
        Verb.RELEASE,
        Verb.DESTROY,
    }
    able = verbs & found if may_handle else frozenset()
    if own:
        able |= verbs & {Verb.SUBMIT}
    if own or may_handle:
        able |= verbs & {Verb.WITHDRAW}
    if may_handle and not own:
        able |= verbs & {Verb.APPROVE}
    return frozenset(able)


def progress(export: ExportRequest) -> dict[str, Any]:
    return {
        "state": export.state,
        "label": str(ExportState(export.state).label),
        "percent": round(100 * export.progress) if export.state in WORKING else 100,
        "working": State(export.state) in WORKING,
        "error": export.error,
    }
