"""manage.py demo: fills the demonstration city; running it again changes nothing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from controlroom import env
from controlroom.municipalities.models import Municipality
from incidents import catalogue
from linkage import agreements
from linkage.demo import city
from linkage.demo.contacts import install_contacts
from linkage.demo.link import install_link
from linkage.demo.street import install_street
from linkage.demo.turning import install_turning
from linkage.demo.ways import install_roads
from linkage.simulator import agencies
from linkage.simulator.agencies import Secrets
from linkage.simulator.receiver import webhook_path

CAMERAS = 1_500
CAMERAS_AT_MOST = 200_000


class Command(BaseCommand):
    help = (
        "Fill the generated demonstration city 90010 한빛시: neighbours, base map, camera "
        "register, people (password from CONTROLROOM_DEMO_PASSWORD), incident kinds, and the "
        "links with the simulated agencies (CONTROLROOM_SIM_CLIENT_ID ...). Safe to run "
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
        city.install_groups(municipality=municipality)
        install_roads(municipality=municipality)
        changed = city.install_people(municipality=municipality, password=password)
        catalogue.install()
        agreements.install()
        install_contacts(municipality=municipality)
        self.stdout.write(
            f"{municipality.name_ko} ({municipality.code}): {added} cameras added, "
            f"people: {', '.join(changed) or 'unchanged'}, links: {_links(municipality)}"
        )


def _links(municipality: Municipality) -> str:
    client_id = env.text("CONTROLROOM_SIM_CLIENT_ID", "")
    if not client_id:
        return "not wanted (CONTROLROOM_SIM_CLIENT_ID is not set)"
    given = Secrets(
        link=env.text("CONTROLROOM_SIM_LINK", f"police112-{municipality.code}"),
        client_id=client_id,
        client_secret=env.secret("CONTROLROOM_SIM_CLIENT_SECRET"),
        webhook_secret=env.secret("CONTROLROOM_SIM_WEBHOOK_SECRET"),
    )
    port = env.integer("CONTROLROOM_SIM_PORT", 0)
    if camera_port := env.integer("CONTROLROOM_SIM_CAMERA_PORT", 0):
        install_turning(
            municipality=municipality, port=camera_port, client_secret=given.client_secret
        )
    profiles = agencies.chosen(env.text("CONTROLROOM_SIM_AGENCIES", ""))
    done = []
    for profile, shared in agencies.all_secrets(profiles, given):
        door = f"http://127.0.0.1:{port}{webhook_path(shared.link)}" if port else ""
        done.append(
            install_link(
                municipality=municipality,
                profile=profile,
                shared=shared,
                push_url=door,
            )
        )
        if profile.service == "city":
            install_street(municipality=municipality, link_code=shared.link, door=door)
    return ", ".join(f"{profile.code} {what}" for profile, what in zip(profiles, done, strict=True))
