"""Silence of a process that ended by itself: a pause, whichever probe met it."""

from probetuner.diagnosis.alone import fell_silent_alone
from probetuner.diagnosis.case import Case, once
from probetuner.diagnosis.load import paused_kills
from probetuner.diagnosis.waking import woke_after_seconds
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import Probe, ProbeType

_IN_A_ROW, _DENSE = 2, 0.7


@once
def pauses_seconds(case: Case) -> tuple[float, ...]:
    """How long each silence lasted at least that several attempts in a row met and that ended by itself.

    None of a container that had not come up yet. A single timeout is no pause: an answer may just have been late.
    A silence that was cut short by a kill and ended before the process did lasted until then.
    """
    runs = tuple(lasted_seconds(case, run) for run in case.history.runs if _is_pause(case, run))
    return (*runs, *(_until_woken(case, life) for life in paused_kills(case)))


@once
def lone_pauses(case: Case) -> tuple[FailureRun, ...]:
    """The pauses of single replicas whose answers are quick, as the probe saw them that saw more."""
    found = [run for run in case.history.runs if _is_pause(case, run) and fell_silent_alone(case, run)]
    kinds = (ProbeType.READINESS, ProbeType.LIVENESS)
    return max((tuple(run for run in found if run.probe is kind) for kind in kinds), key=len)


def _until_woken(case: Case, life: Life) -> float:
    probe = case.container.liveness or Probe(handler=None)
    failing = (probe.failure_threshold - 1) * probe.cadence_seconds + probe.timeout_seconds
    return failing + woke_after_seconds(case, life)


def lasted_seconds(case: Case, run: FailureRun) -> float:
    """From the first of these attempts until the last was given up."""
    probe = case.container.probe(run.probe)
    return run.last_at - run.started_at + (probe.timeout_seconds if probe else 0)


def _is_pause(case: Case, run: FailureRun) -> bool:
    probe = case.container.probe(run.probe)
    if probe is None or run.ending is not RunEnding.BY_ITSELF or run.failures < _IN_A_ROW:
        return False
    lasted = run.last_at - run.started_at
    in_a_row = _DENSE * probe.cadence_seconds <= lasted and _DENSE * lasted <= run.failures * probe.cadence_seconds
    silent = bool(run.causes) and all(cause.is_silence for cause in run.causes)
    return in_a_row and silent and run.probe is not ProbeType.STARTUP and was_up(case, run)


def was_up(case: Case, run: FailureRun) -> bool:
    """Whether the container had come up before the run, and did not end in it."""
    return any(
        life.pod_uid == run.pod_uid
        and life.answered_at is not None
        and life.answered_at <= run.started_at
        and (life.ended_at is None or run.last_at <= life.ended_at)
        for life in case.history.lives
    )
