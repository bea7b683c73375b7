"""What is said of a decision: the conditions of the ProbePolicy, and Events for what is new."""

from collections.abc import Mapping
from typing import Any

from probetuner.change.conditions import Condition, ConditionType
from probetuner.change.counters import ASKING, NOT_OBSERVED, Source
from probetuner.change.outlook import Outlook
from probetuner.change.record import Outcome, count_unread
from probetuner.change.situation import Announcement, Situation, Tone
from probetuner.model.fields import shown
from probetuner.model.mode import MODE_ANNOTATION, ROLLBACK_ANNOTATION, Mode
from probetuner.model.policy import ContainerMode

_LOW_CONFIDENCE, _MESSAGE_CHARACTERS = 0.8, 1024


def conditions_of(situation: Situation, outlook: Outlook) -> tuple[Condition, ...]:
    """All conditions of a ProbePolicy, in the order in which they are shown."""
    counters = _counters_available(situation)
    return (
        _observing(situation, counters),
        counters,
        _recommendation_ready(outlook),
        _low_confidence(outlook),
        _applied(situation, outlook),
        _verified(outlook),
        _conflict(situation, outlook),
        _reverted_by_other(outlook),
    )


def _observing(situation: Situation, counters: Condition) -> Condition:
    if (why_not := _not_observing(situation)) is not None:
        return why_not
    if situation.history_problem:
        return Condition(
            type=ConditionType.OBSERVING, holds=True, reason="HistoryNotSaved", message=situation.history_problem
        )
    if counters.holds:
        return Condition(type=ConditionType.OBSERVING, holds=True, reason=Source.EVENTS_AND_COUNTERS.value)
    message = f"see the condition {ConditionType.COUNTERS_AVAILABLE}"
    return Condition(type=ConditionType.OBSERVING, holds=True, reason=Source.EVENTS_ONLY.value, message=message)


def _counters_available(situation: Situation) -> Condition:
    """Whether counters come. An operator that has just begun to ask leaves what was known before it."""
    if _not_observing(situation) is not None:
        return Condition(type=ConditionType.COUNTERS_AVAILABLE, holds=None, reason=NOT_OBSERVED)
    counters = situation.counters
    before = _condition_now(situation, ConditionType.COUNTERS_AVAILABLE)
    if counters == ASKING and before.get("reason") not in (None, NOT_OBSERVED, ASKING.reason):
        return Condition(
            type=ConditionType.COUNTERS_AVAILABLE,
            holds={"True": True, "False": False}.get(str(before.get("status"))),
            reason=str(before["reason"]),
            message=str(before.get("message") or ""),
        )
    return Condition(
        type=ConditionType.COUNTERS_AVAILABLE,
        holds=counters.available,
        reason=counters.reason,
        message=counters.message,
    )


def _not_observing(situation: Situation) -> Condition | None:
    """The condition that says why the workload is not observed; None where it is."""
    problem = situation.mode.problem or situation.policy_problem
    if problem:
        reason = "InvalidMode" if situation.mode.problem else "InvalidPolicy"
        return Condition(type=ConditionType.OBSERVING, holds=False, reason=reason, message=problem)
    if situation.mode.is_veto:
        return Condition(type=ConditionType.OBSERVING, holds=False, reason="OffByWorkload", message=_veto(situation))
    if situation.mode.mode is Mode.OFF:
        return Condition(type=ConditionType.OBSERVING, holds=False, reason="ModeOff", message="mode is Off")
    if _all_left_out(situation):
        message = "spec.containers leaves out all containers of this workload"
        return Condition(type=ConditionType.OBSERVING, holds=False, reason="AllContainersOff", message=message)
    return None


def _veto(situation: Situation) -> str:
    asked = f"the workload's annotation {MODE_ANNOTATION} is Off, and holds against spec.mode of this ProbePolicy. "
    if situation.policy.override_off:
        return f"{asked}Change the annotation: spec.overrideOff says nothing here, since nothing checks who sets it."
    return f"{asked}Change the annotation, or set spec.overrideOff as somebody who may patch the workload."


def _all_left_out(situation: Situation) -> bool:
    rules, containers = situation.policy.containers, situation.workload.containers
    return bool(containers) and all(rules.mode_of(one.name) is ContainerMode.OFF for one in containers)


def _recommendation_ready(outlook: Outlook) -> Condition:
    advice, ready = outlook.recommendation, ConditionType.RECOMMENDATION_READY
    if advice is None and outlook.incomplete:
        return Condition(type=ready, holds=False, reason="TooMuchToReplay", message=outlook.incomplete)
    tried = outlook.tried[:_MESSAGE_CHARACTERS]
    if advice is None:
        return Condition(
            type=ready, holds=False, reason="TriedBefore" if tried else "NothingToRecommend", message=tried
        )
    rest = f"; it is not all worked out: {outlook.incomplete}" if outlook.incomplete else ""
    rest += f"; {tried}" if tried else ""
    message = f"{advice.summary} ({advice.id}){rest}"
    return Condition(type=ready, holds=True, reason="Recommended", message=message[:_MESSAGE_CHARACTERS])


def _low_confidence(outlook: Outlook) -> Condition:
    unsure = not outlook.findings or outlook.findings[0].confidence < _LOW_CONFIDENCE
    missing = "; ".join(outlook.findings[0].evidence) if unsure and outlook.findings else ""
    return Condition(
        type=ConditionType.LOW_CONFIDENCE,
        holds=unsure,
        reason="TooFewSamples" if unsure else "EnoughSamples",
        message=missing,
    )


def _applied(situation: Situation, outlook: Outlook) -> Condition:
    latest = outlook.latest
    if outlook.block is not None:
        # What is on the workload, and only cannot go on, is applied.
        holds = latest is not None and latest.is_carried and (latest.pending or latest.to_be_undone)
        return Condition(
            type=ConditionType.APPLIED, holds=holds, reason=outlook.block.reason.value, message=outlook.block.message
        )
    if latest is None:
        return Condition(type=ConditionType.APPLIED, holds=False, reason="NothingApplied")
    if latest.applied_at is None:
        reason = "Sending" if latest.pending else "NotApplied"
        return Condition(type=ConditionType.APPLIED, holds=False, reason=reason, message=latest.reason)
    if latest.is_gone:
        return Condition(type=ConditionType.APPLIED, holds=False, reason="Undone", message=latest.reason)
    word = f"; {outlook.handover.advice}" if outlook.handover is not None else ""
    asked = situation.workload.rollback_annotation
    if asked is not None:
        word += f"; {ROLLBACK_ANNOTATION} is {shown(asked)}: only the latest change is undone, as long as it is carried"
    return Condition(
        type=ConditionType.APPLIED, holds=True, reason="Patched", message=f"{latest.summary} ({latest.id}){word}"
    )


def _verified(outlook: Outlook) -> Condition:
    latest = outlook.latest
    if latest is None:
        return Condition(type=ConditionType.VERIFIED, holds=False, reason="NothingApplied")
    if latest.verdict is None:
        return Condition(type=ConditionType.VERIFIED, holds=None, reason="Verifying")
    holds = {Outcome.KEPT: True, Outcome.ROLLED_BACK: False, Outcome.INCONCLUSIVE: None}[latest.verdict]
    return Condition(type=ConditionType.VERIFIED, holds=holds, reason=latest.verdict.value, message=latest.reason)


def _conflict(situation: Situation, outlook: Outlook) -> Condition:
    """The API server's no, or else who would put the change back."""
    refusal, told = situation.refusal, outlook.handover
    if refusal is not None:
        return Condition(type=ConditionType.CONFLICT, holds=True, reason=refusal.reason.value, message=refusal.message)
    if told is not None and told.reason is not None:
        return Condition(
            type=ConditionType.CONFLICT, holds=True, reason=told.reason.value, message=f"{told.keeper}: {told.advice}"
        )
    return Condition(type=ConditionType.CONFLICT, holds=False, reason="NoConflict")


def _reverted_by_other(outlook: Outlook) -> Condition:
    latest = outlook.latest
    reverted = latest is not None and latest.reverted_at is not None
    return Condition(
        type=ConditionType.REVERTED_BY_OTHER,
        holds=reverted,
        reason="PutBack" if reverted else "NotReverted",
        message=latest.reason if latest is not None and reverted else "",
    )


def news(situation: Situation, outlook: Outlook) -> tuple[Announcement, ...]:
    """What is new against the status that is there: each thing is told once."""
    told = []
    unread = count_unread(situation.status)
    if unread:
        message = f"{unread} of the entries of status.history are not as the operator writes them; they are left out"
        told.append(Announcement(reason="LogNotUnderstood", message=message, tone=Tone.WARNING))
    if situation.mode.problem and _reason_now(situation, ConditionType.OBSERVING) != "InvalidMode":
        told.append(Announcement(reason="InvalidMode", message=situation.mode.problem, tone=Tone.WARNING))
    advice = outlook.recommendation
    if advice is not None and (situation.status.get("recommendation") or {}).get("id") != advice.id:
        told.append(Announcement(reason="Recommended", message=f"{advice.summary} (recommendation {advice.id})"))
    if (
        outlook.block is not None
        and (situation.mode.mode is Mode.APPLY or outlook.block.answers_a_person)
        and outlook.block.is_mendable
        and _reason_now(situation, ConditionType.APPLIED) != outlook.block.reason
    ):
        told.append(Announcement(reason=outlook.block.reason.value, message=outlook.block.message, tone=Tone.WARNING))
    return tuple(told)


def _reason_now(situation: Situation, kind: ConditionType) -> str | None:
    return _condition_now(situation, kind).get("reason")


def _condition_now(situation: Situation, kind: ConditionType) -> Mapping[str, Any]:
    """The condition as the status has it now, empty where it has none."""
    conditions = situation.status.get("conditions") or ()
    return next((entry for entry in conditions if entry.get("type") == kind), {})
