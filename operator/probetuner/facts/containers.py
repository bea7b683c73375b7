"""One container's status to facts: its lives, its readiness, its start-up and its waiting."""

from dataclasses import dataclass, replace

from probetuner.facts import messages
from probetuner.facts.fact import (
    BackOff,
    ContainerExited,
    ContainerStarted,
    Fact,
    PodRef,
    ReadinessChanged,
    ReadinessShown,
    StartupSucceeded,
)
from probetuner.facts.lives import Shown, ShownLife
from probetuner.model.container import Container
from probetuner.model.probe import Handler, ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """What is remembered of a container between two views of its pod.

    `probes` has the kind of handler of each of its probes, None for one that is not known. `began` and `ended` are the
    keys of the last lives whose start and end were told, `waited` the one after which a back-off was. `shift` makes
    `restarts` grow where the kubelet, having lost its state, counts anew. `disturbed` while it is unready for something
    else than its probe. `running`, `ready` and `started` as last shown.
    """

    name: str
    probes: tuple[tuple[ProbeType, type[Handler] | None], ...]
    running: bool = False
    ready: bool = False
    started: bool = False
    disturbed: bool = False
    restarts: int = 0
    shift: int = 0
    life: str = ""
    began: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    waited: str = ""

    @staticmethod
    def unseen(container: Container) -> "ContainerState":
        """A container whose status was not seen yet: not running, not ready."""
        probes = ((kind, container.probe(kind)) for kind in ProbeType)
        return ContainerState(
            name=container.name,
            probes=tuple((kind, type(p.handler) if p.handler else None) for kind, p in probes if p is not None),
        )

    def has(self, kind: ProbeType) -> bool:
        """Whether it has such a probe."""
        return any(kind is known for known, _ in self.probes)

    def handler(self, kind: ProbeType) -> type[Handler] | None:
        """The kind of handler of that probe, where it is known."""
        return next((handler for known, handler in self.probes if known is kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a container's facts depend on besides its status.

    `ready_since` is when all containers became ready, `unready_since` when the only one that is not fell, `began_at`
    when the kubelet took the pod on.
    """

    at: float
    pod: PodRef
    first_sight: bool = False
    ending: bool = False
    node_disturbed: bool = False
    ready_since: float | None = None
    unready_since: float | None = None
    began_at: float | None = None


def read_container(
    before: ContainerState, shown: Shown, circumstances: Circumstances
) -> tuple[ContainerState, list[Fact]]:
    """Compare a container's status with what was known of it before."""
    state, facts = _tell_lives(before, shown, circumstances)
    facts += _back_off(state, shown, circumstances)
    facts += _startup(before, shown, circumstances)
    disturbed = _is_disturbed(before, state, shown, circumstances)
    facts += _readiness(before, state, shown, circumstances, disturbed=disturbed)
    facts += _shown(state, shown, circumstances)
    state = replace(
        state,
        running=shown.running,
        ready=shown.ready,
        started=shown.started,
        disturbed=disturbed and not shown.ready,
        waited=state.life if shown.waiting_reason == _WAITING else state.waited,
    )
    return state, facts


_KEPT_KEYS = 3
_START_TOLD_SECONDS = 5.0
"""How much later than a container starts its pod may still be marked as not ready for the end of the one before."""


def _tell_lives(state: ContainerState, shown: Shown, circumstances: Circumstances) -> tuple[ContainerState, list[Fact]]:
    if shown.lives:
        state = replace(state, restarts=shown.restarts, shift=_shift(state, shown))
    facts: list[Fact] = []
    for life in shown.lives:
        state, told = _tell_life(state, life, circumstances)
        facts += told
    return state, facts


def _shift(state: ContainerState, shown: Shown) -> int:
    """What to add to restartCount so that it never falls and no two lives share one.

    The kubelet counts anew, or from the log directory, when the runtime lost the dead container
    (kuberuntime_container.go calcRestartCountByLogDir).
    """
    below_zero = max((-life.restarts for life in shown.lives), default=0)
    fell = state.restarts - shown.restarts
    if fell <= 0:
        return max(state.shift, below_zero)
    return state.shift + fell + (shown.lives[-1].key != state.life)


def _tell_life(
    state: ContainerState, life: ShownLife, circumstances: Circumstances
) -> tuple[ContainerState, list[Fact]]:
    facts: list[Fact] = []
    restarts = life.restarts + state.shift
    if life.started_at is not None and life.key not in state.began:
        facts.append(
            ContainerStarted(at=life.started_at, pod=circumstances.pod, container=state.name, restarts=restarts)
        )
        state = replace(state, began=(*state.began, life.key)[-_KEPT_KEYS:])
    if life.exit is not None and life.key not in state.ended:
        facts.append(
            ContainerExited(
                at=circumstances.at if life.exit.at is None else life.exit.at,
                pod=circumstances.pod,
                container=state.name,
                restarts=restarts,
                started_at=life.started_at,
                exit_code=life.exit.exit_code,
                reason=life.exit.reason,
            )
        )
        state = replace(state, ended=(*state.ended, life.key)[-_KEPT_KEYS:])
    return replace(state, life=life.key), facts


_WAITING = "CrashLoopBackOff"


def _back_off(state: ContainerState, shown: Shown, circumstances: Circumstances) -> list[Fact]:
    """The wait after one life is told once, however often the status repeats it."""
    if shown.waiting_reason != _WAITING or state.waited == state.life:
        return []
    seconds = messages.back_off_seconds(shown.waiting_message)
    return [BackOff(at=circumstances.at, pod=circumstances.pod, container=state.name, seconds=seconds)]


def _startup(before: ContainerState, shown: Shown, circumstances: Circumstances) -> list[Fact]:
    """Started turning true; a life that shows it from the start may have it from the one before (#141155)."""
    if circumstances.first_sight or not before.has(ProbeType.STARTUP):
        return []
    if before.started or not (shown.started and shown.running):
        return []
    return [StartupSucceeded(at=circumstances.at, pod=circumstances.pod, container=before.name)]


def _is_disturbed(before: ContainerState, state: ContainerState, shown: Shown, circumstances: Circumstances) -> bool:
    """Whether something else than the readiness probe makes, or made, the container unready.

    A kubelet that comes back after its node was lost sets ready to false by itself, and one up to 1.34 starts all
    probes over: only that turns `started` back within a life.
    """
    if state.life != before.life or not shown.running:
        return False
    over = before.started and not shown.started
    return before.disturbed or over or (circumstances.node_disturbed and not shown.ready and before.ready)


def _readiness(
    before: ContainerState, state: ContainerState, shown: Shown, circumstances: Circumstances, *, disturbed: bool
) -> list[Fact]:
    if shown.ready == before.ready:
        return _fell_before(state, shown, circumstances)
    same_life = shown.running and (shown.ready or state.life == before.life)
    by_probe = (
        same_life
        and state.has(ProbeType.READINESS)
        and not (circumstances.first_sight or circumstances.ending or disturbed)
    )
    at = circumstances.at
    if circumstances.first_sight and circumstances.ready_since is not None:
        at = min(at, circumstances.ready_since)
    passed = circumstances.first_sight and shown.ready and same_life and state.has(ProbeType.READINESS)
    return [
        ReadinessChanged(
            at=at,
            pod=circumstances.pod,
            container=state.name,
            ready=shown.ready,
            by_probe=by_probe,
            passed=passed,
        )
    ]


def _fell_before(state: ContainerState, shown: Shown, circumstances: Circumstances) -> list[Fact]:
    """What the pod's condition tells of a container that is not ready at first sight: that it had been, in this life.

    The condition changes with the flag (kubelet status_manager.go); as its container starts it is False already.
    """
    fell_at, started_at = circumstances.unready_since, shown.lives[-1].started_at if shown.lives else None
    by_probe = shown.running and shown.started and state.has(ProbeType.READINESS)
    if not circumstances.first_sight or circumstances.ending or circumstances.node_disturbed or not by_probe:
        return []
    if fell_at is None or started_at is None or fell_at <= started_at + _START_TOLD_SECONDS:
        return []
    told = ReadinessChanged(
        at=fell_at, pod=circumstances.pod, container=state.name, ready=True, by_probe=False, passed=True
    )
    return [told, replace(told, ready=False, by_probe=True, passed=False)]


_CONDITION_TOLD_SECONDS = 10.0
"""How much later than it takes a pod on the kubelet may first say that it is not ready."""


def _shown(state: ContainerState, shown: Shown, circumstances: Circumstances) -> list[Fact]:
    """Whether the container is ready at first sight, and if not, whether its pod ever was.

    The condition keeps the time of its last change only (kubelet status_manager.go updateLastTransitionTime): one that
    is False since the pod began was never True.
    """
    if not circumstances.first_sight or circumstances.ending or circumstances.node_disturbed:
        return []
    if not state.has(ProbeType.READINESS):
        return []
    unready_since, began_at = circumstances.unready_since, circumstances.began_at
    was_ready = None
    if not shown.ready and unready_since is not None and began_at is not None:
        was_ready = unready_since > began_at + _CONDITION_TOLD_SECONDS
    return [
        ReadinessShown(
            at=circumstances.at,
            pod=circumstances.pod,
            container=state.name,
            ready=shown.ready,
            was_ready=was_ready,
        )
    ]
