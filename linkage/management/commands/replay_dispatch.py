"""manage.py replay_dispatch: a real dispatch log through the real intake, with figures."""

from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.contrib.gis.geos import Point
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from controlroom.journal.models import Stream
from controlroom.municipalities.models import Municipality
from incidents.models import IncidentEvent
from linkage.models import Case, Link
from linkage.simulator import dispatch
from linkage.simulator.dispatch import Move, Record, Said
from linkage.simulator.dispatch_feed import (
    Fed,
    differences,
    feed,
    hand_in,
    incidents_of,
    over_http,
    replay_links,
)


class Command(BaseCommand):
    help = (
        "Feed the polls (--polls FOLDER) or the whole (--log FILE.csv.gz) of a dispatch log "
        "through the intake of a municipality, moved there in place and time, as drills; feed it "
        "again with --times 2. Prints what came of it and compares the end with the log."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--polls", type=Path, help="folder of the feed's kept polls (JSON)")
        source.add_argument("--log", type=Path, help="the whole log (CSV, gzip)")
        parser.add_argument("--municipality", default="90010", help="its administrative code")
        parser.add_argument("--ends-on", type=date.fromisoformat, help="day of the last case")
        parser.add_argument("--first", type=int, help="only so many cases of the log")
        parser.add_argument(
            "--day", type=date.fromisoformat, help="only from this day of the log on"
        )
        parser.add_argument(
            "--only", choices=[dispatch.POLICE, dispatch.FIRE], help="only one service's cases"
        )
        parser.add_argument(
            "--server", default="", help="post to this running server (http://...), with tokens"
        )
        parser.add_argument("--speed", type=float, default=0, help="60 = an hour in a minute")
        parser.add_argument("--times", type=int, default=1, help="feed it so many times")

    def handle(self, *_args: Any, **options: Any) -> None:
        municipality = Municipality.objects.filter(code=options["municipality"]).first()
        if municipality is None or municipality.centre is None:
            raise CommandError("no municipality with a centre has this code")
        records, said = self._read(options)
        services = {one.record.service for one in said}
        made = replay_links(municipality)
        links = {service: link for service, link in made.items() if service in services}
        move = _move(municipality.centre, records, made, options["ends_on"])
        self.stdout.write(
            f"{len(said)} messages of {len({(r.service, r.number) for r in records})} cases, "
            f"moved by {move.days} days to {municipality}; services: {', '.join(links)}"
        )
        hand = over_http(links, options["server"]) if options["server"] else hand_in
        for turn in range(1, options["times"] + 1):
            before = _counts(municipality, links)
            done = feed(
                said, links=links, move=move, speed=options["speed"], hand=hand, tell=self._tell
            )
            self._print(turn, done, before, _counts(municipality, links))
        fed = {(one.record.service, one.record.number) for one in said}
        records = [one for one in records if (one.service, one.number) in fed]
        wrong = differences(records, links=links, move=move)
        for name, cases in wrong.items():
            self.stdout.write(f"  differs from the log: {name}: {len(cases)} ({cases[:3]} ...)")
        self.stdout.write(f"differs from the log: {sum(map(len, wrong.values()))}")

    def _read(self, options: dict[str, Any]) -> tuple[list[Record], list[Said]]:
        if options["polls"]:
            polls = dispatch.read_polls(options["polls"])
            return [one for poll in polls for one in poll], list(dispatch.said_in_polls(polls))
        log = dispatch.read_log(options["log"])
        # The draw of the late updates is the same however much of the log is fed.
        said = dispatch.said_in_log(log)
        log_of = [
            one
            for one in log
            if (options["only"] in {None, one.service})
            and (options["day"] is None or one.ts.date() >= options["day"])
        ]
        kept = {(one.service, one.number) for one in log_of[: options["first"]]}
        chosen = [one for one in said if (one.record.service, one.record.number) in kept]
        return log, chosen

    def _tell(self, done: Fed) -> None:
        self.stdout.write(
            f"  {done.messages} messages, {done.per_s:.2f}/s, p99 "
            f"{done.percentile_ms(0.99):.1f} ms, at most {done.behind_s:.2f} s behind"
        )
        self.stdout.flush()

    def _print(self, turn: int, done: Fed, before: dict[str, int], after: dict[str, int]) -> None:
        results = ", ".join(f"{name} {count}" for name, count in sorted(done.results.items()))
        self.stdout.write(
            f"feeding {turn}: {done.messages} messages in {done.took_s:.1f} s "
            f"({done.per_s:.0f}/s, {done.speed:.0f} times as fast as it happened), "
            f"p50 {done.percentile_ms(0.5):.1f} ms, p99 {done.percentile_ms(0.99):.1f} ms, "
            f"slowest {done.slowest_ms:.0f} ms, at most {done.behind_s:.2f} s behind the pace"
        )
        self.stdout.write(f"  {results}")
        grown = ", ".join(f"{name} {before[name]} -> {after[name]}" for name in after)
        self.stdout.write(f"  {grown}")


def _counts(municipality: Municipality, links: dict[str, Link]) -> dict[str, int]:
    streams = Stream.objects.filter(municipality=municipality)
    return {
        "cases": Case.objects.filter(link__in=links.values()).count(),
        "incidents": incidents_of(links),
        "facts": IncidentEvent.objects.filter(municipality=municipality).count(),
        "journal": streams.values_list("head", flat=True).first() or 0,
    }


def _move(
    centre: Point,
    records: list[Record],
    links: dict[str, Link],
    ends_on: date | None,
) -> Move:
    """Move as an earlier feeding did, so that the same log is the same messages again."""
    days = dispatch.days_to(records, last_day=ends_on or timezone.localdate() - timedelta(days=1))
    first = records[0]
    known = Case.objects.filter(
        link__service=first.service, link__in=links.values(), external_id=first.number
    ).first()
    if known is not None and ends_on is None:
        days = (timezone.localdate(known.incident.occurred_at) - first.ts.date()).days
    lon, lat = dispatch.middle(records)
    return Move(lon, lat, centre.x, centre.y, days)
