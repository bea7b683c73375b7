"""Whether a change of who reaps did what it was for: the exec probes run on, and leave no zombies."""

from probetuner.change.patch import COMMAND_FIELD, SHARE_FIELD, entries_of, pod_spec_of
from probetuner.change.record import Change
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.leak import Leak, is_wrapped, leak_of
from probetuner.diagnosis.lockstep import growing_pods, judged_series
from probetuner.diagnosis.wording import several
from probetuner.history.bounds import TASK_SERIES
from probetuner.history.record import TaskSample
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.figures import Figures

_LEAST_OCCASIONS = 5
_STILL_AS_OFTEN = 0.5


def is_about_reaping(change: Change) -> bool:
    """Whether the change gives orphans another process 1, or a wrapper around the probe."""
    return bool(pod_spec_of(change.patch).get(SHARE_FIELD)) or any(
        COMMAND_FIELD in entry or any(map(_is_wrapped, (entry.get(kind.field) for kind in ProbeType)))
        for entry in entries_of(change.patch)
    )


def is_only_wrapped(probe: object) -> bool:
    """Whether all that a patch does to a probe is to wrap its command."""
    return _is_wrapped(probe) and isinstance(probe, dict) and len(probe) == 1


def _is_wrapped(probe: object) -> bool:
    handler = probe.get("exec") if isinstance(probe, dict) else None
    command = handler.get("command") if isinstance(handler, dict) else None
    return isinstance(command, list) and is_wrapped(command)


def zombie_proofs(change: Change, cases: tuple[Case, ...]) -> list[str | None]:
    """For each container with a probe that can leak, what proves that it leaks no more; None where nothing does yet."""
    if not is_about_reaping(change):
        return []
    before = f", where {several(change.before.zombies, 'zombie')} came before" if change.before.zombies else ""
    proofs: list[str | None] = []
    for case in cases:
        leaky = {kind: probe for kind in ProbeType if (probe := case.container.probe(kind)) and leak_of(probe)}
        if leaky:
            runs = 0 if growing_pods(case) else _occasions(case, leaky)
            proofs.append(f"{several(runs, 'run')} left no zombie{before}" if runs >= _LEAST_OCCASIONS else None)
    return proofs


def still_leaking(change: Change, after: Figures) -> bool:
    """Whether zombies come about as fast as before a change that was to stop them."""
    before = change.before
    if not is_about_reaping(change) or not before.zombies or not after.zombies:
        return False
    old = before.zombies / max(1.0, before.observed_seconds or 0.0)
    return after.zombies / max(1.0, after.observed_seconds or 0.0) >= _STILL_AS_OFTEN * old


def _occasions(case: Case, leaky: dict[ProbeType, Probe]) -> int:
    """How often, in the pod where it was least, a probe ran in the way that could leave something behind."""
    counts = [_in_series(series, leaky) for series in judged_series(case).values()]
    return min(counts) if counts and len(counts) >= min(case.replicas, TASK_SERIES) else 0


def _in_series(series: tuple[TaskSample, ...], leaky: dict[ProbeType, Probe]) -> int:
    first, last = series[0], series[-1]
    by_timeout = {kind for kind, probe in leaky.items() if leak_of(probe) is Leak.TIMEOUT}
    failures = sum(last.failed.get(kind, 0) - first.failed.get(kind, 0) for kind in by_timeout)
    return failures + sum(_runs(first, last, kind, leaky[kind]) for kind in leaky.keys() - by_timeout)


def _runs(first: TaskSample, last: TaskSample, kind: ProbeType, probe: Probe) -> int:
    if kind in first.attempts and kind in last.attempts:
        return last.attempts[kind] - first.attempts[kind]
    return int((last.at - first.at) / probe.cadence_seconds)
