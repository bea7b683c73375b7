"""Only what the user permits is tried, and of that only what machines are meant to ask."""

from collections.abc import Mapping
from typing import Any

import pytest

from probetuner.model.endpoint import (
    MOST_ENDPOINTS,
    WELL_KNOWN_PATHS,
    Endpoint,
    consents,
    endpoints_of,
    name_of,
    port_of,
)
from probetuner.model.policy import ContainerMode, ContainerRules, Endpoints, Policy
from probetuner.model.probe import Grpc, HttpGet, TcpSocket
from probetuner.model.spec import parse_policy
from probetuner.model.workload import parse_workload
from support.workloads import deployment

HTTP = {"containerPort": 8080, "name": "http"}
DISCOVERY = Policy(endpoints=Endpoints(discovery=True))


def names(*containers: Mapping[str, Any], policy: Policy = DISCOVERY, of: int = 0, **pod: Any) -> list[str]:
    """The names of what may be tried of one of these containers."""
    raw = deployment(*({"name": f"c{number}", **container} for number, container in enumerate(containers)))
    raw["spec"]["template"]["spec"] |= pod
    workload = parse_workload(raw)
    return [name_of(found.handler) for found in endpoints_of(workload, workload.containers[of], policy)]


def given(*candidates: Mapping[str, Any]) -> Policy:
    return parse_policy({"candidates": list(candidates)}, place="test")


def test_discovery_asks_probes_well_known_paths_and_declared_ports() -> None:
    """What the container's own probes ask comes first, and a port is asked once whatever it is called."""
    asked = {"livenessProbe": {"httpGet": {"path": "/1", "port": 8080}}, "ports": [HTTP, {"containerPort": 6379}]}

    assert names(asked) == [
        "httpGet :8080/1",
        *(f"httpGet :8080{path}" for path in WELL_KNOWN_PATHS),
        "tcpSocket :8080",
        "tcpSocket :6379",
    ]


def test_a_port_that_may_not_speak_http_gets_no_request() -> None:
    """Redis would write an attack into its log, so by its number alone a port is only connected to."""
    assert names({"ports": [{"containerPort": 6379, "name": "redis"}]}) == ["tcpSocket :6379"]
    assert names({"ports": [{"containerPort": 53, "name": "http-dns", "protocol": "UDP"}]}) == []


def test_a_port_named_https_is_asked_over_tls() -> None:
    """The name says how."""
    assert "httpGet :https/healthz over HTTPS" in names({"ports": [{"containerPort": 8443, "name": "https"}]})


@pytest.mark.parametrize(
    "probe",
    [
        {"exec": {"command": ["true"]}},
        {"httpGet": {"path": "/", "port": 80, "host": "example.com"}},
        {"tcpSocket": {"port": 80, "host": "10.0.0.1"}},
        {"httpGet": {"path": "/", "port": "unheard"}},
        {},
    ],
    ids=["command", "other host", "other host by tcp", "unknown port", "unknown handler"],
)
def test_a_probe_that_asks_elsewhere_or_nowhere_is_not_repeated(probe: Mapping[str, Any]) -> None:
    """No command is run, nobody but the pod is asked, and no port is guessed."""
    assert names({"livenessProbe": probe}) == []


def test_an_absurd_path_is_not_remembered() -> None:
    """It would fill the history; the well-known paths of its port are asked."""
    probe = {"httpGet": {"path": "/" + "x" * 600, "port": 80}}

    assert names({"livenessProbe": probe}) == [f"httpGet :80{path}" for path in WELL_KNOWN_PATHS]


def test_a_users_candidate_is_asked_of_its_container() -> None:
    """By name, or of the first; the other containers are left alone."""
    policy = given({"httpGet": {"path": "/a", "port": 80}}, {"container": "c1", "grpc": {"port": 9000}})

    assert names({}, {}, policy=policy) == ["httpGet :80/a"]
    assert names({}, {}, policy=policy, of=1) == ["grpc :9000/"]


def test_there_are_never_too_many() -> None:
    """A container with a hundred ports does not get a hundred questions, and the user's own are among those it gets."""
    ports = [{"containerPort": 1000 + number, "name": f"http-{number}"} for number in range(100)]
    policy = parse_policy({"candidates": [{"tcpSocket": {"port": 1}}], "endpoints": {"discovery": True}}, place="test")

    found = names({"ports": ports}, policy=policy)

    assert len(found) == MOST_ENDPOINTS
    assert found[0] == "tcpSocket :1"


def test_what_is_opted_out_or_not_the_pods_own_is_not_tried() -> None:
    """A container in mode Off has peace, and on the node's network the node would be asked."""
    off = Policy(endpoints=Endpoints(discovery=True), containers=ContainerRules(modes={"c0": ContainerMode.OFF}))

    assert names({"ports": [HTTP]}, policy=off) == []
    assert names({"ports": [HTTP]}, hostNetwork=True) == []
    assert names({"ports": [HTTP]}, policy=Policy()) == []
    assert not consents(Policy())
    assert consents(DISCOVERY)
    assert consents(given({"tcpSocket": {"port": 1}}))


def test_a_name_tells_endpoints_apart() -> None:
    """Scheme and headers are part of what is asked."""
    plain = HttpGet(port=80, path="/x")
    others: list[Endpoint] = [
        HttpGet(port=80, path="/x", scheme="HTTPS"),
        HttpGet(port=80, path="/x", headers=(("Host", "a"),)),
        HttpGet(port=80, path="/x", headers=(("Host", "b"),)),
        TcpSocket(port=80),
        Grpc(port=80),
    ]

    assert len({name_of(endpoint) for endpoint in (plain, *others)}) == 6


def test_a_port_is_found_by_name_or_number() -> None:
    """As the kubelet finds it; one that cannot be has no number."""
    container = parse_workload(deployment({"name": "c", "ports": [HTTP]})).containers[0]

    ports = ("http", "8080", 8080, "other", 0, 70000)
    assert [port_of(TcpSocket(port=port), container) for port in ports] == [8080, 8080, 8080, None, None, None]
