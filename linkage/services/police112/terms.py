"""What the agreement of a 112 link allows about video, read from its fields."""

from linkage.agreements import may_tell
from linkage.choices import DataKind, LinkMode, LinkState
from linkage.models import Link
from linkage.services.police112.video_rules import Mode, Terms

CAMERA_LIMIT = 5


def terms_of(link: Link) -> Terms:
    basis = link.legal_basis
    bases = {basis.code} if basis is not None and may_tell(link, DataKind.LIVE_VIDEO) else set()
    return Terms(
        mode=Mode.AUTOMATIC if link.mode == LinkMode.PUSH else Mode.REQUEST,
        radius_m=float(link.radius_m or link.municipality.camera_radius_m),
        camera_limit=link.camera_limit or CAMERA_LIMIT,
        bases=frozenset(bases),
        suspended=link.state == LinkState.SUSPENDED,
    )
