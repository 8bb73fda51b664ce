"""Verbs on the register by hand: take a site out of it and bring it back; both are on record."""

from django.db import transaction
from django.utils import timezone

from cctv.models import Site
from controlroom.accounts.models import User
from controlroom.audit import chain


@transaction.atomic
def retire_site(*, site: Site, by: User) -> Site:
    """Take a site and its cameras out of the register from now on; nothing is deleted.

    Locks: the site row.
    """
    site = Site.objects.select_for_update().get(pk=site.pk)
    if site.gone_at is None:
        site.gone_at = timezone.now()
        site.save(update_fields=["gone_at", "updated_at"])
        _record("site.retired", site, by)
    return site


@transaction.atomic
def restore_site(*, site: Site, by: User) -> Site:
    """Bring a site back into the register.

    Locks: the site row.
    """
    site = Site.objects.select_for_update().get(pk=site.pk)
    if site.gone_at is not None:
        site.gone_at = None
        site.save(update_fields=["gone_at", "updated_at"])
        _record("site.restored", site, by)
    return site


def _record(action: str, site: Site, by: User) -> None:
    chain.record(
        action=action,
        subject_kind="site",
        subject_id=site.pk,
        municipality_id=site.municipality_id,
        actor_id=by.pk,
    )
