"""probe-runtime-errors: attempts that the kubelet or the container runtime could not make, whatever they were to ask.

What the kubelet calls an error counts for nothing (worker.go doProbe). A program or a port name that does not exist is
the probe's own fault (`broken`); a deadline that ran out while the runtime waited is lateness (`short`); and where the
runtime starts no process at all, the handler is right.
"""

import re

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.confidence import from_repeats
from probetuner.diagnosis.finding import Finding, FindingName, Severity
from probetuner.diagnosis.wording import several
from probetuner.model.probe import ProbeType

_STRENGTH = 0.5
_LEAST = 3
_SHARE = 0.2
_HANDLERS = re.compile(
    r"executable file not found|[Nn]o such file or directory|[Nn]ot a directory"
    r"|[Pp]ermission denied|[Ee]xec format error"
)
_RAN_OUT = re.compile(r"DeadlineExceeded|deadline exceeded|timed out|timeout \S+ exceeded")
_RUNTIMES = re.compile(
    r"rpc error|OCI runtime|failed to (?:start|create|exec)|CreateProcess|[Rr]esource temporarily unavailable"
    r"|[Cc]annot allocate memory|setns|container not running|cgroup"
)


def errored_kinds(case: Case) -> tuple[ProbeType, ...]:
    """The probes of which a notable share of attempts could not be made."""
    return tuple(
        kind
        for kind, errored in case.history.errored.items()
        if case.container.probe(kind) is not None
        and errored >= _LEAST
        and errored >= _SHARE * (errored + case.succeeded(kind) + case.failed(kind))
    )


def ran_out(case: Case, kind: ProbeType) -> int:
    """How many attempts of that probe were thrown away for a deadline that ran out in the runtime."""
    words = case.history.errors.get(kind, "")
    late = kind in errored_kinds(case) and _RAN_OUT.search(words) and not _HANDLERS.search(words)
    return case.history.errored[kind] if late else 0


def runtimes_kinds(case: Case) -> tuple[ProbeType, ...]:
    """The probes whose attempts the runtime could not make."""
    errors = case.history.errors
    return tuple(
        kind
        for kind in errored_kinds(case)
        if not ran_out(case, kind)
        and _RUNTIMES.search(errors.get(kind, ""))
        and not _HANDLERS.search(errors.get(kind, ""))
    )


def find(case: Case) -> Finding | None:
    """Report attempts that failed in the runtime."""
    kinds = runtimes_kinds(case)
    if not kinds:
        return None
    errored = sum(case.history.errored[kind] for kind in kinds)
    return Finding(
        name=FindingName.PROBE_RUNTIME_ERRORS,
        container=case.container.name,
        severity=Severity.WARNING,
        confidence=from_repeats(errored, strength=_STRENGTH),
        samples=errored,
        evidence=(
            f"{several(errored, 'attempt')} could not be made, and count for nothing",
            *(f"{kind.value.lower()}: {case.history.errors.get(kind, '')}" for kind in kinds),
        ),
        explanation=(
            "The kubelet or the container runtime could not run the probe: the node or the runtime is at fault and not "
            "the handler, and no number helps. Until it is mended the probe protects nothing. A new pod, best on "
            "another node, shows whether it is the node."
        ),
    )
