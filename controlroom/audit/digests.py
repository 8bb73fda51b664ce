"""The hash of a link, built without SQL and without Django: what the verifier compares with.

Every column goes in as its text in UTF-8 behind its length in four bytes (-1 for NULL), so that no
two records give the same bytes. Times are seconds since 1970 with six decimals; the detail is
PostgreSQL's own text of jsonb. Migration 0003 writes the same bytes.
"""

import hashlib
from collections.abc import Iterable
from struct import Struct

GENESIS = hashlib.sha256(b"controlroom audit chain 1").digest()
# The columns in their order, as SQL of a link `l` and a record `r`; all of them texts.
COLUMNS = (
    "l.chain::text",
    "l.number::text",
    "extract(epoch FROM l.sealed_at)::text",
    "r.id::text",
    "r.municipality_id::text",
    "extract(epoch FROM r.at)::text",
    "r.actor_id::text",
    "r.agent",
    "r.action",
    "r.subject_kind",
    "r.subject_id",
    "r.reason",
    "r.detail::text",
)
_length = Struct(">i").pack
_NULL = _length(-1)


def digest(previous: bytes, texts: Iterable[str | None]) -> bytes:
    """Hash a link: the hash before it, and its columns as texts."""
    parts = [previous]
    for text in texts:
        if text is None:
            parts.append(_NULL)
        else:
            data = text.encode()
            parts += (_length(len(data)), data)
    return hashlib.sha256(b"".join(parts)).digest()
