"""Liveness kills of servers that had no connection left for the probe.

nginx with all its worker_connections taken, haproxy at maxconn and a full accept queue that aborts on overflow end a
new connection at once: the kubelet sees EOF or a reset within milliseconds. A process that hangs does not do that, its
kernel goes on accepting. What falls over for a reason of its own does not come back by itself, in all replicas at once.
"""

from probetuner.diagnosis.alone import with_others
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.starting import liveness_kills
from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import ProbeType

_IN_A_ROW, _SEVERAL, _NOTABLE_SHARE, _MOST = 2, 2, 0.34, 0.5


@once
def turned_away_kills(case: Case) -> tuple[Life, ...]:
    """The lives that liveness ended for connections that were cut off, where that passes and comes to all replicas."""
    if case.replicas <= 1:
        return ()
    kills = tuple(life for life in liveness_kills(case) if _was_cut_off(case, life))
    passed = passed_by_themselves(case)
    shared = sum(with_others(case, run) for run in passed)
    enough = len(passed) >= max(_SEVERAL, _NOTABLE_SHARE * len(kills))
    return kills if enough and shared >= _MOST * len(passed) else ()


@once
def passed_by_themselves(case: Case) -> tuple[FailureRun, ...]:
    """The runs of such failures that ended without a restart, whichever probe asked the same."""
    kinds = [kind for kind in (ProbeType.LIVENESS, ProbeType.READINESS) if case.asks_what_liveness_asks(kind)]
    return tuple(
        run
        for kind in kinds
        for run in case.runs(kind)
        if run.ending is RunEnding.BY_ITSELF and run.failures >= _IN_A_ROW and _are_cut_off(case, run)
    )


def _are_cut_off(case: Case, run: FailureRun) -> bool:
    """Whether all attempts in it were; if its events were dropped, whether all are that are known."""
    return set(run.causes or case.causes(run.probe)) == {FailureCause.RESET}


def _was_cut_off(case: Case, life: Life) -> bool:
    """Whether most attempts in that life were; if their events were dropped, whether all are that are known."""
    tally = life.tally(ProbeType.LIVENESS)
    if tally.causes:
        return tally.main_cause is FailureCause.RESET
    return case.causes(ProbeType.LIVENESS) == {FailureCause.RESET}
