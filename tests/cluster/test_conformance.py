"""Mode x owner x state on the real API server: what is written, and what is refused with which reason."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from cluster.conformance import ROWS, Row
from cluster.conformance_walk import create, decision, enrol, manifest, policy_name
from cluster.operator_process import OperatorProcess, Space, wait_for
from lab import Lab, LabError
from probetuner.change.conditions import ConditionType
from probetuner.change.fields import values_of
from probetuner.change.situation import WorkloadPatch
from support import strategic_merge

pytestmark = pytest.mark.cluster

_SECONDS = 240.0
Json = dict[str, Any]


class Walk:
    """All rows in one namespace, as they were before the operator and as they are when it has settled."""

    def __init__(self, space: Space) -> None:
        self.space = space
        create(space, ROWS)
        enrol(space, ROWS)
        self.patches = {row.name: _patch(space, row) for row in ROWS if row.patched}
        self.before = self._workloads()

    def settle(self) -> None:
        """Wait until every row is as the table says, or until the time is over; the tests tell which is not."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            self.policies = {found["metadata"]["name"]: found for found in self._items("probepolicies")}
            if all(self.reason(row) == row.applied for row in ROWS):
                break
            time.sleep(1)
        self.after = self._workloads()

    def reason(self, row: Row) -> str | None:
        """The reason of the condition Applied, None without a policy."""
        return self.condition(row, "Applied").get("reason")

    def condition(self, row: Row, kind: str) -> Json:
        """A condition of the row's policy, empty when there is none."""
        conditions = self.status(row).get("conditions", [])
        return next((condition for condition in conditions if condition["type"] == kind), {})

    def status(self, row: Row) -> Json:
        """The status of the row's policy, empty when there is none."""
        return dict(self.policies.get(policy_name(row), {}).get("status") or {})

    def _workloads(self) -> dict[str, Json]:
        kinds = "deployments,statefulsets,daemonsets"
        return {found["metadata"]["name"]: found for found in self._items(kinds)}

    def _items(self, kinds: str) -> list[Json]:
        return list(json.loads(self.space.kubectl("get", kinds, "-o", "json", "--show-managed-fields"))["items"])


@pytest.fixture(scope="module")
def walk(crds: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The table, walked by one operator; nothing is read before it has settled."""
    space = Space(crds, f"conformance-{uuid4().hex[:8]}")
    crds.kubectl("create", "namespace", space.name)
    _refuse_templates(crds, space)
    walked = Walk(space)
    operator = OperatorProcess(crds, tmp_path_factory.mktemp("operator") / "log", "--max-rollouts=100")
    try:
        operator.wait_ready()
        walked.settle()
        yield walked
        assert operator.stop() == 0
    finally:
        operator.kill()
        crds.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", space.name)
        crds.kubectl("delete", "namespace", space.name, "--wait=false")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_answered_as_the_table_says(walk: Walk, row: Row) -> None:
    """The condition Applied has the reason and the words, and the phase and the source of the mode are the table's."""
    applied = walk.condition(row, "Applied")

    assert applied.get("reason") == row.applied, applied
    assert row.words in applied.get("message", ""), applied
    assert row.phase in (None, walk.status(row).get("phase"))
    assert row.mode_from in (None, walk.status(row).get("modeFrom"))
    if row.applied not in (None, "Patched", "NothingApplied"):
        assert (applied["status"], bool(applied["message"])) == ("False", True)


@pytest.mark.parametrize("row", [row for row in ROWS if row.patched], ids=lambda row: row.name)
def test_what_is_patched_is_the_recommendation_and_nothing_else(walk: Walk, row: Row) -> None:
    """The template is the old one with the recommended fields; nothing else of spec and metadata is another."""
    before, after, patch = walk.before[row.name], walk.after[row.name], walk.patches[row.name]

    wanted = strategic_merge.apply(json.loads(json.dumps(patch.body)), before)

    assert _stored(after["spec"]) == _stored(wanted["spec"]) != _stored(before["spec"])
    assert [_told(after), _owners(after)] == [_told(before), _owners(before)]
    (entry,) = walk.status(row)["history"]
    assert (json.loads(entry["patch"]), entry.get("approved", False)) == (patch.body, "approved" in row.state)
    sets_something = any(value is not None for value in values_of(patch.body).values())
    assert ("probetuner" in _writers(after)) is sets_something


@pytest.mark.parametrize("row", [row for row in ROWS if not row.patched], ids=lambda row: row.name)
def test_what_is_refused_is_not_touched(walk: Walk, row: Row) -> None:
    """Neither spec, labels, annotations, owners nor generation are another, and no field is the operator's."""
    before, after = walk.before[row.name], walk.after[row.name]

    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert [_told(after), _owners(after)] == [_told(before), _owners(before)]
    assert "probetuner" not in _writers(after)


@pytest.mark.parametrize("row", [row for row in ROWS if row.applied], ids=lambda row: row.name)
def test_every_answer_is_shown_with_its_conditions(walk: Walk, row: Row) -> None:
    """All conditions are there, each with a reason, for `kubectl wait` to work on."""
    conditions = walk.status(row)["conditions"]

    assert sorted(condition["type"] for condition in conditions) == sorted(ConditionType)
    assert all(condition["reason"] for condition in conditions)


def test_who_would_put_it_back_is_told_what_to_do(walk: Walk) -> None:
    """Each tool gets its own lines, also where nothing is applied, and nobody else gets any."""
    told = {row.owner: walk.status(row).get("handover", {}).get("lines", "") for row in ROWS if row.mode == "Apply"}

    assert "RespectIgnoreDifferences=true" in told["Argo CD"]
    assert "/spec/template/spec/containers/0/livenessProbe" in told["Flux"]
    assert "driftDetection" in told["Flux Helm"]
    assert "readinessProbe" in told["Helm"]
    assert "livenessProbe: null" in told["kubectl apply"]
    assert (told["autoscaler"], told["platform"]) == ("", "")


def test_the_old_file_undoes_what_the_status_says_and_no_more(walk: Walk) -> None:
    """It puts back the liveness probe that it names and leaves the readiness probe; that it did is noticed."""
    (row,) = (row for row in ROWS if row.owner == "kubectl apply")
    told = walk.status(row)["handover"]["advice"]
    before = manifest(row)
    before["metadata"]["annotations"] = {"probetuner.dev/mode": "Apply"}

    walk.space.apply(before)

    container = (walk.space.get("deployment", row.name) or {})["spec"]["template"]["spec"]["containers"][0]
    assert {"livenessProbe", "readinessProbe"} <= set(container)
    assert ("web.livenessProbe" in told, "readinessProbe" in told) == (True, False)
    reverted = wait_for(
        lambda: walk.space.condition(policy_name(row), "RevertedByOther").get("status") == "True", "noticed", seconds=60
    )
    assert reverted


def test_jobs_are_left_alone(walk: Walk) -> None:
    """A Job and a CronJob that ask for Apply get no policy and keep their generation: their pods are not served."""
    space = walk.space
    pod = {"restartPolicy": "Never", "containers": [{"name": "web", "image": "registry.test/web:1"}]}
    template = {"template": {"spec": {**pod, "nodeSelector": {"no": "node"}}}}
    mode = {"annotations": {"probetuner.dev/mode": "Apply"}}
    space.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", **mode}, "spec": template})
    cron = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": template}}
    space.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "often", **mode}, "spec": cron})
    # Whoever is taken on after them shows that the operator has looked since.
    space.kubectl("annotate", "deployment", "mode-none", "probetuner.dev/mode=Observe")
    wait_for(lambda: space.status("deployment-mode-none"), "a later workload is served")

    assert not [name for name in space.names("probepolicy") if name.startswith(("job", "cronjob"))]
    assert "probetuner" not in _writers(space.get("job", "once") or {})


def test_who_leaves_is_cleaned_up_after_and_keeps_what_was_changed(walk: Walk) -> None:
    """By annotation, mode Off, deletion or a deleted policy: policy and history go, the workload stays as it is."""
    space, patched = walk.space, walk.after["mode-apply"]["spec"]
    space.kubectl("annotate", "deployment", "mode-apply", "probetuner.dev/mode-")
    space.kubectl("annotate", "--overwrite", "deployment", "mode-recommend", "probetuner.dev/mode=Off")
    space.kubectl("delete", "deployment", "owner-argo")
    space.kubectl("delete", "probepolicy", "mine-policy-apply")
    gone = {"deployment-mode-apply", "deployment-mode-recommend", "deployment-owner-argo"}

    wait_for(lambda: not gone & set(space.names("probepolicy")), "their policies are gone", seconds=60)
    gone.add("deployment-policy-apply")
    wait_for(lambda: not gone & set(space.names("probehistory")), "their histories are gone", seconds=60)

    assert (space.get("deployment", "mode-apply") or {})["spec"] == patched
    assert space.get("deployment", "policy-apply") is not None
    assert "deployment-state-paused" in space.names("probepolicy")


def _patch(space: Space, row: Row) -> WorkloadPatch:
    """What is to be written to the row; its controller may still have to take note of the last annotation."""
    return wait_for(lambda: decision(space, row).patch, f"{row.name} is at rest")


def _stored(value: Any) -> Any:
    """The value without zeros, which the API server leaves out."""
    if isinstance(value, dict):
        return {name: _stored(inner) for name, inner in value.items() if inner != 0}
    return [_stored(inner) for inner in value] if isinstance(value, list) else value


def _told(found: Json) -> Json:
    """Labels and annotations, but for what the workload's own controller writes."""
    metadata = found["metadata"]
    annotations = {
        name: value
        for name, value in metadata.get("annotations", {}).items()
        if not name.startswith(("deployment.kubernetes.io/", "deprecated.daemonset"))
    }
    return {"labels": metadata.get("labels"), "annotations": annotations}


def _owners(found: Json) -> Any:
    return found["metadata"].get("ownerReferences")


def _writers(found: Json) -> set[str]:
    return {str(manager.get("manager")) for manager in found["metadata"]["managedFields"]}


def _refuse_templates(lab: Lab, space: Space) -> None:
    """Have the API server refuse other templates for what is labelled so, and wait until it does."""
    name = {"metadata": {"name": space.name}}
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    selected = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}},
        "objectSelector": {"matchLabels": {"refuse": "me"}},
    }
    same = {"expression": "object.spec.template == oldObject.spec.template", "message": "no template today"}
    group = {"apiVersion": "admissionregistration.k8s.io/v1"}
    policy = {"matchConstraints": {"resourceRules": [rule], **selected}, "validations": [same]}
    binding = {"policyName": space.name, "validationActions": ["Deny"]}
    for kind, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        lab.kubectl("apply", "-f", "-", input=json.dumps({**group, "kind": kind, **name, "spec": spec}))
    space.kubectl("create", "deployment", "refused-first", "--image=registry.test/web:1", "--replicas=0")
    space.kubectl("label", "deployment", "refused-first", "refuse=me")

    def is_refused() -> bool:
        try:
            space.kubectl("set", "image", "deployment/refused-first", "*=registry.test/web:2", "--dry-run=server")
        except LabError as answer:
            return "no template today" in str(answer)
        return False

    wait_for(is_refused, "the admission policy is in force")
