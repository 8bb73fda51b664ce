"""Makes valid messages true as well: right clock, own link, a key and id not used before."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from jsonschema import Draft202012Validator

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from linkage.services.contracts import CONTRACTS

VALIDATORS = {
    (contract.service, name): Draft202012Validator(schema)
    for contract in CONTRACTS.values()
    for name, schema in contract.schemas.items()
}
ADDRESSING = frozenset({"municipality_code", "receiver_org", "sender_org", "payload_hash"})
CORRECTIONS = [
    Draft202012Validator(contract.correction)
    for contract in CONTRACTS.values()
    if contract.correction
]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    body = case.body
    if not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if isinstance(body, dict) and "sent_at" in body:
        now = datetime.now(UTC).isoformat()
        kept = {name: value for name, value in body.items() if name not in ADDRESSING}
        case.body = {**kept, "msg_id": str(uuid4()), "sent_at": now, "occurred_at": now}
        case.path_parameters["link"] = f"{_service(case.body)}-90010"
    elif isinstance(body, dict) and case.method == "PATCH":
        case.body = {k: v for k, v in body.items() if _corrects_everywhere(k, v)} or {
            "summary": "정정"
        }


def _corrects_everywhere(name: str, value: Any) -> bool:
    """Keep of a correction what every service takes: whose case it is, is not known here."""
    return all(one.is_valid({name: value}) for one in CORRECTIONS)


def _service(document: dict[str, Any]) -> str:
    """Say whose message it is: one link takes only its own service's."""
    fitting = (
        service
        for (service, name), validator in VALIDATORS.items()
        if name == document.get("msg_type") and validator.is_valid(document)
    )
    return next(fitting, "police112")
