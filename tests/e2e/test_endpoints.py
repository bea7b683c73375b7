"""Endpoints that the operator tries beside a liveness probe, on a real kubelet: found, told apart, or none."""

import pytest

from e2e.play import Play

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_liveness_moves_to_an_endpoint_that_was_tried_and_bore_the_load(play: Play) -> None:
    """A busy service's liveness gets the cheap endpoint that answered all along, and no pod is restarted any more."""
    outcome = play.found.result()

    assert outcome.probes["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert outcome.probes["readinessProbe"]["httpGet"]["path"] == "/"
    assert "liveness asks httpGet :http/healthz: tried beside it, it answered" in outcome.told
    assert (outcome.verdict, outcome.restarts) == ("Kept", 0)


def test_an_endpoint_that_calls_another_service_is_told_with_its_name(play: Play) -> None:
    """The Service was scaled to 0 for a minute: only what calls it failed, and that must not be asked by liveness."""
    endpoints = play.found.result().endpoints

    calls = {name: entry for name, entry in endpoints.items() if "calls the Service" in entry["livenessReason"]}
    assert list(calls) == ["httpGet :http/health"]
    assert calls["httpGet :http/health"]["liveness"] == "Unfit"
    assert "the Service hasher" in calls["httpGet :http/health"]["livenessReason"]
    healthz = endpoints["httpGet :http/healthz"]
    assert healthz["liveness"] != "Unfit", healthz["livenessReason"]


def test_where_no_endpoint_is_fit_none_is_recommended(play: Play) -> None:
    """Liveness is to go, and the advice says of each other endpoint why it is no better; no handler is guessed."""
    outcome = play.unfit.result()

    others = {name: entry for name, entry in outcome.endpoints.items() if name != "httpGet :http/1"}
    assert {entry["liveness"] for entry in others.values()} == {"Unfit"}
    assert "livenessProbe: null" in outcome.patch
    assert "httpGet :http/1 waits behind the users' requests" in outcome.reason
    assert "endpoints tried none is fit for liveness" in outcome.reason
    assert "httpGet :http/healthz: it is not served" in outcome.reason
