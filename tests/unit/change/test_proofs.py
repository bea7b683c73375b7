"""What proves each kind of change: what was to be gained is there, or the trouble came back and did no harm."""

from dataclasses import replace

import pytest

from probetuner.facts.fact import Fact, PodRef
from probetuner.model.mode import Mode
from probetuner.model.policy import ApplyRules, Policy
from probetuner.tuning.figures import Figures
from support.changes import BEFORE, between, log, made
from support.facts import READINESS, counted, exited, failed, killed, pod, ready, started, unready
from support.stage import Stage
from support.stories import bearing_load, rolled_out
from support.workloads import LIVENESS, Json, container, deployment

NEW = (pod("new-a", template="new"), pod("new-b", template="new"))
OTHER = {"httpGet": {"path": "/ready", "port": 80}}
PATIENT = {**LIVENESS, "timeoutSeconds": 10}
PLAIN = container(livenessProbe=LIVENESS)


def verified(old: Json, new: Json, *facts: Fact, before: Figures = BEFORE) -> Stage:
    """The change is on new pods that started at 310 s; these facts came, and the time for a verdict is not up."""
    stage = Stage(live=deployment(old), policy=Policy(apply=ApplyRules(verify_seconds=900)), mode=Mode.RECOMMEND)
    stage.status = log(made(old, new, at=300, before=before))
    stage.edit(between(old, new))
    stage.roll_out()
    stage.learn(*facts)
    stage.now = 1200
    stage.turn()
    return stage


def verdict(old: Json, new: Json, *facts: Fact) -> str | None:
    given: str | None = verified(old, new, *facts).latest.get("verdict")
    return given


def up(*pods: PodRef, at: float = 5) -> list[Fact]:
    """New pods whose readiness probe lets them in so many seconds after their start."""
    return [fact for of in pods for fact in (started(310, of=of), ready(310 + at, of=of))]


def stuck_once(of: PodRef) -> list[Fact]:
    """A pod whose container falls silent, is restarted by liveness, and is well again."""
    return [
        counted(310, 600, ok=29, of=of),
        *(failed(at, of=of) for at in (610, 620, 630)),
        unready(606, of=of),
        counted(600, 630, bad=3, of=of),
        killed(631, of=of),
        exited(661, code=137, of=of),
        started(662, restarts=1, of=of),
        ready(664, of=of),
        counted(662, 1190, ok=52, of=of),
    ]


FLAPS = [
    fact
    for number, of in enumerate(NEW)
    for n in range(3)
    for at in (400 + 100 * n + 50 * number,)
    for fact in (failed(at, probe=READINESS, of=of), unready(at, of=of), ready(at + 20, of=of))
]


def test_a_patient_readiness_probe_is_proved_by_slowness_without_flaps() -> None:
    """Answers slower than the old timeout, on as many replicas as there are, and nobody was taken out for them."""
    old, new = container(readinessProbe=LIVENESS), container(readinessProbe=PATIENT)

    assert verdict(old, new, *up(*NEW), *bearing_load(NEW, since=330)) == "Kept"
    assert verdict(old, new, *up(*NEW), *bearing_load(NEW[:1], since=330, scrapes=5)) is None
    assert verdict(old, new, *up(*NEW), *bearing_load(NEW, since=330), *FLAPS[:3]) is None


def test_another_endpoint_for_liveness_is_proved_by_slowness_that_it_bore() -> None:
    """What liveness asked answers as late as before, readiness has seen that, and nothing was restarted."""
    cheap = {"httpGet": {"path": "/healthz", "port": 80, "scheme": "HTTP"}}
    old, new = container(livenessProbe=LIVENESS), container(livenessProbe=cheap, readinessProbe=PATIENT)

    assert verdict(old, new, *up(*NEW), *bearing_load(NEW, since=330)) == "Kept"
    assert verdict(old, new, *up(*NEW)) is None


def test_flaps_that_cost_less_than_the_restarts_that_they_came_for_are_not_worse() -> None:
    """Where liveness went, readiness may take a busy replica out now and then: that is shorter than a restart."""
    old, new = container(livenessProbe=LIVENESS), container(readinessProbe=PATIENT)

    assert verdict(old, new, *up(*NEW), *FLAPS) == "Kept"


def test_an_empty_service_is_not_worse_where_it_was_emptier_before() -> None:
    """Nothing restarted stuck replicas before, and both were out most of the time: now and then is no harm."""
    old = container(readinessProbe=LIVENESS)
    new = container(livenessProbe=LIVENESS, readinessProbe={**LIVENESS, "periodSeconds": 2})
    out = [*up(*NEW), *(fact for of in NEW for fact in (unready(600, of=of), ready(640, of=of)))]
    stuck = replace(BEFORE, false_restarts=0, unready_seconds=900.0)

    assert verified(old, new, *out, before=stuck).latest.get("verdict") is None
    assert verified(old, new, *out, before=replace(stuck, unready_seconds=500.0)).latest["verdict"] == "RolledBack"


def test_a_readiness_probe_with_more_time_is_not_blamed_for_an_empty_service() -> None:
    """With the old numbers it would have been empty sooner; one that bears less, or a new one, may be to blame."""
    out = [unready(600, of=of) for of in NEW]
    old = container(readinessProbe=LIVENESS)
    sooner = container(readinessProbe={**LIVENESS, "timeoutSeconds": 2, "periodSeconds": 2})
    often = container(readinessProbe={**LIVENESS, "timeoutSeconds": 2, "periodSeconds": 5, "failureThreshold": 5})

    assert verdict(old, container(readinessProbe=PATIENT), *up(*NEW), *out) is None
    assert verdict(old, often, *up(*NEW), *out) is None
    assert verdict(old, sooner, *up(*NEW), *out) == "RolledBack"
    assert verdict(PLAIN, container(readinessProbe=PATIENT), *up(*NEW), *out) == "RolledBack"


def test_replicas_that_got_stuck_were_not_taken_out_by_the_change() -> None:
    """Both are out at once, each is restarted by liveness and well again: readiness did what it is for."""
    old = container(livenessProbe=LIVENESS, readinessProbe=LIVENESS)
    new = container(livenessProbe=LIVENESS, readinessProbe={**LIVENESS, "periodSeconds": 2})
    stuck = [stuck_once(of) for of in NEW]

    assert verdict(old, new, *up(*NEW), *stuck[0], *stuck[1]) == "Kept"


def test_flapping_more_than_before_is_worse() -> None:
    """Three flaps where there were none before are undone, with the figures; more time alone makes no flap."""
    old, hasty = container(readinessProbe=PATIENT), container(readinessProbe=LIVENESS)
    calm = replace(BEFORE, unready_seconds=10.0)
    stage = verified(old, hasty, *up(*NEW), *FLAPS, before=calm)

    assert stage.latest["verdict"] == "RolledBack"
    assert "flaps in" in stage.latest["reason"]
    assert stage.latest["after"]["flaps"] >= 3
    assert "verdict" not in verified(hasty, old, *up(*NEW), *FLAPS, before=calm).latest


@pytest.mark.parametrize(("seconds", "given"), [(5, "Kept"), (59, "Kept"), (60, None)])
def test_a_shorter_delay_is_proved_by_sooner_readiness(seconds: float, given: str | None) -> None:
    """Every replica became ready sooner than the old delay would have let it."""
    old = container(readinessProbe={**OTHER, "initialDelaySeconds": 60})
    new = container(readinessProbe={**OTHER, "initialDelaySeconds": 2})

    assert verdict(old, new, *up(*NEW, at=seconds)) == given
    assert verdict(old, new, *up(NEW[0], at=seconds), started(310, of=NEW[1])) is None


def lockup(of: PodRef) -> list[Fact]:
    """Quick answers, then silence until the kill, and a fresh container that is well."""
    well = [counted(310 + 10 * n, 320 + 10 * n, ok=1, of=of) for n in range(20)]
    silent = [failed(515 + 10 * n, of=of) for n in range(3)]
    ended: list[Fact] = [counted(510, 540, bad=3, of=of), killed(535, of=of), exited(566, of=of)]
    fresh = [counted(570 + 10 * n, 580 + 10 * n, ok=1, of=of) for n in range(20)]
    return [*well, *silent, *ended, started(567, restarts=1, of=of), *fresh]


def test_a_liveness_probe_is_proved_by_a_lockup_that_it_ends() -> None:
    """Time without a lock-up proves nothing; one that ends by a restart does."""
    old = container(readinessProbe=OTHER)
    new = container(readinessProbe=OTHER, livenessProbe=LIVENESS)

    assert verdict(old, new, *up(*NEW)) is None
    assert verdict(old, new, *up(*NEW), *lockup(NEW[0])) == "Kept"


def test_taking_readiness_away_is_proved_by_starts_that_come_up() -> None:
    """Without a readiness probe the replicas still answer their liveness probe."""
    old = container(readinessProbe=OTHER, livenessProbe=LIVENESS)
    new = container(livenessProbe=LIVENESS)
    first, second = (counted(320, 330, ok=1, of=of) for of in NEW)

    assert verdict(old, new, *(started(310, of=of) for of in NEW), first, second) == "Kept"
    assert verdict(old, new, *(started(310, of=of) for of in NEW), first) is None


def test_every_part_of_a_change_needs_its_own_proof() -> None:
    """Half a proof waits for the other half, and is enough when the time is up."""
    old = container(livenessProbe=LIVENESS, readinessProbe={**OTHER, "initialDelaySeconds": 60})
    new = container(readinessProbe={**OTHER, "initialDelaySeconds": 2})
    stage = verified(old, new, *rolled_out(NEW, since=310))
    assert "verdict" not in stage.latest

    stage.now += 600
    stage.turn()

    assert stage.latest["verdict"] == "Kept"
    assert "became ready after at most 5 s, not after 60 s" in stage.latest["reason"]


def test_more_failures_allowed_are_patience_too() -> None:
    """A higher threshold is proved by silence that the old one would not have borne."""
    old, new = container(livenessProbe=LIVENESS), container(livenessProbe={**LIVENESS, "failureThreshold": 6})
    starts = [started(310, of=of) for of in NEW]
    silence = [failed(400 + 10 * n, of=of) for n in range(4) for of in NEW]

    assert verdict(old, new, *starts, *silence) == "Kept"
    assert verdict(old, new, *starts, *silence[:5]) is None


def test_restarts_that_are_far_fewer_outweigh_a_service_that_was_empty_once() -> None:
    """Liveness stays, kills fewer busy replicas, and they are away for less time in all, these restarts included."""
    old = container(livenessProbe=LIVENESS, readinessProbe=LIVENESS)
    new = container(livenessProbe=PATIENT, readinessProbe={**LIVENESS, "timeoutSeconds": 3, "periodSeconds": 2})
    out = [*up(*NEW), *(fact for of in NEW for fact in (unready(600, of=of), ready(640, of=of)))]
    killed_often = replace(BEFORE, false_restarts=12, unready_seconds=500.0)

    assert verified(old, new, *out, before=killed_often).latest.get("verdict") != "RolledBack"
    assert verified(old, new, *out, before=replace(killed_often, false_restarts=0)).latest["verdict"] == "RolledBack"


def test_flaps_in_place_of_as_many_restarts_are_not_worse() -> None:
    """Who rests where liveness restarted it before is out for as long: it is the same mistake, and the lesser one."""
    old = container(livenessProbe=LIVENESS, readinessProbe=PATIENT)
    new = container(livenessProbe=PATIENT, readinessProbe={**LIVENESS, "periodSeconds": 2})
    killed_often = replace(BEFORE, false_restarts=12, flaps=0, unready_seconds=10.0)

    assert verified(old, new, *up(*NEW), *FLAPS, before=killed_often).latest.get("verdict") != "RolledBack"
    fewer = replace(killed_often, false_restarts=0)
    assert verified(old, new, *up(*NEW), *FLAPS, before=fewer).latest["verdict"] == "RolledBack"
