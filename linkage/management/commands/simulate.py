"""manage.py simulate: every stand-in agency in one process, over the real protocol."""

import contextlib
import os
import signal
import threading
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from linkage.simulator import agencies, turning
from linkage.simulator.agencies import Behaviour, Profile, Secrets
from linkage.simulator.client import Account, AgencyClient
from linkage.simulator.fetcher import Fetcher
from linkage.simulator.misbehaviour import Faults
from linkage.simulator.receiver import Receiver, serve_all
from linkage.simulator.scenes import City, Town

PREFIX = "CONTROLROOM_SIM_"


@dataclass(frozen=True)
class Player:
    """One agency as this process plays it."""

    profile: Profile
    client: AgencyClient
    behaviour: Behaviour
    receiver: Receiver


class Command(BaseCommand):
    help = (
        "Play the agencies of linkage/simulator/agencies.py: post their reports to the agency API, "
        "take their webhooks at /agency/<link>/ or fetch, misbehave on POST /agency/<link>/faults. "
        "Each "
        f"option may come from the environment instead, as {PREFIX}BASE_URL, {PREFIX}AGENCIES, "
        f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET, {PREFIX}LINK, {PREFIX}WEBHOOK_SECRET (or "
        f"..._FILE), {PREFIX}PORT, {PREFIX}RATE. With {PREFIX}CAMERA_PORT a camera that turns is "
        "played too."
    )
    # It speaks the protocol only; it needs no database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        known = ", ".join(agencies.AGENCIES)
        parser.add_argument("--base-url", default=_value("BASE_URL", "http://127.0.0.1:8000"))
        parser.add_argument(
            "--agencies",
            default=_value("AGENCIES"),
            help=f"which, comma-separated (default: all of {known}). One alone speaks with the "
            "client and link that are given; of several each has secrets derived from them",
        )
        parser.add_argument("--client-id", default=_value("CLIENT_ID"))
        parser.add_argument("--link", default=_value("LINK", "police112-90010"))
        parser.add_argument("--port", type=int, default=int(_value("PORT", "0")))
        parser.add_argument(
            "--rate", type=float, default=float(_value("RATE", "6")), help="reports per minute"
        )
        parser.add_argument(
            "--limit", type=int, default=None, help="each stops reporting after so many"
        )
        parser.add_argument("--seed", type=int, default=None)
        parser.add_argument("--centre", default="127.38,36.35", help="lon,lat of the city's middle")

    def handle(self, *_args: Any, **options: Any) -> None:
        secret, webhook_secret = _value("CLIENT_SECRET"), _value("WEBHOOK_SECRET")
        if not (options["client_id"] and secret and webhook_secret):
            raise CommandError(
                f"--client-id, {PREFIX}CLIENT_SECRET and {PREFIX}WEBHOOK_SECRET are needed"
            )
        given = Secrets(options["link"], options["client_id"], secret, webhook_secret)
        try:
            profiles = agencies.chosen(options["agencies"])
        except KeyError as error:
            raise CommandError(
                f"no agency {error}; known: {', '.join(agencies.AGENCIES)}"
            ) from None
        if camera_port := int(_value("CAMERA_PORT", "0")):
            self._play_camera(camera_port, secret)
        town = Town()
        self._play(
            [_player(*each, options, town) for each in agencies.all_secrets(profiles, given)],
            options,
        )

    def _play_camera(self, port: int, secret: str) -> None:
        """Play the camera that turns; the agencies do without it where a port is taken."""
        try:
            camera = turning.serve(port=port, client_secret=secret)
        except OSError as why:
            self.stderr.write(f"no camera turns: {why}")
        else:
            self.stdout.write(f"a camera turns at {camera.address}")

    def _play(self, players: list[Player], options: dict[str, Any]) -> None:
        server = serve_all(
            {player.client.account.link: player.receiver for player in players},
            port=options["port"],
        )

        def stop(*_signalled: Any) -> None:
            for player in players:
                player.client.stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        names = ", ".join(player.profile.code for player in players)
        self.stdout.write(f"{names} listen on 127.0.0.1:{server.server_address[1]}")
        self.stdout.flush()
        threads = [threading.Thread(target=_run, args=(player,)) for player in players]
        threads += [
            threading.Thread(target=Fetcher(client=each.client, receiver=each.receiver).run)
            for each in players
            if each.profile.fetches
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.shutdown()


def _player(profile: Profile, secrets: Secrets, options: dict[str, Any], town: Town) -> Player:
    lon, lat = (float(part) for part in options["centre"].split(","))
    faults = Faults()
    account = Account(options["base_url"], secrets.client_id, secrets.client_secret, secrets.link)
    client = AgencyClient(account, faults=faults)
    themes = profile.behaviour.themes
    behaviour = profile.behaviour(
        client=client,
        city=City(lon=lon, lat=lat, seed=options["seed"], themes=themes, town=town),
        rate_per_min=options["rate"] * profile.share,
        limit=options["limit"],
    )
    receiver = Receiver(
        secret=secrets.webhook_secret,
        on_message=behaviour.heard,
        faults=faults,
        sent=client.sent,
        pages=behaviour.pages,
        further=behaviour.further,
    )
    return Player(profile, client, behaviour, receiver)


def _run(player: Player) -> None:
    threading.Thread(target=player.client.stay_alive, daemon=True).start()
    with contextlib.suppress(SystemExit):
        player.behaviour.run()


def _value(name: str, default: str = "") -> str:
    path = os.environ.get(f"{PREFIX}{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(f"{PREFIX}{name}", default)
