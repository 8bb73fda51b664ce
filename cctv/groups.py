"""Camera groups as the console tours them."""

from typing import Any

from django.db.models import Prefetch

from cctv.models import CameraGroup, GroupedCamera


def tours(*, user: Any, municipality_id: int) -> list[dict[str, Any]]:
    """Give the groups this person may watch, each with its cameras in their turns.

    Cameras that left the register are left out; a group without any other is not offered.
    """
    turns = (
        GroupedCamera.objects.filter(camera__gone_at=None, camera__site__gone_at=None)
        .select_related("camera__site")
        .order_by("order", "pk")
    )
    found = (
        CameraGroup.objects.visible_to(user)
        .filter(municipality_id=municipality_id)
        .prefetch_related(Prefetch("turns", turns))
    )
    rows = [
        {
            "id": group.pk,
            "name": group.name,
            "purpose": group.purpose,
            "turn_s": group.turn_s,
            "cameras": [
                {
                    "id": turn.camera_id,
                    "name": str(turn.camera),
                    "health": turn.camera.health,
                    "lon": turn.camera.site.location.x,
                    "lat": turn.camera.site.location.y,
                }
                for turn in group.turns.all()
            ],
        }
        for group in found
    ]
    return [row for row in rows if row["cameras"]]
