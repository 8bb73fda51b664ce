"""One round of the auditor: export, look, let alarms stand or end, plant a canary, tell outside."""

import time
from collections import Counter
from datetime import timedelta

import structlog
from django.conf import settings

from controlroom.journal import pulses
from controlroom.municipalities.models import Municipality
from linkage import alarms, transport
from linkage.models import Alarm
from linkage.watch import canaries
from linkage.watch.anchoring import Anchoring
from linkage.watch.checks import CHECKS
from linkage.watch.findings import Check, Finding

AUDITOR = "auditor"
# So long without a round of the auditor, and the workers say so.
MISSED_AFTER = timedelta(seconds=60)
HEARTBEAT_TIMEOUT_S = 5.0

log = structlog.get_logger(__name__)


class Auditor:
    """Keeps between rounds how often in a row each thing was found, and what it has exported."""

    def __init__(self) -> None:
        self._suspected: Counter[Finding] = Counter()
        self._anchoring = Anchoring()

    def round(self) -> bool:
        """Make one round; True when every check could look and the round is on record.

        Finding faults is a good round: only one that could not look is a bad one.
        """
        began = time.monotonic()
        self._anchoring.turn()
        failed = [check.kinds[0] for check in CHECKS if not self._run(check)]
        canaries.plant()
        alarms.clear(kind="auditor.stopped")
        if failed:
            log.error("watch_round_failed", checks=failed)
            return False
        standing = Alarm.objects.standing().count()
        took_ms = round((time.monotonic() - began) * 1000)
        pulses.beat(AUDITOR, {"took_ms": took_ms, "standing": standing})
        self._tell_outside()
        return True

    def _run(self, check: Check) -> bool:
        """Look once; a check that fails leaves its alarms as they are and the others their turn."""
        try:
            self._settle(check, list(check.look()))
        except Exception as error:
            log.exception("watch_check_failed", check=check.kinds[0], error=type(error).__name__)
            return False
        return True

    def _settle(self, check: Check, findings: list[Finding]) -> None:
        # Several causes of one subject are one alarm: the first found, which is the oldest.
        found = {finding: finding for finding in reversed(findings)}
        for known in [known for known in self._suspected if known.kind in check.kinds]:
            if known not in found:
                del self._suspected[known]
        for finding in found:
            self._suspected[finding] += 1
        cities = Municipality.objects.defer("boundary").in_bulk(
            {finding.municipality_id for finding in found if finding.municipality_id}
        )
        for finding in found.values():
            if self._suspected[finding] >= check.patience:
                city = cities[finding.municipality_id] if finding.municipality_id else None
                _raise(finding, city)
        for alarm in Alarm.objects.standing().filter(kind__in=check.kinds):
            if _cause(alarm) not in found:
                alarms.clear(
                    kind=alarm.kind,
                    municipality=alarm.municipality,
                    subject_kind=alarm.subject_kind,
                    subject_id=alarm.subject_id,
                )

    def _tell_outside(self) -> None:
        """Call the outside heartbeat; its failure is for the one outside to notice."""
        if not settings.HEARTBEAT_URL:
            return
        try:
            transport.call(settings.HEARTBEAT_URL, timeout_s=HEARTBEAT_TIMEOUT_S)
        except transport.TransportError as error:
            log.warning("heartbeat_unheard", error=str(error))


def miss_auditor() -> None:
    """Let its own absence stand as an alarm, for the workers to call; it clears that itself.

    An auditor that never made a round here is not missed: the outside heartbeat sees that.
    """
    silent = pulses.age(AUDITOR)
    if silent is not None and silent > MISSED_AFTER:
        alarms.raise_(kind="auditor.stopped", detail={"silent_s": round(silent.total_seconds())})


def _cause(alarm: Alarm) -> Finding:
    return Finding(alarm.kind, alarm.municipality_id, alarm.subject_kind, alarm.subject_id)


def _raise(finding: Finding, city: Municipality | None) -> None:
    alarms.raise_(
        kind=finding.kind,
        municipality=city,
        severity=finding.severity,
        subject_kind=finding.subject_kind,
        subject_id=finding.subject_id,
        detail=finding.detail,
    )
