"""How long a container needs to start, and a startup probe that gives it that time.

A start that was killed is a censored sample: it needed longer than it was given, nobody knows how much. With only
such samples the budget is stepped up well past the longest of them and looked at again.
"""

from dataclasses import replace
from math import ceil

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.startup import killed_while_starting
from probetuner.model.probe import Probe

_STEP_UP = 4.0
_GRAIN_SECONDS = 30
"""Coarse, so that one more sample does not make another recommendation."""
_MOST_BUDGET_SECONDS = 540
"""The upper end stays below a Deployment's default progressDeadlineSeconds of 600 (deployment_util.go)."""
_PERIOD_SECONDS = 5
"""Small, since a startup probe adds up to a period to every start (kubernetes/kubernetes#132793)."""


def startup_budget_seconds(case: Case, *, coverage: float) -> int:
    """Seconds that a start should get, so that *coverage* (a share below 1) of the starts come up in time.

    From the slowest start seen, widened by a margin that shrinks with the number of starts and grows with the
    coverage; never less than a few times what a killed start had.
    """
    killed = [life.lasted_seconds or 0.0 for life in killed_while_starting(case)]
    seen = case.answer_seconds()
    wanted = max(killed, default=0.0) * (_STEP_UP if not seen or max(seen) <= max(killed, default=0.0) else 1.0)
    if seen:
        margin = 1.0 + 1.0 / max(1, len(seen)) ** 0.5 + coverage / 2
        wanted = max(wanted, max(seen) * margin)
    return min(ceil(wanted / _GRAIN_SECONDS) * _GRAIN_SECONDS, _MOST_BUDGET_SECONDS)


def with_budget(handler_of: Probe, present: Probe | None, budget_seconds: int) -> Probe:
    """A startup probe that fails no start shorter than the budget.

    It asks what *handler_of* asks; a *present* startup probe keeps everything but its number of failures.
    """
    if present is not None:
        return replace(present, failure_threshold=_failures(budget_seconds, present))
    probe = Probe(
        handler=handler_of.handler,
        period_seconds=_PERIOD_SECONDS,
        timeout_seconds=handler_of.timeout_seconds,
        written=handler_of.written,
    )
    return replace(probe, failure_threshold=_failures(budget_seconds, probe))


def _failures(budget_seconds: int, probe: Probe) -> int:
    return 1 + ceil(max(0, budget_seconds - probe.initial_delay_seconds) / probe.period_seconds)
