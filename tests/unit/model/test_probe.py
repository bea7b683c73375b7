"""A probe is read with the values that the kubelet works with."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.model.probe import Exec, Grpc, Handler, HttpGet, Probe, ProbeType, TcpSocket, parse_probe
from probetuner.model.problem import InvalidObjectError

COUNTS = ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold")


@pytest.mark.parametrize(
    ("raw", "handler"),
    [
        ({"httpGet": {"port": "web"}}, HttpGet(port="web")),
        (
            {"httpGet": {"port": 80, "path": "/x", "scheme": "HTTPS", "httpHeaders": [{"name": "A", "value": "b"}]}},
            HttpGet(port=80, path="/x", scheme="HTTPS", headers=(("A", "b"),)),
        ),
        ({"tcpSocket": {"port": 5432}}, TcpSocket(port=5432)),
        ({"exec": {"command": ["redis-cli", "ping"]}}, Exec(command=("redis-cli", "ping"))),
        ({"grpc": {"port": 9000, "service": None}}, Grpc(port=9000)),
        ({"somethingNew": {"port": 1}}, None),
    ],
)
def test_each_handler_is_read(raw: dict[str, Any], handler: Handler | None) -> None:
    """Handlers come with their defaults; one of a later Kubernetes is none that we know."""
    assert parse_probe(raw, place="p").handler == handler


@given(st.dictionaries(st.sampled_from(COUNTS), st.sampled_from([None, 0])))
def test_absent_and_zero_both_mean_the_default(raw: dict[str, int | None]) -> None:
    """Kubernetes fills in defaults before it validates, so there is no probe with a period of zero."""
    assert parse_probe(raw, place="p") == Probe(handler=None)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"timeoutSeconds": True}, "timeoutSeconds"),
        ({"failureThreshold": "3"}, "failureThreshold"),
        ({"failureThreshold": 2**31}, "failureThreshold"),
        ({"terminationGracePeriodSeconds": 1.5}, "terminationGracePeriodSeconds"),
        ({"httpGet": []}, "httpGet"),
        ({"httpGet": {"port": 1, "httpHeaders": ["x"]}}, "httpHeaders"),
        ({"exec": {"command": "sh -c x"}}, "command"),
        ({"grpc": {"port": "named"}}, "gRPC"),
    ],
)
def test_a_malformed_probe_is_named(raw: dict[str, Any], named: str) -> None:
    """The sentence has the place and what is wrong."""
    with pytest.raises(InvalidObjectError, match=named):
        parse_probe(raw, place="Deployment/shop/web: containers[web].livenessProbe")


def test_a_probe_longer_than_its_period_delays_the_next() -> None:
    """Cadence, detection and start-up budget follow from the kubelet's ticker and thresholds."""
    probe = Probe(handler=None, initial_delay_seconds=7, period_seconds=5, timeout_seconds=8, failure_threshold=3)

    assert probe.cadence_seconds == 8
    assert probe.detection_seconds == 5 + 2 * 8 + 8
    assert probe.startup_budget_seconds == 7 + 2 * 5


def test_the_field_of_a_probe_type_is_kubernetes_own() -> None:
    """The names in a container are livenessProbe, readinessProbe and startupProbe."""
    assert [kind.field for kind in ProbeType] == ["livenessProbe", "readinessProbe", "startupProbe"]
