"""manage.py probe_cameras: looks at the cameras; it needs the database and the cameras' network."""

import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cctv.prober import Prober

NICE = 10


class Command(BaseCommand):
    help = (
        "Look at every camera once in CONTROLROOM_PROBE_TURN_S, and every ten seconds at those "
        "that somebody watches: lost, frozen, dark, covered, blurred, clock wrong. Keep it running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="what is due now, then end")

    def handle(self, *_args: Any, **options: Any) -> None:
        # Its ffmpegs inherit it: whoever serves people comes first.
        os.nice(NICE)
        prober = Prober()
        if options["once"]:
            prober.round()
            prober.wait(120)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: prober.stopping.set())
        prober.run()
