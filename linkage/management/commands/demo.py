"""manage.py demo: fills the demonstration city; running it again changes nothing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from controlroom import env
from linkage.demo import city


class Command(BaseCommand):
    help = (
        "Fill the generated demonstration city 90010 한빛시: neighbours, base map, camera "
        "register, people (password from CONTROLROOM_DEMO_PASSWORD), incident kinds, and the link with the "
        "simulated police 112 room. Safe to run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--cameras",
            type=int,
            default=1500,
            help="how many cameras the register holds at least (default 1500, at most 200000)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        password = env.secret("CONTROLROOM_DEMO_PASSWORD")
        municipality = city.install_municipalities()
        added = city.install_register(
            municipality=municipality, cameras=min(options["cameras"], 200_000)
        )
        changed = city.install_people(municipality=municipality, password=password)
        self.stdout.write(
            f"{municipality.name_ko} ({municipality.code}): "
            f"{added} cameras added, people: {', '.join(changed) or 'unchanged'}"
        )
