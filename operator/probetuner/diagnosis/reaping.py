"""zombies and exec-without-reaper: children of exec probes that nobody waits for."""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.commands import base_name, shortened
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.leak import REAPERS, Leak, is_adopted, leak_of
from probetuner.diagnosis.lockstep import Step, growing_pods, judged_series
from probetuner.facts.fact import FailureCause
from probetuner.facts.inspection import Inspection
from probetuner.model.probe import Exec, Probe, ProbeType

_STRENGTH = 0.06
_SEEN = 0.99
_LEAST_ZOMBIES = 3
"""Fewer may be children of this very moment, which the application is about to wait for."""


def leaking_probes(case: Case) -> dict[ProbeType, Leak]:
    """The exec probes that can leave orphans, and how: as it was seen where it was, else as their commands show."""
    steps = growing_pods(case)
    found = {step_kind for step in steps for step_kind in step.probes} or set(ProbeType)
    return {
        kind: _timed_out(case, kind, steps) or leak
        for kind in ProbeType
        if kind in found and (leak := _leak(case.container.probe(kind))) is not None
    }


def _leak(probe: Probe | None) -> Leak | None:
    return None if probe is None else leak_of(probe)


def _timed_out(case: Case, kind: ProbeType, steps: tuple[Step, ...]) -> Leak | None:
    by_timeout = any(step.by_timeout and kind in step.probes for step in steps)
    return Leak.TIMEOUT if by_timeout and FailureCause.EXEC_TIMEOUT in case.causes(kind) else None


def has_reaper(case: Case) -> bool:
    """Whether process 1 of the container is known to wait for orphans."""
    command = case.container.command
    first = base_name(command[0]) if command else ""
    return bool(case.workload.share_process_namespace) or first in REAPERS or _seen_reaper(case.inspections)


def _seen_reaper(inspections: tuple[Inspection, ...]) -> bool:
    return any(seen.first in REAPERS for seen in inspections)


def count_zombies(case: Case) -> int | None:
    """How many zombies the exec probes were seen to leave, in all pods; None where nothing can be said of it."""
    if not leaking_probes(case) or not judged_series(case):
        return None
    return sum(step.growth for step in growing_pods(case))


def find_zombies(case: Case) -> Finding | None:
    """Report zombies that exec probes leave: seen to pile up with their runs, or seen in the container."""
    leaks = leaking_probes(case)
    steps, worst = growing_pods(case), max((seen.zombies for seen in case.inspections), default=None)
    if not leaks or (worst is not None and worst < _LEAST_ZOMBIES):
        return None
    if worst is None and (not steps or has_reaper(case)):
        return None
    most = _seldom_new(max((step.growth for step in steps), default=worst or 0))
    return Finding(
        name=FindingName.ZOMBIES,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=_SEEN if worst else from_repeats(most, strength=_STRENGTH),
        samples=most,
        evidence=(*_growth(case, steps), *_looks(case.inspections), *(f"{leak}" for leak in set(leaks.values()))),
        explanation=(
            "The exec probe leaves children that nobody waits for. They stay as zombies until the container ends, and "
            "use up its limit of processes. With shareProcessNamespace the pause container reaps them; tini as "
            f"process 1 does too; wrapping the probe in `tini -s` {wrapper_words(leaks)}."
        ),
    )


def _growth(case: Case, steps: tuple[Step, ...]) -> tuple[str, ...]:
    if not steps:
        return ()
    most = max(steps, key=lambda step: step.growth)
    asked = " and ".join(str(probe.handler) for kind in most.probes if (probe := case.container.probe(kind)))
    which = "runs that failed" if most.by_timeout else "runs"
    return (
        f"tasks grew by {_seldom_new(most.growth)} or more while processes did not",
        f"that is {most.per_run} for each of the {which} of {asked}",
    )


def _seldom_new(count: int) -> int:
    """The count as it was when it last grew by half or so: a status must not be written anew with every zombie."""
    steps = [step * 10**power for power in range(7) for step in (1, 2, 3, 5, 7)]
    return max((step for step in steps if step <= count), default=0)


def _looks(inspections: tuple[Inspection, ...]) -> tuple[str, ...]:
    return tuple(
        f"in pod {seen.pod} {seen.zombies} of {'' if seen.complete else 'the first '}{seen.processes} processes are "
        f"zombies, {seen.adopted} of them handed to process 1, which is {seen.first or 'not known'}"
        for seen in inspections
    )


def wrapper_words(leaks: dict[ProbeType, Leak]) -> str:
    """What the `tini -s` wrapper does about these leaks: it adopts orphans only as long as it lives."""
    kinds = set(leaks.values())
    if Leak.OUTLIVES in kinds:
        return "does not: it ends with the probe, before the child does"
    if Leak.TIMEOUT in kinds:
        return "does not: it is itself what is killed at the timeout"
    if Leak.UNSEEN in kinds:
        return "does so only for children that end before the probe does"
    return "does too, as long as the children end before the probe does"


def find_unreaped(case: Case) -> Finding | None:
    """Point out exec probes that can leave orphans to a process 1 that may not wait for them."""
    leaks = {kind: leak for kind, leak in leaking_probes(case).items() if not _is_adopted(case, kind)}
    if not leaks or has_reaper(case) or find_zombies(case) is not None:
        return None
    return Finding(
        name=FindingName.EXEC_WITHOUT_REAPER,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=0.5,
        samples=len(leaks),
        evidence=(
            *(f"{kind.field} runs {_command(case, kind)}: {leak}" for kind, leak in leaks.items()),
            *_looks(case.inspections),
        ),
        explanation=(
            "A shell in an exec probe leaves its children to process 1 when it is ended at the timeout or puts them "
            "into the background. Whether process 1 waits for them cannot be seen from here (`probetuner analyze "
            "--inspect` looks); without a shell none are left."
        ),
    )


def _is_adopted(case: Case, kind: ProbeType) -> bool:
    probe = case.container.probe(kind)
    return probe is not None and is_adopted(probe)


def _command(case: Case, kind: ProbeType) -> str:
    probe = case.container.probe(kind)
    return shortened(probe.handler.command) if probe and isinstance(probe.handler, Exec) else ""
