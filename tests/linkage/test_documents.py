"""The schemas by which untrusted documents are read are schemas themselves."""

import pytest
from jsonschema import Draft202012Validator

from linkage import documents
from linkage.api import urls
from linkage.choices import MessageType

# Whoever takes documents in names their schemas when it is imported, all of them from there.
assert urls.urlpatterns


@pytest.mark.parametrize("key", documents._SCHEMAS)
def test_each_schema_is_one(key):
    Draft202012Validator.check_schema(documents._SCHEMAS[key])


def test_all_rooms_named_theirs():
    report = documents.message_key("police112", MessageType.EVENT_NOTIFY)
    assert {report, "ptz/lock", "exports/request", "city/readings"} <= documents._SCHEMAS.keys()
