"""Read untrusted XML without following anything in it, within limits of size, depth and number."""

import re
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from linkage.cap.errors import TooLarge, Unreadable

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 40
MAX_ELEMENTS = 50_000

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
# Encodings in which markup is ASCII, so that the look for a DOCTYPE sees what the parser sees.
_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODINGS = {b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"euc-kr", b"ks_c_5601-1987"}

Element = Any


def parse(raw: bytes) -> Element:
    """Give the root element.

    Raises: TooLarge, Unreadable.
    """
    if len(raw) > MAX_BYTES:
        raise TooLarge(_("an alert may have at most %(count)s bytes") % {"count": MAX_BYTES})
    body = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not body.startswith(b"<"):
        raise Unreadable(_("the body is not XML"))
    if _DOCTYPE.search(body):
        raise Unreadable(_("a document type declaration is refused"))
    declared = _ENCODING.match(body)
    if b"\x00" in body or (declared and declared[1].lower() not in _ENCODINGS):
        raise Unreadable(_("only UTF-8, ISO-8859-1 and EUC-KR are read"))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        where = getattr(error, "lineno", 0) or 0
        raise Unreadable(
            _("the body is not well-formed XML"), fields={f"line {where}": ["xml"]}
        ) from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable(_("a document type declaration is refused"))
    _check_limits(root)
    return root


def _check_limits(root: Element) -> None:
    """Walk once, counting; the parser itself ends at 256 levels."""
    count = depth = 0
    for action, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if action == "start" else -1
        count += action == "start"
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise Unreadable(_("the document is nested too deep or has too many elements"))


def name_of(element: Element) -> str:
    return str(etree.QName(element).localname)


def namespace_of(element: Element) -> str:
    return str(etree.QName(element).namespace or "")


def without_signatures(alert: Element) -> Element:
    """Copy an alert without its signatures and with nothing around it: schemas know no place."""
    copied = etree.fromstring(etree.tostring(alert, with_tail=False))
    for signature in list(copied.iter(SIGNATURE)):
        parent = signature.getparent()
        if parent is not None:
            parent.remove(signature)
    return copied


def is_signed(alert: Element) -> bool:
    return next(alert.iter(SIGNATURE), None) is not None
