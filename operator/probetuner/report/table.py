"""The report for people, as lines of a given width: a block for each finding, worst first, and a summary in the end.

What a finding means is said once, however many containers have it. What is the same of several containers (evidence,
advice) is said once below all of them. Containers of which there is nothing to tell are counted.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from probetuner.diagnosis.finding import FindingName
from probetuner.diagnosis.restarts import in_words
from probetuner.diagnosis.wording import several
from probetuner.report.changes import describe_changes
from probetuner.report.groups import Group, Spot, counted, groups_of
from probetuner.report.printable import printable
from probetuner.report.report import ContainerReport, Report

_MOST_NAMED = 5
"""So many containers without trouble are named; more would push the troubled ones off the screen."""
_MOST_CHARACTERS = 2000
_SURE = 0.985
"""What is less sure than 99 % says how sure it is."""


class Tone(StrEnum):
    """What a line is, for whoever gives it a colour."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    GOOD = "good"
    PLACE = "place"
    TEXT = "text"
    QUIET = "quiet"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, without its end."""

    text: str
    tone: Tone = Tone.TEXT


def lines(report: Report, width: int) -> Iterator[Line]:
    """All lines. Names and files are never cut, so that they can be copied: a longer one makes its line wider."""
    groups, explained = groups_of(report), set[str]()
    for group in groups:
        yield from _block(group, width, explained)
        yield Line("")
    for workload in report.workloads:
        if workload.incomplete:
            yield from _wrapped(f"{printable(str(workload.ref))} is incomplete: {workload.incomplete}", width)
        if workload.handover is not None and workload.handover.reason is not None:
            told = f"{printable(workload.handover.keeper)}: {printable(workload.handover.advice)}"
            yield from _wrapped(f"{printable(str(workload.ref))}, {told} (the lines: -o patch)", width)
    yield from _wrapped(counted(report), width, tone=Tone.PLACE)
    if any(group.is_trouble for group in groups):
        yield from _wrapped("`probetuner explain FINDING` says when one is made and when to ignore it.", width)


def _block(group: Group, width: int, explained: set[str]) -> Iterator[Line]:
    """The heading, and for each meaning that the finding has here what it means and where it was found."""
    good = group.name is FindingName.HEALTHY
    word = "" if good else f"{group.severity.value.upper()} "
    tone = Tone.GOOD if good else Tone(group.severity.value)
    yield Line(f"{word}{group.name.value}: {several(len(group.spots), 'container')}", tone)
    for meaning, spots in group.meanings.items():
        text = "(explained above)" if meaning in explained else printable(meaning, most=_MOST_CHARACTERS)
        explained.add(meaning)
        yield from _wrapped(text, width, indent="  ")
        yield from _spots(spots, width) if group.is_trouble else _untroubled(spots, width)


def _untroubled(spots: Sequence[Spot], width: int) -> Iterator[Line]:
    """Containers that something happened to are always told of, the others counted if they are many."""
    eventful = [spot for spot in spots if spot.leads and _happened(spot.container)]
    quiet = [spot for spot in spots if spot not in eventful]
    yield from _spots(eventful, width)
    if len(quiet) <= _MOST_NAMED:
        yield from _spots(quiet, width)
        return
    missing = Counter(spot.finding.evidence for spot in quiet if spot.finding.name is not FindingName.HEALTHY)
    for evidence, count in missing.most_common():
        told = f"- {several(count, 'container')}: " if len(missing) > 1 else "- "
        yield from _wrapped(f"{told}{printable('; '.join(evidence))}", width, indent="    ", hanging="      ")


def _spots(spots: Iterable[Spot], width: int) -> Iterator[Line]:
    """Where it was found, and what is told of it; what several have in common is told once, below the last of them."""
    alike: dict[tuple[Line, ...], list[Spot]] = {}
    for spot in spots:
        alike.setdefault(tuple(_details(spot, width)), []).append(spot)
    for details, places in alike.items():
        for spot in places:
            yield from _place(spot, width)
        yield from details


def _place(spot: Spot, width: int) -> Iterator[Line]:
    """File and line, and the name beside it or, if that is too much for one line, below it."""
    name = _name(spot)
    file = "" if spot.place is None else f"{printable(spot.place)}  "
    if file and len(file) + len(name) + 2 > width:
        yield Line(f"  {file.rstrip()}", Tone.PLACE)
        yield from _wrapped(name, width, indent="    ", hanging="      ", tone=Tone.PLACE, whole_words=True)
    else:
        yield from _wrapped(f"{file}{name}", width, indent="  ", hanging="    ", tone=Tone.PLACE, whole_words=True)


def _name(spot: Spot) -> str:
    """Whom it is about, and how sure it is if it is not."""
    name = printable(spot.name)
    unsure = spot.finding.confidence < _SURE and spot.finding.name is not FindingName.INSUFFICIENT_EVIDENCE
    return f"{name} ({spot.finding.confidence:.0%} sure)" if unsure else name


def _details(spot: Spot, width: int) -> Iterator[Line]:
    container, finding = spot.container, spot.finding
    if spot.leads:
        for count in _counts(container, finding.evidence):
            yield from _wrapped(count, width, indent="    ")
    for sentence in finding.evidence:
        yield from _wrapped(f"- {printable(sentence)}", width, indent="    ", hanging="      ", tone=Tone.QUIET)
    if spot.leads:
        for title, action in zip(container.action_titles, container.actions, strict=True):
            told = f"→ {title}: {printable(action.reason)}"
            yield from _wrapped(told, width, indent="    ", hanging="      ", tone=Tone.ADVICE)
        for change in describe_changes(container):
            yield from _wrapped(change, width, indent="      ", hanging="        ")


def _happened(container: ContainerReport) -> bool:
    return bool(container.restarts.total or container.failures)


def _counts(container: ContainerReport, evidence: Sequence[str]) -> Iterator[str]:
    """How often it ended and how its probes failed, as far as the evidence does not say the same."""
    if not _happened(container):
        return
    yield in_words(container.restarts)
    told = " ".join(evidence)
    for failures in container.failures:
        probe = failures.probe.value.lower()
        if f"the {probe} probe failed" not in told:
            said = f": {printable(failures.words)}" if failures.words else ""
            yield f"{probe} failed {failures.count} times, {failures.cause.value}{said}"


def _wrapped(
    text: str,
    width: int,
    *,
    indent: str = "",
    hanging: str | None = None,
    tone: Tone = Tone.TEXT,
    whole_words: bool = False,
) -> Iterator[Line]:
    wrapper = textwrap.TextWrapper(
        width,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
        break_long_words=not whole_words,
    )
    for line in wrapper.wrap(text):
        yield Line(line, tone)
