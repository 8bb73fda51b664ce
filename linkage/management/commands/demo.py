"""manage.py demo: fills the demonstration city; running it again changes nothing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from controlroom import env
from controlroom.municipalities.models import Municipality
from incidents import catalogue
from linkage import agreements
from linkage.demo import city
from linkage.demo.link import SharedSecrets, install_link

CAMERAS = 1_500
CAMERAS_AT_MOST = 200_000


class Command(BaseCommand):
    help = (
        "Fill the generated demonstration city 90010 한빛시: neighbours, base map, camera "
        "register, people (password from CONTROLROOM_DEMO_PASSWORD), incident kinds, and the "
        "link with the simulated police 112 room (CONTROLROOM_SIM_CLIENT_ID ...). Safe to run "
        "again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--cameras",
            type=int,
            default=CAMERAS,
            help=f"how many cameras the register holds at least (at most {CAMERAS_AT_MOST:,})",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        password = env.secret("CONTROLROOM_DEMO_PASSWORD")
        municipality = city.install_municipalities()
        added = city.install_register(
            municipality=municipality, cameras=min(options["cameras"], CAMERAS_AT_MOST)
        )
        changed = city.install_people(municipality=municipality, password=password)
        catalogue.install()
        agreements.install()
        self.stdout.write(
            f"{municipality.name_ko} ({municipality.code}): {added} cameras added, "
            f"people: {', '.join(changed) or 'unchanged'}, 112 link: {_link(municipality)}"
        )


def _link(municipality: Municipality) -> str:
    client_id = env.text("CONTROLROOM_SIM_CLIENT_ID", "")
    if not client_id:
        return "not wanted (CONTROLROOM_SIM_CLIENT_ID is not set)"
    port = env.integer("CONTROLROOM_SIM_PORT", 0)
    return install_link(
        municipality=municipality,
        code=env.text("CONTROLROOM_SIM_LINK", f"police112-{municipality.code}"),
        shared=SharedSecrets(
            client_id=client_id,
            client_secret=env.secret("CONTROLROOM_SIM_CLIENT_SECRET"),
            webhook_secret=env.secret("CONTROLROOM_SIM_WEBHOOK_SECRET"),
        ),
        push_url=f"http://127.0.0.1:{port}/" if port else "",
    )
