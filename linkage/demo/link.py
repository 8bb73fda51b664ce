"""Links the demo city with the simulated agencies, with the secrets both ends are given."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.db import transaction

from controlroom.municipalities.models import Municipality
from controlroom.sealing import seal
from linkage import links
from linkage.links import Credentials
from linkage.models import Agency, Link
from linkage.simulator.agencies import AGENCIES, Profile, Secrets

# The rooms send a heartbeat three times within this (linkage.simulator.client).
SILENT_AFTER_S = 90


@transaction.atomic
def install_link(
    *, municipality: Municipality, profile: Profile, shared: Secrets, push_url: str
) -> str:
    """Make the link once, and bring its secrets and push address to those given; say what was done.

    The simulated agency lives on this machine: a private address is allowed.
    """
    if profile.fetches:
        push_url = ""
    link = Link.objects.select_for_update(of=("self",)).filter(code=shared.link).first()
    if link is None:
        room_link(
            profile.code,
            municipality=municipality,
            code=shared.link,
            push_url=push_url,
            allow_private_address=True,
            client_id=shared.client_id,
            client_secret=shared.client_secret,
            webhook_secret=shared.webhook_secret,
            silent_after_s=SILENT_AFTER_S,
        )
        return "made"
    changed = _take_client(link, shared) | _take_signature(link, shared)
    if link.push_url != push_url and (push_url or profile.fetches):
        links.register_push(link=link, push_url=push_url, allow_private_address=True)
        changed = True
    return "changed" if changed else "unchanged"


def room_link(
    room: str,
    *,
    municipality: Municipality,
    code: str = "",
    organisation_code: str = "",
    **options: Any,
) -> Credentials:
    """Make a city's link with one of the simulated rooms (AGENCIES); options as in create_link."""
    profile = AGENCIES[room]
    agency, _created = Agency.objects.get_or_create(
        organisation_code=organisation_code or profile.organisation_code,
        defaults={
            "kind": profile.kind,
            "name_ko": profile.name_ko,
            "name_en": profile.name_en,
            "duty_phone": profile.duty_phone,
        },
    )
    return links.create_link(
        municipality=municipality,
        agency=agency,
        service=profile.service,
        code=code or f"{profile.service}-{municipality.code}",
        **{"allows_drills": True, **options},
    )


def _take_client(link: Link, shared: Secrets) -> bool:
    application: Any = link.application
    same_client = application.client_id == shared.client_id
    if same_client and check_password(shared.client_secret, application.client_secret):
        return False
    application.client_id, application.client_secret = shared.client_id, shared.client_secret
    application.save()
    application.accesstoken_set.all().delete()
    return True


def _take_signature(link: Link, shared: Secrets) -> bool:
    if shared.webhook_secret in links.signing_secrets(link)[:1]:
        return False
    link.secret, link.previous_secret = seal(shared.webhook_secret), None
    link.save(update_fields=["secret", "previous_secret"])
    return True
