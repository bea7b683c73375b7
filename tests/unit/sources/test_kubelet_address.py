"""What is promised of finding a kubelet's address."""

from typing import Any

import pytest

from probetuner.model.problem import InvalidObjectError
from probetuner.sources.kubelet import KubeletAddress, parse_address


def test_the_internal_address_and_the_kubelets_own_port_are_taken() -> None:
    """A kubelet is asked where its Node says that it listens."""
    addresses = [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "10.0.0.7"}]
    endpoints = {"kubeletEndpoint": {"Port": 10255}}

    found = parse_address(_node({"addresses": addresses, "daemonEndpoints": endpoints}))

    assert found == KubeletAddress(node="n", host="10.0.0.7", port=10255)
    assert found.url("/metrics/probes") == "https://10.0.0.7:10255/metrics/probes"


def test_an_address_of_version_6_is_put_in_brackets() -> None:
    """Colons of the address are not mistaken for the port's."""
    found = parse_address(_node({"addresses": [{"type": "InternalIP", "address": "fd00::7"}]}))

    assert found is not None
    assert found.url("/metrics/cadvisor") == "https://[fd00::7]:10250/metrics/cadvisor"


@pytest.mark.parametrize(
    "status", [{}, {"addresses": []}, {"addresses": [{"type": "ExternalIP", "address": "1.2.3.4"}]}]
)
def test_a_node_without_internal_address_has_none(status: dict[str, Any]) -> None:
    """No other address is guessed at."""
    assert parse_address(_node(status)) is None


@pytest.mark.parametrize(
    "address", ["evil.example", "10.0.0.7@evil.example", "10.0.0.7/x?", "10.0.0.7:1", "[::1]", "10.0.0.7\r\nHost: x", 7]
)
def test_a_node_cannot_lead_elsewhere(address: object) -> None:
    """What a node says of itself is an IP address, or is told of and not asked."""
    with pytest.raises(InvalidObjectError, match="no IP address"):
        parse_address(_node({"addresses": [{"type": "InternalIP", "address": address}]}))


@pytest.mark.parametrize("port", [-1, 65536, 10**30, "10250", True, 1.5])
def test_what_is_no_port_is_told_of(port: object) -> None:
    """A number that is no port becomes no part of an address."""
    addresses = [{"type": "InternalIP", "address": "10.0.0.7"}]
    with pytest.raises(InvalidObjectError, match="is no port"):
        parse_address(_node({"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}))


@pytest.mark.parametrize("raw", [{}, {"metadata": {"name": 7}}, {"metadata": {"name": "n"}, "status": []}])
def test_what_is_no_node_is_told_of(raw: dict[str, Any]) -> None:
    """An object of another shape gives the one error that callers expect."""
    with pytest.raises(InvalidObjectError):
        parse_address(raw)


def _node(status: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "n"}, "status": status}
