"""One container under diagnosis: what it is, and what is remembered of it under its present template."""

from dataclasses import dataclass

from probetuner.history.attribution import RestartCause, attribute
from probetuner.history.life import Life
from probetuner.history.record import ContainerHistory
from probetuner.model.container import Container
from probetuner.model.probe import ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A container and its history; `replicas` is how many pods the workload wants."""

    container: Container
    history: ContainerHistory
    replicas: int

    @property
    def observed_seconds(self) -> float:
        """How long the present template has been watched."""
        return max(0.0, self.history.last_seen_at - self.history.first_seen_at)

    def ended_by(self, *causes: RestartCause) -> tuple[Life, ...]:
        """The lives that ended in one of these ways, oldest first."""
        return tuple(life for life in self.history.lives if attribute(life, self.container) in causes)

    @property
    def probe_kills(self) -> tuple[Life, ...]:
        """The lives that a liveness or a startup probe ended."""
        return self.ended_by(RestartCause.LIVENESS_KILL, RestartCause.STARTUP_KILL)

    def answer_seconds(self) -> tuple[float, ...]:
        """How long each life took until a probe first succeeded; lives that never did are not in it."""
        return tuple(
            max(0.0, life.answered_at - life.started_at) for life in self.history.lives if life.answered_at is not None
        )

    def was_starting(self, life: Life) -> bool:
        """Whether a killed life had not come up yet.

        It never answered any probe, and it does not look like a container that had long been up: either nobody
        listened (refused), or no other life shows that an answer could have been expected by then.
        """
        if life.answered_at is not None:
            return False
        refused = any(not tally.silent for tally in life.tallies.values() if tally.causes)
        if refused:
            return True
        usual = self.answer_seconds()
        return not usual or min(usual) > (life.lasted_seconds or 0.0)

    def next_life(self, life: Life) -> Life | None:
        """The life that followed in the same pod."""
        return next(
            (
                other
                for other in self.history.lives
                if other.pod_uid == life.pod_uid and other.restarts == life.restarts + 1
            ),
            None,
        )

    def killing_probe(self, life: Life) -> ProbeType:
        """The probe whose threshold ended the life."""
        if attribute(life, self.container) is RestartCause.STARTUP_KILL:
            return ProbeType.STARTUP
        return ProbeType.LIVENESS
