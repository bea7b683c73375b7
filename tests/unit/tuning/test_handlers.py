"""A handler is recommended only after it was tried beside the present one, and where none is fit that is said."""

from collections.abc import Iterable, Iterator, Sequence

from probetuner.diagnosis.diagnose import cases, diagnose
from probetuner.facts.fact import Fact, FailureCause, PodRef
from probetuner.model.candidate import parse_candidates
from probetuner.model.policy import Allowance, Endpoints, Policy
from probetuner.model.probe import HttpGet
from probetuner.tuning.recommend import recommend
from probetuner.tuning.recommendation import Probes, Recommendation
from support.facts import CONTAINER, counted, exited, failed, killed, pod, remember, started
from support.stories import REPLICAS, killed_under_load, quiet
from support.trials import BUSY, CHEAP, DEPENDENT, SERVICE, in_order, rounds, tried
from support.workloads import LIVENESS, Json, container, workload

DISCOVERY = Policy(endpoints=Endpoints(discovery=True))
PORTS = [{"containerPort": 80, "name": "http"}]
LOAD = list(killed_under_load())
HEALTHZ = HttpGet(port=80, path="/healthz")
THREE = (*REPLICAS, pod("web-c"))


def advice(
    facts: Iterable[Fact], policy: Policy = DISCOVERY, *, liveness: Json = LIVENESS, replicas: int = 2
) -> Recommendation:
    of = workload({**container(livenessProbe=liveness), "ports": PORTS}, replicas=replicas)
    judged = cases(of, remember(facts))
    found = recommend(judged, diagnose(judged), policy)
    assert found is not None
    return found


def target(found: Recommendation) -> Probes:
    return found.target[CONTAINER]


def busy(until: int, pods: Iterable[PodRef] = REPLICAS) -> Iterator[Fact]:
    """What asks the endpoint of the present probe meets: silence under load."""
    return (
        tried(at, BUSY, cause=FailureCause.TIMEOUT if at > 60 else None, of=of)
        for at in range(5, until, 10)
        for of in pods
    )


def away(pods: Sequence[PodRef] = THREE) -> list[Fact]:
    """Containers that are killed together while something that they call is away."""
    bad = FailureCause.HTTP_STATUS
    return [
        *quiet(pods, scrapes=10),
        *(failed(110 + late, cause=bad, of=of) for of in pods for late in (0, 10, 20)),
        *(counted(100, 131, bad=3, of=of) for of in pods),
        *(killed(130, of=of) for of in pods),
        *(exited(131, code=143, of=of) for of in pods),
        *(started(132, restarts=1, of=of) for of in pods),
        *(failed(142 + late, cause=bad, of=of) for of in pods for late in (0, 10, 20)),
        *(counted(200 + 10 * n, 210 + 10 * n, ok=1, of=of) for of in pods for n in range(10)),
    ]


def test_liveness_moves_to_an_endpoint_that_bore_the_load() -> None:
    """Its handler is replaced and its numbers stay; what it asked goes to readiness; the record is the reason."""
    found = advice(in_order(LOAD, rounds(5, 300), busy(300)))

    assert [action.name.value for action in found.actions] == ["replace-liveness-with-readiness"]
    liveness, readiness = target(found).liveness, target(found).readiness
    assert liveness is not None
    assert readiness is not None
    assert (liveness.handler, liveness.failure_threshold, liveness.timeout_seconds) == (HEALTHZ, 3, 1)
    assert readiness.handler == HttpGet(port=80, path="/1")
    assert f"liveness asks {CHEAP}: tried beside it, it answered all" in found.actions[0].reason


def test_the_users_candidate_comes_before_what_was_discovered() -> None:
    """Both bore the load; the user knows why."""
    spec = {"candidates": [{"httpGet": {"port": 80, "path": "/alive"}}]}
    policy = Policy(endpoints=Endpoints(discovery=True), candidates=parse_candidates(spec, "spec"))

    found = advice(in_order(LOAD, rounds(5, 300), rounds(5, 300, "httpGet :80/alive")), policy)

    liveness = target(found).liveness
    assert liveness is not None
    assert liveness.handler == HttpGet(port=80, path="/alive")


def test_without_consent_liveness_goes() -> None:
    """A record of earlier trials moves nobody's probe."""
    assert target(advice(in_order(LOAD, rounds(5, 300)), Policy())).liveness is None


def test_an_endpoint_about_to_be_judged_is_waited_for_a_little() -> None:
    """Within two minutes of the first kill nothing is changed, after them liveness goes as if nothing was tried."""
    soon = advice(in_order([fact for fact in LOAD if fact.at < LOAD[0].at + 160], rounds(5, 100)))
    assert soon.target == soon.current
    assert "about to be judged" in soon.actions[0].reason

    assert target(advice(in_order(LOAD, rounds(5, 60)))).liveness is None


def not_served() -> Iterator[Fact]:
    """What asks an endpoint that is not there meets."""
    return (
        tried(at, CHEAP, cause=FailureCause.HTTP_STATUS, client_error=True, of=of)
        for at in range(5, 300, 10)
        for of in REPLICAS
    )


def test_where_none_is_fit_that_is_said() -> None:
    """Liveness goes, and the reason tells of each endpoint why it is unfit."""
    found = advice(in_order(LOAD, busy(300), not_served()))

    assert target(found).liveness is None
    assert "of 2 endpoints tried none is fit for liveness" in found.actions[0].reason
    assert f"{CHEAP}: it is not served" in found.actions[0].reason


def test_what_liveness_asks_now_is_no_endpoint_that_answers_well() -> None:
    """As long as its own trial has not shown it in trouble, it is not told among those that are unfit."""
    found = advice(in_order(LOAD, busy(90), not_served()))

    assert target(found).liveness is None
    assert "of 1 endpoint tried none is fit for liveness" in found.actions[0].reason
    assert "answers well" not in found.actions[0].reason


def test_a_change_of_type_that_is_not_allowed_is_withheld() -> None:
    """Where only numbers may be changed, no handler is."""
    found = advice(
        in_order(LOAD, rounds(5, 300)), Policy(allow=frozenset({Allowance.THRESHOLDS}), endpoints=DISCOVERY.endpoints)
    )

    liveness = target(found).liveness
    assert liveness is not None
    assert liveness.handler == HttpGet(port=80, path="/1")


def test_liveness_is_decoupled_by_an_endpoint_that_went_on_answering() -> None:
    """While a Service was away the present probe failed and this one did not."""
    calling = rounds(5, 290, DEPENDENT, bad=(95, 165), out=(95, 165), cause=FailureCause.HTTP_STATUS, pods=THREE)
    probe = {"httpGet": {"path": "/health", "port": 80}}

    found = advice(in_order(away(), calling, rounds(5, 290, out=(95, 165), pods=THREE)), liveness=probe, replicas=3)

    liveness = target(found).liveness
    assert [action.name.value for action in found.actions] == ["decouple-liveness"]
    assert liveness is not None
    assert liveness.handler == HEALTHZ


def test_what_calls_the_same_service_is_no_way_out() -> None:
    """No handler is guessed; the advice names the Service."""
    probe = {"httpGet": {"path": "/health", "port": 80}}
    calling = rounds(5, 290, DEPENDENT, bad=(95, 165), out=(95, 165), cause=FailureCause.HTTP_STATUS, pods=THREE)

    found = advice(in_order(away(), calling), liveness=probe, replicas=3)

    assert found.target == found.current
    assert f"it calls the Service {SERVICE}" in found.actions[0].reason


def not_found(at: float, of: PodRef) -> Fact:
    """An attempt that was answered with 404."""
    return failed(at, cause=FailureCause.HTTP_STATUS, client_error=True, of=of)


def test_a_broken_probe_gets_an_endpoint_that_works() -> None:
    """One whose path is not served asks what was tried and answers; without such there is advice only."""
    wrong: list[Fact] = [
        *(started(0, of=of) for of in REPLICAS),
        *(not_found(10 * n, of) for of in REPLICAS for n in range(1, 40)),
        *(counted(0, 400, bad=39, of=of) for of in REPLICAS),
    ]

    mended = advice(in_order(wrong, rounds(5, 400)))
    liveness = target(mended).liveness
    assert [action.name.value for action in mended.actions] == ["fix-handler"]
    assert liveness is not None
    assert liveness.handler == HEALTHZ

    told = advice(wrong)
    assert told.target == told.current


def killed_of_unknown_cause() -> list[Fact]:
    """Three replicas that fall silent soon after each other, once each; silence had passed by itself before."""
    facts: list[Fact] = [failed(60)]
    for late, of in zip((0, 7, 14), THREE, strict=True):
        facts += [started(0, of=of), *(counted(at, at + 10, ok=1, of=of) for at in range(0, 100, 10))]
        facts += [failed(110 + late + more, of=of) for more in (0, 10, 20)]
        facts += [counted(100, 131 + late, bad=3, of=of), killed(131 + late, of=of)]
        facts += [exited(136 + late, code=137, of=of), started(137 + late, restarts=1, of=of)]
    return facts


def test_where_the_cause_is_unknown_an_endpoint_that_answered_meanwhile_decides() -> None:
    """As long as it may prove that, no stopgap begins its trials anew; without one answers get more time."""
    story = killed_of_unknown_cause()
    soon = advice(in_order(story, rounds(5, 130, pods=THREE)), replicas=3)
    tried_long = target(advice(in_order(story, rounds(5, 175, pods=THREE)), replicas=3)).liveness
    untried = target(advice(in_order(story), replicas=3)).liveness

    assert soon.target == soon.current
    assert "about to be judged" in soon.actions[0].reason
    assert tried_long is not None
    assert (tried_long.handler, tried_long.timeout_seconds) == (HEALTHZ, 1)
    assert untried is not None
    assert (untried.handler, untried.timeout_seconds) == (HttpGet(port=80, path="/1"), 5)


def test_where_processes_were_stuck_too_none_is_moved_for_kills_of_unknown_cause() -> None:
    """An endpoint that answers shows a process that lives; whether its work is stuck it may not show."""
    fourth = pod("web-d")
    stuck: list[Fact] = []
    for n in range(2):
        began = 400.0 * n - 800.0
        stuck += [started(began, restarts=n, of=fourth)]
        stuck += [counted(began + at, began + at + 10, ok=1, of=fourth) for at in range(0, 300, 10)]
        stuck += [failed(began + at, of=fourth) for at in (310, 320, 330)]
        stuck += [counted(began + 300, began + 331, bad=3, of=fourth), killed(began + 331, of=fourth)]
        stuck += [exited(began + 361, restarts=n, code=137, of=fourth)]
    stuck += [started(0, restarts=2, of=fourth)]
    stuck += [counted(at, at + 10, ok=1, of=fourth) for at in range(0, 170, 10)]
    found = advice(in_order(stuck, killed_of_unknown_cause(), rounds(5, 175, pods=THREE)), replicas=4)

    liveness = target(found).liveness
    assert liveness is not None
    assert liveness.handler == HttpGet(port=80, path="/1")
