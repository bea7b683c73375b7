"""What the operator writes, and above all what it does not, on the real API server."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, wait_for
from probetuner.history import codec
from probetuner.model.probe import ProbeType

pytestmark = pytest.mark.cluster

Start = Callable[..., OperatorProcess]


def test_observing_writes_nothing_onto_the_workload(space: Space, start_operator: Start) -> None:
    """Neither annotation, finalizer, field nor generation of a served workload or its pods is the operator's."""
    space.apply(deployment("web", "Observe", replicas=1))
    operator = start_operator()
    wait_for(lambda: _history(space)["updated"], "observed for a while", seconds=60)
    operator.stop()

    pod = space.names("pod")[0]
    for served in (space.get("deployment", "web"), space.get("pod", pod)):
        assert served is not None
        metadata = served["metadata"]
        assert "finalizers" not in metadata
        assert {"probetuner", "kopf"}.isdisjoint(manager["manager"] for manager in metadata["managedFields"])
        ours = {"probetuner.dev/mode"} if served["kind"] == "Deployment" else set()
        assert {key for key in metadata.get("annotations", {}) if "probetuner" in key or "kopf" in key} == ours
    assert (space.get("deployment", "web") or {})["metadata"]["generation"] == 1


def test_a_status_is_written_once(space: Space, start_operator: Start) -> None:
    """While nothing happens to a workload, its policy stays as it is: over other changes, looks and a restart."""
    space.apply(deployment("web", "Observe"))
    operator = start_operator("--scrape-interval-seconds=1")
    version = wait_for(lambda: _version_with_status(space), "the status")
    for number in range(3):
        space.kubectl("annotate", "--overwrite", "deployment", "web", f"example.com/look={number}")
    _wait_for_another_look(space, "second")
    operator.stop()
    start_operator()
    _wait_for_another_look(space, "third")

    assert _version_with_status(space) == version


def test_a_dry_run_writes_nothing_and_says_what_it_would(space: Space, start_operator: Start) -> None:
    """With --dry-run no object appears or changes; the log tells the request that was left out."""
    space.apply(deployment("web", "Apply"))
    before = space.get("deployment", "web")
    operator = start_operator("--dry-run")

    def told(method: str, part: str) -> list[str]:
        lines = [line for line in operator.lines() if line["event"] == "dry run: not written"]
        return [line["body"] for line in lines if line["method"] == method and f"/{space.name}/{part}" in line["path"]]

    wait_for(lambda: told("PATCH", "probepolicies/deployment-web/status"), "the status that would be")
    operator.stop()

    assert json.loads(told("POST", "probepolicies")[0])["spec"]["targetRef"]["name"] == "web"
    assert len(told("PATCH", "probepolicies/deployment-web/status")) == 1
    assert space.names("probepolicy") == space.names("probehistory") == []
    assert space.get("deployment", "web") == before


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_what_was_saved_is_gone_on_from(space: Space, start_operator: Start, ending: str) -> None:
    """The next operator adds to the saved history, however the one before it ended."""
    space.apply(deployment("web", "Observe", replicas=1))
    operator = start_operator("--scrape-interval-seconds=1")
    wait_for(lambda: space.status("deployment-web").get("phase") == "Healthy", "learned", seconds=120)
    if ending == "stop":
        operator.stop()
    else:
        wait_for(lambda: _succeeded(space), "attempts are saved", seconds=90)
        operator.kill()
    saved = _succeeded(space)
    assert saved
    updated = _history(space)["updated"]

    operator = start_operator("--scrape-interval-seconds=1")
    space.kubectl("delete", "pods", "--all", "--wait=false")
    wait_for(lambda: _history(space)["updated"] != updated, "saved again", seconds=90)
    operator.stop()

    assert _succeeded(space) >= saved


def test_a_history_from_a_newer_version_is_left_as_it_is(space: Space, start_operator: Start) -> None:
    """The workload is served, the status says why nothing is saved, and what was saved stays, at the end too."""
    space.apply(
        {
            "apiVersion": "probetuner.dev/v1alpha1",
            "kind": "ProbeHistory",
            "metadata": {"name": "deployment-web"},
            "data": {"version": 99, "updated": "2026-01-01T00:00:00Z", "state": "{}"},
        }
    )
    before = space.get("probehistory", "deployment-web")
    space.apply(deployment("web", "Observe", replicas=1))
    operator = start_operator()

    wait_for(lambda: space.status("deployment-web"), "served all the same")
    observing = space.condition("deployment-web", "Observing")
    assert (observing["status"], observing["reason"]) == ("True", "HistoryNotSaved")
    assert f"in form 99, from a newer probetuner; this one reads up to {codec.VERSION}" in observing["message"]
    assert "delete the ProbeHistory" in observing["message"]
    wait_for(lambda: space.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.startTime}"), "something to save")
    assert operator.stop() == 0
    assert space.get("probehistory", "deployment-web") == before


def _version_with_status(space: Space) -> str | None:
    """The resource version of the policy, once it has a status."""
    policy = space.get("probepolicy", "deployment-web") or {}
    return str(policy["metadata"]["resourceVersion"]) if policy.get("status") else None


def _history(space: Space) -> dict[str, Any]:
    return dict((space.get("probehistory", "deployment-web") or {"data": {"updated": ""}})["data"])


def _succeeded(space: Space) -> int:
    """How many attempts of liveness probes that succeeded stand in the saved history."""
    data = _history(space)
    if "state" not in data:
        return 0
    history = codec.decode(data["state"], version=data["version"])
    minutes = (minute for container in history.containers for minute in container.minutes)
    return sum(minute.succeeded.get(ProbeType.LIVENESS, 0) for minute in minutes)


def _wait_for_another_look(space: Space, name: str) -> None:
    """Wait until a workload is served that was made after everything else had happened."""
    space.apply(deployment(name, "Observe"))
    wait_for(lambda: space.status(f"deployment-{name}"), f"the status of {name}", seconds=60)
