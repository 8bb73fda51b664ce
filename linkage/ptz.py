"""Whether an agency's hand may be on a camera: only while a grant of its own says so."""

import uuid

from django.utils import timezone

from cctv.onvif.locks import Leave
from linkage.models import StreamGrant
from linkage.policy.words import Access


def leave(*, link_id: int, camera_id: int, incident_id: uuid.UUID | None) -> Leave | None:
    """Give the leave of the grant that lets this link move the camera, the longest first."""
    standing = StreamGrant.objects.in_force(timezone.now()).filter(
        link_id=link_id, camera_id=camera_id
    )
    if incident_id is not None:
        standing = standing.filter(incident_id=incident_id)
    for grant in standing.select_related("incident", "link__agency").order_by("-expires_at"):
        if Access.PTZ in grant.rights:
            return Leave(
                agency=str(grant.link),
                service=grant.incident.service,
                incident_id=grant.incident_id,
                until=grant.expires_at,
            )
    return None
