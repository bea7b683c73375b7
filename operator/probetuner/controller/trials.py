"""Trying endpoints of served workloads whose users let them be tried, slowly and never two at once in one pod.

Each endpoint is asked every ten seconds in up to three pods of a workload; one that turned out not to be served
is asked every ten minutes. All together no more than twenty attempts begin in a second, in the whole cluster.
"""

import asyncio
import itertools
import random
from collections.abc import Callable

from probetuner.cluster.pacing import RequestPace
from probetuner.controller.metrics import Metrics
from probetuner.controller.outages import Outages
from probetuner.controller.serving import Following, Served
from probetuner.controller.supervising import Loop
from probetuner.controller.view import View
from probetuner.diagnosis.diagnose import cases
from probetuner.diagnosis.endpoints import judge_endpoints
from probetuner.facts.fact import EndpointTried
from probetuner.facts.pods import PodState
from probetuner.model.candidate import Candidate
from probetuner.model.container import Container
from probetuner.model.endpoint import consents, name_of, port_of
from probetuner.model.policy import Policy
from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadRef
from probetuner.sources.endpoints import EndpointClient

INTERVAL_SECONDS = 10.0
MOST_PODS = 3
MOST_PER_SECOND = 20

_LOOK_SECONDS = 1.0
_JITTER = 0.1
_ROUNDS_BETWEEN_ABSENT = 60
_MOST_TIMEOUT_SECONDS = 10

Question = tuple[Container, Candidate]


class Trials:
    """One task for each workload with consent. `clock` gives epoch seconds."""

    def __init__(
        self,
        view: View,
        following: Following,
        outages: Outages,
        client: EndpointClient,
        metrics: Metrics,
        *,
        pace: RequestPace,
        clock: Callable[[], float],
        loop: Loop,
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._view = view
        self._following = following
        self._outages = outages
        self._metrics = metrics
        self._pace = pace
        self._clock = clock
        self._client = client
        self._loop = loop
        self._interval_seconds = interval_seconds
        self._tasks: dict[WorkloadRef, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Try until cancelled."""
        try:
            while True:
                self._loop.beat()
                with self._loop.turn():
                    self._adjust({ref for ref in self._following.served if self._consents(ref)})
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._adjust(set())

    def _consents(self, ref: WorkloadRef) -> bool:
        with self._loop.turn(ref):
            return self._policy(ref) is not None
        return False

    def _policy(self, ref: WorkloadRef) -> Policy | None:
        """The policy in force, if it lets endpoints be tried."""
        enrolment = self._view.enrolment(ref)
        in_force = enrolment.in_force if enrolment is not None else None
        policy = in_force.policy if in_force is not None else None
        return policy if policy is not None and consents(policy) else None

    def _adjust(self, refs: set[WorkloadRef]) -> None:
        for ref in self._tasks.keys() - refs:
            self._tasks.pop(ref).cancel()
        for ref in refs - self._tasks.keys():
            self._tasks[ref] = asyncio.create_task(self._try_for_ever(ref), name=f"try {ref}")
        self._outages.keep({ref.namespace for ref in refs})

    async def _try_for_ever(self, ref: WorkloadRef) -> None:
        await asyncio.sleep(random.uniform(0, self._interval_seconds))  # noqa: S311 - to spread the load, not to hide anything
        for number in itertools.count():
            with self._loop.turn(ref):
                await self.try_once(ref, also_absent=number % _ROUNDS_BETWEEN_ABSENT == 0)
            await asyncio.sleep(self._interval_seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - as above

    async def try_once(self, ref: WorkloadRef, *, also_absent: bool) -> None:
        """Ask each endpoint once in each of the pods that are asked, and learn what they answered."""
        served, policy = self._following.served.get(ref), self._policy(ref)
        if served is None or policy is None:
            return
        questions = _questions(served, policy, also_absent=also_absent)
        pods = sorted((pod for pod in self._following.reader.pods_of(ref) if _is_asked(pod)), key=_age)[:MOST_PODS]
        if not questions or not pods:
            return
        out = await self._outages.services_out(ref.namespace, besides=served.pods.keys())
        asked = await asyncio.gather(*(self._ask_pod(ref, pod, questions, out) for pod in pods))
        self._following.learn(fact for facts in asked for fact in facts)

    async def _ask_pod(
        self, ref: WorkloadRef, pod: PodState, questions: tuple[Question, ...], services_out: tuple[str, ...]
    ) -> list[EndpointTried]:
        """Ask one after the other, as long as the containers run and the address is still this pod's."""
        asked = [
            await self._ask(pod, container, candidate, services_out)
            for container, candidate in questions
            if self._still_has(ref, pod, container.name)
        ]
        return [fact for fact in asked if fact is not None]

    def _still_has(self, ref: WorkloadRef, pod: PodState, container: str) -> bool:
        """Whether the pod runs the container at that address now; another pod may get that of one that has ended."""
        present = (each for each in self._following.reader.pods_of(ref) if each.ref.uid == pod.ref.uid)
        now = next((each for each in present if _is_asked(each) and each.address == pod.address), None)
        state = now.container(container) if now is not None else None
        return state is not None and state.running

    async def _ask(
        self, pod: PodState, container: Container, candidate: Candidate, services_out: tuple[str, ...]
    ) -> EndpointTried | None:
        """Ask once. None where this process was too busy to tell how long the answer took."""
        port = port_of(candidate.handler, container)
        assert port is not None
        await self._pace.turn()
        at = self._clock()
        answer = await self._client.ask(
            candidate.handler,
            address=pod.address,
            port=port,
            timeout_seconds=_timeout_seconds(container, candidate),
        )
        if answer.heard_late:
            self._metrics.endpoint_attempts.labels("heard-late").inc()
            return None
        self._metrics.endpoint_attempts.labels(answer.cause.value if answer.cause is not None else "success").inc()
        self._metrics.endpoint_seconds.observe(answer.seconds)
        return EndpointTried(
            at=at,
            pod=pod.ref,
            container=container.name,
            endpoint=name_of(candidate.handler),
            seconds=answer.seconds,
            cause=answer.cause,
            client_error=answer.client_error,
            elsewhere=answer.elsewhere,
            services_out=services_out,
        )


def _questions(served: Served, policy: Policy, *, also_absent: bool) -> tuple[Question, ...]:
    """What is asked in this round, with the container that is asked."""
    return tuple(
        (case.container, judgement.candidate)
        for case in cases(served.workload, served.history)
        for judgement in judge_endpoints(case, policy)
        if also_absent or not judgement.absent
    )


def _is_asked(pod: PodState) -> bool:
    return bool(pod.address) and pod.ending is None and not pod.lost


def _age(pod: PodState) -> tuple[float, str]:
    return pod.created_at, pod.ref.uid


def _timeout_seconds(container: Container, candidate: Candidate) -> float:
    """As long as the probe waits that asks it, else as the probe waits whose place it might take."""
    probes = [probe for kind in ProbeType if (probe := container.probe(kind)) is not None]
    asking = [probe for probe in probes if probe.handler == candidate.handler]
    waits = next((probe.timeout_seconds for probe in (*asking, *probes)), 1)
    return float(min(_MOST_TIMEOUT_SECONDS, waits))
