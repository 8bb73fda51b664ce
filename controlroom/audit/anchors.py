"""Anchors: the signed heads of the chains, to be kept where nobody who owns the database can reach.

One anchor is one line of JSON: when, the heads that moved (chain, municipality, number, hash), by
which key; `signature` is Ed25519 over the line without it. An anchor proves that the chain held
this link at that time, and with it everything before.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import connection

from controlroom.audit.models import ChainLink
from controlroom.audit.models_chain import name_of
from controlroom.municipalities.models import Municipality

SUFFIX = ".jsonl"

# Each chain's newest link by one probe, whatever their length.
_HEADS = """
WITH RECURSIVE found AS (
  (SELECT chain FROM audit_chainlink ORDER BY chain LIMIT 1)
  UNION ALL
  SELECT (SELECT l.chain FROM audit_chainlink l WHERE l.chain > f.chain ORDER BY l.chain LIMIT 1)
    FROM found f WHERE f.chain IS NOT NULL
)
SELECT l.chain, l.number, l.hash FROM found f CROSS JOIN LATERAL
  (SELECT * FROM audit_chainlink c WHERE c.chain = f.chain ORDER BY c.number DESC LIMIT 1) l
"""


@dataclass(frozen=True)
class Head:
    """One link of a chain, known by its hash."""

    chain: int
    number: int
    hash: bytes


@dataclass(frozen=True)
class Anchor:
    """One exported line as it was read: what it says and whether a known key signed it."""

    at: str
    heads: tuple[Head, ...]
    is_genuine: bool


def heads() -> dict[int, Head]:
    """Give the newest link of every chain."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS)
        return {row[0]: Head(row[0], row[1], bytes(row[2])) for row in cursor}


def holds(head: Head) -> bool:
    """Say whether the chain in the database still has this link."""
    found = ChainLink.objects.filter(chain=head.chain, number=head.number)
    return any(bytes(link) == head.hash for link in found.values_list("hash", flat=True))


def public_key(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def fingerprint(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


def write(*, heads: Iterable[Head], at: datetime, seed: bytes) -> str:
    """Give these heads as one signed line."""
    cities = Municipality.objects.only("code").in_bulk()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    said: dict[str, Any] = {
        "version": 1,
        "at": at.isoformat(),
        "heads": [
            {
                "chain": head.chain,
                "municipality": name_of(head.chain, cities),
                "number": head.number,
                "hash": head.hash.hex(),
            }
            for head in heads
        ],
        "key": fingerprint(public_key(seed)),
    }
    signature = base64.b64encode(key.sign(_bytes(said))).decode()
    return json.dumps(said | {"signature": signature}, ensure_ascii=False)


def read(*, path: Path, keys: Iterable[bytes]) -> Iterator[Anchor]:
    """Read a file of anchors, or every one of a folder in the order of their names."""
    known = {fingerprint(key): Ed25519PublicKey.from_public_bytes(key) for key in keys}
    for file in sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.strip():
                    yield _read(line, known)


def _read(line: str, known: Mapping[str, Ed25519PublicKey]) -> Anchor:
    """A line that cannot be read is one that nobody signed."""
    try:
        said = json.loads(line)
        signature = base64.b64decode(said.pop("signature"), validate=True)
        heads = tuple(
            Head(int(row["chain"]), int(row["number"]), bytes.fromhex(row["hash"]))
            for row in said["heads"]
        )
        known[said["key"]].verify(signature, _bytes(said))
    except InvalidSignature:
        return Anchor(str(said.get("at", "")), heads, is_genuine=False)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return Anchor("", (), is_genuine=False)
    return Anchor(str(said["at"]), heads, is_genuine=True)


def _bytes(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
