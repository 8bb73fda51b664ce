"""What the agreement of a 112 link allows about video, read from its fields."""

from datetime import timedelta

from linkage.choices import LinkState
from linkage.models import Link
from linkage.services.police112.video_rules import Mode, Terms


def terms_of(link: Link) -> Terms:
    return Terms(
        mode=Mode.AUTOMATIC,
        radius_m=float(link.municipality.camera_radius_m),
        longest=timedelta(hours=2),
        suspended=link.state == LinkState.SUSPENDED,
    )
