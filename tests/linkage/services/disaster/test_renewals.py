"""Our own alert stays in force as long as its situation is public and goes on."""

from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.utils import timezone

from incidents.models import Incident
from linkage import tasks
from linkage.cap import reading
from linkage.cap.alert import Alert
from linkage.models_cap import CapIssue
from linkage.models_disaster import Situation
from linkage.services.disaster import own_alerts, renewals, situations
from linkage.watch import checks
from tests.linkage.conftest import api_client
from tests.linkage.services.disaster.conftest import notify
from tests.linkage.services.disaster.test_cap import reply_to
from tests.linkage.services.disaster.test_cap_pushes import pushed

HOUR = timedelta(hours=1)


@pytest.fixture
def public(send, haneul) -> Situation:
    assert send(notify()).status_code == 201
    return situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)


def read(issue: CapIssue) -> Alert:
    (alert,) = reading.read(bytes(issue.body), now=issue.sent, profile_required=True)
    return alert


def test_over_four_days_no_moment_is_without_an_alert_in_force(public, room):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _hour in range(96):
            clock.shift(HOUR)
            tasks.watch_situations()
            newest = CapIssue.objects.first()
            assert newest.expires > timezone.now() + renewals.RENEW_BEFORE - HOUR
            assert read(newest).infos[0].expires == newest.expires
    issues = list(CapIssue.objects.order_by("pk"))
    assert [one.msg_type for one in issues] == ["Alert"] + ["Update"] * 5
    for before, after in pairwise(issues):
        (named,) = read(after).references
        assert (named.identifier, named.sent) == (before.identifier, before.sent)
    # Each is owed to the room like any other, and is on the timeline of the incident.
    assert [row.payload["identifier"] for row in pushed()] == [one.identifier for one in issues]
    assert public.incident.events.filter(verb="cap-issue").count() == len(issues)


def test_the_rooms_answer_binds_to_the_renewed_alert(public, room):
    with time_machine.travel(timezone.now() + 20 * HOUR, tick=True):
        assert renewals.renew_due() == 1
        assert renewals.renew_due() == 0
        newest = CapIssue.objects.first()
        answer = api_client(room, "disaster").post(
            f"/api/v1/links/{room.code}/cap",
            reply_to(newest, "Ack", "000"),
            content_type="application/xml",
        )
        assert answer.status_code == 201, answer.data
        assert answer.data["alerts"][0]["result"] == "applied"
    assert newest.replies.count() == 1
    assert pushed()[-1].answered_at


@pytest.mark.parametrize("ended", ["ended", "withdrawn", "told"])
def test_what_is_over_taken_back_or_said_anew_is_not_renewed(public, haneul, ended):
    with time_machine.travel(timezone.now() + 20 * HOUR, tick=True):
        (found,) = renewals.due(timezone.now())
        if ended == "ended":
            situations.end(situation=public, by=haneul)
        elif ended == "withdrawn":
            situations.publish(situation=public, is_public=False, by=haneul)
        else:
            situations.set_level(situation=public, level=4, by=haneul)
        # Somebody was faster than the worker that had found it.
        assert renewals.renew(situation=found) is None
        assert renewals.renew_due() == 0
        assert CapIssue.objects.count() == 2


def test_one_that_cannot_be_renewed_keeps_no_other_from_it(
    public, send, haneul, other_city, monkeypatch
):
    assert send(notify(receipt_no="NDMS-2")).status_code == 201
    second = Situation.objects.exclude(pk=public.pk).get()
    situations.publish(situation=second, is_public=True, by=haneul)
    issue = own_alerts.issue

    def breaks(situation, **options):
        if situation.pk == public.pk:
            raise RuntimeError
        return issue(situation, **options)

    monkeypatch.setattr(own_alerts, "issue", breaks)
    with time_machine.travel(timezone.now() + 20 * HOUR, tick=True):
        assert renewals.renew_due() == 1
    assert second.issues.count() == 2
    assert public.issues.count() == 1


def test_the_auditor_notices_what_nobody_renewed(public):
    with time_machine.travel(timezone.now() + 18 * HOUR, tick=True) as clock:
        assert renewals.due(timezone.now()).count() == 1
        assert list(checks.expiring_alerts()) == []
        clock.shift(timedelta(minutes=6))
        (finding,) = checks.expiring_alerts()
        assert (finding.kind, finding.subject_id) == ("cap.expiring", str(public.incident_id))
        assert finding.detail["number"] == Incident.objects.get().number
        renewals.renew_due()
        assert list(checks.expiring_alerts()) == []
