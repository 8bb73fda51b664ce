"""Finding cameras by WS-Discovery, on the named camera networks and nowhere else.

A network that this machine stands in is asked by multicast from its own address there; a routed
one hears no multicast, so its addresses are asked one by one as far as their number allows.
"""

import contextlib
import ipaddress
import select
import socket
import time
import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _
from onveef.wsdiscovery import DiscoveredDevice, build_probe, parse_probe_matches

from cctv import addresses
from cctv.onvif import line
from cctv.onvif.line import LineRefused
from controlroom.errors import DomainError

GROUP, PORT = "239.255.255.250", 3702
LISTEN_S = 2.5
PROBES = 3
# A routed network larger than this is not asked address by address.
MOST_ADDRESSES = 1024
MOST_FOUND = 2000
MOST_DATAGRAM = 65_535


@dataclass(frozen=True)
class Found:
    """A device that answered; the address is where its device service is spoken to."""

    reference: str
    address: str
    name: str
    hardware: str


@dataclass
class Search:
    """What a search brought, and what was left out with its reason."""

    found: list[Found] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def search(*, listen_s: float = LISTEN_S) -> Search:
    """Ask every named camera network who is there. Blocks for `listen_s`.

    Raises: LineRefused when no network is named.
    """
    if not settings.CAMERA_NETWORKS:
        raise LineRefused(_("no camera networks are named (CONTROLROOM_CAMERA_NETWORKS)"))
    result = Search()
    seen: dict[str, Found] = {}
    with contextlib.ExitStack() as stack:
        asked = [_asking(network, result, stack) for network in line.networks()]
        sockets = {one[0]: one for one in asked if one is not None}
        until = time.monotonic() + listen_s
        for round_ in range(PROBES):
            for sender, targets in sockets.values():
                _probe(sender, targets)
            end = until - listen_s * (PROBES - 1 - round_) / PROBES
            _listen(list(sockets), end, seen, result)
    result.found = sorted(seen.values(), key=lambda one: one.address)
    return result


def _asking(
    network: addresses.Network, result: Search, stack: contextlib.ExitStack
) -> tuple[socket.socket, list[str]] | None:
    """Open what asks one network: a socket and the addresses that it sends to."""
    if isinstance(network, ipaddress.IPv6Network):
        result.refused.append(_("%(network)s: IPv6 is not searched") % {"network": network})
        return None
    own = _own_address(network)
    sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.setblocking(False)  # noqa: FBT003  # the socket's own signature
    if own is not None and own in network:
        sender.bind((str(own), 0))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(str(own)))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        return sender, [GROUP]
    if network.num_addresses > MOST_ADDRESSES:
        result.refused.append(
            _("%(network)s: too large to ask each address, and no address of ours is in it")
            % {"network": network}
        )
        return None
    return sender, [str(host) for host in network.hosts()]


def _own_address(network: ipaddress.IPv4Network) -> ipaddress.IPv4Address | None:
    """Give the address from which this machine would speak to the network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(next(iter(network.hosts()))), PORT))
        except (OSError, StopIteration):
            return None
        return ipaddress.IPv4Address(probe.getsockname()[0])


def _probe(sender: socket.socket, targets: list[str]) -> None:
    text = build_probe(message_id=f"urn:uuid:{uuid.uuid4()}").encode()
    for target in targets:
        # A full queue loses a probe; the next round asks again.
        with contextlib.suppress(OSError):
            sender.sendto(text, (target, PORT))


def _listen(
    sockets: list[socket.socket], until: float, seen: dict[str, Found], result: Search
) -> None:
    while sockets and (left := until - time.monotonic()) > 0:
        ready, _write, _other = select.select(sockets, [], [], left)
        for one in ready:
            with contextlib.suppress(OSError):
                datagram, sender = one.recvfrom(MOST_DATAGRAM)
                _take(datagram, str(sender[0]), seen, result)


def _take(datagram: bytes, sender: str, seen: dict[str, Found], result: Search) -> None:
    """Believe an answer from a camera network that names an address of the same machine."""
    if len(seen) >= MOST_FOUND or not line.is_camera_host(addresses.literal(sender)):
        return
    for device in parse_probe_matches(datagram.decode("utf-8", errors="replace")):
        key = device.endpoint_reference or sender
        if key in seen:
            continue
        address = _address_of(device, sender)
        if address is None:
            refusal = _("%(host)s: names no address of its own that may be used") % {"host": sender}
            if refusal not in result.refused:
                result.refused.append(refusal)
            continue
        seen[key] = Found(key[:200], address, device.name[:120], device.hardware[:120])


def _address_of(device: DiscoveredDevice, sender: str) -> str | None:
    for url in device.xaddrs:
        with contextlib.suppress(DomainError):
            if line.check(url).host == sender:
                return url
    return None
