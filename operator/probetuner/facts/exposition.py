"""Reading the few metric families that we need out of a kubelet's exposition text.

Not prometheus_client's parser: it raises at the first line that it cannot read, and the rest of the scrape is lost.
"""

import math
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from probetuner.facts.page import page_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample; `at` is its own time stamp in epoch seconds, where it has one that can be."""

    family: str
    labels: dict[str, str]
    value: float
    at: float | None = None


_MOST = 2.0**53
"""Beyond it a float does not hold every whole number, and nothing that we read is counted up to there."""

_LINES = re.compile(r"[^\n]+")
_LINE = re.compile(
    r'[a-zA-Z_:][\w:]*(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*)\})?[ \t]+(\S{1,40})(?:[ \t]+(-?\d{1,16}))?[ \t]*'
)
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


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

    def samples(self) -> Iterator[Sample]:
        """The samples, in the order of the page."""
        for found in _LINES.finditer(self._page.text):
            line = found[0]
            if not line.startswith(self._openings):
                continue
            sample = _sample(line)
            if sample is None:
                self._unreadable += 1
            elif _wanted(sample, self._pods):
                yield sample

    @property
    def problem(self) -> str | None:
        """A sentence on what could not be read; complete once all samples were given out."""
        return replace(self._page, unreadable=self._page.unreadable + self._unreadable).problem


def _wanted(sample: Sample, pods: Container[tuple[str, str]]) -> bool:
    pod = sample.labels.get("pod")
    return pod is None or (sample.labels.get("namespace", ""), pod) in pods


def _sample(line: str) -> Sample | None:
    found = _LINE.fullmatch(line.rstrip("\r"))
    if not found:
        return None
    try:
        value = float(found[2])
    except ValueError:
        return None
    if not (math.isfinite(value) and 0 <= value <= _MOST):
        return None
    return Sample(
        family=re.split(r"[{ \t]", line, maxsplit=1)[0],
        labels=dict(_LABEL.findall(found[1] or "")),
        value=value,
        at=int(found[3]) / 1000 if found[3] and int(found[3]) > 0 else None,
    )
