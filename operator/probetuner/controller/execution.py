"""Doing what was decided, in the order that makes it safe: the status, then the patch, then the telling."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from probetuner.change.enrolment import PolicyObject
from probetuner.change.situation import Announcement, Decision, Refusal, WorkloadPatch
from probetuner.change.warrant import Warrant
from probetuner.cluster import policies, workloads
from probetuner.cluster.announcements import Subject, announce, of_policy, of_workload
from probetuner.cluster.api import Api
from probetuner.cluster.errors import ApiError, ConflictError, NotFoundError
from probetuner.controller.metrics import Metrics
from probetuner.controller.serving import Served
from probetuner.controller.view import View
from probetuner.model.workload import parse_workload

log = structlog.get_logger()


class OutdatedError(Exception):
    """What was to be decided upon has moved on, or is gone; nothing was done, and it is to be decided anew."""


class Send(Protocol):
    """Sends a patch of a `ChangePath`: all of it arrives, or nothing (`cluster.workloads.patch`)."""

    async def __call__(
        self, api: Api, wanted: WorkloadPatch, warrant: Warrant, *, now: float
    ) -> dict[str, Any] | Refusal | None:
        """Return the workload as it is then, or the no to it; None in a dry run. Raises ApiError."""
        ...


class Executor:
    """Carries decisions out. `clock` gives epoch seconds; `send` is how a patch is sent."""

    def __init__(
        self, api: Api, view: View, metrics: Metrics, *, clock: Callable[[], float], send: Send = workloads.patch
    ) -> None:
        self._api = api
        self._view = view
        self._metrics = metrics
        self._clock = clock
        self._send = send

    async def carry_out(self, served: Served, policy: PolicyObject, decision: Decision) -> None:
        """Write the status, send the patch, post the Events. What fails keeps what comes after it from being done.

        Raises ApiError, and OutdatedError when there is something newer to decide upon.
        """
        written = await self.write_status(policy, decision.status)
        self._metrics.show(served.workload.ref, decision.status)
        result = None
        if decision.patch is not None:
            if written is policy:
                await self._confirm(policy)
            result = await self._patch(served, decision.patch)
        for announcement in decision.announcements:
            for subject in (of_workload(served.workload), of_policy(written)):
                await self._announce(subject, announcement)
        if written is not policy or result is not None:
            self._log(served, decision, result)

    async def write_status(self, policy: PolicyObject, status: Mapping[str, Any]) -> PolicyObject:
        """Write a policy's status, if it says something new; returns the policy as it is then."""
        try:
            written = await policies.write_status(self._api, policy, status)
        except (ConflictError, NotFoundError):
            await self._refresh(policy)
            raise OutdatedError(f"{policy} has changed") from None
        if written is not policy:
            self._view.see_policy(written)
        return written

    async def _confirm(self, policy: PolicyObject) -> None:
        """Make sure that the status which was decided upon is the one that stands there."""
        if self._api.dry_run:
            return
        live = await self._refresh(policy)
        if live is None or live.resource_version != policy.resource_version:
            raise OutdatedError(f"{policy} has changed")

    async def _refresh(self, policy: PolicyObject) -> PolicyObject | None:
        live = await policies.read(self._api, policy)
        self._view.see_policy(live or policy, gone=live is None)
        return live

    async def _patch(self, served: Served, patch: WorkloadPatch) -> str:
        outcome = await self._send(self._api, patch, self._warrant(served), now=self._clock())
        match outcome:
            case Refusal():
                served.refusal = outcome
                result = outcome.reason.value
            case None:
                result = "DryRun"
            case _:
                served.refusal = None
                served.workload = parse_workload(outcome)
                result = "Applied"
        self._metrics.patches.labels(result).inc()
        return result

    def _warrant(self, served: Served) -> Warrant:
        """What permits a patch at this moment; raises OutdatedError where nobody speaks for the workload any more."""
        enrolment = self._view.enrolment(served.workload.ref)
        policy = enrolment.in_force.policy if enrolment is not None and enrolment.in_force is not None else None
        if enrolment is None or policy is None:
            raise OutdatedError(f"the policy of {served.workload.ref} has changed")
        return Warrant(workload=served.workload, mode=enrolment.mode.mode, policy=policy)

    async def _announce(self, subject: Subject, announcement: Announcement) -> None:
        try:
            await announce(self._api, subject, announcement, now=self._clock())
        except ApiError as problem:
            about = f"{subject.kind}/{subject.namespace}/{subject.name}"
            log.warning("event not posted", about=about, reason=announcement.reason, problem=str(problem))

    def _log(self, served: Served, decision: Decision, result: str | None) -> None:
        status = decision.status
        facts = {
            "phase": status.get("phase"),
            "finding": status.get("finding"),
            "recommendation": (status.get("recommendation") or {}).get("id"),
            "patch": result,
            "refusal": served.refusal.message if served.refusal is not None and result is not None else None,
            "told": ", ".join(announcement.reason for announcement in decision.announcements) or None,
        }
        log.info(
            "decided",
            workload=str(served.workload.ref),
            **{name: value for name, value in facts.items() if value is not None},
        )
