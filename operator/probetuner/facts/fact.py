"""The vocabulary of what was observed.

A fact is something that happened to one container (or pod) at one time, as evidence: it carries no judgement.
Times are seconds since the Unix epoch, UTC. Whatever the source (watch, kubelet metrics, recording, dump), the same
thing gives the same fact, so that everything after it need not know where it came from.
"""

from dataclasses import dataclass
from enum import StrEnum

from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadRef


class FailureCause(StrEnum):
    """Why a probe attempt failed, as the kubelet's message tells."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    RESET = "reset"
    HTTP_STATUS = "http-status"
    EXEC_EXIT = "exec-exit"
    EXEC_TIMEOUT = "exec-timeout"
    GRPC_NOT_SERVING = "grpc-not-serving"
    TLS = "tls"
    OTHER = "other"

    @property
    def is_silence(self) -> bool:
        """Nothing answered in time: the process may be busy or stuck. A refusal or a status is an answer."""
        return self in (FailureCause.TIMEOUT, FailureCause.EXEC_TIMEOUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRef:
    """A pod, the template it was made from (`pod-template-hash` or `controller-revision-hash`) and whose pod it is.

    In latency samples of kubelets that keep one series for all pods of a workload on a node, `uid` is empty and `name`
    is theirs in common.
    """

    namespace: str
    name: str
    uid: str
    template_hash: str
    node: str = ""
    workload: WorkloadRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What every fact has."""

    at: float
    pod: PodRef
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStarted(Observed):
    """The container process was started; `at` is the runtime's startedAt, `restarts` the kubelet's restartCount."""

    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerExited(Observed):
    """The container process ended; `at` is the runtime's finishedAt.

    Neither exit code nor reason tells who ended it: a liveness kill can end as 0 `Completed`, 143 or 137, and
    `OOMKilled` sticks to the container after a child was once killed (kubernetes/kubernetes#104454).
    """

    restarts: int
    started_at: float | None
    exit_code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessChanged(Observed):
    """The container's ready flag changed, as the status showed; `by_probe` is False where something else did it.

    Something else: the container is not running, the pod is being deleted, the node is lost, a readiness gate.
    `passed` is True where the probe must have succeeded before `at`, although when it first did is not known.
    """

    ready: bool
    by_probe: bool
    passed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessShown(Observed):
    """What was shown of a container with a readiness probe when it was first seen: whether it is ready just then.

    `was_ready` says of one that is not whether its pod had ever been ready, None where that is not known.
    """

    ready: bool
    was_ready: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupSucceeded(Observed):
    """The startup probe succeeded (status.started turned true on a container that has one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEnding(Observed):
    """The pod is being deleted, evicted or is lost; what its probes say from here on is no evidence."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailed(Observed):
    """Attempts failed and counted towards the threshold.

    `count` is the number that the event stands for since it was last seen; `combined` marks an event that the
    kubelet folded from different messages, whose container is not sure (client-go events_cache.go). `client_error`
    marks an HTTP status from 400 to 499: the server is up and does not serve what it was asked for.
    `since` is when the first of them failed, where one event told of several at once: that is a rate and no run.
    `said` is the kubelet's sentence about the last of them, bounded and in one line.
    """

    probe: ProbeType
    cause: FailureCause
    client_error: bool = False
    count: int = 1
    combined: bool = False
    since: float | None = None
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeErrored(Observed):
    """Attempts could not be made; the kubelet throws their result away (worker.go doProbe).

    `count` and `combined` as in `ProbeFailed`.
    """

    probe: ProbeType
    message: str
    count: int = 1
    combined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KillAnnounced(Observed):
    """The kubelet said that it kills the container because this probe reached its threshold."""

    probe: ProbeType
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAnnounced(Observed):
    """The kubelet said that it stops the container, and not for a probe."""

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff(Observed):
    """The kubelet waits before it starts the container again; `seconds` is None where it does not say how long."""

    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCounted(Observed):
    """What `prober_probe_total` grew by between `since` and `at`; resets are already taken out."""

    probe: ProbeType
    since: float
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeLatencySampled(Observed):
    """How many successful attempts fell into each bucket of `prober_probe_duration_seconds` since the last sample.

    `counts[i]` belongs to `LATENCY_BOUNDS_SECONDS[i]` and is not cumulative; the last entry is everything above
    the last bound. Failures are never in it, so it is cut off at the probe's timeout (worker.go doProbe).
    """

    probe: ProbeType
    counts: tuple[int, ...]


LATENCY_BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Prometheus' default buckets, which the kubelet uses (prober_manager.go ProberDuration)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuThrottled(Observed):
    """CFS periods since the last sample, and how many of them were throttled; only with a CPU limit."""

    periods: int
    throttled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessesCounted(Observed):
    """Live processes (cgroup.procs, without zombies) and tasks (pids.current, threads and zombies included)."""

    processes: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDisturbed(Observed):
    """The node was not ready, or its kubelet was restarted: flips of its pods at this time are not the probes'."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTried(Observed):
    """The operator itself asked an endpoint of the container, beside its probes; `at` is when it began to.

    `endpoint` is the endpoint's name (`model.endpoint`), `cause` None where the kubelet would have called it a success.
    `elsewhere` marks an HTTP redirect to another host, which the kubelet takes for a success unseen (pkg/probe/http).
    `client_error` as in `ProbeFailed`. `services_out` names the Services of the namespace, but for the container's own,
    that had no ready endpoint then.
    """

    endpoint: str
    seconds: float
    cause: FailureCause | None = None
    client_error: bool = False
    elsewhere: bool = False
    services_out: tuple[str, ...] = ()


Fact = (
    ContainerStarted
    | ContainerExited
    | ReadinessChanged
    | ReadinessShown
    | StartupSucceeded
    | PodEnding
    | ProbeFailed
    | ProbeErrored
    | KillAnnounced
    | StopAnnounced
    | BackOff
    | ProbeCounted
    | ProbeLatencySampled
    | CpuThrottled
    | ProcessesCounted
    | NodeDisturbed
    | EndpointTried
)
