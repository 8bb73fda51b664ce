"""The AsyncAPI document is whole, its references lead somewhere, and what we send follows it."""

import pytest
from django.contrib.gis.geos import Point
from jsonschema import Draft202012Validator

from incidents import lifecycle
from incidents.models import Incident
from linkage import delivery, outbox
from linkage.envelopes import cloud_event
from linkage.models import Link, OutboxMessage
from linkage.services.contracts import CONTRACTS
from tests.linkage.conftest import envelope

# The part of the AsyncAPI 3.0 structure that this document uses.
_REF = {
    "type": "object",
    "required": ["$ref"],
    "additionalProperties": False,
    "properties": {"$ref": {"type": "string", "pattern": "^#/"}},
}
STRUCTURE = {
    "type": "object",
    "required": ["asyncapi", "info"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "defaultContentType": {"type": "string"},
        "channels": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages"],
                "properties": {
                    "address": {"type": ["string", "null"]},
                    "description": {"type": "string"},
                    "parameters": {"type": "object"},
                    "messages": {"type": "object", "additionalProperties": _REF},
                },
                "additionalProperties": False,
            },
        },
        "operations": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": _REF,
                    "messages": {"type": "array", "items": _REF},
                },
                "additionalProperties": False,
            },
        },
        "components": {
            "type": "object",
            "properties": {
                "messages": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"},
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "title": {"type": "string"},
                            "contentType": {"type": "string"},
                            "headers": {"type": "object"},
                            "payload": {"type": "object"},
                        },
                        "additionalProperties": False,
                    },
                }
            },
        },
    },
}


@pytest.fixture
def published(client, db):
    answer = client.get("/api/v1/asyncapi.json")
    assert answer.status_code == 200
    return answer.json()


def at(document, reference):
    found = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_has_the_structure_of_asyncapi_3(published):
    errors = [error.message for error in Draft202012Validator(STRUCTURE).iter_errors(published)]
    assert errors == []
    for reference in references(published):
        assert at(published, reference)
    for operation in published["operations"].values():
        own = operation["channel"]["$ref"]
        assert all(one["$ref"].startswith(f"{own}/messages/") for one in operation["messages"])


def test_every_message_of_every_service_is_there_with_a_valid_schema(published):
    messages = published["components"]["messages"]
    for service, contract in CONTRACTS.items():
        for name, schema in contract.schemas.items():
            assert messages[f"{service}.{name}"]["payload"] == schema
    for message in messages.values():
        Draft202012Validator.check_schema(message["payload"])


def test_what_leaves_follows_the_published_schema(published, post, haneul):
    post(envelope())
    incident = Incident.objects.get()
    lifecycle.acknowledge(incident=incident, by=haneul)
    lifecycle.move(
        incident=incident, by=haneul, place=Point(127.41, 36.41, srid=4326), error_radius_m=10
    )
    rows = OutboxMessage.objects.all()
    assert {row.message_type for row in rows} >= {"ACK", "STATUS_UPDATE"}
    for row in rows:
        schema = published["components"]["messages"][f"police112.told.{row.message_type}"]
        errors = Draft202012Validator(schema["payload"]).iter_errors(cloud_event(row))
        assert [error.message for error in errors] == []


def test_drill_traffic_never_reaches_a_live_link_that_takes_no_drills(link, post, haneul):
    post(envelope() | {"is_drill": True})
    incident = Incident.objects.get()
    assert incident.is_drill
    Link.objects.update(allows_drills=False)
    OutboxMessage.objects.all().delete()
    lifecycle.acknowledge(incident=incident, by=haneul)
    assert not OutboxMessage.objects.exists()
    refused = post(envelope(receipt_no="drill-2") | {"is_drill": True})
    assert refused.json()["code"] == "drill_not_allowed"
    Link.objects.update(allows_drills=True)
    lifecycle.claim(incident=incident, by=haneul)
    assert [cloud_event(row)["data"]["is_drill"] for row in OutboxMessage.objects.all()] == [True]


def test_a_drill_that_waits_stays_here_once_its_link_takes_no_drills_any_more(
    link, post, police, haneul
):
    Link.objects.update(allows_drills=True)
    post(envelope() | {"is_drill": True})
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    Link.objects.update(allows_drills=False)
    assert delivery.claim(link_id=link.pk) == []
    assert police.get(f"/api/v1/links/{link.code}/outbound").data["messages"] == []
    assert outbox.give_up_expired() == 1
    assert OutboxMessage.objects.get().state == "dead"


def test_a_new_link_takes_no_drills_until_its_agency_has_agreed():
    assert Link().allows_drills is False
