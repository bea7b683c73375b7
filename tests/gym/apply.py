"""probetuner in the mode Apply, as the operator has it: watch, change, verify, keep or undo, and look again.

The decisions are the operator's own (`change.decide`) with the user's policy: no change below its confidence, none
within the cool-down, none that was tried and rolled back. Only the API server and the Deployment's controller are
missing: a patch is merged at once, and each hour begins with new pods.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gym.manifest import deployment, probes_of
from gym.observer import deletion_of
from gym.phase import live
from gym.sight import EPOCH, Sight, facts_seen, histories
from gym.truth import GymCase
from probetuner.change.decide import decide
from probetuner.change.situation import Situation
from probetuner.facts.fact import Fact
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Policy
from probetuner.model.workload import parse_workload
from probetuner.tuning.recommendation import Probes
from support import strategic_merge

ROUNDS = 5
"""One more than the default policy allows changes in a day, so that the last one is verified too."""
ROUND_SECONDS = 3600.0
"""The default cool-down between two changes, and as much as a history remembers minute by minute."""
_CARRYING_OUT = 3
_RESTED_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of it: the probes at last, and the log of changes as (summary, verdict), newest first."""

    probes: Probes
    changes: tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class _Cluster:
    """The live object, the status of its ProbePolicy, and what the operator remembers."""

    live: dict[str, Any]
    policy: Policy
    status: dict[str, Any]
    history: WorkloadHistory
    templates: int = 0

    @property
    def probes(self) -> Probes:
        return probes_of(parse_workload(self.live))

    def learn(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self.history = observe(self.history, fact)

    def turn(self, now: float) -> bool:
        """Decide once and carry it out; whether anything was sent."""
        decision = decide(
            Situation(
                workload=parse_workload(self.live),
                mode=ModeDecision(mode=Mode.APPLY, source=ModeSource.WORKLOAD),
                policy=self.policy,
                history=self.history,
                policy_generation=1,
                status=self.status,
            ),
            now,
        )
        self.status = dict(decision.status)
        if decision.patch is None:
            return False
        self.live = strategic_merge.apply(dict(decision.patch.body), self.live)
        self.templates += 1
        return True


def training_seed(number: int) -> str:
    """What decides the weather of that hour of watching."""
    return f"train-{number}"


def apply_mode(case: GymCase, sight: Sight = Sight.COUNTERS, policy: Policy | None = None) -> Applied:
    """Let an operator who has that to go by look after the case for some hours."""
    cluster = _Cluster(
        live=deployment(case, case.probes), policy=policy or Policy(), status={}, history=WorkloadHistory()
    )
    for number in range(ROUNDS):
        epoch = EPOCH + number * (ROUND_SECONDS + _RESTED_SECONDS)
        phase = live(case, cluster.probes, seed=training_seed(number), seconds=ROUND_SECONDS)
        template = f"t{cluster.templates}"
        if number == 0 and sight is Sight.LATE:
            (cluster.history,) = histories(phase, sight, (ROUND_SECONDS,), template=template)
        else:
            cluster.learn(facts_seen(phase, sight, epoch=epoch, template=template, generation=number))
        _settle(cluster, now=epoch + ROUND_SECONDS + 1.0, is_last=number == ROUNDS - 1)
        cluster.learn(deletion_of(phase, epoch=epoch, template=template, generation=number))
    changes = tuple((entry["summary"], entry.get("verdict", "")) for entry in cluster.status.get("history", ()))
    return Applied(probes=cluster.probes, changes=changes)


def _settle(cluster: _Cluster, *, now: float, is_last: bool) -> None:
    """Decide until nothing is left to be sent; what was sent is seen to be carried at once.

    After the last hour a change would not be verified any more: it is left out.
    """
    for _ in range(_CARRYING_OUT):
        before = cluster.live
        if not cluster.turn(now):
            return
        if is_last and "verdict" not in cluster.status["history"][0]:
            cluster.live = before
            return
