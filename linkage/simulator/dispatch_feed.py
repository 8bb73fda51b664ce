"""Feeds a dispatch log through the real intake, counts what came of it, and compares the end."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from linkage import inbox
from linkage.choices import AgencyKind
from linkage.idempotency import Answer
from linkage.links import create_link, issue_client
from linkage.models import Agency, Case, Link
from linkage.services.contracts import CONTRACTS
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.dispatch import FIRE, POLICE, Move, Record, Said, message

# Hands a message to the city's end of a link and gives its answer.
Handed = Callable[[Link, dict[str, Any]], Answer]
# Rooms of their own, so that a replay meets no real room's link.
_ROOMS = {
    POLICE: (AgencyKind.POLICE, "9991120", "112 접수기록 재생", "Replay of a police dispatch log"),
    FIRE: (AgencyKind.FIRE, "9991190", "119 접수기록 재생", "Replay of a fire dispatch log"),
}


@dataclass
class Fed:
    """What one feeding did; times in seconds."""

    messages: int = 0
    results: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    took_s: float = 0
    slowest_ms: float = 0
    span_s: float = 0
    # The furthest that it fell behind the pace that was asked for, seconds of the clock.
    behind_s: float = 0
    _times: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return self.messages / self.took_s if self.took_s else 0

    @property
    def speed(self) -> float:
        """How many times faster than it happened."""
        return self.span_s / self.took_s if self.took_s else 0

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self._times)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0

    def add(self, answer: Answer, took_s: float) -> None:
        self.messages += 1
        self._times.append(took_s)
        self.slowest_ms = max(self.slowest_ms, 1000 * took_s)
        again = answer.replayed
        self.results["answered from the store" if again else answer.body["result"]] += 1


@transaction.atomic
def replay_links(municipality: Municipality) -> dict[str, Link]:
    """Make the links of the replayed rooms once, for the services that have a contract."""
    links = {}
    for service, (kind, organisation_code, name_ko, name_en) in _ROOMS.items():
        if service not in CONTRACTS:
            continue
        agency, _made = Agency.objects.get_or_create(
            organisation_code=organisation_code,
            defaults={"kind": kind, "name_ko": name_ko, "name_en": name_en},
        )
        code = f"replay-{service}-{municipality.code}"
        link = Link.objects.filter(code=code).first()
        links[service] = (
            link
            or create_link(
                municipality=municipality,
                agency=agency,
                service=service,
                code=code,
                allows_drills=True,
            ).link
        )
    return links


def hand_in(link: Link, document: dict[str, Any]) -> Answer:
    """Hand it to the inbox in this process."""
    return inbox.accept(link=link, raw=json.dumps(document, ensure_ascii=False).encode())


def over_http(links: dict[str, Link], base_url: str) -> Handed:
    """Post to a running server as the rooms would: each with a new client and token of its own."""
    clients = {}
    for link in links.values():
        given = issue_client(link=link, agent="replay_dispatch")
        account = Account(base_url, given.client_id, given.client_secret, link.code)
        clients[link.code] = AgencyClient(account, timeout_s=30)

    def hand(link: Link, document: dict[str, Any]) -> Answer:
        # A new key each time: that a message is known is for the inbox to see, not for the key.
        response = clients[link.code].post(document, key=str(uuid4()))
        body = response.json()
        if response.status_code not in {201, 202}:
            body = {"result": f"refused: {body.get('code', response.status_code)}"}
        replayed = "Idempotency-Replayed" in response.headers
        return Answer(response.status_code, body, replayed=replayed)

    return hand


def feed(
    said: Iterable[Said],
    *,
    links: dict[str, Link],
    move: Move,
    is_drill: bool = True,
    speed: float = 0,
    hand: Handed = hand_in,
    tell: Callable[[Fed], None] | None = None,
) -> Fed:
    """Hand in every message as an agency would; `speed` 0 is as fast as it goes."""
    known = {
        service: CONTRACTS[service].payloads["EVENT_NOTIFY"]["properties"] for service in links
    }
    before = Case.objects.filter(link__in=links.values()).count()
    done, started, first = Fed(), time.monotonic(), None
    last: datetime | None = None
    for one in said:
        link = links.get(one.record.service)
        if link is None:
            done.results["no contract for the service"] += 1
            continue
        first = first or one.at
        last = one.at
        if speed:
            due = started + (one.at - first).total_seconds() / speed
            done.behind_s = max(done.behind_s, time.monotonic() - due)
            time.sleep(max(due - time.monotonic(), 0))
        fields = known[one.record.service]
        document = message(one, move, is_drill=is_drill, fields=fields)
        began = time.monotonic()
        done.add(hand(link, document), time.monotonic() - began)
        if tell and done.messages % (20 if speed else 2000) == 0:
            done.took_s = time.monotonic() - started
            tell(done)
    done.took_s = time.monotonic() - started
    done.span_s = (last - first).total_seconds() if first and last else 0
    done.opened = Case.objects.filter(link__in=links.values()).count() - before
    return done


def differences(
    records: Iterable[Record], *, links: dict[str, Link], move: Move
) -> dict[str, list[str]]:
    """Compare the incidents with the last form of every case; give only what is wrong."""
    wrong: dict[str, list[str]] = {}
    cases: dict[tuple[str, str], list[Any]] = {}
    rows = Case.objects.filter(link__in=links.values()).values_list(
        "link__service",
        "external_id",
        "incident_id",
        "incident__address",
        "incident__summary",
        "incident__occurred_at",
        "incident__location",
    )
    for service, number, *rest in rows:
        cases.setdefault((service, number), []).append(rest)
    latest = {(one.service, one.number): one for one in records if one.service in links}
    for key, record in latest.items():
        found = cases.pop(key, [])
        if len(found) != 1:
            wrong.setdefault("missing" if not found else "twice", []).append("/".join(key))
            continue
        for name in _wrong_fields(record, found[0], move):
            wrong.setdefault(name, []).append("/".join(key))
    if cases:
        wrong["unknown"] = ["/".join(key) for key in cases]
    return wrong


def _wrong_fields(record: Record, found: list[Any], move: Move) -> list[str]:
    _incident, address, summary, occurred_at, place = found
    has_place = record.lon is not None and record.lat is not None
    expected = move.place(record.lon or 0, record.lat or 0) if has_place else None
    checks = {
        "address": address == record.place_text[:200],
        "kind": summary == record.kind,
        "time": occurred_at == move.time(record.ts),
        "place": (place is None) if expected is None else _same_place(place, expected),
    }
    return [name for name, right in checks.items() if not right]


def _same_place(place: Any, expected: tuple[float, float]) -> bool:
    near = 1e-6
    return (
        place is not None
        and abs(place.x - expected[0]) < near
        and abs(place.y - expected[1]) < near
    )


def incidents_of(links: dict[str, Link]) -> int:
    found: int = (
        Incident.objects.filter(reports__source__in=[one.code for one in links.values()])
        .distinct()
        .count()
    )
    return found
