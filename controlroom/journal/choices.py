from django.db import models
from django.utils.translation import gettext_lazy as _

from controlroom.journal.audiences import AudienceCode


class Audience(models.TextChoices):
    """Who may read an entry; a reader's scope is the set of audiences of their rights."""

    OPERATIONS = AudienceCode.OPERATIONS.value, _("operations")
    ADMINISTRATION = AudienceCode.ADMINISTRATION.value, _("administration")
