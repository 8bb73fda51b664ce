"""What a city itself says about the use of its cameras."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.choices import Purpose
from cctv.querysets import CameraPolicyQuerySet


class CameraPolicy(models.Model):
    """A city's own word on one cell of the purpose × service table (cctv.policies)."""

    municipality = models.ForeignKey(
        "municipalities.Municipality",
        models.CASCADE,
        related_name="camera_policies",
        verbose_name=_("municipality"),
    )
    # The code of a linked service ("police112"); the services themselves live above this app.
    service = models.SlugField(_("service"), max_length=16)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    allowed = models.BooleanField(_("allowed"))
    basis = models.CharField(
        _("legal basis"), max_length=200, help_text=_("the law, agreement or decision behind it")
    )

    objects = CameraPolicyQuerySet.as_manager()

    class Meta:
        ordering = ["municipality", "service", "purpose"]
        verbose_name = _("camera policy")
        verbose_name_plural = _("camera policies")
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "service", "purpose"], name="camera_policy_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service} × {self.purpose}"
