"""The monthly look at the access record: signed off by a person, and itself on record."""

from datetime import datetime

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.accounts.models import User
from controlroom.audit.chain import record
from controlroom.audit.models import ChainLink, Record, Review
from controlroom.errors import Invalid
from controlroom.municipalities.access import require
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right


def span(month: str) -> tuple[datetime, datetime]:
    """Give the first moment of a month (2026-11) and of the one after, in local time.

    Raises: ValueError.
    """
    zone = timezone.get_current_timezone()
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def check(*, month: str, findings: str) -> None:
    """Raises: Invalid for a month that is not over, or without a word on what was found."""
    try:
        _first, after = span(month)
    except ValueError as error:
        why = _("a month, as 2026-11")
        raise Invalid(why, fields={"month": [why]}) from error
    if after > timezone.now():
        why = _("this month is not over yet")
        raise Invalid(why, fields={"month": [why]})
    if not findings.strip():
        why = _("say what was looked at and what was found")
        raise Invalid(why, fields={"findings": [why]})


def sign_off(*, municipality: Municipality, month: str, findings: str, by: User) -> Review:
    """Keep that a person looked at a month's records, and what was found.

    Raises: NotAllowed without the right to read records, Invalid as `check`.
    """
    if not by.is_superuser:
        require(by, municipality.pk, Right.RECORDS_READ)
    check(month=month, findings=findings)
    first, after = span(month)
    records = Record.objects.filter(municipality=municipality, at__gte=first, at__lt=after)
    counted = records.order_by().values_list("action").annotate(number=Count("pk"))
    head = ChainLink.objects.filter(chain=municipality.pk).order_by("-number").first()
    with transaction.atomic():
        review: Review = Review.objects.create(
            municipality=municipality,
            month=month,
            reviewer=by,
            findings=findings.strip(),
            counted=dict(counted),
            chain_number=head.number if head else 0,
        )
        record(
            action="audit.reviewed",
            subject_kind="review",
            subject_id=review.pk,
            municipality_id=municipality.pk,
            actor_id=by.pk,
            detail={"month": month},
        )
    return review
