"""What a link gave up and nobody has told or sent again: one standing alarm per link."""

from django.db.models import Count, Max, Q

from controlroom.municipalities.models import Municipality
from linkage import alarms
from linkage.choices import OutboxState
from linkage.models import Link, OutboxMessage

KIND = "outbox.given_up"


def report(link: Link) -> None:
    """Raise or clear the link's alarm by what it has given up now; call in the transaction of the
    change, after the message is saved and before its fact is journalled.

    Locks: the alarm, then the journal's counter.
    """
    dead = OutboxMessage.objects.filter(link=link, state=OutboxState.DEAD).of_cases().order_by()
    found = dead.aggregate(
        count=Count("pk"),
        newest=Max("created_at"),
        real=Count("pk", filter=Q(incident__is_drill=False)),
    )
    city = Municipality.objects.defer("boundary").get(pk=link.municipality_id)
    if found["count"]:
        alarms.raise_(
            kind=KIND,
            municipality=city,
            subject_kind="link",
            subject_id=link.code,
            detail={
                "given_up": found["count"],
                "newest": found["newest"].isoformat(),
                "is_drill": not found["real"],
            },
        )
    else:
        alarms.clear(kind=KIND, municipality=city, subject_kind="link", subject_id=link.code)
