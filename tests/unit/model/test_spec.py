"""What a user asks for in a ProbePolicy is read as it was meant."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.container import Container
from probetuner.model.policy import ContainerMode, Costs, Objectives, OnConflict, Policy, Reaper, ReaperStrategy
from probetuner.model.probe import Grpc, HttpGet, TcpSocket
from probetuner.model.problem import InvalidObjectError
from probetuner.model.spec import parse_policy


def parse(spec: dict[str, Any]) -> Policy:
    return parse_policy(spec, place="ProbePolicy/shop/web")


def test_nothing_asked_for_is_the_default() -> None:
    """An empty spec permits what the schema's defaults permit: no endpoints tried, no conflict overridden."""
    policy = parse({})

    assert policy == Policy()
    assert (policy.apply.on_conflict, policy.apply.maintenance_windows) == (OnConflict.RECOMMEND, ())
    assert policy.reaper == Reaper(strategy=ReaperStrategy.SHARE_PROCESS_NAMESPACE)
    assert (policy.endpoints.discovery, policy.candidates) == (False, ())
    assert policy.containers.mode_of("web") is ContainerMode.AUTO


def test_candidates_are_handlers() -> None:
    """Each comes with the handler, in the terms of probes, and with the lines that would stand in a probe."""
    http, tcp, grpc = parse(
        {
            "candidates": [
                {"httpGet": {"port": "http", "path": "/up"}},
                {"container": "db", "tcpSocket": {"port": 5432}},
                {"grpc": {"port": 9000, "service": "shop.Cart"}},
            ]
        }
    ).candidates

    assert http.handler == HttpGet(port="http", path="/up")
    assert (tcp.handler, tcp.written) == (TcpSocket(port=5432), {"tcpSocket": {"port": 5432}})
    assert grpc.handler == Grpc(port=9000, service="shop.Cart")


def test_a_candidate_asks_the_container_it_names() -> None:
    """One that names none asks the first container of the pod and no other."""
    unnamed, named = parse({"candidates": [{"grpc": {"port": 1}}, {"container": "db", "grpc": {"port": 1}}]}).candidates
    web, db = Container(name="web"), Container(name="db")

    assert [unnamed.asks(web, first=True), unnamed.asks(db, first=False)] == [True, False]
    assert [named.asks(web, first=True), named.asks(db, first=False)] == [False, True]


def test_a_container_is_spoken_of_by_name_or_with_all_others() -> None:
    """The entry of a container's own name wins over the one for all, whatever their order."""
    rules = parse({"containers": [{"name": "web", "mode": "Auto"}, {"name": "*", "mode": "Off"}]}).containers

    assert (rules.mode_of("web"), rules.mode_of("proxy")) == (ContainerMode.AUTO, ContainerMode.OFF)


@given(
    errors=st.integers(1, 1000),
    restarts=st.integers(0, 86400),
    rollouts=st.integers(0, 2592000),
    left_out=st.booleans(),
)
def test_prices_are_kept_as_they_are_written(errors: int, restarts: int, rollouts: int, *, left_out: bool) -> None:
    """One that is left out is the default's, and nothing else of the objectives moves."""
    costs = {"errorSeconds": errors, "falseRestartSeconds": restarts, "rolloutSeconds": rollouts}
    if left_out:
        del costs["rolloutSeconds"]
    objectives = parse({"objectives": {"costs": costs}}).objectives

    expected = Costs(error_seconds=errors, false_restart_seconds=restarts)
    assert objectives.costs == (expected if left_out else replace(expected, rollout_seconds=rollouts))
    assert replace(objectives, costs=Costs()) == Objectives()


@given(price=st.one_of(st.integers(max_value=-1), st.integers(2592001), st.floats(), st.text(), st.booleans()))
def test_no_price_is_bent_into_another(price: object) -> None:
    """One beyond the limits, a fraction, a word: each is refused where it stands, and none is cut."""
    for name in ("errorSeconds", "falseRestartSeconds", "rolloutSeconds"):
        with pytest.raises(InvalidObjectError, match=f"spec.objectives.costs.{name} is "):
            parse({"objectives": {"costs": {name: price}}})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"candidates": [{}]}, r"spec.candidates\[0\] has 0 handlers; write exactly one of httpGet, tcpSocket, grpc"),
        ({"candidates": [{"exec": {"command": ["true"]}}]}, "has 0 handlers"),
        ({"candidates": [{"httpGet": {"port": 80, "host": "elsewhere"}}]}, "names a host; a probe asks its own pod"),
        ({"candidates": {"web": {}}}, "spec.candidates is not a list of objects"),
        ({"containers": [{"name": "a"}, {"name": "a"}]}, r"spec.containers\[1\].name is 'a'; name each container once"),
        ({"containers": [{"name": "a", "mode": "Apply"}]}, "mode is 'Apply'; allowed are Auto, Off"),
        ({"reaper": {"strategy": "Dumb"}}, "spec.reaper.strategy is 'Dumb'; allowed are ShareProcessNamespace"),
        ({"endpoints": {"discovery": "yes"}}, "spec.endpoints.discovery is 'yes', neither true nor false"),
        ({"apply": {"onConflict": "Force"}}, "spec.apply.onConflict is 'Force'; allowed are Recommend, Override"),
        ({"objectives": {"costs": 3}}, "spec.objectives.costs is not"),
        ({"apply": {"maxChangesPerDay": 11}}, "spec.apply.maxChangesPerDay is 11; at most 10 are counted"),
    ],
)
def test_what_cannot_be_meant_is_named(spec: dict[str, Any], said: str) -> None:
    """The sentence has the place, what stands there, and what would be right."""
    with pytest.raises(InvalidObjectError, match=said):
        parse(spec)
