from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    """Who may read an entry; a reader's scope is the set of audiences of their rights."""

    OPERATIONS = "operations", _("operations")
    ADMINISTRATION = "administration", _("administration")
