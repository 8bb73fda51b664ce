"""Disaster situations, the CAP alerts of links and disaster text messages."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from linkage.models_base import Link
from linkage.querysets import DisasterQuerySet
