"""The payloads of the dialogue about video, alike for every service that has it; no Django.

Source: domain.md 2.1 (CAMERA_LIST, STREAM_REQUEST, STREAM_GRANT, STREAM_DENY).
"""

from linkage.policy.words import Access, Ground
from linkage.told import AT, IN_REPLY_TO, INCIDENT_NUMBER
from linkage.wire import PLACE, RECEIPT_NO, VERSION, Schema, moment, record, text, token

_ASKED: dict[str, Schema] = {
    "receipt_no": RECEIPT_NO,
    "cameras": {
        "type": "array",
        "maxItems": 20,
        "items": {"type": "integer", "minimum": 1, "maximum": 9_223_372_036_854_775_807},
        "description": "Ids out of the newest CAMERA_LIST; without any, the list is asked for",
    },
    "purpose": token(20, "SCENE, RESCUE, PURSUIT or SEARCH; another one is answered by DENY"),
    "basis": token(40, "Legal basis on which the video is asked for"),
    "minutes": {
        "type": "integer",
        "minimum": 1,
        "maximum": 10_080,
        "description": "For how long; left out: as agreed",
    },
    "rights": {
        "type": "array",
        "minItems": 1,
        "maxItems": len(Access),
        "uniqueItems": True,
        "items": {"enum": [str(right) for right in Access]},
        "description": "What for; left out: live. `ptz` means the picture too; `recorded` is "
        "answered by DENY, which names where it is asked for",
    },
    "extend": text(200, "Why a grant must last longer; only with it a grant held is extended"),
}
STREAM_REQUEST: Schema = record("receipt_no", "purpose", "basis", **_ASKED)
# A disaster room names the ground that the law gives it.
STREAM_REQUEST_ON_GROUND: Schema = record(
    "receipt_no",
    "purpose",
    "basis",
    "ground",
    **_ASKED,
    ground=token(20, f"{', '.join(Ground)}; another one is answered by DENY"),
)

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
CAMERAS: Schema = {"type": "array", "items": CAMERA}
_GRANT: Schema = record(
    "camera",
    "grant",
    "expires_at",
    camera=_CAMERA_ID,
    grant={"type": "string", "format": "uuid"},
    expires_at=moment("From then on its addresses answer 404"),
    rights={
        "type": "array",
        "items": {"enum": [str(right) for right in Access]},
        "description": "What it lets you do, perhaps fewer than you asked for",
    },
    playlist={"type": "string", "description": "Path of the HLS play list, with your token"},
    ptz={"type": "string", "description": "Path under which you turn it, where `rights` say so"},
)
_DENIED: Schema = record(
    "camera",
    "rule",
    camera={"type": ["integer", "null"], "description": "null: no camera was named"},
    right={"enum": [str(right) for right in Access], "description": "What of it is refused"},
    rule={"type": "string", "description": "The rule that refuses it"},
    instead={"type": "string", "description": "Path under which it is asked for instead"},
)
_UNASKED = {**IN_REPLY_TO, "description": "The request; empty when it comes by itself"}


def about(*required: str, **more: Schema) -> Schema:
    fields = {"receipt_no": RECEIPT_NO, "incident_number": INCIDENT_NUMBER, "at": AT, **more}
    return record("receipt_no", "incident_number", "at", *required, **fields)


TOLD_OF_VIDEO: dict[str, Schema] = {
    "CAMERA_LIST": about(
        "in_reply_to",
        "version",
        "chosen_at",
        "radius_m",
        in_reply_to=_UNASKED,
        version={**VERSION, "description": "Of the list of this case: the newest counts"},
        chosen_at=moment("When these cameras were chosen"),
        radius_m={"type": "number", "minimum": 0},
        cameras=CAMERAS,
    ),
    "STREAM_GRANT": about(
        "in_reply_to",
        "grants",
        in_reply_to=_UNASKED,
        grants={"type": "array", "minItems": 1, "items": _GRANT},
    ),
    "STREAM_DENY": about(
        "in_reply_to",
        "denied",
        in_reply_to=IN_REPLY_TO,
        denied={"type": "array", "minItems": 1, "items": _DENIED},
    ),
}
