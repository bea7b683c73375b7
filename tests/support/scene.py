"""Workloads like those of the recordings, lived through under the kubelet's model and told as an observer sees them.

What an application does is stated here; what the kubelet makes of it is the replay's model, and what of that can be
seen (whole seconds, an event budget, a scrape every ten seconds) is the gym's observer.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gym.manifest import CONTAINER
from gym.observer import facts_of
from gym.phase import Phase
from gym.truth import GymCase, Truth
from gym.weather import Fate, Weather
from probetuner.diagnosis.case import Case
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.finding import Finding
from probetuner.facts.fact import (
    ContainerExited,
    ContainerStarted,
    CpuThrottled,
    Fact,
    FailureCause,
    KillAnnounced,
    PodEnding,
    PodRef,
    ProbeCounted,
    ProbeFailed,
    ProbeLatencySampled,
    ReadinessChanged,
)
from probetuner.history.fold import observe
from probetuner.history.record import WorkloadHistory
from probetuner.model.container import Container, Port
from probetuner.model.policy import Policy
from probetuner.model.probe import Handler, HttpGet, Probe
from probetuner.model.workload import Rollout, Workload, WorkloadKind, WorkloadRef
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Probes, Recommendation
from probetuner.tuning.replay.container import Circumstances
from probetuner.tuning.replay.running import run
from support.application import App, Process, nth

T0 = 1_760_000_000.0
LIVEZ, READYZ = HttpGet(port=8080, path="/livez"), HttpGet(port=8080, path="/readyz")
WORK, DEPENDENT = HttpGet(port=8080, path="/work"), HttpGet(port=8080, path="/health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is said of a scene."""

    findings: tuple[Finding, ...]
    recommendation: Recommendation | None

    @property
    def names(self) -> set[str]:
        """The names of the findings."""
        return {finding.name.value for finding in self.findings}

    @property
    def actions(self) -> set[str]:
        """The names of the actions; `none` where there is none."""
        advice = self.recommendation
        return {action.name.value for action in advice.actions} if advice and advice.actions else {"none"}

    @property
    def target(self) -> Probes:
        """The probes that are recommended."""
        assert self.recommendation is not None
        return self.recommendation.target[CONTAINER]

    def finding(self, name: str) -> Finding:
        """The finding of that name."""
        return next(finding for finding in self.findings if finding.name.value == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A workload in a cluster: one `App` per replica (the last stands for the rest), its probes, and how long.

    Without `counters` its watcher may not scrape, and sees events and statuses alone.
    """

    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None
    apps: Sequence[App] = (App(),)
    replicas: int = 2
    apart: Sequence[float] = (0.7,)
    seconds: float = 300.0
    grace: int = 5
    kind: WorkloadKind = WorkloadKind.DEPLOYMENT
    gradual: bool = True
    exposed: bool | None = True
    policy: Policy = field(default_factory=Policy)
    extra: tuple[Fact, ...] = ()
    command: tuple[str, ...] = ()
    cpu_limit: bool = False
    counters: bool = True
    lost_kills: bool = False
    seed: int = 1

    @property
    def probes(self) -> Probes:
        """The container's probes."""
        return Probes(liveness=self.liveness, readiness=self.readiness, startup=self.startup)

    def pod(self, index: int = 0) -> PodRef:
        """The pod of that replica, for facts that are told besides."""
        name = f"scene-{self.seed}"
        return PodRef(
            namespace="gym",
            name=f"{name}-{index}",
            uid=f"{name}-0-{index}",
            template_hash="t1",
            node=f"node-{index % 2}",
        )

    @property
    def workload(self) -> Workload:
        """The workload as the API server gives it."""
        container = Container(
            name=CONTAINER,
            command=self.command,
            has_cpu_limit=self.cpu_limit,
            liveness=self.liveness,
            readiness=self.readiness,
            startup=self.startup,
            ports=(Port(number=8080, name="http"),),
        )
        n = self.replicas
        return Workload(
            ref=WorkloadRef(kind=self.kind, namespace="gym", name="scene"),
            uid="u",
            resource_version="1",
            generation=1,
            containers=(container,),
            rollout=Rollout(desired=n, updated=n, ready=n, available=n, total=n, observed=True),
            grace_seconds=self.grace,
            replaces_gradually=self.gradual,
        )

    def facts(self, *, epoch: float = T0, template: str = "t1") -> Iterator[Fact]:
        """What an observer saw, in the order of time, from that epoch second on."""
        told = self._phase()
        everything = sorted([*facts_of(told, epoch=epoch, template=template), *self.extra], key=lambda fact: fact.at)
        besides = {id(fact) for fact in self.extra}
        began: dict[str, float] = {}
        for fact in everything:
            shown = fact if id(fact) in besides else self._shown(fact, told)
            if isinstance(fact, ContainerStarted):
                began[fact.pod.uid] = fact.at
            if isinstance(shown, ReadinessChanged) and not shown.ready and fact.at - began[fact.pod.uid] < 3.0:
                shown = replace(shown, by_probe=False)  # A status that shows a fresh container shows it unready too.
            if shown is not None:
                yield shown

    def history(self) -> WorkloadHistory:
        """What is remembered of it."""
        history = WorkloadHistory()
        for fact in self.facts():
            history = observe(history, fact)
        return history

    def cases(self) -> tuple[Case, ...]:
        """The container under diagnosis."""
        return cases(self.workload, self.history(), objectives=self.policy.objectives, exposed=self.exposed)

    def judge(self) -> "Judged":
        """What is found, and recommended."""
        found = self.cases()
        findings = diagnose(found)
        return Judged(findings=findings, recommendation=recommend(found, findings, self.policy))

    def app(self, index: int) -> App:
        """What that replica runs."""
        return self.apps[min(index, len(self.apps) - 1)]

    def _phase(self) -> Phase:
        truth = Truth(replicas=self.replicas, stop_seconds=0.3, grace_seconds=self.grace)
        outcomes, fates = [], []
        for index in range(self.replicas):
            rng = random.Random(f"{self.seed}-{index}")
            process = Process(app=self.app(index), probes=self.probes, index=index, rng=rng)
            outcome = run(
                probes=self.probes,
                application=process,
                circumstances=Circumstances(
                    grace_seconds=self.grace, lead_seconds=rng.uniform(0.3, 10.3), sync_jitter=rng.random()
                ),
                began_at=nth(self.apart, index) if len(self.apart) > 1 else self.apart[0] * index,
                until=self.seconds,
            )
            outcomes.append(outcome)
            fate = Fate(start_seconds=0.0, lockup_seconds=0.0, crash_seconds=0.0, oom=self.app(index).oom)
            fates.append((fate,) * len(outcome.lives))
        return Phase(
            case=GymCase(family="scene", number=self.seed, truth=truth, probes=self.probes),
            probes=self.probes,
            weather=Weather(truth, seed=str(self.seed), seconds=self.seconds),
            outcomes=tuple(outcomes),
            fates=tuple(fates),
            stop_seconds=(truth.stop_seconds,) * self.replicas,
            refused_seconds=0.0,
        )

    def _shown(self, fact: Fact, phase: Phase) -> Fact | None:
        """The fact with what the gym does not distinguish: exit codes and HTTP errors that are the client's."""
        if self.lost_kills and isinstance(fact, KillAnnounced):
            return None
        if not self.counters and isinstance(fact, ProbeCounted | ProbeLatencySampled | CpuThrottled):
            return None
        if isinstance(fact, ContainerExited):
            return self._exit(fact, phase)
        asked = self.probes.get(fact.probe) if isinstance(fact, ProbeFailed) else None
        if isinstance(fact, ProbeFailed) and asked is not None and isinstance(asked.handler, HttpGet):
            missing = fact.cause is FailureCause.HTTP_STATUS and asked.handler.path not in self.app(0).paths
            return replace(fact, client_error=missing)
        return fact

    def _exit(self, fact: ContainerExited, phase: Phase) -> ContainerExited:
        index = int(fact.pod.name.rsplit("-", 1)[1])
        app, life = self.app(index), phase.outcomes[index].lives[fact.restarts]
        if life.killed_by is None:
            if app.oom:
                return fact
            return replace(fact, exit_code=app.exit_code, reason="Completed" if not app.exit_code else "Error")
        assert life.ended_at is not None
        assert life.decided_at is not None
        if app.handles_term is None or life.ended_at - life.decided_at >= self.grace:
            return replace(fact, exit_code=137, reason="Error")
        return replace(fact, exit_code=app.handles_term, reason="Error" if app.handles_term else "Completed")


def asks(handler: Handler = LIVEZ, **numbers: Any) -> Probe:
    """A probe with Kubernetes' defaults but for these numbers."""
    return Probe(handler=handler, **numbers)


def deletion(scene: Scene, exit_code: int, *, template: str = "t0", lived_seconds: float = 870.0) -> tuple[Fact, ...]:
    """A pod of that template is deleted and its container ends with that code."""
    pod = replace(scene.pod(), uid="deleted", template_hash=template)
    began_at = T0 - 30 - lived_seconds
    return (
        ContainerStarted(at=began_at, pod=pod, container=CONTAINER, restarts=0),
        PodEnding(at=T0 - 60, pod=pod, container=CONTAINER, reason="Deleted"),
        ContainerExited(
            at=T0 - 30,
            pod=pod,
            container=CONTAINER,
            restarts=0,
            started_at=began_at,
            exit_code=exit_code,
            reason="Error",
        ),
    )
