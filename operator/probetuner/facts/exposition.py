"""Reading the few metric families that we need out of a kubelet's exposition text.

Not prometheus_client's parser: it raises at the first line that it cannot read, and the rest of the scrape is lost.
"""

import math
import re
from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample; `at` is its own time stamp in epoch seconds, where it has one that can be."""

    family: str
    labels: dict[str, str]
    value: float
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was read. `problem` is a sentence about what was not, None when the text was whole."""

    samples: tuple[Sample, ...]
    problem: str | None = None


_MOST = 2.0**53
"""Beyond it a float does not hold every whole number, and nothing that we read is counted up to there."""

_LINE = re.compile(
    r'[a-zA-Z_:][\w:]*(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*)\})?[ \t]+(\S{1,40})(?:[ \t]+(-?\d{1,16}))?[ \t]*'
)
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def scan(text: str, *, families: tuple[str, ...], pods: Container[tuple[str, str]]) -> Scan:
    """Read the samples of these families that are about these pods (namespace and pod label) or about no pod at all.

    Lines that cannot be read are counted and left out; a last line without its end is one of them. Escapes in label
    values stay as they are: the names that are looked for have none.
    """
    lines = text.split("\n")
    unreadable = 1 if lines.pop() else 0
    samples = []
    openings = tuple(opening for family in families for opening in (f"{family}{{", f"{family} "))
    for line in lines:
        if line.startswith(openings):
            sample = _sample(line)
            if sample is None:
                unreadable += 1
            elif _wanted(sample, pods):
                samples.append(sample)
        elif line and not (line[0].isalpha() or line[0] in "#_:\r"):
            unreadable += 1
    problem = f"{unreadable} of {len(lines) + 1} lines could not be read" if unreadable else None
    return Scan(samples=tuple(samples), problem=problem)


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
