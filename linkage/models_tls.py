"""Mutual TLS of a link: with what we show ourselves to the agency, and it to us."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from linkage.querysets import OfLinkQuerySet

FINGERPRINT = re.compile(r"^[0-9a-f]{64}$")


def check_fingerprints(value: Any) -> None:
    """Raises: ValidationError unless the value lists SHA-256 fingerprints."""
    good = isinstance(value, list) and all(
        isinstance(one, str) and FINGERPRINT.match(one) for one in value
    )
    if not good:
        raise ValidationError(_("write SHA-256 fingerprints of 64 hexadecimal digits"))


class LinkTls(models.Model):
    """Empty fields ask for nothing: TLS with the authorities of the system, and no certificates."""

    link = models.OneToOneField(
        "linkage.Link", models.CASCADE, primary_key=True, related_name="tls"
    )
    certificate = models.TextField(
        _("our certificate (PEM)"),
        blank=True,
        help_text=_("shown to the agency's server when we push, with its chain"),
    )
    # Encrypted by controlroom.sealing.
    key = models.BinaryField(null=True, editable=False)
    authorities = models.TextField(
        _("authorities of the agency's server (PEM)"),
        blank=True,
        help_text=_("only these may have signed it; empty: those of the system"),
    )
    fingerprints = models.JSONField(
        _("the agency's certificates (SHA-256)"),
        default=list,
        blank=True,
        validators=[check_fingerprints],
        help_text=_("one of these must be shown with every request; empty: none is asked for"),
    )
    expires_at = models.DateTimeField(_("our certificate ends"), null=True, editable=False)

    objects = OfLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mutual TLS")
        verbose_name_plural = _("mutual TLS")

    def __str__(self) -> str:
        return str(self.link_id)
