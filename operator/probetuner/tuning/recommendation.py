"""What a recommendation is: actions, the probes that they lead to, and what they are forecast to bring."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from probetuner.diagnosis.finding import FindingName
from probetuner.model.policy import Allowance
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.figures import Figures


class ActionName(StrEnum):
    """Every action that a recommendation can consist of; the names are an API like those of findings."""

    REPLACE_LIVENESS_WITH_READINESS = "replace-liveness-with-readiness"
    RAISE_TIMEOUT = "raise-timeout"
    RAISE_FAILURE_THRESHOLD = "raise-failure-threshold"
    LOWER_FAILURE_THRESHOLD = "lower-failure-threshold"
    ADD_STARTUP_PROBE = "add-startup-probe"
    TIGHTEN_READINESS = "tighten-readiness"
    LOWER_INITIAL_DELAY = "lower-initial-delay"
    ADD_LIVENESS = "add-liveness"
    REMOVE_READINESS = "remove-readiness"
    SET_PROBE_GRACE = "set-probe-grace"
    SHARE_PROCESS_NAMESPACE = "share-process-namespace"
    TINI_AS_INIT = "tini-as-init"
    TINI_WRAPPER = "tini-wrapper"
    FIX_HANDLER = "fix-handler"
    DECOUPLE_LIVENESS = "decouple-liveness"
    RAISE_HANDLER_DEADLINE = "raise-handler-deadline"
    RAISE_CPU = "raise-cpu"
    RAISE_MEMORY = "raise-memory"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do to one container.

    `needs` is what a policy must allow before the operator may do it; None for what it never does itself. `asked_by` is
    the finding that it follows from, the first if there are several. `probe` is the one that it is about, or foremost
    about, None where it is about none or any. A `stopgap` only moves the point at which the same trouble comes again.
    """

    name: ActionName
    container: str
    reason: str
    needs: Allowance | None = None
    probe: ProbeType | None = None
    asked_by: FindingName | None = field(default=None, compare=False)
    stopgap: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The three probes of a container; None is no probe."""

    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None

    def get(self, kind: ProbeType) -> Probe | None:
        """The probe of that kind."""
        return {
            ProbeType.LIVENESS: self.liveness,
            ProbeType.READINESS: self.readiness,
            ProbeType.STARTUP: self.startup,
        }[kind]

    def with_probe(self, kind: ProbeType, probe: Probe | None) -> "Probes":
        """The same with another probe of that kind."""
        match kind:
            case ProbeType.LIVENESS:
                return replace(self, liveness=probe)
            case ProbeType.READINESS:
                return replace(self, readiness=probe)
            case ProbeType.STARTUP:
                return replace(self, startup=probe)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaping:
    """Who reaps orphans in a pod, as far as it is to be changed.

    `share_process_namespace` is the pod's field, None where it is not set; `commands` are those of containers, by
    name.
    """

    share_process_namespace: bool | None = None
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What to change on a workload.

    `id` is a digest of what would be written, so the same advice has the same id after a restart. `target` maps
    container names to the probes that they should have, `uncapped` to those that they should have if the policy had no
    bounds; it is empty where that was too much to work out. `current_reaping` and `target_reaping` speak of the same
    commands. `before` is what was measured. `withheld` lists the actions that the policy does not allow: they are shown
    and never applied.
    """

    id: str
    actions: tuple[Action, ...]
    withheld: tuple[Action, ...]
    current: Mapping[str, Probes]
    target: Mapping[str, Probes]
    uncapped: Mapping[str, Probes]
    before: Figures
    current_reaping: Reaping = Reaping()
    target_reaping: Reaping = Reaping()

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing in it that could be patched."""
        return self.target == self.current and self.target_reaping == self.current_reaping

    @property
    def changed_containers(self) -> tuple[str, ...]:
        """The containers whose probes would change, or whose orphans somebody else would reap."""
        reaped = {action.container for action in self.actions if action.needs is Allowance.REAPER}
        return tuple(n for n, probes in self.target.items() if probes != self.current.get(n) or n in reaped)

    @property
    def summary(self) -> str:
        """The actions in one line, as `kubectl get probepolicy` shows them."""
        names = dict.fromkeys(action.name.value for action in (*self.actions, *self.withheld))
        return ", ".join(names) or ActionName.NONE.value
