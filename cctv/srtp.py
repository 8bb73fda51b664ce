"""SRTP for one sender on this machine: AES-128 in counter mode, HMAC-SHA1 of 80 bits. Pure.

The roll-over counter is always zero: whoever begins to listen in the middle could not know another.
When the sequence numbers begin again, so does the stream, under a new SSRC.
Source: RFC 3711, sections 3 to 5, and its test vectors (appendix B).
"""

import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

# What is shared: the master key, then the master salt.
KEY_BYTES, SALT_BYTES = 16, 14
MASTER_BYTES = KEY_BYTES + SALT_BYTES
TAG_BYTES = 10
HEADER_BYTES = 12
_ENCRYPTION, _AUTHENTICATION, _SALTING = 0, 1, 2
_NO_ROLL_OVER = b"\0\0\0\0"


def derived(master: bytes, label: int, length: int) -> bytes:
    """Derive a session key; the derivation rate is zero."""
    salt = int.from_bytes(master[KEY_BYTES:]) ^ (label << 48)
    start = (salt << 16).to_bytes(16)
    return _counter(master[:KEY_BYTES], start, bytes(length))


def _counter(key: bytes, start: bytes, text: bytes) -> bytes:
    return Cipher(AES(key), CTR(start)).encryptor().update(text)


class Protection:
    """Makes SRTP of the RTP packets of one sender, which come in order."""

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_BYTES:
            raise ValueError("a master key and salt of 30 bytes are needed")
        self._key = derived(master, _ENCRYPTION, 16)
        self._tagging = derived(master, _AUTHENTICATION, 20)
        self._salt = int.from_bytes(derived(master, _SALTING, SALT_BYTES)) << 16
        self._came_from = b""
        self._last = 0
        self._ssrc = 0

    def protect(self, packet: bytes) -> bytes:
        """Encrypt what follows the header, and sign it all. Packets have the plain header."""
        number = int.from_bytes(packet[2:4])
        if packet[8:12] != self._came_from or number <= self._last:
            self._ssrc = secrets.randbits(32)
        self._came_from, self._last = packet[8:12], number
        start = self._salt ^ (self._ssrc << 64) ^ (number << 16)
        header = packet[:8] + struct.pack("!I", self._ssrc)
        said = header + _counter(self._key, start.to_bytes(16), packet[HEADER_BYTES:])
        return said + hmac.digest(self._tagging, said + _NO_ROLL_OVER, "sha1")[:TAG_BYTES]
