"""Reading the few metric families that we need out of a kubelet's exposition text.

Not prometheus_client's parser: it raises at the first line that it cannot read, and the rest of the scrape is lost; and
it makes objects of all lines, of which few are about pods that are served.
"""

import math
import re
from collections.abc import Container, Iterator
from dataclasses import replace
from typing import NamedTuple

from probetuner.facts.fact import LATENCY_BOUNDS_SECONDS
from probetuner.facts.page import page_of


class Sample(NamedTuple):
    """One sample; `at` is its own time stamp in epoch seconds, where it has one that can be."""

    family: str
    labels: dict[str, str]
    value: float
    at: float | None = None


class Buckets(NamedTuple):
    """The samples of a histogram of probes' durations that follow each other: how many were within each bound.

    They are in the order of `LATENCY_BOUNDS_SECONDS`, and all of them last.
    """

    labels: dict[str, str]
    counts: tuple[float, ...]


_MOST = 2.0**53
"""Beyond it a float does not hold every whole number, and nothing that we read is counted up to there."""

_SERIES = re.compile(r'[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})?')
_NUMBERS = re.compile(r"[ \t]+(\S{1,40})(?:[ \t]+(-?\d{1,16}))?[ \t]*")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')

_DURATIONS = "prober_probe_duration_seconds_bucket"


def _bucket(labels: str, bound: str) -> str:
    return rf'{_DURATIONS}\{{{labels}le="{re.escape(bound)}"\}} ([\d.e+]{{1,24}})\n'


_FIRST, *_OTHERS = (*(f"{bound:g}" for bound in LATENCY_BOUNDS_SECONDS), "+Inf")
# Nine lines of ten are such buckets, which name the same labels twelve times. What is written otherwise is read line by
# line, with the same result.
_PART = re.compile(
    _bucket(r'((?:[a-zA-Z_]\w*="[^"\\\n]*",)+)', _FIRST)
    + "".join(_bucket(r"\1", bound) for bound in _OTHERS)
    + r"|([^\n]+)\n?|\n"
)
_LINE_GROUP = 2 + len((_FIRST, *_OTHERS))


class Scan:
    """The samples of these families that are about these pods (namespace and pod label), or about no pod at all.

    They are given out one by one: a page may hold as many of them as it has lines. Lines that cannot be read are
    counted and left out. Escapes in label values stay as they are: the names that are looked for have none.
    """

    def __init__(self, text: str, *, families: tuple[str, ...], pods: Container[tuple[str, str]]) -> None:
        self._page = page_of(text, families)
        self._openings = tuple(opening for family in families for opening in (f"{family}{{", f"{family} "))
        self._pods = pods
        self._unreadable = 0
        self._layouts: dict[tuple[str, ...], tuple[str, tuple[str, ...]] | None] = {}

    def samples(self) -> Iterator[Sample | Buckets]:
        """The samples, in the order of the page."""
        for found in _PART.finditer(self._page.text):
            line = found[_LINE_GROUP]
            if line is None:
                yield from self._of_buckets(found)
            elif line.startswith(self._openings):
                yield from self._of_line(line)

    @property
    def problem(self) -> str | None:
        """A sentence on what could not be read; complete once all samples were given out."""
        return replace(self._page, unreadable=self._page.unreadable + self._unreadable).problem

    def _of_buckets(self, found: re.Match[str]) -> Iterator[Sample | Buckets]:
        opening, *texts = found.groups()[:-1]
        if opening is None or not f"{_DURATIONS}{{".startswith(self._openings):
            return
        labels = dict(_LABEL.findall(opening))
        counts = _counts(texts)
        if counts is not None and "le" not in labels:
            if self._is_wanted(labels):
                yield Buckets(labels, counts)
            return
        for line in found[0].split("\n")[:-1]:
            yield from self._of_line(line)

    def _of_line(self, line: str) -> Iterator[Sample]:
        sample = self._sample(line.rstrip("\r"))
        if sample is None:
            self._unreadable += 1
        elif self._is_wanted(sample.labels):
            yield sample

    def _is_wanted(self, labels: dict[str, str]) -> bool:
        pod = labels.get("pod")
        return pod is None or (labels.get("namespace", ""), pod) in self._pods

    def _sample(self, line: str) -> Sample | None:
        """Read a line. Those of a family differ in nothing but what stands in quotes, so the rest is read once."""
        *parts, end = line.split('"')
        layout = tuple(parts[::2])
        if layout not in self._layouts:
            self._layouts[layout] = _layout(layout)
        known = self._layouts[layout]
        closing, _, numbers = end.partition("}")
        if known is None or closing or "\\" in line or len(parts) % 2:
            return _written_freely(line)
        family, names = known
        return _with_numbers(family, dict(zip(names, parts[1::2], strict=True)), numbers)


def _layout(between: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """The family and the names of labels of a line with this between its quotes; None where it has none, or is odd."""
    empty = '""'.join((*between, "}"))
    if not between or not _SERIES.fullmatch(empty):
        return None
    return empty.partition("{")[0], tuple(name for name, _ in _LABEL.findall(empty))


def _written_freely(line: str) -> Sample | None:
    found = _SERIES.match(line)
    if found is None:
        return None
    return _with_numbers(re.split(r"[{ \t]", line, maxsplit=1)[0], dict(_LABEL.findall(found[0])), line[found.end() :])


def _with_numbers(family: str, labels: dict[str, str], numbers: str) -> Sample | None:
    found = _NUMBERS.fullmatch(numbers)
    if not found:
        return None
    value = _count(found[1])
    if value is None:
        return None
    return Sample(family, labels, value, int(found[2]) / 1000 if found[2] and int(found[2]) > 0 else None)


def _counts(texts: list[str]) -> tuple[float, ...] | None:
    """Each text as a number, None if one is none; many are the same, and are kept as one."""
    counts: list[float] = []
    before, same = "", 0.0
    for text in texts:
        if text != before:
            value = _count(text)
            if value is None:
                return None
            before, same = text, value
        counts.append(same)
    return tuple(counts)


def _count(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= _MOST else None
