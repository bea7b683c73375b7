"""A text packed into a smaller one of letters and digits, as etcd and JSON take it: zlib, then base64.

A history repeats its words and times, and packs to about a sixth (`docs/architecture.md` has the figures).
"""

import base64
import binascii
import zlib

_LEVEL = 9
"""The smallest: packing 64 KiB takes milliseconds, and what is saved is kept for long."""

_MOST_BYTES = 1024 * 1024
"""Of what comes out: sixteen times the largest history. Some hundred bytes may stand for gigabytes."""


class PackingError(ValueError):
    """It is not what `pack` makes, or is more than a history can be."""


def pack(content: bytes) -> str:
    """Make the text smaller."""
    return base64.b64encode(zlib.compress(content, _LEVEL)).decode()


def unpack(packed: str) -> bytes:
    """Return what was packed. Raises PackingError."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(base64.b64decode(packed, validate=True), _MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error) as problem:
        raise PackingError(f"it cannot be unpacked ({problem})") from None
    if not inflater.eof:
        raise PackingError("it cannot be unpacked (it is cut off, or too large)")
    return content
