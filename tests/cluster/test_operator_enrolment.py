"""Whom the operator serves, on the real API server."""

from collections.abc import Iterator
from typing import Any

import pytest

from cluster.operator_process import OperatorProcess, Space, deployment, policy, wait_for
from lab import Lab
from probetuner.history import codec

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def operator(crds: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """The operator, running beside the lab."""
    process = OperatorProcess(crds, tmp_path_factory.mktemp("operator") / "log")
    try:
        process.wait_ready()
        yield process
        assert process.stop() == 0
    finally:
        process.kill()


@pytest.mark.usefixtures("operator")
def test_an_annotated_workload_gets_a_policy_that_goes_with_it(space: Space) -> None:
    """The operator's own policy names the workload, is marked as the operator's, and belongs to the workload."""
    space.apply(deployment("web", "Observe"))

    made = wait_for(lambda: space.get("probepolicy", "deployment-web"), "the policy")

    owner = made["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["blockOwnerDeletion"]) == ("Deployment", "web", False)
    assert "controller" not in owner
    assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "probetuner"
    assert "finalizers" not in made["metadata"]
    status = wait_for(lambda: space.status("deployment-web"), "the status")
    assert (status["mode"], status["modeFrom"], status["target"]) == ("Observe", "Workload", "Deployment/web")


@pytest.mark.usefixtures("operator")
def test_a_workload_that_is_left_is_cleaned_up_after(space: Space) -> None:
    """With the annotation, what the operator made goes: policy and history. The workload stays as it was."""
    space.apply(deployment("web", "Observe", replicas=1))
    wait_for(lambda: space.names("probehistory"), "the history")

    space.kubectl("annotate", "deployment", "web", "probetuner.dev/mode-")

    wait_for(lambda: not space.names("probepolicy") and not space.names("probehistory"), "nothing left")
    assert space.get("deployment", "web") is not None


@pytest.mark.usefixtures("operator")
def test_a_namespace_speaks_for_its_workloads_and_the_workload_for_itself(space: Space) -> None:
    """The annotation of the Namespace enrols what is in it, but for a workload that says otherwise."""
    space.apply(deployment("one"))
    space.apply(deployment("other", "Off"))

    space.kubectl("annotate", "namespace", space.name, "probetuner.dev/mode=Recommend")

    status = wait_for(lambda: space.status("deployment-one"), "the status")
    assert (status["mode"], status["modeFrom"]) == ("Recommend", "Namespace")
    space.kubectl("annotate", "namespace", space.name, "probetuner.dev/mode-")
    wait_for(lambda: not space.names("probepolicy"), "the policy is deleted")
    assert space.get("probepolicy", "deployment-other") is None


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_the_other_kinds_are_served_too(space: Space, kind: str) -> None:
    """StatefulSets and DaemonSets are enrolled as Deployments are."""
    manifest = deployment("db", "Observe") | {"kind": kind}
    if kind == "DaemonSet":
        del manifest["spec"]["replicas"]
        manifest["spec"]["template"]["spec"]["nodeSelector"] = {"no": "node"}
    else:
        manifest["spec"]["serviceName"] = "db"
    space.apply(manifest)

    status = wait_for(lambda: space.status(f"{kind.lower()}-db"), "the status")

    assert status["target"] == f"{kind}/db"


def test_a_mode_that_is_none_is_off_and_says_what_is_allowed(space: Space, operator: OperatorProcess) -> None:
    """An unknown word blocks, in a condition and an Event that name the allowed ones; mended, it takes effect."""
    space.apply(deployment("web", "aply"))

    status = wait_for(lambda: space.status("deployment-web"), "the status")

    assert (status["phase"], status["mode"]) == ("Blocked", "Off")
    observing = space.condition("deployment-web", "Observing")
    assert observing["status"] == "False"
    assert "'aply'; allowed are Off, Observe, Recommend, Apply" in observing["message"]
    told = (
        "get",
        "events",
        "--field-selector=involvedObject.name=web,type=Warning",
        "-o",
        "jsonpath={.items[*].message}",
    )
    wait_for(lambda: "allowed are Off, Observe, Recommend, Apply" in space.kubectl(*told), "the Event")
    space.kubectl("annotate", "--overwrite", "deployment", "web", "probetuner.dev/mode=Observe")
    wait_for(lambda: space.status("deployment-web").get("mode") == "Observe", "the mended mode")
    assert operator.is_alive()


@pytest.mark.usefixtures("operator")
def test_a_workload_made_anew_begins_anew(space: Space) -> None:
    """One of the same name takes over neither policy nor history of the one before, however soon it comes."""
    space.apply(deployment("web", "Observe", replicas=1))
    first = wait_for(lambda: space.get("probehistory", "deployment-web"), "the history")
    for _ in range(2):
        space.kubectl("delete", "deployment", "web")
        space.apply(deployment("web", "Observe", replicas=1))
    uid = (space.get("deployment", "web") or {})["metadata"]["uid"]

    def belonging(kind: str) -> dict[str, Any] | None:
        found = space.get(kind, "deployment-web")
        return found if found and found["metadata"]["ownerReferences"][0]["uid"] == uid else None

    assert not wait_for(lambda: belonging("probepolicy"), "a policy of its own").get("status", {}).get("history")
    saved = wait_for(lambda: belonging("probehistory"), "a history of its own")
    assert _pods(saved).isdisjoint(_pods(first))


def _pods(saved: dict[str, Any]) -> set[str]:
    """The uids of the pods that a saved history is about."""
    history = codec.decode(saved["data"]["state"], version=saved["data"]["version"])
    return {life.pod_uid for entry in history.containers for life in entry.lives}


@pytest.mark.usefixtures("operator")
def test_a_policy_without_workload_says_so_until_there_is_one(space: Space) -> None:
    """A policy for a workload that does not exist is blocked with the next step, and takes effect when it exists."""
    space.apply(policy("mine", "web", "Observe"))

    wait_for(lambda: space.status("mine").get("phase") == "Blocked", "the phase")
    observing = space.condition("mine", "Observing")
    assert (observing["status"], observing["reason"]) == ("False", "TargetNotFound")
    assert "Create it, or delete this ProbePolicy" in observing["message"]
    space.apply(deployment("web"))
    wait_for(lambda: space.status("mine").get("phase") == "Learning", "the phase")
    assert space.status("mine")["modeFrom"] == "Policy"
    space.kubectl("delete", "deployment", "web")
    wait_for(lambda: space.status("mine").get("phase") == "Blocked", "blocked again")


@pytest.mark.usefixtures("operator")
def test_a_users_policy_takes_the_place_of_the_operators(space: Space) -> None:
    """A policy that a user writes for an annotated workload is in force, and the operator's goes."""
    space.apply(deployment("web", "Recommend"))
    wait_for(lambda: space.get("probepolicy", "deployment-web"), "the operator's policy")

    space.apply(policy("mine", "web", "Observe"))

    wait_for(lambda: space.names("probepolicy") == ["mine"], "the user's policy alone")
    status = wait_for(lambda: space.status("mine"), "the status")
    assert (status["mode"], status["modeFrom"]) == ("Observe", "Policy")


@pytest.mark.usefixtures("operator")
def test_of_two_policies_the_older_is_in_force(space: Space) -> None:
    """The younger is blocked and names the one in force; when that is deleted, it takes over."""
    space.apply(deployment("web"))
    space.apply(policy("b-first", "web", "Observe"))
    wait_for(lambda: space.status("b-first").get("phase") == "Learning", "the first in force")
    # Kubernetes' creation times are whole seconds, and the name decides within one.
    space.apply(policy("c-second", "web", "Apply"))

    wait_for(lambda: space.status("c-second").get("phase") == "Blocked", "the second blocked")
    conflict = space.condition("c-second", "Conflict")
    assert (conflict["status"], conflict["reason"]) == ("True", "DuplicatePolicy")
    assert "b-first" in conflict["message"]
    assert space.status("b-first")["mode"] == "Observe"
    space.kubectl("delete", "probepolicy", "b-first")
    wait_for(
        lambda: space.status("c-second").get("phase") == "Learning",
        lambda: f"the second in force, which is {space.status('c-second')}",
    )
    assert space.condition("c-second", "Conflict").get("status") != "True"


@pytest.mark.usefixtures("operator")
def test_the_longest_names_are_served(space: Space) -> None:
    """A workload whose name leaves no room for the kind before it gets a shortened policy name."""
    name = "a" * 253
    space.apply(deployment(name, "Observe"))

    wait_for(lambda: [n for n in space.names("probepolicy") if n.startswith("deployment-aaa") and len(n) == 253], "it")
