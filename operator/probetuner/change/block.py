"""A refusal: why a recommendation is not applied now. docs/refusals.md has a sentence on each."""

from dataclasses import dataclass
from enum import StrEnum

from probetuner.change.situation import Refusal, RefusalReason
from probetuner.model.workload import WorkloadRef

_REFUSED_SECONDS = 600.0
_MESSAGE_CHARACTERS = 1024


class BlockReason(StrEnum):
    """Why a recommendation is not applied now."""

    NOTHING_TO_APPLY = "NothingToApply"
    MODE = "ModeDoesNotApply"
    STALE_APPROVAL = "StaleApproval"
    APPROVAL_USED = "ApprovalUsed"
    NOT_ALLOWED = "NotAllowed"
    OWNED = "OwnedByController"
    GITOPS = "ManagedElsewhere"
    FIELD_CONFLICT = "FieldConflict"
    PAUSED = "Paused"
    TOO_FEW_REPLICAS = "TooFewReplicas"
    NO_TROUBLE = "NoTroubleSeen"
    LOW_CONFIDENCE = "LowConfidence"
    ROLLOUT_IN_PROGRESS = "RolloutInProgress"
    COOL_DOWN = "CoolDown"
    DAILY_CAP = "DailyCap"
    OUTSIDE_WINDOW = "OutsideMaintenanceWindow"
    TRIED_BEFORE = "TriedBefore"
    REVERTED_TWICE = "RevertedTwice"
    OUTAGE = "Outage"
    TOO_MANY_ROLLOUTS = "TooManyRollouts"
    OPERATOR_PAUSED = "OperatorPaused"
    PAUSED_BY_ANNOTATION = "PausedByAnnotation"
    ROLLBACK_ASKED = "RollbackAsked"
    REFUSED = "RefusedByServer"
    TOO_LARGE = "PatchTooLarge"
    UNDO_WITHHELD = "UndoWithheld"
    NOT_PERMITTED = "NotPermitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A refusal: its reason for machines and a sentence for people. `until` is when it may be over, epoch seconds."""

    reason: BlockReason
    message: str
    until: float | None = None

    @property
    def is_mendable(self) -> bool:
        """Whether somebody can do something about it; evidence that is still to come is waited for."""
        return self.reason not in _WAITED_FOR

    @property
    def answers_a_person(self) -> bool:
        """Whether it is to be told of in any mode, because somebody asked for something and does not get it."""
        return self.reason in (BlockReason.STALE_APPROVAL, BlockReason.UNDO_WITHHELD)


_WAITED_FOR = (
    BlockReason.NOTHING_TO_APPLY,
    BlockReason.NO_TROUBLE,
    BlockReason.LOW_CONFIDENCE,
    BlockReason.TOO_MANY_ROLLOUTS,
)

TOO_LARGE = Block(
    reason=BlockReason.TOO_LARGE,
    message="the patch and what undoes it are too long to be written down first: apply it by hand",
)


def undo_withheld(problem: str) -> Block:
    """The refusal to put the old values back; `problem` says what forbids it."""
    message = (
        f"the change was judged worse, and is not undone: {problem}; "
        "apply status.patch, which puts the old values back, or permit it"
    )
    return Block(reason=BlockReason.UNDO_WITHHELD, message=message)


def paused(ref: WorkloadRef) -> Block:
    """The refusal while the workload is paused: nothing that is sent to it reaches a pod."""
    return Block(reason=BlockReason.PAUSED, message=f"{ref} is paused; resume it to have this applied")


def refused(refusal: Refusal | None, *, now: float) -> Block | None:
    """The refusal for some minutes after the API server said no; a conflict is none. `now` is epoch seconds."""
    if refusal is None or refusal.reason is RefusalReason.CONFLICT or now - refusal.at >= _REFUSED_SECONDS:
        return None
    own = refusal.reason is RefusalReason.NOT_PERMITTED
    return Block(
        reason=BlockReason.NOT_PERMITTED if own else BlockReason.REFUSED,
        message=refusal.message[:_MESSAGE_CHARACTERS],
        until=refusal.at + _REFUSED_SECONDS,
    )
