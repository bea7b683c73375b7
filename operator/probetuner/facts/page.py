"""A kubelet's page, taken in piece by piece as it comes: only the lines that are wanted, and within bounds.

Whoever holds a node may answer with anything: a page without end, a line without end, or a few KiB that unpack to
gigabytes. What is beyond the bounds is not seen, which is not the same as seen not, and it is said.
"""

import re
from dataclasses import dataclass

MOST_BYTES = 16 * 1024 * 1024
"""Some 250 pods of three containers each, as far as cAdvisor tells of them."""
MOST_SAMPLES = 64 * 1024
"""Twice as many as three probes of each of these containers give; each takes some 6 us to read."""
MOST_LINE_BYTES = 4096
"""The longest lines are cAdvisor's, of some 700 bytes with a long image name."""

# A line is sought by the end of the one before: one character at the beginning of an expression is found as quickly as
# memory is read, and `^` is tried at each place.
_NO_LINE = re.compile(rb"\n[^a-zA-Z_:#\r\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was taken of a page: whole lines.

    Of its `lines` so many are `unreadable` and so many `overlong`, and were left out; `cut` says that there is more.
    """

    text: str
    lines: int = 0
    unreadable: int = 0
    overlong: int = 0
    cut: bool = False

    @property
    def problem(self) -> str | None:
        """A sentence on what was not taken, None when nothing is missing."""
        problems = []
        if self.unreadable:
            problems.append(f"{self.unreadable} of {self.lines} lines could not be read")
        if self.overlong:
            problems.append(f"{self.overlong} lines are longer than {MOST_LINE_BYTES >> 10} KiB and were left out")
        if self.cut:
            problems.append(f"it is larger than {MOST_BYTES >> 20} MiB or {MOST_SAMPLES:,} samples and was read so far")
        return "; ".join(problems) or None


class PageReader:
    """Takes the lines that begin with one of these names of families. What is kept of the rest is its number."""

    def __init__(self, families: tuple[str, ...]) -> None:
        names = b"|".join(re.escape(name.encode()) for name in families)
        self._wanted = re.compile(rb"\n((?:%s)[^\n]*)" % names)
        self._kept: list[bytes] = []
        self._bytes = 0
        self._lines = 1
        self._unreadable = 0
        self._overlong = 0
        self._samples = 0
        self._cut = False
        self._pending = b""
        self._skipping = False

    def take(self, piece: bytes) -> bool:
        """Take in what comes next; returns whether more is wanted."""
        room = MOST_BYTES - self._bytes
        self._cut = self._cut or len(piece) > room
        piece = piece[:room]
        self._bytes += len(piece)
        if self._skipping:
            _, ended, piece = piece.partition(b"\n")
            self._lines += len(ended)
            self._skipping = not ended
        behind_line = b"\n" + self._pending + piece
        end = behind_line.rfind(b"\n")
        self._pending = behind_line[end + 1 :]
        self._take_lines(behind_line[:end])
        if len(self._pending) > MOST_LINE_BYTES:
            self._overlong += self._wanted.match(b"\n" + self._pending) is not None
            self._pending, self._skipping = b"", True
        return not self._cut

    def cut(self) -> None:
        """Note that there is more, which is not to be taken in."""
        self._cut = True

    def page(self) -> Page:
        """What was taken in. A last line without its end may have lost digits, so it is not read."""
        return Page(
            text=b"".join(self._kept).decode(errors="replace"),
            lines=self._lines,
            unreadable=self._unreadable + (1 if self._pending and not self._cut else 0),
            overlong=self._overlong,
            cut=self._cut,
        )

    def _take_lines(self, lines: bytes) -> None:
        """Take in whole lines, each behind the end of the one before."""
        self._lines += lines.count(b"\n")
        self._unreadable += len(_NO_LINE.findall(lines))
        wanted: list[bytes] = self._wanted.findall(lines)
        kept = [line for line in wanted if len(line) < MOST_LINE_BYTES]
        self._overlong += len(wanted) - len(kept)
        room = MOST_SAMPLES - self._samples
        self._cut = self._cut or len(kept) > room
        self._kept.append(b"\n".join((*kept[:room], b"")))
        self._samples += len(kept[:room])


def page_of(text: str, families: tuple[str, ...]) -> Page:
    """What is to be taken of a page that is there as a whole."""
    reader = PageReader(families)
    reader.take(text.encode(errors="replace"))
    return reader.page()
