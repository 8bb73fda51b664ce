"""The register of watching: a ticket opens a view, and a view is written before its first byte."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cctv.choices import EndReason
from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right


class ViewRecordQuerySet(OwnedQuerySet):
    right = Right.RECORDS_READ


class ViewRecord(models.Model):
    """Who watched which camera, for what, from when to when. Never deleted."""

    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="view_records"
    )
    camera = models.ForeignKey(
        "cctv.Camera", models.PROTECT, related_name="view_records", verbose_name=_("camera")
    )
    viewer = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="view_records", verbose_name=_("viewer")
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

    objects = ViewRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("view record")
        verbose_name_plural = _("view records")
        constraints = [
            models.CheckConstraint(condition=~Q(purpose=""), name="view_has_purpose"),
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
            # The choice of cameras counts the open views of each.
            models.Index(
                fields=["camera"], condition=Q(ended_at__isnull=True), name="view_open_by_camera"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} {self.viewer_id} → {self.camera_id}"


class VideoTicket(models.Model):
    """A key for one camera, one viewer, one sign-in, one purpose; only its hash is kept."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    municipality = models.ForeignKey(
        "municipalities.Municipality", models.PROTECT, related_name="+"
    )
    camera = models.ForeignKey("cctv.Camera", models.CASCADE, related_name="+")
    viewer = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    # Hash of the session key: another sign-in cannot use the ticket, nor this one after its end.
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

    def __str__(self) -> str:
        return f"{self.issued_at:%Y-%m-%d %H:%M:%S} {self.viewer_id} → {self.camera_id}"
