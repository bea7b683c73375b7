"""What an endpoint is fit for is told from how it answered, and what is not known is not guessed."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.diagnosis.endpoints import Fitness, Judgement, judge_endpoints
from probetuner.facts.fact import Fact, FailureCause
from probetuner.model.policy import Endpoints, Policy
from support.facts import POD, counted, exited, failed, killed, pod, remember, started
from support.stories import REPLICAS, killed_under_load, quiet
from support.trials import BUSY, CHEAP, DEPENDENT, MISSING, SERVICE, in_order, rounds, tried
from support.workloads import LIVENESS, container, workload

DISCOVERY = Policy(endpoints=Endpoints(discovery=True))
PORTS = [{"containerPort": 80, "name": "http"}]
LOAD = list(killed_under_load())
HTTP_STATUS = FailureCause.HTTP_STATUS


def judged(facts: Iterable[Fact], *, liveness: Mapping[str, Any] = LIVENESS) -> dict[str, Judgement]:
    """The judgements on a container that listens on port 80, by endpoint."""
    of = workload({**container(livenessProbe=dict(liveness)), "ports": PORTS})
    (case,) = cases(of, remember(facts))
    return {judgement.name: judgement for judgement in judge_endpoints(case, DISCOVERY)}


def test_an_endpoint_that_answers_while_the_probe_fails_is_fit_for_liveness() -> None:
    """It was asked often enough, in calm and under the load that made the present probe fail."""
    found = judged(in_order(LOAD, rounds(5, 300)))[CHEAP]

    assert (found.liveness, found.readiness) == (Fitness.FIT, Fitness.FIT)
    assert "answered all" in found.liveness_reason
    assert "within 0.005 s" in found.liveness_reason


def test_an_endpoint_that_waits_in_the_same_queue_is_unfit() -> None:
    """It fails when the probe does; readiness may still ask it."""
    slow = [
        tried(at, BUSY, cause=FailureCause.TIMEOUT, of=of) for at in (68, 78, 128, 138, 188, 198) for of in REPLICAS
    ]

    found = judged(in_order(LOAD, rounds(5, 60, BUSY), slow, rounds(250, 400, BUSY)))[BUSY]

    assert (found.liveness, found.readiness) == (Fitness.UNFIT, Fitness.FIT)
    assert "when the probes do" in found.liveness_reason


def test_an_endpoint_that_fails_only_with_a_service_calls_it() -> None:
    """The Service is named; whoever answers meanwhile does not call it."""
    calling = rounds(20, 280, DEPENDENT, bad=(100, 160), out=(100, 160), cause=HTTP_STATUS)

    found = judged(in_order(quiet(), calling, rounds(20, 280, out=(100, 160))))

    assert (found[DEPENDENT].liveness, found[DEPENDENT].calls) == (Fitness.UNFIT, (SERVICE,))
    assert f"calls the Service {SERVICE}" in found[DEPENDENT].liveness_reason
    assert found[DEPENDENT].readiness is Fitness.FIT
    assert found[CHEAP].calls == ()
    assert found[CHEAP].liveness is Fitness.UNKNOWN


def test_a_service_that_is_always_out_is_not_blamed() -> None:
    """Without a time at which both were well nothing connects them."""
    found = judged(in_order(quiet(), rounds(20, 280, DEPENDENT, bad=(0, 999), out=(0, 999), cause=HTTP_STATUS)))

    assert found[DEPENDENT].calls == ()
    assert found[DEPENDENT].liveness is Fitness.UNFIT


def test_a_failure_in_calm_is_no_call_of_a_service() -> None:
    """What fails as often while the Service is there fails by itself."""
    flaky = (
        tried(at, DEPENDENT, cause=HTTP_STATUS if at % 20 else None, out=(SERVICE,) if 100 <= at < 160 else ())
        for at in range(20, 280, 10)
    )

    found = judged(in_order(quiet(), flaky))[DEPENDENT]

    assert found.calls == ()
    assert "no probe failed and no Service was out" in found.liveness_reason
    assert (found.liveness, found.readiness) == (Fitness.UNFIT, Fitness.UNFIT)


def test_what_was_never_seen_in_trouble_is_not_known() -> None:
    """Answering in calm is what every endpoint does, so it is called neither fit nor unfit."""
    found = judged(in_order(quiet(), rounds(5, 300)))[CHEAP]

    assert (found.liveness, found.readiness, found.works) == (Fitness.UNKNOWN, Fitness.FIT, True)
    assert "not seen in trouble yet" in found.liveness_reason


def test_too_few_attempts_say_nothing() -> None:
    """A first good impression is none, and neither is an endpoint that nobody has asked."""
    found = judged(in_order(quiet(), rounds(5, 60)))

    assert {found[CHEAP].liveness, found[CHEAP].readiness} == {Fitness.UNKNOWN}
    assert {found[MISSING].liveness, found[MISSING].readiness} == {Fitness.UNKNOWN}


def test_what_is_not_served_is_unfit_for_both() -> None:
    """A path that answers 404 is told as such."""
    missing = (tried(at, MISSING, cause=HTTP_STATUS, client_error=True) for at in range(20, 200, 10))

    found = judged(in_order(quiet(), missing))[MISSING]

    assert (found.liveness, found.readiness) == (Fitness.UNFIT, Fitness.UNFIT)
    assert "not served" in found.liveness_reason


def test_a_redirect_to_another_host_is_unfit_for_both() -> None:
    """The kubelet takes it for a success, whatever became of the application."""
    found = judged(in_order(LOAD, (tried(at, elsewhere=True) for at in range(5, 300, 10))))[CHEAP]

    assert (found.liveness, found.readiness) == (Fitness.UNFIT, Fitness.UNFIT)


def test_an_expensive_endpoint_is_unfit_for_liveness() -> None:
    """What takes over half a second in calm does something that liveness must not depend on."""
    found = judged(in_order(LOAD, (tried(at, seconds=0.7) for at in range(5, 600, 3))))[CHEAP]

    assert found.liveness is Fitness.UNFIT
    assert "expensive" in found.liveness_reason


def test_a_connection_proves_no_life() -> None:
    """The kernel accepts it for a stuck process too, so it is unfit however well it answers."""
    found = judged(in_order(LOAD, rounds(5, 300, "tcpSocket :80")))["tcpSocket :80"]

    assert (found.liveness, found.readiness) == (Fitness.UNFIT, Fitness.FIT)


def test_what_answers_for_a_stuck_process_is_unfit() -> None:
    """An endpoint beside the lock-up would never have found it."""
    stuck = [
        *quiet((POD,), scrapes=10),
        *(failed(110 + late) for late in (0, 10, 20)),
        counted(100, 130, bad=3),
        killed(130),
        exited(135),
        started(136, restarts=1),
        *(counted(136 + 10 * n, 146 + 10 * n, ok=1) for n in range(20)),
    ]

    found = judged(in_order(stuck, (tried(at) for at in range(5, 330, 3))))[CHEAP]

    assert found.liveness is Fitness.UNFIT
    assert "lock-up" in found.liveness_reason


def test_a_dependency_that_kills_is_named() -> None:
    """Where what liveness asks was tried too, the finding says which Service it needs."""
    probe = {"httpGet": {"path": "/health", "port": 80}}
    pods = (*REPLICAS, pod("web-c"))
    down = [
        *quiet(pods, scrapes=10),
        *(failed(110 + late, cause=HTTP_STATUS, of=of) for of in pods for late in (0, 10, 20)),
        *(counted(100, 131, bad=3, of=of) for of in pods),
        *(killed(130, of=of) for of in pods),
        *(exited(131, code=143, of=of) for of in pods),
        *(started(132, restarts=1, of=of) for of in pods),
        *(failed(142 + late, cause=HTTP_STATUS, of=of) for of in pods for late in (0, 10, 20)),
        *(counted(200 + 10 * n, 210 + 10 * n, ok=1, of=of) for of in pods for n in range(10)),
    ]
    calling = rounds(20, 280, DEPENDENT, bad=(95, 165), out=(95, 165), cause=HTTP_STATUS, pods=pods)
    of = workload({**container(livenessProbe=probe), "ports": PORTS}, replicas=3)

    findings = diagnose(cases(of, remember(in_order(down, calling))))

    named = next(finding for finding in findings if finding.name.value == "liveness-kill-by-dependency")
    assert any(f"the Service {SERVICE} had no ready endpoint" in sentence for sentence in named.evidence)


@pytest.mark.parametrize("policy", [Policy(), Policy(endpoints=Endpoints(discovery=False))])
def test_nothing_is_judged_without_consent(policy: Policy) -> None:
    """What was tried under an earlier policy is not used after the consent was taken back."""
    of = workload({**container(livenessProbe=LIVENESS), "ports": PORTS})
    (case,) = cases(of, remember(in_order(LOAD, rounds(5, 300))))

    assert judge_endpoints(case, policy) == ()
