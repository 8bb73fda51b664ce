"""Who signs in. What they may do is said by their memberships (controlroom.municipalities)."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person. `username` is the sign-in name; people are shown by `display_name`."""

    display_name = models.CharField(_("name shown to colleagues"), max_length=60, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=[("ko", "한국어"), ("en", "English")], default="ko"
    )
    # Raised on password change, deactivation and demotion: open sockets compare and close.
    access_version = models.PositiveIntegerField(default=0, editable=False)
    # Between pre_save and post_save: whether this save changes what the person may do.
    access_differs = False

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]  # stubs say str
        verbose_name_plural = _("people")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.display_name or self.username
