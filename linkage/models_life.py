"""When an agency was last heard on a link."""

from __future__ import annotations

from django.db import models


class SignOfLife(models.Model):
    """The newest authenticated request on a link; a row of its own, so that it waits for no lock
    of the link's."""

    link = models.OneToOneField(
        "linkage.Link", models.CASCADE, primary_key=True, related_name="sign_of_life"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.link_id} {self.at:%Y-%m-%d %H:%M:%S}"
