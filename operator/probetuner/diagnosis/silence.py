"""Liveness kills by silence: what shows that a container was busy, and what that it was stuck.

A timeout means that nothing answered in time, which a busy server and a stuck one have in common. What tells them
apart is what happened around the kill: a busy one answers slowly or now and then, recovers by itself at other times,
and a fresh container under the same load fails again at once. A stuck one answered quickly until it stopped for good,
and its successor is well.
"""

from dataclasses import dataclass

from probetuner.diagnosis.case import Case, slower_than
from probetuner.diagnosis.wording import several
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import ProbeType

SLOW_SHARE_OF_TIMEOUT = 0.25
"""An answer that took this share of the timeout is slow: far above what an idle endpoint needs."""
_AROUND_SECONDS = 180.0
_SLOW_ANSWERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What around one kill speaks for load: only a busy container shows any of it."""

    relapsed: bool
    recoveries: int
    slow_answers: int

    @property
    def any(self) -> bool:
        """Whether anything does."""
        return self.relapsed or self.recoveries > 0 or self.slow_answers >= _SLOW_ANSWERS


def silent_kills(case: Case) -> tuple[Life, ...]:
    """The lives that the liveness probe ended by timeouts after the application had been up."""
    return tuple(life for life in case.liveness_kills if life.tally(ProbeType.LIVENESS).silent)


def signs_of_load(case: Case, life: Life) -> Signs:
    """Look around one kill."""
    probe = case.container.liveness
    killed_at = life.kill_announced_at or life.ended_at or life.started_at
    minutes = case.minutes_between(killed_at - _AROUND_SECONDS, killed_at + _AROUND_SECONDS)
    limit = SLOW_SHARE_OF_TIMEOUT * (probe.timeout_seconds if probe else 1)
    return Signs(
        relapsed=case.fails_again_at_once(life),
        recoveries=sum(
            _is_recovery(run) and abs(run.last_at - killed_at) <= _AROUND_SECONDS for run in case.history.runs
        ),
        slow_answers=sum(slower_than(minute, ProbeType.LIVENESS, limit) for minute in minutes),
    )


def _is_recovery(run: FailureRun) -> bool:
    return (
        run.probe is ProbeType.LIVENESS
        and run.ending is RunEnding.BY_ITSELF
        and any(cause.is_silence for cause in run.causes)
    )


def describe(signs: tuple[Signs, ...], *, timeout_seconds: int) -> tuple[str, ...]:
    """The signs over all kills, as evidence."""
    relapsed = sum(sign.relapsed for sign in signs)
    recoveries = max((sign.recoveries for sign in signs), default=0)
    slow = max((sign.slow_answers for sign in signs), default=0)
    sentences = (
        (relapsed, f"after {several(relapsed, 'kill')} the fresh container failed at once: the restart cured nothing"),
        (recoveries, f"{several(recoveries, 'run')} of timeouts ended without a restart, around the same time"),
        (slow, f"{several(slow, 'answer')} took over {timeout_seconds * SLOW_SHARE_OF_TIMEOUT:g} s around a kill"),
    )
    return tuple(sentence for count, sentence in sentences if count)
