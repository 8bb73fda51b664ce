"""Who has an incident: one claim wins, transfers need consent, take-overs a reason."""

import threading

import pytest
from django.db import connection

from controlroom.errors import Invalid, NotAllowed
from controlroom.journal.models import Entry
from controlroom.municipalities.choices import Role
from incidents import lifecycle
from incidents.choices import KindClass, Result, Service
from incidents.errors import NotOffered, OwnedByAnother, TransitionNotAllowed
from incidents.models import Kind
from incidents.statuses import Status
from tests.conftest import make_member, make_municipality
from tests.incidents.conftest import make_incident


def test_claiming_an_unseen_incident_acknowledges_it_first_as_its_own_fact(incident, haneul):
    row = lifecycle.claim(incident=incident, by=haneul)
    assert (row.status, row.owner, row.acknowledged_by) == (Status.ACCEPTED, haneul, haneul)
    assert list(row.events.values_list("verb", "from_status", "to_status")) == [
        ("open", "", "received"),
        ("acknowledge", "received", "acknowledged"),
        ("claim", "acknowledged", "accepted"),
    ]
    assert list(Entry.objects.values_list("kind", flat=True)) == [
        "incident.open", "incident.acknowledge", "incident.claim",
    ]  # fmt: skip


def test_claiming_what_another_has_names_the_owner(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(OwnedByAnother) as refusal:
        lifecycle.claim(incident=incident, by=nari)
    assert refusal.value.fields == {"owner": ["haneul"]}


def test_claiming_ones_own_again_changes_nothing(incident, haneul):
    first = lifecycle.claim(incident=incident, by=haneul)
    again = lifecycle.claim(incident=incident, by=haneul)
    assert again.version == first.version


def test_an_ended_incident_is_not_claimed(incident, haneul):
    lifecycle.cancel(incident=incident, agent="police112")
    with pytest.raises(TransitionNotAllowed):
        lifecycle.claim(incident=incident, by=haneul)


def test_releasing_gives_it_back_seen_and_unowned(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    row = lifecycle.release(incident=incident, by=haneul, text="교대")
    assert (row.status, row.owner, row.claimed_at) == (Status.ACKNOWLEDGED, None, None)
    assert lifecycle.claim(incident=row, by=nari).owner == nari


def test_releasing_while_an_agency_is_there_keeps_it_responding(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.respond(incident=incident, by=haneul)
    row = lifecycle.release(incident=incident, by=haneul)
    assert (row.status, row.owner) == (Status.RESPONDING, None)
    with pytest.raises(TransitionNotAllowed):
        lifecycle.release(incident=row, by=haneul)
    with pytest.raises(TransitionNotAllowed):
        lifecycle.offer(incident=row, by=haneul, to=nari)
    assert lifecycle.claim(incident=row, by=nari).status == Status.RESPONDING


def test_only_the_owner_releases(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(OwnedByAnother):
        lifecycle.release(incident=incident, by=nari)


def test_a_transfer_needs_consent(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    row = lifecycle.offer(incident=incident, by=haneul, to=nari)
    assert (row.owner, row.offered_to) == (haneul, nari)
    row = lifecycle.accept_offer(incident=incident, by=nari)
    assert (row.owner, row.offered_to) == (nari, None)
    assert row.events.last().data == {"from": {"id": haneul.pk, "name": "haneul"}}


def test_nobody_else_accepts_an_offer(incident, haneul, nari, supervisor):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(NotOffered):
        lifecycle.accept_offer(incident=incident, by=nari)
    lifecycle.offer(incident=incident, by=haneul, to=nari)
    with pytest.raises(NotOffered):
        lifecycle.accept_offer(incident=incident, by=supervisor)


def test_an_offer_is_declined_or_withdrawn(incident, haneul, nari, supervisor):
    lifecycle.claim(incident=incident, by=haneul)
    for by in (nari, haneul):
        lifecycle.offer(incident=incident, by=haneul, to=nari)
        row = lifecycle.decline_offer(incident=incident, by=by)
        assert (row.owner, row.offered_to) == (haneul, None)
    with pytest.raises(NotOffered):
        lifecycle.decline_offer(incident=incident, by=nari)
    lifecycle.offer(incident=incident, by=haneul, to=nari)
    with pytest.raises(NotOffered):
        lifecycle.decline_offer(incident=incident, by=supervisor)


def test_an_offer_goes_only_to_somebody_who_may_work_here(incident, haneul, bada, stranger):
    lifecycle.claim(incident=incident, by=haneul)
    for person in (bada, stranger, haneul):
        with pytest.raises(Invalid):
            lifecycle.offer(incident=incident, by=haneul, to=person)


def test_an_offer_ends_with_the_incident(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.offer(incident=incident, by=haneul, to=nari)
    row = lifecycle.close(incident=incident, by=haneul, result=Result.RESOLVED)
    assert row.offered_to is None


def test_a_supervisor_takes_over_with_a_reason(incident, haneul, supervisor):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(Invalid):
        lifecycle.take_over(incident=incident, by=supervisor, reason=" ")
    row = lifecycle.take_over(incident=incident, by=supervisor, reason="응답 없음")
    assert (row.owner, row.status) == (supervisor, Status.ACCEPTED)
    assert row.events.last().text == "응답 없음"
    assert row.events.last().data == {"from": {"id": haneul.pk, "name": "haneul"}}


def test_an_operator_takes_nothing_over(incident, haneul, nari):
    lifecycle.claim(incident=incident, by=haneul)
    with pytest.raises(NotAllowed):
        lifecycle.take_over(incident=incident, by=nari, reason="제가 더 가까움")


def test_taking_over_an_unseen_incident_acknowledges_it(incident, supervisor):
    row = lifecycle.take_over(incident=incident, by=supervisor, reason="급함")
    assert list(row.events.values_list("verb", flat=True)) == ["open", "acknowledge", "take-over"]


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_of_claims_at_once_exactly_one_wins_and_the_others_learn_its_name():
    city = make_municipality("90010", "한빛시", 127.3, 36.3)
    kind = Kind.objects.create(
        service=Service.CITY, code="x", name_ko="x", name_en="x", kind_class=KindClass.OTHER
    )
    people = [make_member(f"operator{number}", city, Role.OPERATOR) for number in range(8)]
    for _round in range(5):
        incident = make_incident(city, kind)
        start = threading.Barrier(len(people))
        outcomes = []

        def race(person, incident=incident, start=start, outcomes=outcomes):
            try:
                start.wait(10)
                row = lifecycle.claim(incident=incident, by=person)
                outcomes.append(("won", str(row.owner)))
            except OwnedByAnother as refusal:
                outcomes.append(("lost", refusal.fields["owner"][0]))
            finally:
                connection.close()

        threads = [threading.Thread(target=race, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(word for word, _name in outcomes) == ["lost"] * 7 + ["won"]
        assert len({name for _word, name in outcomes}) == 1
        assert incident.events.filter(verb="claim").count() == 1
