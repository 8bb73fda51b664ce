"""What the police 112 room is told beside the facts of its cases: payloads, with no Django.

Source: domain.md 2.1 (message set), 3.1, 3.2.
"""

from linkage.services.video.messages import CAMERAS, TOLD_OF_VIDEO, about
from linkage.told import REPORTS, STILL
from linkage.wire import Schema

TOLD_BESIDE: dict[str, Schema] = {
    **REPORTS,
    **TOLD_OF_VIDEO,
    "ESCAPE_ROUTE": about(
        "bearing_deg",
        bearing_deg={"type": "number", "minimum": 0, "maximum": 360},
        text={"type": "string", "description": "What the operator saw"},
        cameras=CAMERAS,
    ),
    "STILL": STILL,
}
