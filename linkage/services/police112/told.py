"""What the police 112 room is told beside the facts of its cases: payloads, with no Django.

Source: domain.md 2.1 (message set), 3.1, 3.2.
"""

from linkage.told import AT, CLOSE_ACK, IN_REPLY_TO, INCIDENT_NUMBER, REPORTS, STILL
from linkage.wire import PLACE, RECEIPT_NO, VERSION, Schema, moment, record

_CAMERA_ID: Schema = {"type": "integer", "minimum": 1, "description": "To ask for its video by"}
_NUMBER_OR_UNKNOWN: Schema = {"type": ["number", "null"]}
CAMERA: Schema = record(
    "id",
    "name",
    "lon",
    "lat",
    "distance_m",
    "bearing_deg",
    "in_view",
    "health",
    id=_CAMERA_ID,
    name={"type": "string"},
    lon=PLACE["properties"]["lon"],
    lat=PLACE["properties"]["lat"],
    distance_m={"type": "number", "minimum": 0},
    bearing_deg={**_NUMBER_OR_UNKNOWN, "description": "Where it looks, clockwise from north"},
    in_view={"type": ["boolean", "null"], "description": "Sees the place; null: not known"},
    health={"type": "string"},
)
_CAMERAS: Schema = {"type": "array", "items": CAMERA}
_GRANT: Schema = record(
    "camera",
    "grant",
    "expires_at",
    camera=_CAMERA_ID,
    grant={"type": "string", "format": "uuid"},
    expires_at=moment("From then on its addresses answer 404"),
    playlist={"type": "string", "description": "Path of the HLS play list, with your token"},
)
_DENIED: Schema = record(
    "camera",
    "rule",
    camera={"type": ["integer", "null"], "description": "null: no camera was named"},
    rule={"type": "string", "description": "The rule that refuses it"},
)


def _about(*required: str, **more: Schema) -> Schema:
    fields = {"receipt_no": RECEIPT_NO, "incident_number": INCIDENT_NUMBER, "at": AT, **more}
    return record("receipt_no", "incident_number", "at", *required, **fields)


TOLD_BESIDE: dict[str, Schema] = {
    **REPORTS,
    "CAMERA_LIST": _about(
        "in_reply_to",
        "version",
        "chosen_at",
        "radius_m",
        in_reply_to={**IN_REPLY_TO, "description": "The request; empty when it comes by itself"},
        version={**VERSION, "description": "Of the list of this case: the newest counts"},
        chosen_at=moment("When these cameras were chosen"),
        radius_m={"type": "number", "minimum": 0},
        cameras=_CAMERAS,
    ),
    "STREAM_GRANT": _about(
        "in_reply_to",
        "grants",
        in_reply_to=IN_REPLY_TO,
        grants={"type": "array", "minItems": 1, "items": _GRANT},
    ),
    "STREAM_DENY": _about(
        "in_reply_to",
        "denied",
        in_reply_to=IN_REPLY_TO,
        denied={"type": "array", "minItems": 1, "items": _DENIED},
    ),
    "ESCAPE_ROUTE": _about(
        "bearing_deg",
        bearing_deg={"type": "number", "minimum": 0, "maximum": 360},
        text={"type": "string", "description": "What the operator saw"},
        cameras=_CAMERAS,
    ),
    "STILL": STILL,
    "CLOSE_ACK": CLOSE_ACK,
}
