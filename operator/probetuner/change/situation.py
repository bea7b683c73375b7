"""What a decision about one workload is made from, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from probetuner.change.counters import ASKING, Counters
from probetuner.history.record import WorkloadHistory
from probetuner.model.mode import ModeDecision
from probetuner.model.pausing import PausedBy
from probetuner.model.policy import Policy
from probetuner.model.workload import Workload


class RefusalReason(StrEnum):
    """Why a patch did not arrive: the API server did not take it, or (the last) it was not to be sent at all."""

    CONFLICT = "Conflict"
    REJECTED = "Rejected"
    FORBIDDEN = "Forbidden"
    NOT_PERMITTED = "NotPermitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The answer to the last patch, when it was no. `at` is epoch seconds."""

    reason: RefusalReason
    message: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How many other workloads are being rolled out for us, and how many may be at once; None is no limit.

    `beside` is how many of them are in the same namespace, of which `share` may be. `paused` is who has none begin.
    """

    elsewhere: int = 0
    limit: int | None = None
    beside: int = 0
    share: int | None = None
    paused: PausedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that is known about one workload when it is decided upon.

    `status` is the status of its ProbePolicy as the API server has it: what was decided and done before, written
    there before it was done. `history_problem` says why what is learned is not saved, None when it is. `counters` is
    whether the kubelets of its pods give counters. `refusal` is the answer to the last patch in this process.
    `policy_problem` is a sentence when the policy cannot be honoured.
    """

    workload: Workload
    mode: ModeDecision
    policy: Policy
    history: WorkloadHistory
    policy_generation: int = 0
    status: Mapping[str, Any] = field(default_factory=dict)
    history_problem: str | None = None
    counters: Counters = ASKING
    policy_problem: str | None = None
    refusal: Refusal | None = None
    traffic: Traffic = Traffic()


class Tone(StrEnum):
    """The two types of Kubernetes Events."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A Kubernetes Event to be posted on the workload and on its ProbePolicy."""

    reason: str
    message: str
    tone: Tone = Tone.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadPatch:
    """A strategic-merge patch of the workload, valid only for this resourceVersion.

    `change` is the id of the recommendation that it carries out, or takes back (`undoes`).
    """

    body: Mapping[str, Any]
    resource_version: str
    change: str
    undoes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do, in this order: write `status` (if it differs), then send `patch`, then post `announcements`.

    The order is the safety: what is about to be done stands in the status before it is done, so that an operator
    that dies between the two finds out from the live workload whether it was done. `recheck_seconds` is when to
    decide again even if nothing happens; None is when something does.
    """

    status: Mapping[str, Any]
    patch: WorkloadPatch | None = None
    announcements: tuple[Announcement, ...] = ()
    recheck_seconds: float | None = None
