"""What the panel offers works, and what it does not offer is refused, in every situation."""

import pytest
from django.db import transaction

from controlroom.errors import DomainError
from controlroom.municipalities.access import rights_in
from controlroom.municipalities.choices import Role
from incidents import lifecycle
from incidents.choices import Result
from incidents.permitted import verbs_for
from incidents.statuses import AGENCY_ONLY, Verb
from tests.conftest import make_member
from tests.incidents.conftest import PLACE, make_incident

VERBS = {
    Verb.ACKNOWLEDGE: (lifecycle.acknowledge, {}),
    Verb.CLAIM: (lifecycle.claim, {}),
    Verb.RELEASE: (lifecycle.release, {}),
    Verb.ACCEPT_OFFER: (lifecycle.accept_offer, {}),
    Verb.DECLINE_OFFER: (lifecycle.decline_offer, {}),
    Verb.TAKE_OVER: (lifecycle.take_over, {"reason": "x"}),
    Verb.NOTE: (lifecycle.add_note, {"text": "x"}),
    Verb.RESPOND: (lifecycle.respond, {}),
    Verb.MOVE: (lifecycle.move, {"place": PLACE}),
    Verb.CLOSE: (lifecycle.close, {"result": Result.RESOLVED}),
    Verb.FALSE_ALARM: (lifecycle.mark_false_alarm, {}),
    Verb.CANCEL: (lifecycle.cancel, {"text": "x"}),
    Verb.TRANSFER: (lifecycle.transfer, {"to": "x", "reason": "x"}),
    Verb.REOPEN: (lifecycle.reopen, {"reason": "x"}),
}
SITUATIONS = {
    "received": [],
    "acknowledged": [Verb.ACKNOWLEDGE],
    "accepted": [Verb.CLAIM],
    "offered": [Verb.CLAIM, Verb.OFFER],
    "responding": [Verb.CLAIM, Verb.RESPOND],
    "let go on the scene": [Verb.CLAIM, Verb.RESPOND, Verb.RELEASE],
    "closed": [Verb.CLAIM, Verb.CLOSE],
    "cancelled": [Verb.CANCEL],
    "false alarm": [Verb.ACKNOWLEDGE, Verb.FALSE_ALARM],
    "transferred": [Verb.TRANSFER],
    "duplicate": [Verb.MARK_DUPLICATE],
    "reopened": [Verb.CLAIM, Verb.CLOSE, Verb.REOPEN],
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_exactly_what_is_offered_works(situation, city, robbery, haneul, nari, supervisor, bada):
    fourth = make_member("dasom", city, Role.OPERATOR)
    original = make_incident(city, robbery)
    verbs = VERBS | {
        Verb.OFFER: (lifecycle.offer, {"to": nari}),
        Verb.MARK_DUPLICATE: (lifecycle.mark_duplicate, {"of": original}),
    }
    assert set(verbs) == set(Verb) - AGENCY_ONLY
    incident = make_incident(city, robbery)
    for step in SITUATIONS[situation]:
        verb, said = verbs[step]
        incident = verb(incident=incident, by=haneul, **said)

    def works(key, person):
        verb, said = verbs[key]
        if key is Verb.OFFER:
            said = {"to": fourth}
        try:
            with transaction.atomic():
                after = verb(incident=incident, by=person, **said)
                transaction.set_rollback(True)
        except DomainError:
            return False
        return after.version > incident.version

    for person in (haneul, nari, supervisor, bada):
        offered = verbs_for(person, incident, rights_in(person, city.pk))
        assert offered == [key.value for key in Verb if key in verbs and works(key, person)], person
