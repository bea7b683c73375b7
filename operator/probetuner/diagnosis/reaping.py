"""zombies and exec-without-reaper: children of exec probes that nobody waits for.

A zombie is no live process any more but still a task, so it shows as tasks that grow while processes do not
(cgroup.procs leaves zombies out, pids.current counts them). A thread pool shows the same for a while, then stops
growing, and has nothing to do with how often the probe runs.
"""

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.wording import several
from probetuner.history.record import TaskSample
from probetuner.model.probe import Exec, Probe, ProbeType

_STRENGTH = 0.15
_LEAST_SAMPLES, _LEAST_SECONDS, _LEAST_GROWTH = 6, 60.0, 5
_LEAST_PER_RUN, _MOST_PER_RUN = 0.2, 6.0
_LATER_HALF_SHARE = 0.3
_PROCESS_SHARE = 0.25
_SHELLS = ("sh", "bash", "dash", "ash", "zsh")
_REAPERS = ("tini", "dumb-init", "catatonit", "s6-svscan", "init", "systemd")
_LEAVES_CHILDREN = ("&", ";", "|", "timeout ", "`", "$(")


def forking_probes(case: Case) -> tuple[Probe, ...]:
    """The exec probes that may leave a child behind: those that go through a shell or `timeout`."""
    probes = (case.container.probe(kind) for kind in ProbeType)
    return tuple(probe for probe in probes if probe is not None and _forks(probe))


def _forks(probe: Probe) -> bool:
    if not isinstance(probe.handler, Exec) or not probe.handler.command:
        return False
    program, *words = probe.handler.command
    base = program.rsplit("/", 1)[-1]
    if base == "timeout":
        return True
    script = " ".join(words)
    if base in _SHELLS:
        plain = words[:1] == ["-c"] and len(words) > 1 and words[1].startswith("exec ")
        return not plain or any(mark in script for mark in _LEAVES_CHILDREN)
    return program.endswith((".sh", ".bash", ".py"))


def has_reaper(case: Case) -> bool:
    """Whether PID 1 of the container is known to wait for orphans."""
    first = case.container.command[0].rsplit("/", 1)[-1] if case.container.command else ""
    return case.workload.share_process_namespace or first in _REAPERS


def leaking_series(case: Case) -> tuple[tuple[TaskSample, ...], ...]:
    """The series of samples, one a pod, in which tasks grew with the runs of the exec probe and processes did not."""
    probes = forking_probes(case)
    if not probes:
        return ()
    rate = sum(1.0 / probe.cadence_seconds for probe in probes)
    return tuple(series for series in case.history.tasks.values() if _leaks(series, runs_per_second=rate))


def _leaks(series: tuple[TaskSample, ...], *, runs_per_second: float) -> bool:
    if len(series) < _LEAST_SAMPLES or series[-1].at - series[0].at < _LEAST_SECONDS:
        return False
    growth = _growth(series)
    per_run = growth / ((series[-1].at - series[0].at) * runs_per_second)
    middle = len(series) // 2
    processes = series[-1].processes - series[0].processes
    return (
        growth >= _LEAST_GROWTH
        and _LEAST_PER_RUN <= per_run <= _MOST_PER_RUN
        and _growth(series[middle:]) >= _LATER_HALF_SHARE * growth
        and processes <= _PROCESS_SHARE * growth
    )


def _growth(series: tuple[TaskSample, ...]) -> int:
    first, last = series[0], series[-1]
    return (last.threads - last.processes) - (first.threads - first.processes)


def find_zombies(case: Case) -> Finding | None:
    """Report zombies that exec probes leave."""
    leaking = leaking_series(case)
    if not leaking:
        return None
    growth = max(_growth(series) for series in leaking)
    seconds = max(series[-1].at - series[0].at for series in leaking)
    return Finding(
        name=FindingName.ZOMBIES,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(growth, strength=_STRENGTH),
        samples=growth,
        evidence=(
            f"tasks grew by {growth} in {seconds:.0f} s while processes did not",
            f"the growth goes with the runs of {forking_probes(case)[0].handler}",
            "PID 1 of the container is not known to wait for orphans",
        ),
        explanation=(
            "Each run of the exec probe leaves a child that nobody waits for. They stay as zombies until the container "
            "ends, and use up its limit of processes. With shareProcessNamespace the pause container reaps them; tini "
            "as PID 1 does too; wrapping the probe in `tini -s` does not."
        ),
    )


def find_unreaped(case: Case) -> Finding | None:
    """Point out exec probes that can leave orphans to a PID 1 that may not wait for them."""
    probes = forking_probes(case)
    if not probes or has_reaper(case):
        return None
    return Finding(
        name=FindingName.EXEC_WITHOUT_REAPER,
        container=case.container.name,
        severity=Severity.INFO,
        confidence=0.5,
        samples=len(probes),
        evidence=tuple(f"{several(1, 'probe')} that forks: {probe.handler}" for probe in probes),
        explanation=(
            "A shell in an exec probe leaves its children to PID 1 when it is ended at the timeout or puts them into "
            "the background. Whether PID 1 waits for them cannot be seen from here; without a shell none are left."
        ),
    )
