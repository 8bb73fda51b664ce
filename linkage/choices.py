from django.db import models
from django.utils.translation import gettext_lazy as _


class AgencyKind(models.TextChoices):
    POLICE = "police", _("police")
    FIRE = "fire", _("fire service")
    DISASTER = "disaster", _("disaster administration")
    CITY = "city", _("city system")
    OTHER = "other", _("other")


class Direction(models.TextChoices):
    BOTH = "both", _("both ways")
    IN = "in", _("inbound only")
    OUT = "out", _("outbound only")


class LinkMode(models.TextChoices):
    """domain.md 2: both ways of giving video are in use."""

    REQUEST = "request", _("on request")
    PUSH = "push", _("automatic push")


class DataKind(models.TextChoices):
    """What a legal basis may let a link carry, beside the states that every link is told."""

    PLACE = "place", _("place and address")
    SUMMARY = "summary", _("content of the report")
    PHONE = "phone", _("telephone number")
    LIVE_VIDEO = "live_video", _("live video")
    RECORDED_VIDEO = "recorded_video", _("recorded video")
    STILL = "still", _("still picture")
    PLATE = "plate", _("number plate")
    PERSON = "person", _("description or photo of a person")
    LOCATION_TRACK = "location_track", _("location track of a person")


class NeighbourField(models.TextChoices):
    """What an agreement between neighbours may list; time and drill mark always go with it."""

    PLACE = "place", _("place")
    ADDRESS = "address", _("address")
    SUMMARY = "summary", _("content of the report")
    KIND = "kind", _("kind of case")
    URGENCY = "urgency", _("urgency")
    STATUS = "status", _("state of the case")
    NUMBER = "number", _("number of the incident")


class LinkState(models.TextChoices):
    """domain.md 2.2; people set MAINTENANCE and SUSPENDED, the others are measured."""

    UP = "up", _("up")
    DEGRADED = "degraded", _("degraded")
    DOWN = "down", _("down")
    MAINTENANCE = "maintenance", _("maintenance")
    DORMANT = "dormant", _("dormant")
    SUSPENDED = "suspended", _("suspended")


class InboxResult(models.TextChoices):
    APPLIED = "applied", _("applied")
    UNCHANGED = "unchanged", _("stored, nothing to change")
    STALE = "stale", _("stored, older than what is known")
    FILED = "filed", _("stored, waits for its report")


class MessageType(models.TextChoices):
    """The message set of domain.md 2.1, in both directions, and what the services add to it."""

    EVENT_NOTIFY = "EVENT_NOTIFY", _("report")
    ACK = "ACK", _("acknowledgement")
    CAMERA_LIST = "CAMERA_LIST", _("list of cameras")
    STREAM_REQUEST = "STREAM_REQUEST", _("request for video")
    STREAM_GRANT = "STREAM_GRANT", _("video granted")
    STREAM_DENY = "STREAM_DENY", _("video refused")
    STATUS_UPDATE = "STATUS_UPDATE", _("status")
    UNIT_POSITION = "UNIT_POSITION", _("position of a unit")
    STILL = "STILL", _("still picture")
    ESCAPE_ROUTE = "ESCAPE_ROUTE", _("direction of escape")
    CO_RESPONSE = "CO_RESPONSE", _("co-response")
    TRANSFER = "TRANSFER", _("transfer")
    CANCEL = "CANCEL", _("cancellation")
    CLOSE = "CLOSE", _("close")
    CLOSE_ACK = "CLOSE_ACK", _("close acknowledged")
    HEARTBEAT = "HEARTBEAT", _("heartbeat")
    RESYNC = "RESYNC", _("resynchronisation")
    CAP_ALERT = "CAP_ALERT", _("CAP alert")
    TEST = "TEST", _("test message")
    EXPORT = "EXPORT", _("recorded video asked for")


class OutboxState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent, not acknowledged")
    ACKED = "acked", _("acknowledged")
    ANSWERED = "answered", _("answered")
    RETRYING = "retrying", _("retrying")
    DEAD = "dead", _("given up")
    MANUAL_FALLBACK = "manual_fallback", _("told by telephone")
    RECONCILED = "reconciled", _("told by telephone, then acknowledged")


class Outcome(models.TextChoices):
    """How one attempt ended; UNKNOWN means that no answer came, which is not a refusal."""

    ACKED = "acked", _("acknowledged")
    TAKEN = "taken", _("taken, acknowledgement follows")
    TEMPORARY = "temporary", _("failed, will be tried again")
    PERMANENT = "permanent", _("refused for good")
    UNKNOWN = "unknown", _("no answer")


class PhoneState(models.TextChoices):
    """How a telephone task stands; the line may return before or after the call."""

    OPEN = "open", _("to be telephoned")
    DONE = "done", _("told by telephone")
    WITHDRAWN = "withdrawn", _("acknowledged before anybody telephoned")
    RECONCILED = "reconciled", _("told by telephone, then acknowledged")


class PhoneReason(models.TextChoices):
    UNACKNOWLEDGED = "unacknowledged", _("urgent and not acknowledged in time")
    GIVEN_UP = "given_up", _("urgent and given up by the line")


# What nobody has been told yet.
PENDING = (OutboxState.QUEUED, OutboxState.SENT, OutboxState.RETRYING)
# What the line may still carry: what was told by telephone goes on until the agency confirms it.
OFFERED = (*PENDING, OutboxState.MANUAL_FALLBACK)
