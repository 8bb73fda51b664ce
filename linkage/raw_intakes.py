"""Keep what came by a link outside the inbox: each changed content once, byte for byte."""

from hashlib import sha256

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from linkage.models import Link
from linkage.models_city import Feed
from linkage.models_raw import RawIntake


@transaction.atomic
def keep(*, link: Link, raw: bytes, feed: Feed | None = None) -> RawIntake:
    """Keep the bytes; what is the same as the newest of this link and feed is only counted.

    Two callers at once may keep the same content twice: that loses nothing.
    """
    now, digest = timezone.now(), sha256(raw).hexdigest()
    rows = RawIntake.objects.filter(link=link, feed=feed).order_by("-pk")
    newest: RawIntake | None = rows.only("sha256").first()
    if newest is not None and newest.sha256 == digest:
        RawIntake.objects.filter(pk=newest.pk).update(again_at=now, times=F("times") + 1)
        return newest
    kept: RawIntake = RawIntake.objects.create(
        link=link, feed=feed, raw=raw, sha256=digest, received_at=now, again_at=now
    )
    return kept
