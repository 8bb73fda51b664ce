"""How the simulated camera knows who asks: WS-UsernameToken digest and HTTP digest."""

import base64
import hashlib
import re
import secrets
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from cctv.onvif.simulator.camera import Camera

# A token older or newer than this by the camera's own clock is refused.
TOKEN_S = 5.0
REALM = "onvif"
_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class SignIn:
    """Accepts "wsse", "http" or "either"; each token and nonce counts once."""

    def __init__(self, camera: Camera, way: str = "either") -> None:
        self.camera, self.way = camera, way
        self.nonce = secrets.token_hex(16)
        self._used: set[str] = set()

    def admits(self, envelope: ET.Element, authorization: str, method: str) -> bool:
        if self.camera.faults.unauthorized:
            return False
        if self.way != "http" and self._token_is_good(envelope):
            return True
        return self.way != "wsse" and self._digest_is_good(authorization, method)

    @property
    def challenge(self) -> str:
        return f'Digest realm="{REALM}", qop="auth", nonce="{self.nonce}", algorithm=MD5'

    def _token_is_good(self, envelope: ET.Element) -> bool:
        token = envelope.find(f".//{_WSSE}UsernameToken")
        if token is None:
            return False
        said = {part.tag.rpartition("}")[2]: (part.text or "").strip() for part in token}
        try:
            nonce = base64.b64decode(said["Nonce"], validate=True)
            created = datetime.fromisoformat(said["Created"])
        except (KeyError, ValueError):
            return False
        if created.tzinfo is None:
            created = created.replace(tzinfo=UTC)
        if abs((self.camera.now() - created).total_seconds()) > TOKEN_S:
            return False
        wanted = hashlib.sha1(  # noqa: S324  # what the standard prescribes
            nonce + said["Created"].encode() + self.camera.password.encode()
        ).digest()
        good = said.get("Username") == self.camera.user and secrets.compare_digest(
            said.get("Password", ""), base64.b64encode(wanted).decode()
        )
        if not good or said["Nonce"] in self._used:
            return False
        self._used.add(said["Nonce"])
        return True

    def _digest_is_good(self, authorization: str, method: str) -> bool:
        if not authorization.startswith("Digest "):
            return False
        said = {name: quoted or plain for name, quoted, plain in _FIELD.findall(authorization)}
        if said.get("username") != self.camera.user or said.get("nonce") != self.nonce:
            return False
        once = f"{said.get('cnonce')}:{said.get('nc')}"
        first = _md5(f"{self.camera.user}:{REALM}:{self.camera.password}")
        second = _md5(f"{method}:{said.get('uri', '')}")
        middle = f"{self.nonce}:{said.get('nc')}:{said.get('cnonce')}:{said.get('qop')}"
        if once in self._used or _md5(f"{first}:{middle}:{second}") != said.get("response"):
            return False
        self._used.add(once)
        return True


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  # what RFC 7616 still allows
