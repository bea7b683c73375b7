"""healthy and insufficient-evidence: what is said of a container in which nothing wrong was found."""

from collections.abc import Sequence

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.flapping import LONG_SECONDS
from probetuner.diagnosis.restarts import restarts_of
from probetuner.diagnosis.wording import several
from probetuner.history.attribution import RestartCause
from probetuner.history.life import Life
from probetuner.history.record import FailureRun, RunEnding
from probetuner.model.probe import ProbeType

_ENOUGH_SUCCESSES = 10
_ENOUGH_SECONDS_WITHOUT_COUNTERS = 600.0
_STRENGTH = 0.2


def judge(case: Case) -> Finding:
    """Say healthy when every probe was seen to work often enough, else say what is missing."""
    missing = (*_unexplained(case), *_missing(case))
    return _insufficient(case, missing) if missing else _healthy(case)


def _unexplained(case: Case) -> tuple[str, ...]:
    """Trouble that no rule was sure enough about: it is not health either."""
    long = [spell for spell in case.history.unready if (spell.ended_at or 0.0) - spell.started_at > LONG_SECONDS]
    stopped = [life for life in case.ended_by(RestartCause.STOPPED) if not life.stops]
    unknown, restarts = case.ended_by(RestartCause.UNKNOWN), restarts_of(case).total - len(stopped)
    errored = sum(case.history.errored.values())
    failing = len(_going_on(case))
    return tuple(
        sentence
        for count, sentence in (
            (
                restarts,
                f"more like the {several(restarts, 'restart')} that could not be explained yet{_codes(unknown)}",
            ),
            (len(stopped), _asked_to_stop(stopped)),
            (errored, f"more like the {several(errored, 'attempt')} that could not be made"),
            (failing, f"the end of {several(failing, 'run')} of failures that still went on"),
            (len(long), f"more like the {several(len(long), 'spell')} of over {LONG_SECONDS:.0f} s without readiness"),
        )
        if count
    )


def _codes(lives: Sequence[Life]) -> str:
    codes = sorted({life.exit_code for life in lives if life.exit_code is not None})
    return f" (exit code {', '.join(map(str, codes))})" if codes else ""


def _asked_to_stop(lives: Sequence[Life]) -> str:
    """What is known of a process that ended as one does that was asked to: it did not crash."""
    return (
        f"who stopped {several(len(lives), 'container')}{_codes(lives)}: so ends what got SIGTERM or is done; "
        "who sent it stands in the events of that hour, so look within an hour of the next restart"
    )


def _going_on(case: Case) -> tuple[FailureRun, ...]:
    """The runs of failures that have reached their threshold and not ended, in pods that still run."""
    running = {life.pod_uid for life in case.history.lives if life.ended_at is None and life.ending is None}
    return tuple(
        run
        for run in case.history.runs
        if run.ending is RunEnding.OPEN
        and run.pod_uid in running
        and (probe := case.container.probe(run.probe)) is not None
        and run.failures >= probe.failure_threshold
        and not case.is_over(run)
    )


def _missing(case: Case) -> tuple[str, ...]:
    if not case.history.lives:
        return ("no start of the container was seen yet",)
    kinds = [kind for kind in ProbeType if case.container.probe(kind) is not None]
    if not kinds:
        return ()
    if not case.was_watched:
        return (
            "somebody who watches: one look shows what went wrong and is still told of, and not that all went well",
        )
    if not case.history.minutes:
        left = _ENOUGH_SECONDS_WITHOUT_COUNTERS - case.observed_seconds
        return () if left <= 0 else (f"the kubelet's counters; without them {left:.0f} s more without a failure",)
    return tuple(
        f"{_ENOUGH_SUCCESSES - count} more successes of the {kind.value.lower()} probe"
        for kind in kinds
        if kind is not ProbeType.STARTUP and (count := case.succeeded(kind)) < _ENOUGH_SUCCESSES
    )


def _insufficient(case: Case, missing: tuple[str, ...]) -> Finding:
    return Finding(
        name=FindingName.INSUFFICIENT_EVIDENCE,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=0.0,
        samples=len(case.history.lives),
        evidence=tuple(f"missing: {what}" for what in missing),
        explanation="Too little was seen to judge this container's probes; nothing is recommended until there is more.",
    )


def _healthy(case: Case) -> Finding:
    kinds = [kind for kind in ProbeType if case.container.probe(kind) is not None]
    samples = sum(case.succeeded(kind) for kind in kinds)
    return Finding(
        name=FindingName.HEALTHY,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=from_repeats(samples, strength=_STRENGTH),
        samples=samples,
        evidence=(
            f"watched for {case.observed_seconds:.0f} s",
            *(
                f"{case.succeeded(kind)} successes and {case.failed(kind)} failures of the {kind.value.lower()} probe"
                for kind in kinds
            ),
        ),
        explanation="The probes did what they are for; nothing is recommended.",
    )
