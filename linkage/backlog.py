"""What a link gave up and nobody has told or sent again: one standing alarm per link and city."""

from django.db.models import Count, Max, Q

from controlroom.municipalities.models import Municipality
from linkage import alarms
from linkage.choices import OutboxState
from linkage.models import Link, OutboxMessage

KIND = "outbox.given_up"


def report(link: Link) -> None:
    """Raise or clear the link's alarm in each city by what of its messages is given up now; call
    in the transaction of the change, after the message is saved and before its fact is journalled.

    Locks: the alarm and the journal's counter of each city, in the order of the cities.
    """
    dead = OutboxMessage.objects.filter(link=link, state=OutboxState.DEAD).in_earnest().order_by()
    counted = dead.values_list("municipality_id").annotate(
        given_up=Count("pk"),
        newest=Max("created_at"),
        in_earnest=Count("pk", filter=~Q(incident__is_drill=True)),
    )
    found = {city_id: rest for city_id, *rest in counted}
    cities = Municipality.objects.filter(pk__in={*link.serving_ids(), *found}).order_by("pk")
    for city in cities.defer("boundary"):
        subject = {"municipality": city, "subject_kind": "link", "subject_id": link.code}
        if city.pk not in found:
            alarms.clear(kind=KIND, **subject)
            continue
        count, newest, in_earnest = found[city.pk]
        detail = {"given_up": count, "newest": newest.isoformat(), "is_drill": not in_earnest}
        alarms.raise_(kind=KIND, detail=detail, **subject)
