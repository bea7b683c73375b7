"""A kubelet's page off the wire: unpacked piece by piece, so that a few KiB never become gigabytes at once."""

import zlib
from collections.abc import Iterator

from probetuner.facts.page import MOST_BYTES, Page, PageReader

CHUNK_BYTES = 64 * 1024

_GZIP = 16 + zlib.MAX_WBITS


class UnpackError(Exception):
    """A page cannot be unpacked; the text says why."""


class PageIntake:
    """Takes a page as it comes, in this Content-Encoding. It may take a second of computing and does no I/O."""

    def __init__(self, encoding: str | None, families: tuple[str, ...]) -> None:
        """Raise UnpackError for an encoding that was not asked for."""
        if encoding not in (None, "", "identity", "gzip"):
            raise UnpackError(f"it comes as {encoding[:40]!r}, which was not asked for")
        self._inflate = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        self._reader = PageReader(families)
        self._wire_bytes = 0

    def take(self, data: bytes) -> bool:
        """Take in what came next over the wire; returns whether more is wanted. Raises UnpackError."""
        self._wire_bytes += len(data)
        if self._wire_bytes > MOST_BYTES:  # packed data may also unpack to nothing, for ever
            self._reader.cut()
            return False
        return all(self._reader.take(piece) for piece in self._unpacked(data))

    def page(self, *, whole: bool) -> Page:
        """What was taken; `whole` says that the answer came to its end. Raises UnpackError."""
        if whole and self._inflate is not None and not self._inflate.eof:
            raise UnpackError("it ends early")
        return self._reader.page()

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            yield data
            return
        while data and not self._inflate.eof:
            try:
                yield self._inflate.decompress(data, CHUNK_BYTES)
            except zlib.error as problem:
                raise UnpackError(str(problem)) from None
            data = self._inflate.unconsumed_tail
