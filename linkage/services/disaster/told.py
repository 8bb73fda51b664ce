"""What a disaster room is told beside the facts of its cases: payloads, with no Django.

Source: domain.md 3.4; TTAK.OT-06.0055/R1 (the CAP profile).
"""

from linkage.told import AT, INCIDENT_NUMBER
from linkage.wire import Schema, moment, record

CAP_ALERT: Schema = record(
    "identifier",
    "sender",
    "sent",
    "status",
    "msg_type",
    "scope",
    "references",
    "incident_number",
    "at",
    "sha256",
    "xml",
    identifier={"type": "string", "description": "As in the alert; ours and never used again"},
    sender={"type": "string"},
    sent=moment("As in the alert: name it so in `references` when you answer"),
    status={"enum": ["Actual", "Exercise"], "description": "A drill is an Exercise"},
    msg_type={"enum": ["Alert", "Update", "Cancel"]},
    scope={"enum": ["Public", "Restricted", "Private"]},
    references={
        "type": "array",
        "items": {"type": "string"},
        "description": "`sender,identifier,sent` of the alerts that it follows",
    },
    incident_number=INCIDENT_NUMBER,
    at=AT,
    sha256={
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
        "description": "Of the UTF-8 bytes of `xml`",
    },
    xml={"type": "string", "description": "The alert, byte for byte as our public index serves it"},
)
TOLD_BESIDE: dict[str, Schema] = {"CAP_ALERT": CAP_ALERT}
