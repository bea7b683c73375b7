"""Settings are chosen by replay: mistakes within the budget, then the quickest detection, then the least change."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probetuner.facts.fact import FailureCause
from probetuner.history.life import Life, Tally
from probetuner.history.record import ContainerHistory, FailureRun, RunEnding
from probetuner.model.container import Container
from probetuner.model.policy import Policy, Range
from probetuner.model.probe import HttpGet, Probe, ProbeType
from probetuner.tuning.budget import Budget
from probetuner.tuning.recommendation import Probes
from probetuner.tuning.search import Evidence, change_size, choose, liveness_candidates

LIVENESS = Probe(handler=HttpGet(port=8080, path="/livez"))
HOUR = 1800.0


def history(*runs: FailureRun, lives: tuple[Life, ...] = ()) -> ContainerHistory:
    answered = {ProbeType.LIVENESS: Tally(succeeded=100, first_succeeded_at=5.0, last_succeeded_at=HOUR)}
    alive = Life(pod_uid="a", pod="a", template_hash="t", restarts=0, started_at=0.0, tallies=answered)
    return ContainerHistory(
        name="app", template_hash="t", first_seen_at=0.0, last_seen_at=HOUR, lives=lives or (alive,), runs=runs
    )


def glitch(start: float, seconds: float, *, ending: RunEnding = RunEnding.BY_ITSELF) -> FailureRun:
    return FailureRun(
        pod_uid="a",
        probe=ProbeType.LIVENESS,
        started_at=start,
        last_at=start + seconds,
        causes={FailureCause.TIMEOUT: 3},
        ending=ending,
        ended_at=start + seconds + 10.0,
    )


def evidence(liveness: Probe, *runs: FailureRun, lives: tuple[Life, ...] = ()) -> Evidence:
    container = Container(name="app", liveness=liveness)
    return Evidence(
        history=history(*runs, lives=lives), container=container, grace_seconds=30.0, budget=Budget(10_000_000)
    )


@settings(max_examples=6)
@given(seconds=st.integers(15, 60))
def test_the_chosen_settings_outlast_what_passed_by_itself(seconds: int) -> None:
    """Silence that ended by itself is not killed by what is chosen, and is by what is quicker."""
    present = Probes(liveness=replace(LIVENESS, failure_threshold=2))
    assert present.liveness is not None
    known = evidence(present.liveness, glitch(1000.0, seconds))
    candidates = [present.with_probe(ProbeType.LIVENESS, replace(LIVENESS, failure_threshold=n)) for n in range(1, 9)]
    choice = choose(known, present, candidates, most_mistakes=0)
    assert choice is not None
    assert choice.before.mistakes > 0
    assert choice.after.mistakes_at_worst == 0
    chosen = choice.probes.liveness
    assert chosen is not None
    quicker = present.with_probe(
        ProbeType.LIVENESS, replace(chosen, failure_threshold=max(1, chosen.failure_threshold - 1))
    )
    assert known.forecast(quicker).mistakes_at_worst > 0


def test_what_is_good_enough_stays() -> None:
    """No mistakes and nothing much quicker to be had: no change."""
    present = Probes(liveness=replace(LIVENESS, failure_threshold=3))
    assert present.liveness is not None
    candidates = [present.with_probe(ProbeType.LIVENESS, replace(LIVENESS, failure_threshold=n)) for n in (3, 4, 6)]
    assert choose(evidence(present.liveness), present, candidates, most_mistakes=0) is None


def test_a_long_detection_without_need_is_shortened() -> None:
    """An hour in which everything is known and nothing failed allows a tighter threshold."""
    slow = replace(LIVENESS, failure_threshold=12)
    choice = choose(
        evidence(slow),
        Probes(liveness=slow),
        [Probes(liveness=replace(slow, failure_threshold=3))],
        most_mistakes=0,
    )
    assert choice is not None
    assert choice.after.detection_seconds == 31


def test_what_is_unknown_forbids_tightening() -> None:
    """Silence that a kill cut short may have lasted: a quicker probe is not taken on trust."""
    silent = {ProbeType.LIVENESS: Tally(failed_by_events=3, causes={FailureCause.TIMEOUT: 3}, first_succeeded_at=5.0)}
    killed = Life(
        pod_uid="a",
        pod="a",
        template_hash="t",
        restarts=0,
        started_at=0.0,
        ended_at=1040.0,
        exit_code=137,
        killed_by=ProbeType.LIVENESS,
        kill_announced_at=1030.0,
        tallies=silent,
    )
    known = evidence(LIVENESS, glitch(1000.0, 30.0, ending=RunEnding.KILLED), lives=(killed,))
    patient = known.forecast(Probes(liveness=replace(LIVENESS, failure_threshold=30)))
    assert patient.mistakes == 0
    assert patient.mistakes_at_worst > 0
    rightly = replace(known, stuck=(killed,))
    assert rightly.forecast(Probes(liveness=LIVENESS)).mistakes_at_worst == 0


def test_a_handler_that_nobody_asked_is_unknown() -> None:
    """Nothing is forecast for an endpoint without evidence: at best all is well, at worst all is killed."""
    other = Probes(liveness=replace(LIVENESS, handler=HttpGet(port=8080, path="/other")))
    forecast = evidence(LIVENESS).forecast(other)
    assert forecast.mistakes == 0
    assert forecast.mistakes_at_worst > 0


def test_candidates_keep_to_the_bounds_and_never_shorten_the_timeout() -> None:
    """The policy's bounds hold, no candidate comes twice, and the timeout only grows."""
    liveness = replace(LIVENESS, timeout_seconds=2)
    policy = Policy(
        bounds={
            (ProbeType.LIVENESS, "timeout_seconds"): Range(most=5),
            (ProbeType.LIVENESS, "failure_threshold"): Range(least=3, most=6),
        }
    )
    found = [p.liveness for p in liveness_candidates(Probes(liveness=liveness), liveness, policy) if p.liveness]
    assert len(found) == len(set(found))
    assert all(2 <= probe.timeout_seconds <= 5 and 3 <= probe.failure_threshold <= 6 for probe in found)


@pytest.mark.parametrize("timeout", [1, 5, 30])
@pytest.mark.parametrize("failures", [3, 30])
def test_no_candidate_leaves_a_stuck_process_alone_for_longer_than_one_that_crashes(
    timeout: int, failures: int
) -> None:
    """The kubelet's longest back-off is five minutes; a probe that takes longer already is not made slower."""
    liveness = replace(LIVENESS, period_seconds=30, timeout_seconds=timeout, failure_threshold=failures)
    found = [p.liveness for p in liveness_candidates(Probes(liveness=liveness), liveness, Policy()) if p.liveness]
    assert len(found) > 1
    assert max(probe.detection_seconds for probe in found) <= max(300, liveness.detection_seconds)


def test_the_size_of_a_change_counts_fields() -> None:
    """One number is one, a probe that goes is all of its numbers."""
    present = Probes(liveness=LIVENESS)
    assert change_size(present, present) == 0
    assert change_size(present, Probes(liveness=replace(LIVENESS, timeout_seconds=9))) == 1
    assert change_size(present, Probes()) == 5
