"""What others answer to alerts: an Ack or Error finds what it refers to, ours above all."""

from django.db.models import Q

from incidents.facts import note_fact
from incidents.models import Incident
from linkage.cap.alert import Alert
from linkage.choices import InboxResult
from linkage.models import Case, Link
from linkage.models_cap import CapAlert, CapIssue
from linkage.services.disaster import cap_pushes


def take(*, link: Link, alert: Alert, row: CapAlert) -> InboxResult:
    """Put the reply on the timeline of each incident whose alert it refers to, and link it.

    An alert of ours is found by sender, identifier and time together, as CAP names it. A reply
    to what nobody here has said is kept and changes nothing. What was pushed is answered by it.
    Locks: the messages that pushed our alerts, each incident, then the journal's counter.
    """
    issues = _own(link, alert)
    pushed = cap_pushes.lock_answered(link=link, issues=issues)
    incidents = {issue.situation.incident for issue in issues} or _theirs(link, alert)
    row.note = alert.note[:300]
    # The one that the row itself can name: the others have it on their timelines.
    row.incident = min(incidents, key=lambda one: one.pk, default=None)
    row.save()
    row.replied.set(issues)
    for incident in sorted(incidents, key=lambda one: one.pk):
        note_fact(
            incident=incident,
            verb=f"cap-{alert.msg_type.lower()}",
            agent=link.code,
            text=f"{alert.sender} {alert.note}".strip(),
            data={
                "note": alert.note,
                "identifier": alert.identifier,
                "of": [issue.identifier for issue in issues],
            },
        )
    cap_pushes.mark_answered(pushed)
    return InboxResult.APPLIED if incidents else InboxResult.UNCHANGED


def _own(link: Link, alert: Alert) -> list[CapIssue]:
    named = {(one.sender, one.identifier, one.sent) for one in alert.references}
    found = CapIssue.objects.filter(
        municipality_id__in=link.serving_ids(),
        identifier__in=[one.identifier for one in alert.references],
    ).select_related("situation__incident")
    return [issue for issue in found if (issue.sender, issue.identifier, issue.sent) in named]


def _theirs(link: Link, alert: Alert) -> set[Incident]:
    """Find the cases that other rooms began under the names that the reply refers to."""
    names = [one.identifier for one in alert.references]
    cases = Case.objects.filter(
        Q(external_id__in=names) | Q(incident__cap_alerts__identifier__in=names),
        link__municipality_id=link.municipality_id,
    )
    return {case.incident for case in cases.select_related("incident").distinct()}
