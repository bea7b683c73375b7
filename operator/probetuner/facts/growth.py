"""What a kubelet's counters grew by from one scrape of a node to the next."""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from probetuner.facts.fact import Fact
from probetuner.facts.pods import PodState
from probetuner.model.fields import INT32_MAX

MOST_GROWN = float(INT32_MAX)
"""A counter that grows by more between two scrapes lies; an Event can count no more either."""

_SERIES_OF_A_CONTAINER = 16
"""More than three probes and two cgroups give: whose page is always cut short must not pile them up for ever."""

Series = tuple[str, ...]
"""Names a set of counters that begin anew together. The first part is the pod's uid, or what several pods share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """What is remembered of a node's last scrape of one path: only values of the pods that were asked for.

    `at` is when it was received, `kubelet_started_at` what the kubelet said of its own start, both epoch seconds.
    """

    at: float
    pods: frozenset[str]
    values: Mapping[Series, tuple[float, ...]]
    kubelet_started_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A scrape: what to remember of it, its facts, and a sentence on what could not be read."""

    scraped: Scraped
    facts: list[Fact]
    problem: str | None


@dataclass(slots=True, kw_only=True)
class Growth:
    """The comparison of a scrape, received at `at`, with the one before.

    What was counted before a pod was first asked for may have been told already: unless the pod was made since then,
    its values only become the basis of the next comparison. `since` is when observation began, `whole` whether all of
    the text could be read, `restarted` whether the kubelet began anew.
    """

    before: Scraped | None
    at: float
    since: float
    whole: bool = True
    restarted: bool = False
    values: dict[Series, tuple[float, ...]] = field(default_factory=dict)

    def covers(self, pod: PodState) -> bool:
        """Whether all growth of the pod's series is new and evidence: not so once the pod was already ending."""
        if pod.ending_at is not None and self.began(pod) >= pod.ending_at:
            return False
        horizon = self.before.at if self.before else self.since
        return self._asked_before(pod) or pod.created_at >= (math.floor(horizon) if math.isfinite(horizon) else horizon)

    def began(self, pod: PodState) -> float:
        """When the growth of a covered pod's series began."""
        return min(self.at, self.before.at if self.before and self._asked_before(pod) else pod.created_at)

    def _asked_before(self, pod: PodState) -> bool:
        return self.before is not None and pod.ref.uid in self.before.pods

    def of(self, series: Series, values: Sequence[float | None]) -> tuple[float, ...]:
        """The growth of counters that begin anew together, within reason; None stands for one that was not found.

        A series is made when there is something to count, so one that is absent is 0, unless its line was lost; and
        counters of which one fell have begun anew at 0.
        """
        old = self._old(series, len(values))
        missing = (0.0,) * len(values) if self.whole or self.restarted else old
        new = tuple(gap if value is None else value for value, gap in zip(values, missing, strict=True))
        # The old tuple is kept for equal values: most counters of most containers stand still.
        self.values[series] = old if new == old else new
        if self.restarted or any(map(operator.lt, new, old)):
            old = (0.0,) * len(values)
        return tuple(min(MOST_GROWN, grown) for grown in map(operator.sub, new, old))

    def _old(self, series: Series, length: int) -> tuple[float, ...]:
        return (0.0,) * length if self.before is None else self.before.values.get(series, (0.0,) * length)

    def remember(self, pods: Sequence[PodState], *, kubelet_started_at: float | None = None) -> Scraped:
        """What to keep for the next comparison. Where lines were lost, so may have been whole series: they are kept."""
        kept: dict[Series, tuple[float, ...]] = {}
        if self.before is not None and not self.whole and not self.restarted:
            subjects = {subject for pod in pods for subject in subjects_of(pod)}
            kept = {series: values for series, values in self.before.values.items() if series[0] in subjects}
            if len(kept) > _SERIES_OF_A_CONTAINER * sum(len(pod.containers) for pod in pods):
                kept = {}
        if kubelet_started_at is None and self.before is not None:
            kubelet_started_at = self.before.kubelet_started_at
        return Scraped(
            at=self.at,
            pods=frozenset(pod.ref.uid for pod in pods),
            values=kept | self.values,
            kubelet_started_at=kubelet_started_at,
        )


def subject_of_label(namespace: str, label: str) -> str:
    """The first part of a series that is known only by its pod label."""
    return f"{namespace}/{label}"


def subjects_of(pod: PodState) -> tuple[str, ...]:
    """The first parts that series of a pod may have."""
    labels = (pod.ref.name, pod.group)
    return (pod.ref.uid, *(subject_of_label(pod.ref.namespace, label) for label in labels))
