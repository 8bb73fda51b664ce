"""What we push and hand out follows the OpenAPI document, and both documents say the same of it."""

import pytest
from django.contrib.gis.geos import Point
from jsonschema import Draft202012Validator

from incidents import lifecycle
from incidents.models import Incident
from linkage import trials
from linkage.api.asyncapi import document
from tests.linkage.conftest import envelope
from tests.linkage.test_asyncapi import at, references


@pytest.fixture
def described(client, db):
    return client.get("/api/v1/schema/?format=json").json()


def of(described, reference) -> Draft202012Validator:
    """Give the validator of a part of the document, within the whole of it."""
    return Draft202012Validator({**described, "$ref": reference})


def test_every_push_has_a_webhook_with_the_schema_that_the_asyncapi_document_gives_it(described):
    told = {
        name: message
        for name, message in document()["components"]["messages"].items()
        if ".told." in name
    }
    assert described["openapi"].startswith("3.1")
    assert set(described["webhooks"]) == set(told)
    for name, message in told.items():
        push = described["webhooks"][name]["post"]
        assert push["security"] == []
        headers = {one["name"] for one in push["parameters"] if one["in"] == "header"}
        assert headers == set(message["headers"]["required"])
        assert {"200", "202", "400", "422"} < set(push["responses"])
        body = push["requestBody"]["content"][message["contentType"]]["schema"]
        assert at(described, body["$ref"]) == message["payload"]


def test_every_reference_of_the_document_leads_somewhere_and_every_operation_has_its_own_name(
    described,
):
    found = list(references(described))
    assert "#/components/schemas/ToldEvent" in found
    for reference in found:
        assert at(described, reference)
    paths = (*described["paths"].values(), *described["webhooks"].values())
    names = [one["operationId"] for path in paths for one in path.values()]
    assert len(names) == len(set(names))


def test_what_is_fetched_follows_the_document(described, link, police, post, haneul):
    post(envelope())
    incident = Incident.objects.get()
    lifecycle.claim(incident=incident, by=haneul)
    lifecycle.move(
        incident=incident, by=haneul, place=Point(127.41, 36.41, srid=4326), error_radius_m=10
    )
    trials.send(link=link)
    fetched = police.get(f"/api/v1/links/{link.code}/outbound").json()
    operation = described["paths"]["/api/v1/links/{link}/outbound"]["get"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    follows = of(described, answer["$ref"])
    assert len(fetched["messages"]) > 2
    assert [error.message for error in follows.iter_errors(fetched)] == []
    fetched["messages"][0]["event"]["type"] = "controlroom.police112.nothing.v1"
    assert not follows.is_valid(fetched)
