"""A proposal in the making: the probes of one container, and what has been decided about them so far."""

from dataclasses import dataclass, field, replace

from probetuner.diagnosis.case import Case
from probetuner.diagnosis.finding import FindingName
from probetuner.diagnosis.throttling import may_be_unseen
from probetuner.diagnosis.unknown import stand_beside
from probetuner.model.policy import Allowance, Policy
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.budget import Budget
from probetuner.tuning.recommendation import Action, ActionName, Probes

_STRICTER = frozenset(
    {
        ActionName.LOWER_FAILURE_THRESHOLD,
        ActionName.TIGHTEN_READINESS,
        ActionName.LOWER_INITIAL_DELAY,
        ActionName.SET_PROBE_GRACE,
    }
)
"""Actions that leave a container less time: to answer, to start or to stop."""

_FOR_LATE_ANSWERS = frozenset({ActionName.RAISE_TIMEOUT, ActionName.REPLACE_LIVENESS_WITH_READINESS})
"""Actions that hide want of CPU, where that is why answers are late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Actions and the probes they lead to; what the policy does not allow is `withheld` and not in `probes`.

    `finding` is the one that is being answered, and asks for the actions that are added. `loosened` are the probes that
    were given more time lately, `refuted` what was tried and made things worse. `may_drop_readiness` says whether
    readiness may be taken away. `shares_processes` asks for one process namespace for the pod, `command` is a new
    command of the container. `budget` is what the decision may still replay and weigh.
    """

    case: Case
    policy: Policy
    probes: Probes
    finding: FindingName | None = None
    loosened: frozenset[ProbeType] = frozenset()
    refuted: frozenset[tuple[ProbeType, Probe | None]] = frozenset()
    may_drop_readiness: bool = True
    actions: tuple[Action, ...] = ()
    withheld: tuple[Action, ...] = ()
    shares_processes: bool = False
    command: tuple[str, ...] | None = None
    budget: Budget = field(default_factory=Budget, compare=False, repr=False)

    @property
    def asks_anew(self) -> bool:
        """Whether liveness is to ask something else than it did while it was watched."""
        before, after = self.case.container.liveness, self.probes.liveness
        return before is not None and after is not None and before.handler != after.handler

    def take(self, name: ActionName, reason: str, *, needs: Allowance, probes: Probes) -> "Proposal":
        """Add an action that leads to these probes, if the policy allows it; it is about the first that changes.

        Where it concerns a handler of a type that is not known, it is left to a person. What makes a probe stricter is
        not done while there are kills of which nobody knows what they hit. Nor is anything done about late answers
        while a CPU limit may be what makes them late: findings say that, and what would decide it.
        """
        if probes == self.probes or (name in _STRICTER and stand_beside(self.case)):
            return self
        if name in _FOR_LATE_ANSWERS and may_be_unseen(self.case):
            return self
        about = next(kind for kind in ProbeType if self.probes.get(kind) != probes.get(kind))
        if any(self._is_unknown(kind, probes) for kind in ProbeType):
            return self.advise(name, reason, about)
        action = self._action(name, reason, needs, about)
        if needs not in self.policy.allow:
            return replace(self, withheld=(*self.withheld, action))
        return replace(self, actions=(*self.actions, action), probes=probes)

    def _is_unknown(self, kind: ProbeType, probes: Probes) -> bool:
        """Whether the probe of that kind changes, comes or goes, and what it asks is not understood."""
        before, after = self.probes.get(kind), probes.get(kind)
        return before != after and any(probe is not None and probe.handler is None for probe in (before, after))

    def take_reaper(
        self, name: ActionName, reason: str, *, shares_processes: bool = False, command: tuple[str, ...] | None = None
    ) -> "Proposal":
        """Add an action that gives orphans another process 1, if the policy allows it."""
        action = self._action(name, reason, Allowance.REAPER)
        if Allowance.REAPER not in self.policy.allow:
            return replace(self, withheld=(*self.withheld, action))
        return replace(self, actions=(*self.actions, action), shares_processes=shares_processes, command=command)

    def advise(self, name: ActionName, reason: str, about: ProbeType | None = None) -> "Proposal":
        """Add an action that only a person can take, about that probe if about any."""
        action = self._action(name, reason, about=about)
        if action in self.actions:
            return self
        return replace(self, actions=(*self.actions, action))

    def _action(
        self, name: ActionName, reason: str, needs: Allowance | None = None, about: ProbeType | None = None
    ) -> Action:
        container = self.case.container.name
        return Action(name=name, container=container, reason=reason, needs=needs, probe=about, asked_by=self.finding)


def begin(
    case: Case,
    policy: Policy,
    *,
    budget: Budget,
    loosened: frozenset[ProbeType] = frozenset(),
    refuted: frozenset[tuple[ProbeType, Probe | None]] = frozenset(),
    may_drop_readiness: bool = True,
) -> Proposal:
    """Begin with the probes as they are."""
    container = case.container
    probes = Probes(liveness=container.liveness, readiness=container.readiness, startup=container.startup)
    return Proposal(
        case=case,
        policy=policy,
        probes=probes,
        budget=budget,
        loosened=loosened,
        refuted=refuted,
        may_drop_readiness=may_drop_readiness,
    )
