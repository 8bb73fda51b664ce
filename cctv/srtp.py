"""SRTP for one sender on this machine, by libsrtp, which Janus uses as well.

The roll-over counter stays zero: whoever begins to listen in the middle could not know another.
When the sequence numbers begin again, so does the stream, under a new SSRC.
Source: RFC 3711, sections 3.2.1 and 3.3.1.
"""

import secrets

from pylibsrtp import Policy, Session

# The master key of 16 bytes, then the master salt of 14.
MASTER_BYTES = 30
TAG_BYTES = 10
HEADER_BYTES = 12


class Protection:
    """Makes SRTP of the RTP packets of one sender, which come in order."""

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_BYTES:
            raise ValueError("a master key and salt of 30 bytes are needed")
        self._policy = Policy(
            key=master,
            ssrc_type=Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        )
        self._came_from = b""
        self._last = 0
        self._ssrc = b""

    def protect(self, packet: bytes) -> bytes:
        """Encrypt what follows the header, and sign it all. Packets have the plain header."""
        number = int.from_bytes(packet[2:4])
        if packet[8:12] != self._came_from or number <= self._last:
            self._ssrc = secrets.token_bytes(4)
            self._session = Session(self._policy)
        self._came_from, self._last = packet[8:12], number
        said: bytes = self._session.protect(packet[:8] + self._ssrc + packet[HEADER_BYTES:])
        return said
