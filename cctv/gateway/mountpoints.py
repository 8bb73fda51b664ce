"""What Janus takes of the relays: a mountpoint for each port, named by it and marked by the key."""

import hashlib
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from cctv.gateway.janus import Line
from cctv.relay_beside import HOST, PAYLOAD_TYPE, Beside
from controlroom.errors import Unavailable

log = structlog.get_logger(__name__)

# Of the streaming plugin: no such mountpoint.
MISSING = 455
# AES_CM_128_HMAC_SHA1_80.
SUITE = 80
# Constrained baseline, which every browser that has H.264 offers; a decoder reads the real profile.
FORMAT = "profile-level-id=42e01f;packetization-mode=1"


class PortTaken(Unavailable):
    code = "webrtc_port_taken"


def taken(beside: Beside) -> PortTaken:
    return PortTaken(_("another program sits on port %(port)d") % {"port": beside.port})


@dataclass(frozen=True)
class Hand:
    """A handle of Janus's that watches nothing: for questions about mountpoints."""

    line: Line
    session: int
    handle: int

    def mount(self, beside: Beside) -> None:
        """See to it that Janus takes this relay's packets.

        A mountpoint of another relay that had the port before goes, and with it whoever watched it.
        Raises: JanusDown, PortTaken.
        """
        mark = hashlib.sha256(beside.key).hexdigest()
        found = self._ask(request="info", id=beside.port)
        if found.get("info", {}).get("description") == mark:
            return
        if found.get("error_code") != MISSING:
            self._ask(request="destroy", id=beside.port, secret=settings.JANUS_SECRET)
        made = self._ask(
            request="create", type="rtp", admin_key=settings.JANUS_SECRET, permanent=False,
            id=beside.port, description=mark, is_private=True, secret=settings.JANUS_SECRET,
            pin=settings.JANUS_SECRET, srtpsuite=SUITE, srtpcrypto=beside.key_text,
            media=[{"type": "video", "mid": "v", "codec": "h264", "pt": PAYLOAD_TYPE,
                    "fmtp": FORMAT, "port": beside.port, "iface": HOST}],
        )  # fmt: skip
        # Another process may have made it in the same moment.
        if "error_code" in made and self._ask(request="info", id=beside.port).get("error_code"):
            log.error("webrtc_port_taken", port=beside.port, code=made["error_code"])
            raise taken(beside)

    def leave(self, port: int) -> None:
        """Take the mountpoint down if nobody watches it any more, in this process or another.

        Raises: JanusDown.
        """
        found = self._ask(request="info", id=port, secret=settings.JANUS_SECRET)
        if found.get("info", {}).get("viewers") == 0:
            self._ask(request="destroy", id=port, secret=settings.JANUS_SECRET)

    def _ask(self, **body: Any) -> dict[str, Any]:
        said: dict[str, Any] = self.line.ask(
            "message", session_id=self.session, handle_id=self.handle, body=body
        )
        found: dict[str, Any] = said.get("plugindata", {}).get("data", {})
        return found
