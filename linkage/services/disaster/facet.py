"""What the console shows of a disaster: the situation whole, the alerts both ways, the texts."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from controlroom.municipalities.models import Municipality
from incidents.features import moment, person
from incidents.models import Incident
from incidents.statuses import OPEN
from linkage.models_cap import CapAlert, CapIssue, CapPush
from linkage.models_disaster import Situation
from linkage.models_messages import DisasterMessage
from linkage.services.disaster import decisions, geometry, situations, text_areas

REPORTS = 50
ALERTS = 50
MESSAGES = 10
AREAS = 100
RECENT = timedelta(hours=24)
_PUSHES = Prefetch("pushes", CapPush.objects.select_related("link__agency", "message"))


def facet(*, incident: Incident, user: Any) -> dict[str, Any]:
    row = Situation.objects.visible_to(user).filter(incident=incident).first()
    alerts = CapAlert.objects.visible_to(user).filter(incident=incident, replied=None)
    issued = CapIssue.objects.visible_to(user).filter(situation__incident=incident)
    return {
        "now": moment(timezone.now()),
        "situation": whole(row) if row else None,
        "alerts": [alert_item(one) for one in alerts.select_related("message")[:ALERTS]],
        "issued": [_issue(one) for one in with_answers(issued)[:ALERTS]],
        "messages": _messages(incident),
        "text": None if row and row.area and not row.ended_at else text_areas.said_of(incident),
    }


def whole(row: Situation) -> dict[str, Any]:
    reports = row.reports.select_related("by")[:REPORTS]
    return {
        **situations.feature(row),
        "area": geometry.drawn(row.area),
        "cameras": row.cameras,
        "reports": [
            {
                "at": moment(one.at),
                "by": person(one.by),
                "agent": one.agent,
                "level": one.level,
                "text": one.text,
            }
            for one in reports
        ],
        "notices": [
            situations.notice_feature(one) for one in row.notices.select_related("told_by")
        ],
    }


def alert_item(alert: CapAlert) -> dict[str, Any]:
    return {
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent": moment(alert.sent),
        "msg_type": alert.msg_type,
        "scope": alert.scope,
        "route": str(alert.route),
        "result": alert.message.result,
        "expires": moment(alert.expires),
        "infos": alert.infos,
        "areas": alert.areas,
    }


def _issue(issue: CapIssue) -> dict[str, Any]:
    """Give one of our own alerts, and what others have answered to it."""
    return {
        "identifier": issue.identifier,
        "sent": moment(issue.sent),
        "msg_type": issue.msg_type,
        "title": issue.title,
        **answers(issue),
    }


def with_answers(issues: QuerySet[CapIssue]) -> QuerySet[CapIssue]:
    return issues.prefetch_related("replies", _PUSHES)


def answers(issue: CapIssue) -> dict[str, Any]:
    """Give where an alert of ours stands on each line, and what each room has answered."""
    return {
        "pushes": [
            {
                "link": one.link.code,
                "name": str(one.link.agency),
                "state": str(one.message.state),
                "at": moment(one.message.answered_at or one.message.acked_at),
            }
            for one in issue.pushes.all()
        ],
        "replies": [reply_item(one) for one in sorted(issue.replies.all(), key=lambda one: one.pk)],
    }


def reply_item(reply: CapAlert) -> dict[str, Any]:
    return {
        "sender": reply.sender,
        "msg_type": reply.msg_type,
        "sent": moment(reply.sent),
        "note": reply.note,
    }


def _messages(incident: Incident) -> list[dict[str, Any]]:
    """Give the text that opened the incident, and the city's and perhaps its own of a day."""
    since = timezone.now() - RECENT
    own = DisasterMessage.objects.filter(places__incident=incident)
    recent = DisasterMessage.objects.filter(
        places__municipality_id=incident.municipality_id, issued_at__gte=since
    )
    perhaps = decisions.waiting_for(incident.municipality).filter(issued_at__gte=since)
    found = (own, recent.distinct()[:MESSAGES], perhaps[:MESSAGES])
    rows = {row.pk: row for some in found for row in decisions.with_decisions(some)}
    return [decisions.feature(row, incident.municipality) for row in rows.values()]


def standing(*, municipality: Municipality, user: Any) -> list[dict[str, Any]]:
    """Give the areas of every situation that goes on, for the map, most serious last."""
    rows = Situation.objects.visible_to(user).filter(
        municipality=municipality, ended_at=None, area__isnull=False, incident__status__in=OPEN
    )
    rows = rows.select_related("incident__kind").order_by("level", "pk")
    return [_standing(row) for row in rows[:AREAS]]


def _standing(row: Situation) -> dict[str, Any]:
    kind = row.incident.kind
    return {
        "incident": str(row.incident_id),
        "number": row.incident.number,
        "kind": {"name_ko": kind.name_ko, "name_en": kind.name_en},
        "is_drill": row.incident.is_drill,
        "level": row.level,
        "area_names": row.area_names,
        "area": geometry.drawn(row.area),
        "cameras": _places(row.cameras),
    }


def _places(cameras: Iterable[dict[str, Any]]) -> list[list[float]]:
    """Give each place once: several cameras share a pole."""
    return [list(place) for place in dict.fromkeys((one["lon"], one["lat"]) for one in cameras)]
