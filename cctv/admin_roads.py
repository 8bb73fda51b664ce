"""Road networks: read in the admin, changed by their import."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from cctv.models_roads import RoadNetwork, RoadNode
from controlroom.municipalities.admin_scope import ScopedAdmin
from controlroom.municipalities.roles import Right


@admin.register(RoadNetwork)
class RoadNetworkAdmin(ScopedAdmin):
    right = Right.REGISTER_MANAGE
    read_only = True
    list_display = [
        "municipality",
        "source",
        "data_date",
        "version",
        "junctions",
        "engine_factor",
        "imported_at",
    ]
    list_select_related = ["municipality"]

    @admin.display(description=gettext_lazy("junctions"))
    def junctions(self, row: RoadNetwork) -> int:
        return RoadNode.objects.filter(municipality=row.municipality_id).count()
