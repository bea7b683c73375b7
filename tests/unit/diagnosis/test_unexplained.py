"""A proven kill that no other finding explains is never left out, however well the container was watched."""

from dataclasses import replace

import pytest

from probetuner.change.trial import fresh_cases
from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.restarts import restarts_of
from probetuner.facts.fact import Fact, FailureCause
from probetuner.model.probe import Grpc
from support.application import App, Spell
from support.changes import made
from support.facts import LIVENESS, READINESS, counted, ending, exited, failed, killed, pod, remember, started
from support.scene import Scene, asks
from support.workloads import LIVENESS as WRITTEN
from support.workloads import container, workload

SERVING = Grpc(port=8080)
RELOADS = tuple(Spell(begin=at, end=at + 35, of_life=True) for at in (60, 130, 200))
"""Answers no for a while at its own times: what lasts for three attempts is killed, and would have passed."""
PRICING = Scene(
    liveness=asks(SERVING, period_seconds=10),
    readiness=asks(SERVING, period_seconds=5),
    apps=(App(spells=RELOADS, handles_term=0),),
    seconds=700,
)


def test_kills_by_answers_that_pass_are_told() -> None:
    """NOT_SERVING for a moment is no lock-up and no load, and nothing that it calls is away: the kills still count."""
    said = PRICING.judge()
    finding = said.finding("liveness-kill-unexplained")

    assert said.names.isdisjoint({"insufficient-evidence", "healthy", "liveness-kill-of-lockup"})
    assert finding.samples >= 3
    assert f"{finding.samples} kills by the liveness probe, none of them explained" in finding.evidence
    assert any("grpc-not-serving" in sentence for sentence in finding.evidence)


def test_liveness_gets_laxer_than_readiness_and_no_more_time_for_each_answer() -> None:
    """It answers at once: readiness acts on what it says."""
    said = PRICING.judge()

    assert said.actions == {"raise-failure-threshold"}
    assert said.target.liveness is not None
    assert PRICING.readiness is not None
    assert said.target.liveness.detection_seconds > 2 * PRICING.readiness.detection_seconds
    assert replace(said.target, liveness=PRICING.liveness) == PRICING.probes


def test_a_few_kills_that_somebody_watches_change_nothing_yet() -> None:
    """The next ones will show what they are; who looks only once has nothing to wait for."""
    early = replace(PRICING, seconds=110, replicas=1).judge()

    assert early.finding("liveness-kill-unexplained").samples == 1
    assert early.recommendation is not None
    assert early.recommendation.changes_nothing
    assert "more kills will show what helps" in early.recommendation.actions[0].reason


def lock_up(n: int) -> list[Fact]:
    """The n-th life of the pod: well for 300 s, then silent until it is killed."""
    began = 400.0 * n
    return [
        started(began, restarts=n),
        *(counted(began + at, began + at + 10, ok=1) for at in range(0, 300, 10)),
        *(failed(began + at) for at in (310, 320, 330)),
        counted(began + 300, began + 331, bad=3),
        killed(began + 331),
        exited(began + 361, restarts=n),
    ]


STUCK = [fact for n in range(4) for fact in lock_up(n)]
"""Three lock-ups that a restart cured, and a fourth after which nothing is known yet."""


def test_kills_beside_explained_ones_still_count() -> None:
    """Three of four are known to be lock-ups; of the last nobody knows yet, and it is counted as that."""
    (case,) = cases(workload(container(livenessProbe=WRITTEN), replicas=1), remember(STUCK))
    found = {finding.name.value: finding for finding in diagnose((case,))}

    assert found["liveness-kill-of-lockup"].samples == 3
    assert found["liveness-kill-unexplained"].samples == 1
    assert "1 of 4 kills by the liveness probe are not explained" in found["liveness-kill-unexplained"].evidence


@pytest.mark.parametrize("announced", [True, False])
def test_kills_are_counted_whether_they_were_announced_or_not(announced: bool) -> None:  # noqa: FBT001
    """The kubelet drops events of pods that make many; failures up to the end prove a kill as well."""
    told = [fact for fact in STUCK if announced or type(fact) is not type(killed(0))]
    (case,) = cases(workload(container(livenessProbe=WRITTEN), replicas=1), remember(told))

    assert restarts_of(case).by_probe == {LIVENESS: 4}
    assert restarts_of(case).total == 4


def test_pods_that_go_away_are_no_restarts() -> None:
    """A rollout ends containers too."""
    old = pod("web-old")
    gone: list[Fact] = [started(0, of=old), ending(60, of=old), exited(62, of=old, code=143)]
    told: list[Fact] = [started(5), killed(90), exited(91), started(92, restarts=1)]
    (case,) = cases(workload(container(livenessProbe=WRITTEN)), remember([*gone, *told]))

    assert restarts_of(case).total == 1
    assert restarts_of(case).most == 1


@pytest.mark.parametrize("cause", [FailureCause.REFUSED, FailureCause.TLS])
def test_kills_by_a_probe_that_never_succeeds_are_explained_by_that(cause: FailureCause) -> None:
    """Readiness passes all the while: the handler is wrong, and no kill is left open."""
    told: list[Fact] = []
    for n in range(5):
        at = 100 * n
        told += [started(at, restarts=n), *(failed(at + s, cause=cause) for s in (10, 20, 30))]
        told += [counted(at, at + 31, bad=3), counted(at, at + 31, ok=6, probe=READINESS), killed(at + 31)]
        told += [exited(at + 32, restarts=n)]
    ready = {"httpGet": {"path": "/ready", "port": 80}, "periodSeconds": 5}
    (case,) = cases(workload(container(livenessProbe=WRITTEN, readinessProbe=ready)), remember(told))

    assert "probe-never-succeeds" in {finding.name.value for finding in diagnose((case,))}
    assert restarts_of(case).unexplained == {}


def test_a_change_is_not_blamed_for_kills_of_the_pods_before_it() -> None:
    """What the kubelet announced of older pods of the same template is not counted among those of the new ones."""
    of = pod("web-new")
    fresh: list[Fact] = [started(2000, of=of), counted(2000, 2600, ok=60, of=of)]
    known = remember([*STUCK, *fresh])
    change = made(container(), container(livenessProbe=WRITTEN), at=1900)
    (case,) = fresh_cases(change, workload(container(livenessProbe=WRITTEN)), remember(earlier_template(), known))

    assert restarts_of(case).by_probe == {}


def earlier_template() -> list[Fact]:
    """A pod of the template before the change: the present one is another."""
    old = pod("web-older", template="older")
    return [started(-9000, of=old), ending(1850, of=old), started(1895, restarts=1, of=old)]
