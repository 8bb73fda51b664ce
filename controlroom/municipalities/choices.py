from django.db import models
from django.utils.translation import gettext_lazy as _

from controlroom.municipalities.roles import RoleCode


class Role(models.TextChoices):
    OPERATOR = RoleCode.OPERATOR.value, _("operator")
    POLICE = RoleCode.POLICE.value, _("seconded police officer")
    SUPERVISOR = RoleCode.SUPERVISOR.value, _("supervisor")
    PRIVACY_OFFICER = RoleCode.PRIVACY_OFFICER.value, _("privacy officer")
    ADMINISTRATOR = RoleCode.ADMINISTRATOR.value, _("administrator")
    AUDITOR = RoleCode.AUDITOR.value, _("auditor")
    STATISTICS = RoleCode.STATISTICS.value, _("statistics viewer")


class ProgrammeState(models.TextChoices):
    NONE = "none", _("not in the programme")
    APPLIED = "applied", _("applied")
    SELECTED = "selected", _("selected")
    GRANTED = "granted", _("granted")
    CONTRACTED = "contracted", _("contracted")
    BUILDING = "building", _("building")
    ACCEPTED = "accepted", _("accepted")
    LIVE = "live", _("live")


class CodeScheme(models.TextChoices):
    LEGAL = "legal", _("administrative code")
    ORGANISATION = "organisation", _("organisation code")
