"""A stopgap waits until the trouble has had time to show what it is: a second rollout costs more than a few more kills.

More patience only moves the point at which the same thing happens (`tuning/stopgap.py`). After the first kills nobody
knows yet whether fresh containers fall silent too, and together, and the counters that tell of late answers are read
now and then only; what comes next mostly proves what helps for good. Where the policy would not allow that, nothing is
gained by waiting for it.
"""

import math
from collections.abc import Iterator

from probetuner.change.block import Block, BlockReason
from probetuner.change.intent import Intent
from probetuner.change.situation import Situation
from probetuner.diagnosis.wording import several
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import APPROVE_ANNOTATION
from probetuner.model.policy import Allowance
from probetuner.model.probe import ProbeType
from probetuner.tuning.recommendation import Recommendation

_KILLS, _SECONDS = 4, 60.0
"""Simulated, two replicas that serve one request at a time and clients that choose one at random: with probes every ten
seconds the first change was a stopgap in 24 of 120 without this, and is in 3 of 120; with probes every second, whose
kills come within seconds, in 38 of 60, and in 15 with the kills alone and in none with both. Half of all first changes
come as early as without it."""


def by_stopgap(situation: Situation, intent: Intent, due: Recommendation, *, now: float) -> Block | None:
    """The refusal while the kills that ask for a stopgap are few, or all of the last minute; `now` is epoch seconds."""
    if intent.approved or Allowance.TYPES not in situation.policy.allow:
        return None
    asking = {(action.container, action.asked_by) for action in due.actions if action.stopgap}
    for finding in (found for found in intent.grounds if (found.container, found.name) in asking):
        first = min(_killed_at(situation.history, finding.container), default=-math.inf)
        if finding.samples < _KILLS or now - first < _SECONDS:
            return Block(
                reason=BlockReason.LOW_CONFIDENCE,
                message=(
                    f"it would be a stopgap, and {several(finding.samples, 'kill')} may not show yet what helps for "
                    f"good; from {_KILLS} kills on, and {_SECONDS:.0f} s after the first, it is applied, and before "
                    f"that when you annotate {APPROVE_ANNOTATION}={intent.advice.id}"
                ),
                until=first + _SECONDS if now - first < _SECONDS else None,
            )
    return None


def _killed_at(history: WorkloadHistory, container: str) -> Iterator[float]:
    """When liveness ended each of its lives that are remembered, under whatever template."""
    for entry in history.of(container):
        for life in entry.lives:
            if life.killed_by is ProbeType.LIVENESS and life.ended_at is not None:
                yield life.ended_at
