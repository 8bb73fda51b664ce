"""manage.py simulate_police112: a 112 room in its own process, over the real protocol."""

import contextlib
import os
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.receiver import Receiver, serve
from linkage.simulator.room import Room
from linkage.simulator.scenes import City

PREFIX = "CONTROLROOM_SIM_"


class Command(BaseCommand):
    help = (
        "Play the police 112 room: post reports to the agency API, take its webhooks. Each option "
        f"may come from the environment instead, as {PREFIX}BASE_URL, {PREFIX}CLIENT_ID, "
        f"{PREFIX}CLIENT_SECRET, {PREFIX}LINK, {PREFIX}WEBHOOK_SECRET (or ..._FILE), {PREFIX}PORT, "
        f"{PREFIX}RATE."
    )
    # It speaks the protocol only; it needs no database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=_value("BASE_URL", "http://127.0.0.1:8000"))
        parser.add_argument("--client-id", default=_value("CLIENT_ID"))
        parser.add_argument("--link", default=_value("LINK", "police112-90010"))
        parser.add_argument("--port", type=int, default=int(_value("PORT", "0")))
        parser.add_argument(
            "--rate", type=float, default=float(_value("RATE", "6")), help="reports per minute"
        )
        parser.add_argument("--limit", type=int, default=None, help="stop reporting after so many")
        parser.add_argument("--seed", type=int, default=None)
        parser.add_argument("--centre", default="127.38,36.35", help="lon,lat of the city's middle")

    def handle(self, *_args: Any, **options: Any) -> None:
        secret, webhook_secret = _value("CLIENT_SECRET"), _value("WEBHOOK_SECRET")
        if not (options["client_id"] and secret and webhook_secret):
            raise CommandError(
                f"--client-id, {PREFIX}CLIENT_SECRET and {PREFIX}WEBHOOK_SECRET are needed"
            )
        lon, lat = (float(part) for part in options["centre"].split(","))
        account = Account(options["base_url"], options["client_id"], secret, options["link"])
        client = AgencyClient(account)
        room = Room(
            client=client,
            city=City(lon=lon, lat=lat, seed=options["seed"]),
            rate_per_min=options["rate"],
            limit=options["limit"],
        )
        server = serve(Receiver(secret=webhook_secret, on_message=room.heard), port=options["port"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: client.stopping.set())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stdout.write(f"112 room listens on 127.0.0.1:{server.server_address[1]}")
        self.stdout.flush()
        with contextlib.suppress(SystemExit):
            room.run()
        server.shutdown()


def _value(name: str, default: str = "") -> str:
    path = os.environ.get(f"{PREFIX}{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(f"{PREFIX}{name}", default)
