"""What a camera's address may look like and where it may lead: pure, no Django, no network.

The grammar is narrower than RFC 3986 on purpose: the address becomes one quoted line of an ffmpeg
script, so nothing that could end the quote, the line or the host may stand in it. No message here
repeats any part of the address.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

MAX_LENGTH = 500
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "https": 443, "http": 80}

_URL = re.compile(
    r"(?P<scheme>rtsps?|https?)://"
    r"(?:(?P<user>[A-Za-z0-9._~!$&()*+,;=%-]+)(?::(?P<password>[A-Za-z0-9._~!$&()*+,;=:%-]*))?@)?"
    r"(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&()*+,;=:%/-]*)?"
    r"(?P<query>\?[A-Za-z0-9._~!$&()*+,;=:%/?-]*)?"
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# ffmpeg reads these out of an RTSP address as its own options.
_RTSP_OPTIONS = frozenset({"udp", "tcp", "multicast", "http", "https", "listen"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Host = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(ValueError):
    """The address is refused; the message is a msgid and names no part of the address."""


@dataclass(frozen=True)
class Address:
    """A checked address. Only scheme and port may be shown."""

    scheme: str
    host: str = field(repr=False)
    port: int
    user: str = field(repr=False)
    password: str = field(repr=False)
    tail: str = field(repr=False)

    def url(self, host: str | None = None) -> str:
        """Give the whole address, with its secret, for the relay alone."""
        name = host or self.host
        secret = f"{self.user}:{self.password}@" if self.user else ""
        return (
            f"{self.scheme}://{secret}{f'[{name}]' if ':' in name else name}:{self.port}{self.tail}"
        )

    @property
    def authority(self) -> str:
        """Name the host as a request to it does."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://…"


def _check_text(text: str) -> None:
    if not text or len(text) > MAX_LENGTH:
        raise BadAddress("the address is empty or too long")
    if _BROKEN_ESCAPE.search(text):
        raise BadAddress("a percent sign starts no valid escape")
    if any(byte < 0x20 or byte == 0x7F for byte in unquote_to_bytes(text)):
        raise BadAddress("control characters are not allowed")


def literal(host: str) -> Host | None:
    """Give the IP address that this host is written as, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check_host(host: str) -> None:
    if literal(host):
        return
    labels = host.removesuffix(".").split(".")
    if ":" in host or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadAddress("the host is not valid")
    # 2130706433, 0x7f.1 and 017700000001 are addresses to some resolvers.
    if _NUMERIC.fullmatch(labels[-1]):
        raise BadAddress("the host is not valid")


def parse(text: str, *, plain: bool = False) -> Address:
    """Check an address and take it apart; unencrypted HTTP only where `plain` says so.

    Raises: BadAddress, which never repeats what was given.
    """
    _check_text(text)
    found = _URL.fullmatch(text)
    if not found or (found["scheme"] == "http" and not plain):
        raise BadAddress("only rtsp, rtsps and https addresses of a host are allowed")
    host = found["host"].strip("[]").lower()
    _check_host(host)
    port = int(found["port"] or DEFAULT_PORTS[found["scheme"]])
    if not 0 < port < 65536:
        raise BadAddress("the port is not valid")
    query = found["query"] or ""
    if found["scheme"].startswith("rtsp") and _RTSP_OPTIONS & set(re.split("[?&]", query.lower())):
        raise BadAddress("options of the player are not allowed in the address")
    return Address(
        scheme=found["scheme"],
        host=host,
        port=port,
        user=found["user"] or "",
        password=found["password"] or "",
        tail=(found["path"] or "/") + query,
    )


def networks(items: Sequence[str]) -> list[Network]:
    return [ipaddress.ip_network(item) for item in items]


def may_reach(address: Host, allowed: Sequence[Network]) -> bool:
    """Say whether a camera may live at this address.

    With networks listed, only there; without, anywhere but this machine and its link.
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if allowed:
        return any(address.version == network.version and address in network for network in allowed)
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or (isinstance(address, ipaddress.IPv6Address) and _tunnelled(address))
    )


def _tunnelled(address: ipaddress.IPv6Address) -> bool:
    """6to4, Teredo and NAT64 carry an IPv4 address that the rules above would not see."""
    return bool(
        address.sixtofour
        or address.teredo
        or address in ipaddress.IPv6Network("64:ff9b::/96")
        or address in ipaddress.IPv6Network("::/96")
    )
