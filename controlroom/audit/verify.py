"""Verify the audit record: every record against its link, every link against the one before, every
chain against what was exported of it. Reads one snapshot, streams, and keeps nothing in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from controlroom.audit import anchors
from controlroom.audit.digests import COLUMNS
from controlroom.audit.models_chain import ChainState
from controlroom.audit.walking import BY_ANCHORS, Fault, Finding, Step, Walk

AT_ONCE = 5_000
# So many findings of a kind are told; all are counted.
TOLD = 20

_LINKS = f"""
SELECT l.previous, l.hash, {", ".join(COLUMNS)}
  FROM audit_chainlink l LEFT JOIN audit_record r ON r.id = l.record_id
 WHERE l.chain = %s ORDER BY l.number
"""  # noqa: S608 - columns of ours
_UNCHAINED = """
SELECT r.id FROM audit_record r
 WHERE coalesce(r.municipality_id, 0) = %s
   AND NOT EXISTS (SELECT FROM audit_chainlink l WHERE l.record_id = r.id)
 ORDER BY r.id
"""
_CHAINS = """
SELECT DISTINCT chain FROM audit_chainlink
 UNION SELECT DISTINCT coalesce(municipality_id, 0) FROM audit_record
"""


@dataclass
class Report:
    """What became of one chain; `told` are the first findings of each kind."""

    chain: int
    number: int = 0
    hash: bytes = b""
    links: int = 0
    counts: dict[Fault, int] = field(default_factory=dict)
    told: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.counts[finding.fault] = self.counts.get(finding.fault, 0) + 1
        if self.counts[finding.fault] <= TOLD:
            self.told.append(finding)

    @property
    def is_good(self) -> bool:
        return not self.counts


@dataclass
class Anchored:
    """What the anchors say, on disk: they may be as many as the minutes of years."""

    lines: int = 0
    forged: int = 0
    newest: str = ""
    _kept: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(""), repr=False)

    def take(self, path: Path, keys: Iterable[bytes]) -> None:
        """Read a file or folder of anchors.

        Raises: OSError when it cannot be read.
        """
        self._kept.execute(
            "CREATE TABLE IF NOT EXISTS head (chain INT, number INT, hash BLOB,"
            " PRIMARY KEY (chain, number, hash)) WITHOUT ROWID"
        )
        for anchor in anchors.read(path=path, keys=keys):
            self.lines += 1
            if not anchor.is_genuine:
                self.forged += 1
                continue
            self.newest = max(self.newest, anchor.at)
            rows = [(head.chain, head.number, head.hash) for head in anchor.heads]
            self._kept.executemany("INSERT OR IGNORE INTO head VALUES (?, ?, ?)", rows)

    def chains(self) -> set[int]:
        if not self.lines:
            return set()
        return {chain for (chain,) in self._kept.execute("SELECT DISTINCT chain FROM head")}

    def of(self, chain: int) -> Iterator[tuple[int, bytes]]:
        if not self.lines:
            return iter(())
        return self._kept.execute(
            "SELECT number, hash FROM head WHERE chain = ? ORDER BY number", [chain]
        )

    def close(self) -> None:
        self._kept.close()


def verify(*, anchored: Anchored, chain: int | None = None) -> Iterator[Report]:
    """Verify one chain or all of one snapshot of the database, each report as it is done."""
    # Inside a transaction that has begun already the level cannot change.
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            if outermost:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # The order of the index as it comes, rather than a sort of millions of rows on disk.
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute(_CHAINS)
            chains = {row[0] for row in cursor} | anchored.chains()
        for one in sorted(chains if chain is None else {chain}):
            yield _verify_chain(one, anchored)


def _verify_chain(chain: int, anchored: Anchored) -> Report:
    report, walk = Report(chain), Walk(chain)
    steps = (
        Step(bytes(row[0] or b""), bytes(row[1] or b""), row[2:]) for row in _rows(_LINKS, chain)
    )
    for finding in walk.over(steps, anchored.of(chain)):
        report.add(finding)
    for (record,) in _rows(_UNCHAINED, chain):
        report.add(Finding(Fault.UNCHAINED, chain, record=str(record)))
    report.number, report.hash, report.links = walk.number, walk.hash, walk.links
    return report


def _rows(query: str, chain: int) -> Iterator[tuple[Any, ...]]:
    """Stream the rows of a query by a cursor that stays in the server."""
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(query, [chain])
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows


def keep(reports: Iterable[Report], *, by_anchors: bool) -> None:
    """Let screens and the auditor know what came of it.

    What only anchors showed is not taken back by a verification without any.
    """
    now = timezone.now()
    for report in reports:
        faults = set(map(str, report.counts))
        with transaction.atomic():
            state, _is_new = ChainState.objects.select_for_update().get_or_create(
                chain=report.chain
            )
            if not by_anchors:
                faults |= BY_ANCHORS & set(state.fault.split())
            state.verified_number, state.verified_at = report.number, now
            state.fault = " ".join(sorted(faults))
            state.save(update_fields=["verified_number", "verified_at", "fault"])
