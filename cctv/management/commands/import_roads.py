"""manage.py import_roads: a municipality's road network from files of nodes and edges."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cctv.models import RoadEdge, RoadNode
from cctv.roads import sumo
from cctv.roads.network import replace_network
from controlroom.errors import Invalid
from controlroom.municipalities.models import Municipality


class Command(BaseCommand):
    help = (
        "Take in the road network of a municipality from SUMO or SALT XML (.nod.xml and .edg.xml, "
        "also .gz); it replaces the one before, whole or not at all."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("municipality", help="administrative code")
        parser.add_argument("files", nargs=2, type=Path, metavar="FILE", help="nodes and edges")
        parser.add_argument("--source", default="", help="who published it (else the file's name)")
        parser.add_argument("--data-date", type=date.fromisoformat, default=None, metavar="DATE")

    def handle(self, *_args: Any, **options: Any) -> None:
        municipality = Municipality.objects.by_code(options["municipality"]).first()
        if municipality is None:
            raise CommandError(_("no such municipality"))
        try:
            files = {sumo.kind_of(path): path for path in options["files"]}
            if len(files) != 2:
                raise CommandError(_("one file of nodes and one of edges are needed"))
            network = replace_network(
                municipality=municipality,
                nodes=sumo.nodes(files["nodes"]),
                edges=sumo.edges(files["edges"]),
                source=options["source"] or files["edges"].name,
                data_date=options["data_date"],
            )
        except (Invalid, OSError) as error:
            named = "; ".join(
                f"{name}: {', '.join(map(str, why))}"
                for name, why in getattr(error, "fields", {}).items()
            )
            raise CommandError(f"{error} ({named})" if named else str(error)) from error
        own = {"municipality": municipality}
        self.stdout.write(
            _("%(name)s: %(nodes)s nodes and %(edges)s roads, version %(version)s")
            % {
                "name": municipality.name,
                "nodes": RoadNode.objects.filter(**own).count(),
                "edges": RoadEdge.objects.filter(**own).count(),
                "version": network.version,
            }
        )
