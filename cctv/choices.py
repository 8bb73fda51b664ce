from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    """설치목적구분 of 전국CCTV표준데이터; the law ties each camera to its purposes."""

    CRIME = "생활방범", _("crime prevention")
    MULTI = "다목적", _("multi-purpose")
    CHILDREN = "어린이보호", _("child protection")
    TRAFFIC_ENFORCEMENT = "교통단속", _("traffic enforcement")
    TRAFFIC_INFORMATION = "교통정보수집", _("traffic information")
    FACILITY = "시설물관리", _("facility management")
    DISASTER = "재난재해", _("disaster")
    LITTERING = "쓰레기단속", _("littering enforcement")
    VEHICLE_CRIME = "차량방범", _("vehicle crime prevention")
    OTHER = "기타", _("other")


class Health(models.TextChoices):
    UNKNOWN = "unknown", _("unknown")
    ONLINE = "online", _("online")
    OFFLINE = "offline", _("offline")
    FROZEN = "frozen", _("frozen picture")
    DARK = "dark", _("dark picture")
    COVERED = "covered", _("covered")
    BLURRED = "blurred", _("blurred picture")
    # The camera itself says so, and its picture shows no worse.
    TAMPERED = "tampered", _("tampering reported")

    @classmethod
    def useless(cls) -> frozenset["Health"]:
        """States in which the camera shows nobody anything."""
        return frozenset({cls.OFFLINE, cls.FROZEN, cls.COVERED})

    @classmethod
    def impaired(cls) -> frozenset["Health"]:
        """States in which it may still show something."""
        return frozenset({cls.DARK, cls.BLURRED, cls.TAMPERED})


class HostState(models.TextChoices):
    UP = "up", _("reachable")
    DOWN = "down", _("unreachable")


class TicketCause(models.TextChoices):
    """Why a camera needs a hand: a bad state, a wrong clock, or what a person saw."""

    OFFLINE = "offline", _("offline")
    FROZEN = "frozen", _("frozen picture")
    COVERED = "covered", _("covered")
    DARK = "dark", _("dark picture")
    BLURRED = "blurred", _("blurred picture")
    TAMPERED = "tampered", _("tampering reported")
    CLOCK = "clock", _("clock wrong")
    OTHER = "other", _("other")

    @classmethod
    def automatic(cls) -> list[tuple[str, Any]]:
        return [choice for choice in cls.choices if choice[0] != cls.OTHER]


class TicketState(models.TextChoices):
    """States of cctv.maintenance_states."""

    OPEN = "open", _("open")
    ASSIGNED = "assigned", _("assigned")
    REPAIRED = "repaired", _("repaired, not yet verified")
    VERIFIED = "verified", _("verified")
    CLOSED = "closed", _("closed")
    REOPENED = "reopened", _("reopened")


class SourceKind(models.TextChoices):
    NONE = "none", _("not connected")
    STREAM = "stream", _("camera or VMS address")
    SYNTHETIC = "synthetic", _("synthetic picture (demo)")
    # Of another operator: its address expires and is asked for whenever a relay begins.
    ASKED = "asked", _("address asked for at each opening")


class Quality(models.TextChoices):
    """Which of a camera's two streams: the large picture, or the small one of a tile."""

    MAIN = "main", _("main stream")
    SUB = "sub", _("sub stream")


class EndReason(models.TextChoices):
    """Why a view ended."""

    STOPPED = "stopped", _("the viewer stopped")
    INCIDENT_ENDED = "incident_ended", _("the incident ended")
    SIGNED_OUT = "signed_out", _("the viewer signed out")
    RIGHT_LOST = "right_lost", _("the right to watch was lost")
    EXPIRED = "expired", _("its time was over")
    REVOKED = "revoked", _("revoked")
    CAMERA_GONE = "camera_gone", _("the camera left the register")
    AGENCY_CLOSED = "agency_closed", _("the agency closed its case")
    LINK_STOPPED = "link_stopped", _("the link or its legal basis ended")
    SHARE_ENDED = "share_ended", _("the case left the terminal")
    SOURCE_LOST = "source_lost", _("the camera gives no picture")


class Action(models.TextChoices):
    """What a ticket opens of its camera."""

    LIVE = "live", _("live picture")
    RECORDED = "recorded", _("recorded picture")


class OnvifProfile(models.TextChoices):
    """Which generation of ONVIF a camera is spoken to in."""

    T = "T", _("Profile T (Media2)")
    S = "S", _("Profile S (older cameras)")


class PtzEnd(models.TextChoices):
    """Why a hand left the camera."""

    RELEASED = "released", _("released")
    LAPSED = "lapsed", _("its time was over")
    TAKEN_OVER = "taken_over", _("taken over by a higher right")
    INCIDENT_ENDED = "incident_ended", _("the incident ended")
    SIGNED_OUT = "signed_out", _("the holder signed out")
    RIGHT_LOST = "right_lost", _("the right to move it was lost")


class PullState(models.TextChoices):
    """Whether a camera's events reach us."""

    OFF = "off", _("off")
    LISTENING = "listening", _("listening")
    WAITING = "waiting", _("waiting to try again")


class CameraEventKind(models.TextChoices):
    MOTION = "motion", _("motion")
    TAMPER = "tamper", _("tampering")
    INPUT = "input", _("digital input")


class PartEnd(models.TextChoices):
    """Why a file of a recording was closed."""

    FULL = "full", _("its time was full")
    STREAM = "stream", _("the stream began again or paused")
    CLOCK = "clock", _("the clock of this machine was set")
    OFF = "off", _("recording was switched off")
    STOPPED = "stopped", _("the recorder stopped")
    KILLED = "killed", _("the recorder died; closed when it came back")
    DISK = "disk", _("no room on the disk")


class BatchState(models.TextChoices):
    """How far a file of the register has come."""

    UPLOADED = "uploaded", _("uploaded")
    READING = "reading", _("reading")
    CHECKED = "checked", _("checked, not applied")
    APPLYING = "applying", _("applying")
    DONE = "done", _("in the register")
    CANCELLING = "cancelling", _("cancelling")
    CANCELLED = "cancelled", _("cancelled")
    UNDOING = "undoing", _("undoing")
    UNDONE = "undone", _("undone")
    FAILED = "failed", _("failed")

    @classmethod
    def running(cls) -> frozenset["BatchState"]:
        return frozenset({cls.READING, cls.APPLYING, cls.CANCELLING, cls.UNDOING})


class Verdict(models.TextChoices):
    ACCEPTED = "accepted", _("accepted")
    REPAIRED = "repaired", _("repaired")
    QUARANTINED = "quarantined", _("quarantined")
    REJECTED = "rejected", _("rejected")


class ChangeKind(models.TextChoices):
    NEW = "new", _("new")
    CHANGED = "changed", _("changed")
    # Only the date of the data moved on, or the site came back: not counted as a change.
    DATED = "dated", _("dated")
    GONE = "gone", _("gone")
