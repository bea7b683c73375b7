"""One workload, its ProbePolicy and what an operator process does with them, step by step and without a cluster.

The steps of a decision are carried out in the order that `Decision` states; a process can die after any of them, and
the next one knows nothing but what stands in the cluster.
"""

import copy
import json
from dataclasses import dataclass, field
from enum import StrEnum

from probetuner.change.counters import ASKING, Counters
from probetuner.change.decide import decide
from probetuner.change.situation import (
    Announcement,
    Decision,
    Refusal,
    RefusalReason,
    Situation,
    Traffic,
    WorkloadPatch,
)
from probetuner.change.warrant import Warrant
from probetuner.facts.fact import Fact
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import Mode, ModeDecision, ModeSource
from probetuner.model.policy import Policy
from probetuner.model.workload import parse_workload
from support.facts import T0, remember
from support.schema import status_problems
from support.stories import killed_under_load
from support.strategic_merge import apply
from support.workloads import Json, deployment, rollout_counts


class Step(StrEnum):
    """A step of carrying a decision out."""

    DECIDED = "decided"
    STATUS_WRITTEN = "status written"
    PATCH_SENT = "patch sent"
    ALL = "all done"


@dataclass(slots=True)
class Stage:
    """The cluster's side (`live`, `status`), the process's (`history`, `refusal`) and what came of it.

    `now` is seconds after T0. `server_says` is a refusal that the API server answers every patch with; `seen` is a
    view of the workload that is older than the live one.
    """

    live: Json = field(default_factory=deployment)
    status: Json = field(default_factory=dict)
    now: float = 300.0
    mode: Mode = Mode.APPLY
    problem: str | None = None
    policy: Policy = field(default_factory=Policy)
    history: WorkloadHistory = field(default_factory=lambda: remember(killed_under_load()))
    refusal: Refusal | None = None
    traffic: Traffic = field(default_factory=Traffic)
    counters: Counters = ASKING
    server_says: RefusalReason | None = None
    seen: Json | None = None
    sent: list[Json] = field(default_factory=list)
    told: list[Announcement] = field(default_factory=list)
    writes: int = 0

    def decide(self) -> Decision:
        """Decide upon what the process sees; every status must be one that the API server takes."""
        situation = Situation(
            workload=parse_workload(self.seen or self.live),
            mode=ModeDecision(mode=self.mode, source=ModeSource.WORKLOAD, problem=self.problem),
            policy=self.policy,
            history=self.history,
            policy_generation=1,
            status=self.status,
            refusal=self.refusal,
            traffic=self.traffic,
            counters=self.counters,
        )
        decision = decide(situation, T0 + self.now)
        assert status_problems(decision.status) == []
        return decision

    def turn(self, *, until: Step = Step.ALL) -> Decision:
        """Decide and carry it out, up to that step."""
        decision = self.decide()
        if until is Step.DECIDED:
            return decision
        if decision.status != self.status:
            self.status, self.writes = json.loads(json.dumps(decision.status)), self.writes + 1
        if until is Step.STATUS_WRITTEN:
            return decision
        if decision.patch is not None:
            self._send(decision.patch)
        if until is Step.ALL:
            self.told.extend(decision.announcements)
        return decision

    def restart(self) -> None:
        """Begin with a new process: the status and the live workload are all that it knows."""
        self.refusal = self.seen = None

    def _send(self, patch: WorkloadPatch) -> None:
        warrant = Warrant(workload=parse_workload(self.seen or self.live), mode=self.mode, policy=self.policy)
        assert warrant.problem(patch) is None, "what would not be sent is not decided"
        metadata = self.live["metadata"]
        answer = self.server_says
        if patch.resource_version != metadata["resourceVersion"]:
            answer = RefusalReason.CONFLICT
        if answer is not None:
            self.refusal = Refusal(reason=answer, message=f"the server says {answer}", at=T0 + self.now)
            return
        self.refusal = None
        self.edit(json.loads(json.dumps(patch.body)))
        self.sent.append(json.loads(json.dumps(patch.body)))

    def edit(self, patch: Json) -> None:
        """Change the live workload, as anybody may; its controller has not looked at it yet."""
        self.live = apply(patch, self.live)
        metadata = self.live["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        metadata["generation"] += 1

    def roll_out(self, **counts: int) -> None:
        """Let the controller finish the rollout, or leave it at the given counts of the workload's status."""
        metadata = self.live["metadata"]
        self.live["status"] |= rollout_counts(self.live["spec"]["replicas"], **counts)
        self.live["status"]["observedGeneration"] = metadata["generation"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)

    def look_back(self) -> None:
        """Freeze what the process sees of the workload."""
        self.seen = copy.deepcopy(self.live)

    def learn(self, *facts: Fact) -> None:
        """Add facts to the process's history, which is saved and survives it."""
        self.history = remember(facts, self.history)

    @property
    def latest(self) -> Json:
        """The newest entry of the log of changes."""
        entry: Json = self.status["history"][0]
        return entry

    def condition(self, kind: str) -> Json:
        """The condition of that type."""
        found: Json = next(entry for entry in self.status["conditions"] if entry["type"] == kind)
        return found

    @property
    def probes(self) -> Json:
        """The fields of the live container's probes."""
        container = self.live["spec"]["template"]["spec"]["containers"][0]
        return {name: value for name, value in container.items() if name.endswith("Probe")}
