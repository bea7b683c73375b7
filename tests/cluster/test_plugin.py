"""The commands about policies on a real cluster, with an operator that heeds them, by the rights of two people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cluster.conformance import Row
from cluster.conformance_walk import create, enrol
from cluster.operator_process import OperatorProcess, Space, wait_for
from cluster.users import probetuner, user
from lab import Lab

pytestmark = pytest.mark.cluster

Json = dict[str, Any]

_NAMES = ("seen", "approved", "applied", "held", "stopped", "raised")
_VIEW = (
    {"apiGroups": ["probetuner.dev"], "resources": ["probepolicies"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "daemonsets"], "verbs": ["get", "list"]},
)
_EDIT = (
    *_VIEW,
    {"apiGroups": ["probetuner.dev"], "resources": ["probepolicies"], "verbs": ["patch"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "daemonsets"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "patch"]},
)
"""Of its own Namespace a Role may give rights too: the API server takes its name for the namespace of the request."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A namespace whose workloads have each a recommendation that waits, and the Lease of the operator."""

    space: Space
    lease: str

    def say(self, kubeconfig: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Call probetuner in the namespace; what it prints, and what it says besides."""
        where = () if "--all" in arguments and arguments[0] in ("pause", "resume") else ("-n", self.space.name)
        done = probetuner(kubeconfig, *arguments, *where)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr

    def identity(self, name: str) -> str:
        """The id of what is recommended."""
        return str(self.space.status(f"deployment-{name}")["recommendation"]["id"])

    def refused(self, name: str) -> str | None:
        """The reason of the condition Applied."""
        reason = self.space.condition(f"deployment-{name}", "Applied").get("reason")
        return None if reason is None else str(reason)

    def latest(self, name: str) -> Json:
        """The latest change, empty where there is none."""
        entries: list[Json] = self.space.status(f"deployment-{name}").get("history") or [{}]
        return entries[0]

    def probes(self, name: str) -> set[str]:
        """Which probes the workload has."""
        found = self.space.get("deployment", name) or {}
        return {field for field in found["spec"]["template"]["spec"]["containers"][0] if field.endswith("Probe")}


@pytest.fixture(scope="module")
def stand(crds: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Workloads in mode Recommend that remember kills under load; nothing of them ever runs."""
    space, lease = Space(crds, f"plugin-{uuid4().hex[:8]}"), f"plugin-{uuid4().hex[:8]}"
    crds.kubectl("create", "namespace", space.name)
    rows = tuple(Row(name=name, mode="Recommend", applied="ModeDoesNotApply") for name in _NAMES)
    create(space, rows)
    enrol(space, rows)
    for name in _NAMES:  # alike as they are, they get recommendations of the same id
        space.kubectl("label", "deployment", name, f"only={name}")
    log = tmp_path_factory.mktemp("operator") / "log"
    operator = OperatorProcess(crds, log, f"--lease=default/{lease}", "--max-rollouts=100")
    made = Stand(space=space, lease=f"default/{lease}")
    try:
        operator.wait_ready()
        for name in _NAMES:
            wait_for(
                lambda name=name: made.refused(name) == "ModeDoesNotApply",  # type: ignore[misc] # a default is one
                f"{name} has a recommendation",
                seconds=120,
            )
        yield made
    finally:
        operator.kill()
        crds.kubectl("delete", "namespace", space.name, "--wait=false")
        crds.kubectl("delete", "lease", lease, "--namespace=default", "--ignore-not-found")


@pytest.fixture(scope="module")
def viewer(crds: Lab, stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who may read policies and workloads of the namespace."""
    return user(crds, stand.space, "viewer", _VIEW, folder=tmp_path_factory.mktemp("viewer"))


@pytest.fixture(scope="module")
def editor(crds: Lab, stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who may change them too, and the Namespace."""
    return user(crds, stand.space, "editor", _EDIT, folder=tmp_path_factory.mktemp("editor"))


def test_a_viewer_sees_where_workloads_stand_and_why(stand: Stand, viewer: Path) -> None:
    """Status, reasons, evidence and the difference, as the API server keeps them."""
    printed, _ = stand.say(viewer, "status", "-o", "json")
    found = {item["name"]: item for item in json.loads(printed)["items"]}
    assert set(_NAMES) <= found.keys()
    assert found["seen"]["recommendation"]["id"] == stand.identity("seen")

    told, _ = stand.say(viewer, "why", "deployment/seen")
    assert "liveness-kill-under-pressure" in told
    assert f"probetuner approve {stand.identity('seen')}" in told
    shown, _ = stand.say(viewer, "diff", "deployment/seen", code=1)
    assert "-  livenessProbe:" in shown


def test_a_viewer_changes_nothing(stand: Stand, viewer: Path) -> None:
    """The API server says no, and the message says what to ask for."""
    before = stand.space.get("deployment", "seen")
    for arguments in (
        ("approve", stand.identity("seen"), "--yes"),
        ("apply", "deployment/seen", "--yes"),
        ("pause", "deployment/seen", "--yes"),
        ("mode", "deployment/seen", "Apply", "--yes"),
    ):
        _, said = stand.say(viewer, *arguments, code=2)
        assert "ask for that right" in said

    assert stand.space.get("deployment", "seen") == before


def test_an_approval_is_carried_out_and_taken_back(stand: Stand, editor: Path) -> None:
    """The operator applies it, the history shows it, and on demand the operator puts the old values back."""
    stand.say(editor, "approve", "-l", "only=approved", "--yes")
    wait_for(lambda: "appliedAt" in stand.latest("approved"), "it is applied", seconds=60)
    assert stand.probes("approved") == {"readinessProbe"}

    printed, _ = stand.say(editor, "history", "deployment/approved", "-o", "json")
    (entry,) = json.loads(printed)["items"]
    assert entry["approved"] is True
    _, said = stand.say(editor, "rollback", "deployment/approved", entry["id"], "--yes")
    assert "is to be undone" in said
    wait_for(lambda: "undoneAt" in stand.latest("approved"), lambda: f"it is undone: {stand.latest('approved')}")

    assert stand.probes("approved") == {"livenessProbe"}
    assert stand.latest("approved")["verdict"] == "RolledBack"
    assert "probetuner.dev/rollback" in stand.latest("approved")["reason"]
    _, said = stand.say(editor, "rollback", "deployment/approved", "--yes", code=2)
    assert "already" in said


def test_what_a_person_applies_is_theirs(stand: Stand, editor: Path) -> None:
    """The template has the recommendation, by a field manager of kubectl; the operator neither did nor undoes it."""
    stand.say(editor, "apply", "deployment/applied", "--dry-run")
    assert stand.probes("applied") == {"livenessProbe"}
    stand.say(editor, "apply", "deployment/applied", "--yes")

    assert stand.probes("applied") == {"readinessProbe"}
    found = stand.space.get("deployment", "applied") or {}
    writers = {manager["manager"] for manager in found["metadata"]["managedFields"]}
    assert ("kubectl-probetuner" in writers, "probetuner" in writers) == (True, False)
    assert stand.latest("applied") == {}


def test_a_pause_of_one_workload_and_of_its_namespace_holds(stand: Stand, editor: Path) -> None:
    """An approval waits until both let it go on; who resumes one is told of the other."""
    stand.say(editor, "pause", "deployment/held", "--yes")
    stand.say(editor, "pause", "--yes")
    stand.say(editor, "approve", "-l", "only=held", "--yes")
    wait_for(lambda: stand.refused("held") == "PausedByAnnotation", lambda: f"it waits: {stand.refused('held')}")

    _, said = stand.say(editor, "resume", "deployment/held", "--yes")
    assert "is paused as a whole" in said
    assert stand.refused("held") == "PausedByAnnotation"
    stand.say(editor, "resume", "--yes")

    wait_for(lambda: "appliedAt" in stand.latest("held"), "it goes on", seconds=60)


def test_a_pause_of_all_stands_on_the_lease(lab: Lab, stand: Stand, editor: Path) -> None:
    """Who may not write the Lease cannot pause; an administrator can, and renewals leave the word there."""
    _, said = stand.say(editor, "pause", "--all", "--lease", stand.lease, "--yes", code=2)
    assert "leases" in said
    stand.say(lab.kubeconfig, "pause", "--all", "--lease", stand.lease, "--yes")
    stand.say(editor, "approve", "-l", "only=stopped", "--yes")
    wait_for(lambda: stand.refused("stopped") == "OperatorPaused", lambda: f"it waits: {stand.refused('stopped')}")
    renewed = _renewed(lab, stand.lease)
    wait_for(lambda: _renewed(lab, stand.lease) != renewed, "the Lease is renewed")
    assert stand.latest("stopped") == {}

    stand.say(lab.kubeconfig, "resume", "--all", "--lease", stand.lease, "--yes")

    wait_for(lambda: "appliedAt" in stand.latest("stopped"), "it goes on", seconds=90)


def _renewed(lab: Lab, lease: str) -> str:
    namespace, _, name = lease.partition("/")
    return lab.kubectl("get", "lease", name, f"--namespace={namespace}", "-o", "jsonpath={.spec.renewTime}")


def test_an_id_approves_each_workload_that_was_given_it(stand: Stand, editor: Path) -> None:
    """It names a recommendation: who is alike gets the same, and the table has each."""
    printed, _ = stand.say(editor, "approve", stand.identity("seen"), "--yes", "-o", "json")

    named = {item["object"].rpartition("/")[2] for item in json.loads(printed)["items"]}
    assert {"seen", "raised"} <= named
    assert "approved" not in named


def test_the_mode_is_set(stand: Stand, editor: Path) -> None:
    """On the workload, where it came from; the operator follows."""
    stand.say(editor, "mode", "deployment/raised", "Observe", "--yes")

    wait_for(lambda: stand.space.status("deployment-raised").get("mode") == "Observe", "the mode is in force")
    assert stand.space.status("deployment-raised")["modeFrom"] == "Workload"
