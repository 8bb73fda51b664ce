"""Answer a repeated request as the first time: Idempotency-Key (A2.11)."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.errors import Invalid
from linkage.errors import KeyInFlight, KeyReused
from linkage.models import IdempotencyKey

KEPT = timedelta(hours=96)
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False


def frozen(body: Any) -> str:
    """Write an answer so that it comes back to the letter; jsonb would reorder its names."""
    return json.dumps(body, ensure_ascii=False)


def thawed(text: str) -> Any:
    return json.loads(text)


@transaction.atomic
def once(
    *, application_id: int, key: str | None, request: bytes, work: Callable[[], Answer]
) -> Answer:
    """Do the work and keep its answer under the key, both or neither.

    A process that dies in between leaves nothing: its lock and its writes end with it. A refusal
    is not kept, so the corrected request may use the same key.
    Locks: the key, by an advisory lock until the transaction ends.
    Raises: KeyInFlight, KeyReused, Invalid.
    """
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        raise Invalid(
            _("the key must be 1 to 128 visible ASCII characters"),
            fields={"Idempotency-Key": [_("malformed")]},
        )
    if not _try_lock(f"linkage.key:{application_id}:{key}"):
        raise KeyInFlight(_("the first request with this key is still being worked on"))
    digest = hashlib.sha256(request).hexdigest()
    kept = IdempotencyKey.objects.filter(application_id=application_id, key=key).first()
    if kept is None:
        answer = work()
        IdempotencyKey.objects.create(
            application_id=application_id,
            key=key,
            request_sha256=digest,
            status=answer.status,
            body=frozen(answer.body),
            headers=answer.headers,
        )
        return answer
    if kept.request_sha256 != digest:
        raise KeyReused(_("this key was used for another request"))
    return Answer(kept.status, thawed(kept.body), kept.headers, replayed=True)


def forget_old() -> int:
    """Delete the answers that nobody may ask for any more."""
    gone, _by_model = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return gone


def _try_lock(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])
