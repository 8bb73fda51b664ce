"""Groups of cameras that a tour shows in turns."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.querysets import OwnedQuerySet
from controlroom.municipalities.roles import Right

# Practice: pictures change every 20 to 25 s (domain.md 4).
USUAL_TURN_S = 22


class CameraGroupQuerySet(OwnedQuerySet):
    right = Right.VIDEO_WATCH


class CameraGroup(models.Model):
    """Cameras of one municipality that belong together: a school's ways, a river, a market."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.PROTECT,
        related_name="camera_groups",
        verbose_name=_("municipality"),
    )
    name = models.CharField(_("name"), max_length=80)
    # What a tour outside an incident is put on record for, unless the operator says otherwise.
    purpose = models.CharField(_("purpose of watching"), max_length=300, blank=True)
    turn_s = models.PositiveSmallIntegerField(
        _("seconds for each picture"),
        default=USUAL_TURN_S,
        validators=[MinValueValidator(10), MaxValueValidator(120)],
    )
    cameras = models.ManyToManyField(
        "cctv.Camera", through="GroupedCamera", related_name="+", verbose_name=_("cameras")
    )

    objects = CameraGroupQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "name"]
        verbose_name = _("camera group")
        verbose_name_plural = _("camera groups")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "name"], name="camera_group_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class GroupedCamera(models.Model):
    """A camera's turn in a group."""

    group = models.ForeignKey(CameraGroup, models.CASCADE, related_name="turns")
    camera = models.ForeignKey(
        "cctv.Camera", models.CASCADE, related_name="+", verbose_name=_("camera")
    )
    order = models.PositiveSmallIntegerField(_("turn"), default=1)

    class Meta:
        ordering = ["order", "pk"]
        verbose_name = _("camera of the group")
        verbose_name_plural = _("cameras of the group")
        constraints = [
            models.UniqueConstraint(fields=["group", "camera"], name="grouped_camera_once")
        ]

    def __str__(self) -> str:
        return f"{self.order}. {self.camera}"
