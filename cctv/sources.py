"""Where a camera's picture comes from: kept encrypted, checked, never shown or logged."""

import socket
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.dispatch import Signal
from django.utils.translation import gettext as _

from cctv import addresses
from cctv.addresses import Address, BadAddress
from cctv.choices import Quality, SourceKind
from cctv.models import Camera
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import Invalid, Unavailable
from controlroom.sealing import seal, unseal

SYNTHETIC = "synthetic:"

# Sent after commit with camera_id when a source was set or taken away.
source_changed = Signal()
# Sent with camera_id by a relay that begins. The room that knows the other operator answers with
# an Asked, or raises why there is none. It may take as long as the operator does.
address_asked = Signal()


class SourceRefused(Invalid):
    code = "camera_address_refused"


class SourceMissing(Unavailable):
    code = "camera_not_connected"


@dataclass(frozen=True)
class Source:
    """What the relay opens. Synthetic pictures have no address."""

    kind: str
    name: str
    seed: int = 0
    is_small: bool = False
    address: Address | None = field(default=None, repr=False)
    # Let in wherever it lives: whoever registered the operator said so.
    is_trusted: bool = False


@dataclass(frozen=True)
class Asked:
    """Another operator's address of this moment; kept nowhere."""

    url: str = field(repr=False)
    is_trusted: bool = False


def check(url: str, *, is_asked: bool = False, is_trusted: bool = False) -> Address:
    """Check an address as far as that goes without the network.

    Raises: SourceRefused; its text names the rule and no part of the address.
    """
    try:
        address = addresses.parse(url, plain=is_asked)
    except BadAddress as refusal:
        raise SourceRefused(
            _("this camera address is not allowed"), fields={"url": [_(str(refusal))]}
        ) from None
    host = addresses.literal(address.host)
    if host and not _may_reach(host, is_asked=is_asked, is_trusted=is_trusted):
        raise SourceRefused(
            _("this camera address is not allowed"),
            fields={"url": [_("the host is outside the camera networks")]},
        )
    return address


def set_source(camera: Camera, url: str, *, by: User | None = None) -> Camera:
    """Keep a camera's address encrypted; "synthetic:" is the moving test picture, "" is none.

    A sub stream stays beside another address, and goes where there is none.
    Locks: the camera row.
    Emits: source_changed, after commit.
    Raises: SourceRefused.
    """
    secret = None
    if url == SYNTHETIC:
        kind = SourceKind.SYNTHETIC
    elif url:
        check(url)
        kind, secret = SourceKind.STREAM, seal(url)
    else:
        kind = SourceKind.NONE
    with transaction.atomic():
        camera = Camera.objects.select_for_update().get(pk=camera.pk)
        camera.source_kind, camera.source_secret = kind, secret
        if kind != SourceKind.STREAM:
            camera.sub_secret = None
        camera.save(update_fields=["source_kind", "source_secret", "sub_secret"])
        _note_set(camera, by, kind=str(kind))
    return camera


def set_sub_source(camera: Camera, url: str, *, by: User | None = None) -> Camera:
    """Keep the address of a camera's own smaller stream encrypted; "" takes it away.

    Locks: the camera row.
    Emits: source_changed, after commit.
    Raises: SourceRefused, also where the main stream has no address.
    """
    if url:
        check(url)
    with transaction.atomic():
        camera = Camera.objects.select_for_update().get(pk=camera.pk)
        if url and camera.source_kind != SourceKind.STREAM:
            raise SourceRefused(
                _("this camera address is not allowed"),
                fields={"url": [_("a sub stream needs a main stream with an address")]},
            )
        camera.sub_secret = seal(url) if url else None
        camera.save(update_fields=["sub_secret"])
        _note_set(camera, by, sub=bool(url))
    return camera


def _note_set(camera: Camera, by: User | None, **detail: Any) -> None:
    chain.record(
        action="camera.source_set",
        subject_kind="camera",
        subject_id=camera.pk,
        municipality_id=camera.municipality_id,
        actor_id=by.pk if by else None,
        agent="" if by else "cctv.sources",
        detail=detail,
    )
    transaction.on_commit(
        lambda: source_changed.send_robust(sender=Camera, camera_id=camera.pk), robust=True
    )


def _may_reach(host: addresses.Host, *, is_asked: bool, is_trusted: bool) -> bool:
    """Say whether a camera may live there: ours in the camera networks, another operator's outside
    of them in public, unless who registered that operator allowed a private address."""
    if not is_asked:
        return addresses.may_reach(host, addresses.networks(settings.CAMERA_NETWORKS))
    if is_trusted:
        return not (host.is_unspecified or host.is_multicast or host.is_link_local)
    return host.is_global and addresses.may_reach(host, [])


def source_at_hand(camera: Camera, quality: Quality = Quality.MAIN) -> Source | None:
    """Give what is known without asking anybody; None: the relay must ask when it begins.

    Raises: SourceMissing.
    """
    return None if camera.source_kind == SourceKind.ASKED else source_of(camera, quality)


def source_of(camera: Camera, quality: Quality = Quality.MAIN) -> Source:
    """Open the secret of a camera for the relay, or ask its operator for the address of now.

    Raises: SourceMissing when the camera has no such stream or no key opens its secret; Unavailable
    when its operator does not answer; SourceRefused for an address that may not be opened.
    """
    is_small = quality == Quality.SUB
    if camera.source_kind == SourceKind.SYNTHETIC:
        return Source(SourceKind.SYNTHETIC, str(camera), seed=camera.pk, is_small=is_small)
    if camera.source_kind == SourceKind.ASKED and not is_small:
        return _asked(camera)
    secret = camera.sub_secret if is_small else camera.source_secret
    if camera.source_kind != SourceKind.STREAM or not secret:
        raise SourceMissing(_("this camera is not connected"))
    try:
        url = unseal(secret)
    except Unavailable:
        raise SourceMissing(_("no key opens the address of this camera")) from None
    return Source(kind=SourceKind.STREAM, name=str(camera), address=check(url))


def _asked(camera: Camera) -> Source:
    answers: list[tuple[Any, Any]] = address_asked.send(sender=Camera, camera_id=camera.pk)
    found = next((answer for _receiver, answer in answers if isinstance(answer, Asked)), None)
    if found is None:
        raise SourceMissing(_("this camera is not connected"))
    address = check(found.url, is_asked=True, is_trusted=found.is_trusted)
    return Source(
        kind=SourceKind.ASKED, name=str(camera), address=address, is_trusted=found.is_trusted
    )


def pinned_host(source: Source) -> str:
    """Resolve the host once and give the address to connect to.

    Raises: SourceMissing; SourceRefused when any of its addresses lies where no camera may.
    """
    address = source.address
    assert address is not None  # noqa: S101  # only pictures from the network are opened
    is_asked = source.kind == SourceKind.ASKED
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        raise SourceMissing(_("the host of this camera is not known")) from None
    hosts = [addresses.literal(str(entry[4][0]).split("%", maxsplit=1)[0]) for entry in found]
    if not hosts or not all(
        host and _may_reach(host, is_asked=is_asked, is_trusted=source.is_trusted) for host in hosts
    ):
        raise SourceRefused(_("the host is outside the camera networks"))
    return str(hosts[0])


def pinned_url(source: Source) -> str:
    """Give the address that is opened, its host resolved once and checked.

    A name behind TLS stays a name: its certificate proves the host, which an address could not.
    Raises: SourceMissing, SourceRefused.
    """
    host = pinned_host(source)
    address = source.address
    assert address is not None  # noqa: S101  # pinned_host has looked
    return address.url(host if address.scheme in {"rtsp", "http"} else None)
