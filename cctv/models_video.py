"""The register of watching: a ticket opens a view, and a view is written before its first byte."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cctv.choices import Action, EndReason
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right

# Nothing for so long after the last moment in which bytes might leave is a pause in a view.
BREAK = timedelta(seconds=2)


class ViewRecordQuerySet(OwnedQuerySet):
    right = Right.RECORDS_READ


# A view is a person's, or a machine's that an agency answers for: never both, never nobody's.
ONE_HOLDER = Q(viewer__isnull=False, agent="") | (Q(viewer__isnull=True) & ~Q(agent=""))


class ViewRecord(models.Model):
    """Who watched which camera, for what, from when to when. Never deleted.

    Four separate facts: the ticket was handed over (`presented_at`), its play list was asked for
    (`started_at`), the player says that it decoded a frame (`decoded_at`), the viewer says that the
    picture was seen (`acknowledged_at`). The last two are what the player said, and no more.

    Bytes left between `first_byte_at` and `sent_until`, except in the `breaks`. `sent_until` is
    written before a byte leaves, so that a process killed in the middle leaves no second unclaimed.
    """

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="view_records"
    )
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="view_records", verbose_name=_("camera")
    )
    viewer = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="view_records",
        verbose_name=_("viewer"),
    )
    # Of a view without a person: the link's code, or link and terminal.
    agent = models.CharField(_("agency's system"), max_length=100, blank=True)
    # By which grant, of another room: its reference. None: by the viewer's own right.
    grant = models.UUIDField(_("grant"), null=True, blank=True, db_index=True)
    action = models.CharField(
        _("what was watched"), max_length=8, choices=Action.choices, default=Action.LIVE
    )
    # The incident is another room's: its id, not a foreign key upward.
    incident_id = models.UUIDField(_("incident"), null=True, blank=True, db_index=True)
    purpose = models.CharField(_("purpose of watching"), max_length=300)
    address = models.GenericIPAddressField(_("viewer's address"), null=True, blank=True)
    started_at = models.DateTimeField(_("from"), default=timezone.now)
    # Playlist and segment requests renew it; what was sent lies between from and to.
    last_seen_at = models.DateTimeField(_("last request"), default=timezone.now)
    ended_at = models.DateTimeField(_("to"), null=True, blank=True)
    end_reason = models.CharField(
        _("why it ended"), max_length=14, choices=EndReason.choices, blank=True
    )
    bytes_sent = models.BigIntegerField(_("bytes sent"), default=0)
    presented_at = models.DateTimeField(_("ticket handed over"), null=True, blank=True)
    first_byte_at = models.DateTimeField(_("first byte"), null=True, blank=True)
    last_byte_at = models.DateTimeField(_("last byte"), null=True, blank=True)
    sent_until = models.DateTimeField(_("bytes may have left until"), null=True, blank=True)
    # [from, until] of every pause in which nothing left, as ISO 8601.
    breaks = models.JSONField(_("pauses"), default=list, blank=True)
    # A small picture of before, shown while the live one was awaited: sent once, or never.
    poster_taken_at = models.DateTimeField(_("picture of before: taken"), null=True, blank=True)
    poster_sent_at = models.DateTimeField(_("picture of before: shown"), null=True, blank=True)
    decoded_at = models.DateTimeField(_("player: first frame decoded"), null=True, blank=True)
    frames_decoded = models.PositiveIntegerField(_("player: frames decoded"), default=0)
    acknowledged_at = models.DateTimeField(_("viewer: picture seen"), null=True, blank=True)
    # Nothing of it can change any more; what other rooms make of it was made in the same moment.
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)

    objects = ViewRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("view record")
        verbose_name_plural = _("view records")
        constraints = [
            models.CheckConstraint(condition=~Q(purpose=""), name="view_has_purpose"),
            models.CheckConstraint(condition=ONE_HOLDER, name="view_has_one_holder"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="view_end_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "started_at"], name="view_by_time"),
            models.Index(
                fields=["last_seen_at"], condition=Q(ended_at__isnull=True), name="view_open"
            ),
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False, settled_at__isnull=True),
                name="view_to_settle",
            ),
            # The choice of cameras counts the open views of each.
            models.Index(
                fields=["camera"], condition=Q(ended_at__isnull=True), name="view_open_by_camera"
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.started_at:%Y-%m-%d %H:%M:%S} {self.viewer_id or self.agent} → {self.camera_id}"
        )

    def claim(self, *, since: datetime, until: datetime) -> list[str]:
        """Say that bytes may leave from one moment until another; gives the fields to save.

        What lies between this claim and the one before is a pause when it is longer than BREAK.
        """
        changed = ["sent_until"]
        if self.sent_until is None:
            self.first_byte_at = since
            changed.append("first_byte_at")
        elif since > self.sent_until + BREAK:
            self.breaks = [*self.breaks, [self.sent_until.isoformat(), since.isoformat()]]
            changed.append("breaks")
        self.sent_until = max(until, self.sent_until or until)
        return changed


class VideoTicket(models.Model):
    """A key for one camera, action, viewer, sign-in, grant and purpose; only its hash is kept."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    camera = models.ForeignKey("cctv.Camera", models.CASCADE, related_name="+")
    viewer = models.ForeignKey(
        "accounts.User", models.CASCADE, null=True, blank=True, related_name="+"
    )
    agent = models.CharField(max_length=100, blank=True)
    grant = models.UUIDField(null=True, blank=True, db_index=True)
    action = models.CharField(max_length=8, choices=Action.choices, default=Action.LIVE)
    # Hash of the session key, or of whatever an agency's system or terminal is known by: another
    # sign-in cannot use the ticket, nor this one after its end.
    session_digest = models.CharField(max_length=64, editable=False)
    address = models.GenericIPAddressField(null=True, blank=True)
    incident_id = models.UUIDField(null=True, blank=True, db_index=True)
    purpose = models.CharField(max_length=300)
    issued_at = models.DateTimeField(default=timezone.now)
    # Until the first use; from then on the view's own clock counts.
    expires_at = models.DateTimeField(db_index=True)
    view = models.OneToOneField(
        ViewRecord, models.CASCADE, null=True, blank=True, related_name="ticket"
    )

    class Meta:
        verbose_name = _("video ticket")
        verbose_name_plural = _("video tickets")
        constraints = [
            models.CheckConstraint(condition=ONE_HOLDER, name="ticket_has_one_holder"),
        ]

    def __str__(self) -> str:
        return (
            f"{self.issued_at:%Y-%m-%d %H:%M:%S} {self.viewer_id or self.agent} → {self.camera_id}"
        )
