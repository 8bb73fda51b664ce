"""Makes valid messages true as well: right clock, own address, a key and id not used before."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import schemathesis

ADDRESSING = frozenset({"municipality_code", "receiver_org", "sender_org", "payload_hash"})


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
