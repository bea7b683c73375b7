"""The lives of a container that its status still shows: the present one and the one before."""

from dataclasses import dataclass

from probetuner.facts.times import happened
from probetuner.model.fields import Object, count, text
from probetuner.model.workload import section


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a life ended; `at` is the runtime's finishedAt, None where the runtime lost it."""

    at: float | None
    exit_code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLife:
    """One life; `key` tells it from the container's others, `restarts` is the restartCount it had."""

    key: str
    restarts: int
    started_at: float | None
    exit: Exit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A container's status, reduced to what facts are made of."""

    restarts: int
    ready: bool
    started: bool
    running: bool
    lives: tuple[ShownLife, ...]
    waiting_reason: str
    waiting_message: str


def read_status(raw: Object, place: str, *, at: float) -> Shown:
    """Read one of a Pod's containerStatuses, received at `at`. Lives are oldest first. Raises InvalidObjectError.

    While the container waits, restartCount is still that of the life in lastState: the kubelet raises it when it
    creates the next (kuberuntime_container.go startContainer).
    """
    restarts = count(raw, "restartCount", place)
    state, last = section(raw, "state", place), section(raw, "lastState", place)
    waiting = section(state, "waiting", place)
    running, ended = state.get("running") is not None, state.get("terminated") is not None
    lives = []
    if last.get("terminated") is not None:
        index = restarts - 1 if running or ended else restarts
        lives.append(_ended(section(last, "terminated", place), index, place, at=at))
    if ended:
        lives.append(_ended(section(state, "terminated", place), restarts, place, at=at))
    elif running:
        started_at = happened(section(state, "running", place), "startedAt", place, told_at=at)
        key = _key(text(raw, "containerID", place), restarts)
        lives.append(ShownLife(key=key, restarts=restarts, started_at=started_at))
    return Shown(
        restarts=restarts,
        ready=raw.get("ready") is True,
        started=raw.get("started") is True,
        running=running and not ended,
        lives=tuple(lives),
        waiting_reason=text(waiting, "reason", place),
        waiting_message=text(waiting, "message", place),
    )


def _ended(raw: Object, restarts: int, place: str, *, at: float) -> ShownLife:
    code = raw.get("exitCode")
    return ShownLife(
        key=_key(text(raw, "containerID", place), restarts),
        restarts=restarts,
        started_at=happened(raw, "startedAt", place, told_at=at),
        exit=Exit(
            at=happened(raw, "finishedAt", place, told_at=at),
            exit_code=code if isinstance(code, int) and not isinstance(code, bool) else -1,
            reason=text(raw, "reason", place),
        ),
    )


_KEY_CHARACTERS = 16


def _key(container_id: str, restarts: int) -> str:
    """Enough of the runtime's id to tell lives apart; one that the runtime lost has none (ContainerStatusUnknown)."""
    return container_id[-_KEY_CHARACTERS:] or f"#{restarts}"
