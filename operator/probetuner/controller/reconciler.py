"""One look at one workload: who speaks for it, what is known of it, what was decided, and the doing of that."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from probetuner.change import blocked
from probetuner.change.counters import counters_of
from probetuner.change.enrolment import Enrolment, PolicyObject
from probetuner.change.situation import Situation
from probetuner.cluster import autoscalers, histories, policies, workloads
from probetuner.cluster.api import Api
from probetuner.cluster.errors import NotFoundError
from probetuner.controller.deciding import DecisionThread
from probetuner.controller.execution import Executor, OutdatedError
from probetuner.controller.guarding import Guard
from probetuner.controller.metrics import Metrics
from probetuner.controller.pace import Pace
from probetuner.controller.scraping import Scraper
from probetuner.controller.serving import Following, Served, serve
from probetuner.controller.view import View
from probetuner.controller.watching import EVENTS
from probetuner.model.mode import Mode
from probetuner.model.policy import Policy
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import Workload, WorkloadRef

_LOOK_AGAIN_SECONDS = 1.0


class Reconciler:
    """Brings what stands in the cluster in line with what is known. `clock` gives epoch seconds.

    A decision may take seconds of computing. It runs in a thread, so that nothing else waits for it, and one at a time,
    so that each knows of the rollouts that the one before began.
    """

    def __init__(
        self,
        api: Api,
        view: View,
        following: Following,
        scraper: Scraper,
        metrics: Metrics,
        *,
        pace: Pace,
        guard: Guard,
        deciding: DecisionThread,
        clock: Callable[[], float],
    ) -> None:
        self._api = api
        self._view = view
        self._following = following
        self._scraper = scraper
        self._metrics = metrics
        self._pace = pace
        self._guard = guard
        self._deciding = deciding
        self._clock = clock
        self._executor = Executor(api, view, metrics, clock=clock)

    async def reconcile(self, ref: WorkloadRef) -> float | None:
        """Look at a workload; returns in how many seconds to look again even if nothing happens.

        Raises ApiError, UndecidedError, or whatever else is wrong with this one workload; it is to be looked at again.
        """
        try:
            enrolment = self._view.enrolment(ref)
            if enrolment is None:
                await self._without_workload(ref)
                return None
            for policy in enrolment.surplus:
                await self._delete_policy(policy)
            if not enrolment.enrolled:
                await self._leave(ref, had_policy=bool(enrolment.surplus))
                return None
            return await self._serve(ref, enrolment)
        except OutdatedError:
            return _LOOK_AGAIN_SECONDS

    async def _serve(self, ref: WorkloadRef, enrolment: Enrolment) -> float | None:
        try:
            served = await self._follow(ref, enrolment)
            problem = served.problem
        except InvalidObjectError as invalid:
            served, problem = None, str(invalid)
        except NotFoundError:
            self._view.workloads.pop(ref, None)
            return 0.0
        policy = enrolment.in_force or await self._create_policy(ref)
        for other in enrolment.duplicates:
            status = blocked.duplicate(other, in_force=policy, now=self._clock())
            await self._executor.write_status(other, status)
        problem = policy.problem or (f"{problem}; mend it in the workload." if problem else None)
        if served is None or problem is not None:
            await self._executor.write_status(
                policy, blocked.not_understood(policy, problem or "It is not understood.", now=self._clock())
            )
            return None
        return await self._decide_and_do(served, enrolment, policy)

    async def _decide_and_do(self, served: Served, enrolment: Enrolment, policy: PolicyObject) -> float | None:
        await self._guard.tell(served, policy)
        scaled = await self._may_be_scaled(served.workload)
        with ExitStack() as until_told:
            async with self._deciding.turn(served.workload.ref):
                workload = replace(served.workload, autoscaled=scaled or served.workload.autoscaled)
                situation = self._situation(served, workload, enrolment, policy)
                decision = await self._deciding.compute(situation)
                self._check_still_holds(situation, policy)
                if decision.patch is not None:
                    if served.workload.resource_version != workload.resource_version:
                        raise OutdatedError(f"{workload.ref} has changed")
                    until_told.enter_context(self._pace.beginning(workload.ref))
            await self._executor.carry_out(served, policy, decision)
        # A refusal is part of the next situation, and to be shown at once.
        if served.refusal is not situation.refusal:
            return 0.0
        waits = (decision.recheck_seconds, self._guard.ends_in_seconds(served.workload.ref))
        return min((wait for wait in waits if wait is not None), default=None)

    def _check_still_holds(self, situation: Situation, policy: PolicyObject) -> None:
        """Raise OutdatedError if another mode or policy holds since it was being decided what to do."""
        ref, enrolment = situation.workload.ref, self._view.enrolment(situation.workload.ref)
        if enrolment is None or enrolment.mode.mode is not situation.mode.mode:
            raise OutdatedError(f"the mode of {ref} has changed")
        if enrolment.in_force is not None and enrolment.in_force.uid != policy.uid:
            raise OutdatedError(f"{enrolment.in_force} is in force now")

    def _situation(self, served: Served, workload: Workload, enrolment: Enrolment, policy: PolicyObject) -> Situation:
        return Situation(
            workload=workload,
            mode=enrolment.mode,
            policy=policy.policy or Policy(),
            history=served.history,
            policy_generation=policy.generation,
            status=policy.status,
            history_problem=served.history_problem,
            counters=counters_of(self._scraper.counters(set(served.pods.values()) - {""})),
            refusal=served.refusal,
            traffic=self._pace.traffic(workload.ref),
        )

    async def _may_be_scaled(self, workload: Workload) -> bool:
        """Whether an autoscaler may change its replicas, which matters only to a single replica's readiness."""
        lone = workload.rollout.desired == 1 and any(one.readiness is not None for one in workload.containers)
        return lone and await autoscalers.may_scale(self._api, workload.ref)

    async def _follow(self, ref: WorkloadRef, enrolment: Enrolment) -> Served:
        """Return what is held about a workload, which is fetched first if nothing is. In mode Off nothing is held."""
        served = self._following.served.get(ref)
        if served is not None and served.workload.uid != self._uid(ref):
            self._following.drop(ref)
            served = None
        if enrolment.mode.mode is Mode.OFF and enrolment.mode.problem is None:
            await self._leave(ref)
            served = None
        if served is None:
            off = enrolment.mode.mode is Mode.OFF
            saved = histories.NOTHING
            if not off:
                saved = await histories.load(self._api, ref, uid=self._uid(ref), now=self._clock())
            served = serve(await workloads.read(self._api, ref), saved.history, at=self._clock())
            served.history_problem, served.saved_version = saved.problem, saved.version
            if off:
                return served
            self._following.add(served)
        if not served.listed:
            await self._read_pods(served)
        return served

    async def _read_pods(self, served: Served) -> None:
        """Read the pods that were there before, and after them their events, which need them to be known."""
        path = f"/api/v1/namespaces/{served.workload.ref.namespace}"
        selector = [("labelSelector", served.selector)]
        pods = [{**raw, "kind": "Pod"} async for raw in self._api.each(f"{path}/pods", query=selector)]
        self._following.read_list(served, pods, self._clock())
        await self._read_events(served, f"{path}/events")
        served.listed = True

    async def _read_events(self, served: Served, path: str) -> None:
        """Read what is told of its pods: at once, where the namespace has few such Events, else pod by pod.

        Pods without trouble have none, so a cluster's thousand workloads take a thousand requests and not ten thousand.
        """
        of_all = await self._api.few(path, query=[("fieldSelector", EVENTS)]) if len(served.pods) > 1 else None
        if of_all is not None:
            for raw in of_all:
                if (raw.get("involvedObject") or {}).get("uid") in served.pods:
                    self._following.watch({**raw, "kind": "Event"}, None, self._clock())
            return
        for uid in list(served.pods):
            of_pod = [("fieldSelector", f"involvedObject.uid={uid}")]
            async for raw in self._api.each(path, query=of_pod):
                self._following.watch({**raw, "kind": "Event"}, None, self._clock())

    async def _without_workload(self, ref: WorkloadRef) -> None:
        await self._leave(ref)
        for policy in self._view.policies_of(ref):
            if policy.is_users:
                status = blocked.target_not_found(policy, ref, now=self._clock())
                await self._executor.write_status(policy, status)
            else:
                await self._delete_policy(policy)

    async def _leave(self, ref: WorkloadRef, *, had_policy: bool = False) -> None:
        """Stop serving a workload, and clean up what was made for it."""
        self._metrics.forget(ref)
        self._guard.forget(ref)
        if self._following.drop(ref) or had_policy:
            await histories.delete(self._api, ref)

    def _uid(self, ref: WorkloadRef) -> str:
        """The workload's uid; raises OutdatedError where it was deleted while something else was waited for."""
        known = self._view.workloads.get(ref)
        if known is None:
            raise OutdatedError(f"{ref} is there no more")
        return known.uid

    async def _create_policy(self, ref: WorkloadRef) -> PolicyObject:
        policy = await policies.create(self._api, ref, uid=self._uid(ref))
        self._view.see_policy(policy)
        return policy

    async def _delete_policy(self, policy: PolicyObject) -> None:
        await policies.delete(self._api, policy)
        self._view.see_policy(policy, gone=True)
