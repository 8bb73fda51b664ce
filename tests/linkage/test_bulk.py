"""Several rows, one statement: every kind of value arrives as it was set, and nowhere else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import lifecycle
from linkage import bulk
from linkage.choices import OutboxState
from linkage.models import OutboxMessage
from tests.linkage.conftest import taken

pytestmark = pytest.mark.django_db


def test_rows_take_what_was_set_and_others_stay(link, haneul, monkeypatch):
    monkeypatch.setattr("linkage.tasks.nudge", lambda _link: None)
    incident = taken(link)
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.close(incident=incident, by=haneul, result="resolved")
    first, second, third = OutboxMessage.objects.order_by("pk")
    now = timezone.now()
    first.state, first.acked_at, first.last_error = OutboxState.ACKED, now, ""
    second.next_try_at, second.last_error = now + timedelta(seconds=1), "\"{},\\' NULL 오류"
    second.is_offered, third.is_offered = False, False
    fields = ["state", "acked_at", "last_error", "next_try_at", "is_offered"]
    bulk.update([first, second], fields)
    bulk.update([], fields)
    rows = {row.pk: row for row in OutboxMessage.objects.all()}
    for kept in (first, second):
        for name in fields:
            assert getattr(rows[kept.pk], name) == getattr(kept, name)
    assert rows[third.pk].is_offered
