"""One message that comes a hundred times at once is one case with one answer."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from incidents.models import Incident
from linkage import inbox
from linkage.models import InboxMessage
from linkage.wire import canonical
from tests.linkage.conftest import envelope

pytestmark = pytest.mark.django_db(transaction=True)


def send(link, document):
    return inbox.accept(link=link, raw=canonical(document))


def test_a_hundred_of_the_same_at_once_are_one_incident_with_one_answer(link):
    document = envelope(msg_id="the-same")

    def once(_turn: int):
        try:
            answer = send(link, document)
            return answer.status, answer.body
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(once, range(100)))
    assert Incident.objects.count() == InboxMessage.objects.count() == 1
    status, body = answers[0]
    assert status == 201
    assert all(answer == (status, body) for answer in answers)
