"""The line to a camera: the one place where ONVIF requests go out, and only to camera networks.

The host is resolved once and every request of a client goes to that address, whatever the camera
says of its own; nothing is followed, an answer is limited in size and time, and what is not a
well-formed SOAP document without entities is refused before anybody reads it.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.utils.translation import gettext as _
from onveef import OnvifClient, OnvifCredentials, OnvifEndpoint, envelopes, parsers
from onveef.exceptions import (
    OnvifAuthError,
    OnvifCapabilityMissingError,
    OnvifError,
    OnvifOperationNotSupportedError,
    OnvifTimeoutError,
)

from cctv import addresses
from cctv.addresses import Address, BadAddress
from controlroom.errors import DomainError, Invalid, Unavailable

TIMEOUT_S = 4.0
# From the first byte sent to the last received; a long poll adds what it waits for.
WHOLE_S = 8.0
MOST_BYTES = 1_000_000
DEVICE_PATH = "/onvif/device_service"
PULL = "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest"
_ENVELOPES = (
    "{http://www.w3.org/2003/05/soap-envelope}Envelope",
    "{http://schemas.xmlsoap.org/soap/envelope/}Envelope",
)


class LineRefused(Invalid):
    """The address may not be spoken to."""

    code = "camera_address_refused"


class CameraSilent(Unavailable):
    """The camera does not answer, or not in time."""

    code = "camera_silent"


class CameraRefuses(Unavailable):
    """The camera does not accept who we are."""

    code = "camera_refuses_sign_in"


class CameraOdd(Unavailable):
    """The camera answers with what is no proper answer; the text says how."""

    code = "camera_answers_wrongly"


class CameraCannot(Unavailable):
    """The camera does not offer this, or refuses to do it now."""

    code = "camera_cannot"


@dataclass(frozen=True)
class Access:
    """Where a camera is spoken to, and as whom. Kept encrypted, shown and logged nowhere."""

    url: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    # By service; whatever host the camera names, the line goes to the address above.
    services: dict[str, str] = field(default_factory=dict, repr=False)
    clock_offset_s: float = 0.0


def check(url: str) -> Address:
    """Check where a camera would be spoken to, without the network.

    Raises: LineRefused; its text names the rule and no part of the address.
    """
    if not settings.CAMERA_NETWORKS:
        raise LineRefused(
            _("no camera networks are named (CONTROLROOM_CAMERA_NETWORKS)"),
            fields={"address": [_("cameras are only spoken to in named networks")]},
        )
    try:
        address = addresses.parse(url, plain=True)
    except BadAddress as refusal:
        raise LineRefused(
            _("this camera address is not allowed"), fields={"address": [_(str(refusal))]}
        ) from None
    if address.scheme not in {"http", "https"} or address.user:
        raise LineRefused(
            _("this camera address is not allowed"),
            fields={"address": [_("only http and https without a name in it are allowed")]},
        )
    return address


def networks() -> list[addresses.Network]:
    """Give the named camera networks."""
    return addresses.networks(settings.CAMERA_NETWORKS)


def is_camera_host(host: addresses.Host | None) -> bool:
    """Say whether this address lies in a named camera network."""
    listed = networks()
    return bool(host and listed and addresses.may_reach(host, listed))


def _pin(address: Address) -> str:
    """Resolve the host once. Raises: LineRefused when any of its addresses lies elsewhere."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        raise CameraSilent(_("the host of this camera is not known")) from None
    hosts = [addresses.literal(str(entry[4][0]).split("%", maxsplit=1)[0]) for entry in found]
    if not hosts or not all(is_camera_host(host) for host in hosts):
        raise LineRefused(
            _("this camera address is not allowed"),
            fields={"address": [_("the host is outside the camera networks")]},
        )
    return str(hosts[0])


class _Wire(httpx.BaseTransport):
    """Sends to one address only, limits what comes back, and lets only proper SOAP through."""

    def __init__(self, address: Address) -> None:
        self._address, self._pinned = address, _pin(address)
        verify: Any = True
        if address.scheme == "https" and settings.CAMERA_CA_FILE:
            verify = httpx.create_ssl_context(verify=settings.CAMERA_CA_FILE)
        self._sender = httpx.HTTPTransport(
            verify=verify, retries=0, limits=httpx.Limits(max_keepalive_connections=2)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        at = self._address
        if request.url.host != at.host or (request.url.port or at.port) != at.port:
            raise LineRefused(_("the camera names an address of another machine"))
        request.url = request.url.copy_with(host=self._pinned)
        request.headers["Accept-Encoding"] = "identity"
        request.extensions = {**request.extensions, "sni_hostname": at.host}
        read_s = float(request.extensions.get("timeout", {}).get("read") or TIMEOUT_S)
        answer = self._sender.handle_request(request)
        try:
            body = self._body(answer, time.monotonic() + WHOLE_S - TIMEOUT_S + read_s)
        finally:
            answer.close()
        if 300 <= answer.status_code < 400:
            raise CameraOdd(_("the camera sends us to another address, which is not followed"))
        if answer.status_code != 401 and answer.status_code < 500:
            _read_soap(body)
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=body, request=request
        )

    def _body(self, answer: httpx.Response, until: float) -> bytes:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise CameraOdd(_("the camera sends a packed answer"))
        body = bytearray()
        assert isinstance(answer.stream, httpx.SyncByteStream)  # noqa: S101  # of a sync transport
        for chunk in answer.stream:
            body += chunk
            if len(body) > MOST_BYTES:
                raise CameraOdd(_("the camera's answer is too long"))
            if time.monotonic() > until:
                raise CameraSilent(_("the camera takes too long to answer"))
        return bytes(body)

    def close(self) -> None:
        self._sender.close()


def _read_soap(body: bytes) -> None:
    """Raises: CameraOdd for what is no SOAP or brings entities along."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise CameraOdd(_("the camera's answer declares entities, which is not read")) from None
    except (ET.ParseError, ValueError, LookupError):
        raise CameraOdd(_("the camera's answer is no well-formed XML")) from None
    if root.tag not in _ENVELOPES:
        raise CameraOdd(_("the camera's answer is no SOAP"))


class Client(OnvifClient):
    """onveef's client over our wire; it signs by the camera's clock from the first request on."""

    def __init__(self, access: Access, *, wait_s: float = 0.0) -> None:
        """Resolve and check the address; `wait_s` is how long a pull of events may last more.

        Raises: LineRefused, CameraSilent.
        """
        self._wait_s = wait_s
        self._wire_client = httpx.Client(
            transport=_Wire(check(access.url)),
            timeout=httpx.Timeout(TIMEOUT_S, read=TIMEOUT_S + wait_s),
            trust_env=False,
            follow_redirects=False,
        )
        super().__init__(
            endpoint=OnvifEndpoint(device_xaddr=access.url, services=dict(access.services)),
            credentials=OnvifCredentials(access.user, access.password),
            timeout_s=TIMEOUT_S,
            read_timeout_s=TIMEOUT_S + wait_s,
            retries=0,
            max_response_bytes=MOST_BYTES,
            http_client=self._wire_client,
        )
        self._clock_offset_s = access.clock_offset_s
        self._clock_synced = True

    def events_pull_messages(
        self, *, subscription_url: str, timeout: str = "", message_limit: int = 100
    ) -> dict[str, Any]:
        """Wait for events as long as this client was made for.

        onveef 0.6.0 lengthens the time-out of a single request in a way that httpx 0.28 refuses
        (`httpx.Timeout(Timeout(...), read=...)` fails), so ours is that of the whole client.
        """
        answer = self._post_subscription(
            subscription_url=subscription_url,
            body=envelopes.events_pull_messages(
                timeout=timeout or f"PT{self._wait_s:.0f}S", message_limit=message_limit
            ),
            wsa_action=PULL,
            operation="PullMessages",
        )
        return parsers.parse_pull_messages(answer)

    def close(self) -> None:
        super().close()
        self._wire_client.close()


@contextmanager
def understood() -> Iterator[None]:
    """Turn what the library raises into our refusals; none repeats an address or a secret."""
    try:
        yield
    except DomainError:
        raise
    except OnvifAuthError:
        raise CameraRefuses(_("the camera does not accept this name and password")) from None
    except OnvifTimeoutError:
        raise CameraSilent(_("the camera takes too long to answer")) from None
    except (OnvifCapabilityMissingError, OnvifOperationNotSupportedError):
        raise CameraCannot(_("the camera does not offer this")) from None
    except OnvifError as error:
        if error.retryable:
            raise CameraSilent(_("the camera does not answer")) from None
        raise CameraCannot(_("the camera refuses this")) from None
    except httpx.HTTPError:
        raise CameraSilent(_("the camera does not answer")) from None


def clock_offset(client: OnvifClient) -> float:
    """Ask a camera for its time, unauthenticated, and give how far it is ahead in seconds.

    Its answer has whole seconds: half of one is added, so that the error is half a second.
    """
    before = time.time()
    with understood():
        said: Any = client.get_system_date_time().get("UTCDateTime")
    asked_at = (before + time.time()) / 2
    try:
        at = datetime(
            said["year"], said["month"], said["day"], said["hour"], said["minute"], said["second"],
            tzinfo=UTC,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise CameraOdd(_("the camera does not tell its time")) from None
    return round(at.timestamp() + 0.5 - asked_at, 1)
