"""Settings for containers that do lock up: a liveness probe, quick enough, and an end that comes soon."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from probetuner.diagnosis.pauses import pauses_seconds
from probetuner.diagnosis.shape import liveness_acts_first
from probetuner.diagnosis.starting import liveness_kills
from probetuner.history.record import RunEnding
from probetuner.model.policy import Allowance
from probetuner.model.probe import Probe, ProbeType
from probetuner.tuning.forecast import evidence_of
from probetuner.tuning.numbers import failures_within, tolerated_mistakes, waiting
from probetuner.tuning.proposal import Proposal
from probetuner.tuning.recommendation import ActionName
from probetuner.tuning.search import choose, liveness_candidates

_PERIOD_SECONDS, LEAST_TIMEOUT_SECONDS = 10, 5
_LEAST_FAILURES, _STEP_UP = 2, 2
_GRACE_SECONDS = 10
_PAUSE_MARGIN = 1.25


def new_liveness(proposal: Proposal) -> Probe | None:
    """A probe that asks what readiness asks, but more patiently: it was that question that the lock-up left open."""
    readiness = proposal.probes.readiness
    if readiness is None or proposal.probes.liveness is not None:
        return None
    liveness = Probe(
        handler=readiness.handler,
        initial_delay_seconds=readiness.initial_delay_seconds,
        period_seconds=_PERIOD_SECONDS,
        written=readiness.written,
    )
    liveness = waiting(liveness, max(LEAST_TIMEOUT_SECONDS, readiness.timeout_seconds))
    return _quickest(proposal, replace(liveness, failure_threshold=_affordable(proposal, liveness)))


def keep_behind(proposal: Proposal) -> Proposal:
    """Let a liveness probe that comes new wait no shorter for the same answer than readiness, and act after it."""
    liveness, readiness = proposal.probes.liveness, proposal.probes.readiness
    if proposal.case.container.liveness is not None or liveness is None or readiness is None:
        return proposal
    waits = waiting(liveness, max(liveness.timeout_seconds, readiness.timeout_seconds))
    missing = max(0, readiness.detection_seconds - waits.detection_seconds)
    behind = replace(waits, failure_threshold=waits.failure_threshold + ceil(missing / waits.cadence_seconds))
    return replace(proposal, probes=replace(proposal.probes, liveness=behind))


def keep_order(proposal: Proposal) -> Proposal:
    """Let liveness that asks the same act no sooner than readiness that was given more time, unless it did before."""
    case, liveness, readiness = proposal.case, proposal.probes.liveness, proposal.probes.readiness
    if liveness is None or readiness is None or liveness.detection_seconds >= readiness.detection_seconds:
        return proposal
    if liveness_acts_first(case) or not case.container.asks_the_same(liveness.handler, readiness.handler):
        return proposal
    missing = ceil((readiness.detection_seconds - liveness.detection_seconds) / liveness.cadence_seconds)
    return proposal.take(
        ActionName.RAISE_FAILURE_THRESHOLD,
        "it asks what readiness asks, and must not be the first to act",
        needs=Allowance.THRESHOLDS,
        probes=replace(
            proposal.probes, liveness=replace(liveness, failure_threshold=liveness.failure_threshold + missing)
        ),
    )


def _quickest(proposal: Proposal, liveness: Probe) -> Probe:
    """The numbers that find a lock-up soonest without false restarts, as a replay of what was seen has it."""
    present = replace(proposal.probes, liveness=liveness)
    candidates = tuple(liveness_candidates(present, liveness, proposal.policy))
    evidence = evidence_of(proposal.case, proposal.budget)
    choice = choose(evidence, present, candidates, most_mistakes=tolerated_mistakes(proposal.case))
    return liveness if choice is None or choice.probes.liveness is None else choice.probes.liveness


def find_sooner(proposal: Proposal) -> Proposal:
    """Lower the number of failures until a lock-up is found within the objective, but outlast what passed by itself."""
    liveness = proposal.probes.liveness
    if liveness is None or ProbeType.LIVENESS in proposal.loosened:
        return proposal
    failures = min(liveness.failure_threshold, _affordable(proposal, liveness))
    return proposal.take(
        ActionName.LOWER_FAILURE_THRESHOLD,
        f"{failures} failures find a lock-up within the objective",
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=replace(liveness, failure_threshold=failures)),
    )


def outlast_pauses(proposal: Proposal, pauses: Sequence[float] | None = None) -> Proposal:
    """Give liveness enough failures for the longest silence that ended by itself, as far as the objective leaves room.

    `pauses` are such silences in seconds; all that any probe met if they are not told.

    What it kills sooner may be such a silence as well as a lock-up; what it kills later is known not to be one.
    """
    liveness = proposal.probes.liveness
    if liveness is None:
        return proposal
    within = failures_within(liveness, proposal.policy.objectives.liveness_detection_seconds)
    longest = max(pauses_seconds(proposal.case) if pauses is None else pauses, default=0.0)
    return outlast(proposal, liveness, longest, most_failures=within)


def outlast(proposal: Proposal, liveness: Probe, seconds: float, *, most_failures: int | None = None) -> Proposal:
    """Raise the failures of liveness until it bears a silence of that many seconds, with a margin, or to the most."""
    failures = 1 + ceil((_PAUSE_MARGIN * seconds - liveness.timeout_seconds) / liveness.cadence_seconds)
    failures = max(liveness.failure_threshold, failures if most_failures is None else min(failures, most_failures))
    return proposal.take(
        ActionName.RAISE_FAILURE_THRESHOLD,
        f"the process fell silent for up to {seconds:.0f} s and came back by itself",
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=replace(liveness, failure_threshold=failures)),
    )


def end_sooner(proposal: Proposal) -> Proposal:
    """Set a short grace period on the liveness probe: a stuck process does not stop when asked (KEP-2238)."""
    liveness = proposal.probes.liveness
    if liveness is None:
        return proposal
    return proposal.take(
        ActionName.SET_PROBE_GRACE,
        "a stuck process uses up the whole grace period",
        needs=Allowance.GRACE,
        probes=replace(proposal.probes, liveness=replace(liveness, termination_grace_period_seconds=_GRACE_SECONDS)),
    )


def stepped_up_seconds(probe: Probe) -> int:
    """Twice the probe's timeout, and at least some seconds; no longer than its period unless it is that already."""
    longer = max(_STEP_UP * probe.timeout_seconds, LEAST_TIMEOUT_SECONDS)
    return min(longer, probe.period_seconds) if probe.timeout_seconds < probe.period_seconds else longer


def put_in_order(proposal: Proposal) -> Proposal:
    """Give liveness enough failures that readiness acts first."""
    liveness, readiness = proposal.probes.liveness, proposal.probes.readiness
    if liveness is None or readiness is None or liveness.detection_seconds >= readiness.detection_seconds:
        return proposal
    if proposal.case.history.minutes and not liveness_kills(proposal.case):
        return proposal
    missing = readiness.detection_seconds - liveness.detection_seconds
    failures = liveness.failure_threshold + 1 + ceil(missing / liveness.cadence_seconds)
    behind = replace(liveness, failure_threshold=failures)
    if behind.detection_seconds > proposal.policy.objectives.liveness_detection_seconds:
        return proposal.advise(
            ActionName.TIGHTEN_READINESS,
            f"readiness takes {readiness.detection_seconds} s, too long for liveness to wait behind it: make readiness "
            "quicker, and let a startup probe give starts their time",
            ProbeType.READINESS,
        )
    return proposal.take(
        ActionName.RAISE_FAILURE_THRESHOLD,
        "readiness asks the same and must be able to act before liveness restarts",
        needs=Allowance.THRESHOLDS,
        probes=replace(proposal.probes, liveness=behind),
    )


def _affordable(proposal: Proposal, probe: Probe) -> int:
    """The most failures that still find a lock-up within the objective, and at least as many as glitches need."""
    within = failures_within(probe, proposal.policy.objectives.liveness_detection_seconds)
    glitches = [
        run.last_at - run.started_at
        for run in proposal.case.history.runs
        if run.ending is RunEnding.BY_ITSELF and run.probe is not ProbeType.STARTUP
    ]
    outlasting = 1 + ceil(max(glitches, default=0.0) / probe.cadence_seconds)
    return max(_LEAST_FAILURES, within, outlasting)
