"""System checks of alerts: in whose name we speak, and who may speak in another's to us."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from incidents.choices import Service
from linkage.choices import Direction
from linkage.models import Link
from linkage.services.disaster import own_alerts


@register()
def alert_sender(**_kwargs: Any) -> list[CheckMessage]:
    """In production an alert must not go out in the name of 127.0.0.1."""
    is_production = settings.HTTPS and not settings.DEBUG
    if not is_production or settings.CAP_SENDERS or own_alerts.host_domain():
        return []
    return [
        Error(
            "CAP alerts have no sender: no host name served is a domain",
            hint="set CONTROLROOM_CAP_SENDERS (docs/settings.md)",
            id="linkage.E001",
        )
    ]


@register(Tags.database, deploy=True)
def unnamed_senders(*, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Warn of lines on which alerts in anybody's name are taken: check --deploy --database."""
    if not databases:
        return []
    taking = Link.objects.filter(service=Service.DISASTER).exclude(direction=Direction.OUT)
    return [
        Warning(
            f"the link {link.code} may send new CAP alerts in anybody's name",
            hint="list its senders in the CAP settings of the link",
            id="linkage.W001",
        )
        for link in taking.select_related("cap_source").order_by("code")
        if not getattr(getattr(link, "cap_source", None), "senders", None)
    ]
