"""Verbs of mutual TLS: give a link its certificates, use them in pushing, ask for the agency's.

Source: RFC 8705 section 3 (a certificate is known by its SHA-256 fingerprint).
"""

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.audit import chain
from controlroom.errors import Invalid
from controlroom.sealing import seal, unseal
from linkage.errors import CertificateRequired
from linkage.models import Link
from linkage.models_tls import FINGERPRINT, LinkTls
from linkage.transport import Identity

CERTIFICATE, VERIFIED = "X-Client-Cert", "X-Client-Verify"
# The peer of a socket in the file system has no address.
UNIX = "unix"


@transaction.atomic
def register(
    *,
    link: Link,
    certificate: str = "",
    key: str = "",
    authorities: str = "",
    fingerprints: Iterable[str] = (),
    by: Any = None,
) -> LinkTls:
    """Set what a link's mutual TLS asks for; without a key the present one of the same
    certificate stays.

    Raises: Invalid when certificate and key do not belong together, or one cannot be read.
    """
    row: LinkTls
    row, _made = LinkTls.objects.select_for_update().get_or_create(link=link)
    key = key.strip() or key_of(row)
    named = [plain(one) for one in fingerprints]
    expires_at = validate(
        certificate=certificate, key=key, authorities=authorities, fingerprints=named
    )
    row.certificate, row.authorities = certificate.strip(), authorities.strip()
    row.key = seal(key) if certificate.strip() else None
    row.fingerprints, row.expires_at = named, expires_at
    row.save()
    chain.record(
        action="link.tls_changed",
        subject_kind="link",
        subject_id=link.code,
        municipality_id=link.municipality_id,
        actor_id=by.pk if by else None,
        detail={"fingerprints": named, "pushes_with_certificate": bool(row.certificate)},
    )
    return row


def key_of(row: LinkTls) -> str:
    return unseal(row.key) if row.key else ""


def validate(
    *, certificate: str, key: str, authorities: str, fingerprints: Iterable[str]
) -> datetime | None:
    """Give the end of our certificate, when all of this can be used together.

    Raises: Invalid.
    """
    expires_at = _checked(certificate, key)
    _authorities(authorities)
    if not all(FINGERPRINT.match(plain(one)) for one in fingerprints):
        raise _wrong("fingerprints", _("write SHA-256 fingerprints of 64 hexadecimal digits"))
    return expires_at


def _checked(certificate: str, key: str) -> datetime | None:
    """Give the end of the certificate, that is in force and belongs to the key."""
    if not certificate.strip():
        return None
    try:
        own = x509.load_pem_x509_certificates(certificate.encode())[0]
    except ValueError as error:
        raise _wrong("certificate", _("is no certificate in PEM")) from error
    if not key:
        raise _wrong("key", _("the certificate needs its key"))
    try:
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise _wrong("key", _("is no private key in PEM without a password")) from error
    if _public(private.public_key()) != _public(own.public_key()):
        raise _wrong("key", _("is not the key of this certificate"))
    if own.not_valid_after_utc <= timezone.now():
        raise _wrong("certificate", _("has ended"))
    return own.not_valid_after_utc


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _authorities(text: str) -> None:
    if not text.strip():
        return
    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise _wrong("authorities", _("is no certificate in PEM")) from error


def _wrong(field: str, reason: str) -> Invalid:
    return Invalid(_("the certificates cannot be used"), fields={field: [reason]})


def identity_of(link: Link) -> Identity | None:
    """Give what a push on this link shows and trusts; None: nothing of its own."""
    row: LinkTls | None = getattr(link, "tls", None)
    if row is None or not (row.certificate or row.authorities):
        return None
    key = unseal(row.key) if row.key else ""
    return Identity(certificate=row.certificate, key=key, authorities=row.authorities)


def check(*, link: Link, request: HttpRequest) -> None:
    """Let a request on the link pass only with one of the agency's certificates, if it names any.

    Raises: CertificateRequired.
    """
    row: LinkTls | None = getattr(link, "tls", None)
    if row is None or not row.fingerprints:
        return
    if shown(request) not in row.fingerprints:
        raise CertificateRequired(_("this link asks for the agency's client certificate"))


def shown(request: HttpRequest) -> str | None:
    """Give the fingerprint of the certificate that a trusted proxy has verified; None: none."""
    if not _from_proxy(request.META.get("REMOTE_ADDR", "")):
        return None
    if request.headers.get(VERIFIED) != "SUCCESS":
        return None
    return fingerprint_of(request.headers.get(CERTIFICATE, ""))


def _from_proxy(address: str) -> bool:
    if not address:
        return UNIX in settings.CERTIFICATE_PROXIES
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    networks = [ipaddress.ip_network(one) for one in settings.CERTIFICATE_PROXIES if one != UNIX]
    return any(peer in network for network in networks)


def fingerprint_of(said: str) -> str | None:
    """Read a fingerprint, or the certificate itself as nginx escapes it."""
    named = plain(said)
    if FINGERPRINT.match(named):
        return named
    try:
        certificate = x509.load_pem_x509_certificate(unquote(said).encode())
    except ValueError:
        return None
    return certificate.fingerprint(hashes.SHA256()).hex()


def plain(fingerprint: str) -> str:
    """Write a fingerprint as we keep it: without colons and blanks, in small letters."""
    return re.sub(r"[:\s]", "", fingerprint).removeprefix("sha256").lower()
