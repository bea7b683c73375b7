"""Who would put a change back is known by what they leave on the workload, and is told what to do about it."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from probetuner.change.handover import handover
from probetuner.model.policy import ApplyRules, OnConflict, Policy
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import parse_workload
from support.changes import between
from support.stage import Stage
from support.strategic_merge import apply
from support.workloads import LIVENESS, Json, container, deployment

OVERRIDE = Policy(apply=ApplyRules(on_conflict=OnConflict.OVERRIDE))
SLOW = {**LIVENESS, "timeoutSeconds": 10}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def managed(manager: str, *, operation: str = "Apply", fields: Json | None = None) -> Json:
    """A Deployment whose liveness probe, or other fields, that manager wrote."""
    live = deployment()
    probe: Json = {"f:httpGet": {"f:path": {}, "f:port": {}}, "f:timeoutSeconds": {}}
    below = {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:livenessProbe": probe}}
    template = {"f:spec": {"f:template": {"f:spec": {"f:containers": below}}}}
    live["metadata"]["managedFields"] = [
        {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields or template}
    ]
    return live


REPLICAS: Json = {"f:spec": {"f:replicas": {}}}
OTHER_CONTAINER: Json = {
    "f:spec": {
        "f:template": {"f:spec": {"f:containers": {'k:{"name":"proxy"}': {"f:livenessProbe": {"f:periodSeconds": {}}}}}}
    }
}


@pytest.mark.parametrize(
    ("live", "reason", "words"),
    [
        (managed("kustomize-controller"), "ManagedElsewhere", "Flux manages"),
        (managed("helm-controller", operation="Update"), "ManagedElsewhere", "Flux HelmRelease manages"),
        (managed("argocd-controller"), "ManagedElsewhere", "Argo CD manages"),
        (managed("helm", operation="Update"), "ManagedElsewhere", "Helm manages"),
        (managed("platform-controller"), "FieldConflict", "'platform-controller' applies web.livenessProbe"),
    ],
    ids=["Flux", "Flux Helm", "Argo CD", "Helm", "somebody"],
)
def test_who_applies_the_probes_is_asked_first(live: Json, reason: str, words: str) -> None:
    """Without any mark on the workload the field manager's name is enough; nothing is sent, and it is named."""
    stage = Stage(live=live)

    stage.turn()

    applied = stage.condition("Applied")
    assert (stage.sent, applied["status"], applied["reason"]) == ([], "False", reason)
    assert words in applied["message"]
    assert stage.status["handover"]["keeper"]
    assert stage.condition("Conflict")["status"] == "True"


@pytest.mark.parametrize(
    "live",
    [
        managed("horizontal-pod-autoscaler", fields=REPLICAS),
        managed("kustomize-controller", fields=OTHER_CONTAINER),
        managed("some-webhook", operation="Update"),
        managed("kubectl"),
        managed("kubectl-client-side-apply", operation="Update"),
        managed("probetuner"),
    ],
    ids=["replicas", "another container", "once updated", "kubectl", "kubectl of old", "ourselves"],
)
def test_other_writers_are_in_nobody_s_way(live: Json) -> None:
    """Who owns other fields, once wrote these, or is a person with kubectl does not stop a change asked for."""
    stage = Stage(live=live)

    stage.turn()

    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    "live",
    [
        managed("platform-controller"),
        deployment(labels={"argocd.argoproj.io/instance": "shop"}),
        deployment(annotations={"meta.helm.sh/release-name": "shop"}),
    ],
    ids=["field manager", "Argo CD", "Helm"],
)
def test_who_says_override_has_it_patched(live: Json) -> None:
    """With onConflict Override it is patched all the same, and the status still says what the source needs."""
    stage = Stage(live=live, policy=OVERRIDE)

    stage.turn()

    assert len(stage.sent) == 1
    assert stage.status["handover"]["advice"]
    assert stage.condition("Conflict")["status"] == "True"


def test_a_controller_above_is_never_overridden() -> None:
    """What an owner reference says holds whatever the policy."""
    live = deployment()
    live["metadata"]["ownerReferences"] = [{"kind": "Rollout", "name": "shop-web", "controller": True}]
    stage = Stage(live=live, policy=OVERRIDE)

    stage.turn()

    assert (stage.sent, stage.condition("Applied")["reason"]) == ([], "OwnedByController")


def lines(live: Json, new: Json) -> Any:
    """The lines that the status would have for a change of the only container."""
    told = handover(parse_workload(live), between(container(livenessProbe=LIVENESS), new))
    assert told is not None
    return told.lines


def test_argo_cd_is_told_by_the_container_s_name() -> None:
    """Each field by a jq path that finds the container, and the option without which a sync would write it."""
    live = deployment(labels={"argocd.argoproj.io/instance": "shop"})

    told = lines(live, container(livenessProbe=SLOW))

    (rule,) = told["spec"]["ignoreDifferences"]
    assert (rule["kind"], rule["namespace"], rule["name"]) == ("Deployment", "shop", "web")
    assert rule["jqPathExpressions"] == [
        '.spec.template.spec.containers[] | select(.name == "web") | .livenessProbe.timeoutSeconds'
    ]
    assert told["spec"]["syncPolicy"]["syncOptions"] == ["RespectIgnoreDifferences=true"]


@pytest.mark.parametrize(
    ("label", "way"),
    [("kustomize.toolkit.fluxcd.io/name", ("ignore",)), ("helm.toolkit.fluxcd.io/name", ("driftDetection", "ignore"))],
)
def test_flux_is_told_by_the_container_s_place(label: str, way: tuple[str, ...]) -> None:
    """Its rules are JSON pointers, which count containers; plain init containers and neighbours count as they stand."""
    live = deployment(container("first"), container(livenessProbe=LIVENESS), labels={label: "shop"})

    rules = lines(live, container(livenessProbe=SLOW))["spec"]
    for name in way:
        rules = rules[name]

    assert rules == [
        {
            "paths": ["/spec/template/spec/containers/1/livenessProbe/timeoutSeconds"],
            "target": {"kind": "Deployment", "name": "web", "namespace": "shop"},
        }
    ]


def test_a_helm_release_is_told_how_to_make_the_change() -> None:
    """By a post renderer: a strategic-merge patch of what its chart renders, as text; null takes a field away."""
    live = deployment(labels={"helm.toolkit.fluxcd.io/name": "shop"})

    (renderer,) = lines(live, container())["spec"]["postRenderers"]
    (patch,) = renderer["kustomize"]["patches"]

    assert patch["target"] == {"kind": "Deployment", "name": "web"}
    rendered = deployment(container(livenessProbe=LIVENESS))
    assert apply(yaml.safe_load(patch["patch"]), rendered)["spec"]["template"]["spec"]["containers"] == [container()]


def test_helm_is_told_the_values() -> None:
    """The probes as most charts take them."""
    live = deployment(annotations={"meta.helm.sh/release-name": "shop"})

    assert lines(live, container(livenessProbe=SLOW)) == {"livenessProbe": {"timeoutSeconds": 10}}


def test_a_sidecar_s_place_is_that_among_all_init_containers() -> None:
    """A plain init container before a sidecar is left alone, and counted."""
    live = deployment(labels={"kustomize.toolkit.fluxcd.io/name": "shop"})
    proxy = {**container("proxy", livenessProbe=LIVENESS), "restartPolicy": "Always"}
    live["spec"]["template"]["spec"]["initContainers"] = [container("setup"), proxy]
    patch = {
        "spec": {"template": {"spec": {"initContainers": [{"name": "proxy", "livenessProbe": {"timeoutSeconds": 5}}]}}}
    }

    told = handover(parse_workload(live), patch)

    assert told is not None
    assert told.lines is not None
    (rule,) = told.lines["spec"]["ignore"]
    assert rule["paths"] == ["/spec/template/spec/initContainers/1/livenessProbe/timeoutSeconds"]


def applied_from(file: Json) -> Json:
    """A Deployment that somebody applied from a file with that container."""
    return deployment(annotations={LAST_APPLIED: json.dumps(deployment(file))})


def test_kubectl_apply_is_told_what_to_change_in_the_file() -> None:
    """What the old file names would come back with it: it is patched, and the answer has the lines to change."""
    stage = Stage(live=applied_from(container(livenessProbe=LIVENESS)))

    stage.turn()
    stage.now += 10
    stage.turn()

    assert len(stage.sent) == 1
    told = stage.status["handover"]
    assert (told["keeper"], "web.livenessProbe" in told["advice"]) == ("kubectl apply", True)
    assert yaml.safe_load(told["lines"]) == stage.sent[0]
    assert "applying the old file again would undo it" in stage.condition("Applied")["message"]


def test_what_the_file_does_not_name_stays() -> None:
    """Kubectl leaves alone what neither the old file nor the new one names, and what the file has already."""
    patch = between(container(livenessProbe=LIVENESS), container(livenessProbe=SLOW))

    assert handover(parse_workload(applied_from(container(livenessProbe=LIVENESS))), patch) is None
    assert handover(parse_workload(applied_from(container(livenessProbe=SLOW))), patch) is None
    assert handover(parse_workload(applied_from(container(livenessProbe={**LIVENESS, "timeoutSeconds": 2}))), patch)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"spec": 1}', "[" * 100_000], ids=str)
def test_a_damaged_last_applied_annotation_says_nothing(text: str) -> None:
    """Anybody can write the annotation; what is no file tells of none."""
    stage = Stage(live=deployment(annotations={LAST_APPLIED: text}))

    stage.turn()

    assert len(stage.sent) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["f:spec", "f:template", "f:containers", 'k:{"name":"web"}', "k:[", ".", "f:livenessProbe"])
            | st.text(max_size=6),
            inner,
            max_size=3,
        )
    ),
    max_leaves=9,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["manager", "operation", "fieldsV1"]), json_values, max_size=3) | json_values,
        max_size=3,
    )
)
def test_any_managed_fields_are_read_or_named(entries: list[Any]) -> None:
    """Whatever stands there, it is understood or named in a sentence."""
    live = deployment()
    live["metadata"]["managedFields"] = entries
    try:
        parse_workload(live)
    except InvalidObjectError as error:
        assert "managedFields" in str(error)  # noqa: PT017 - it may raise or not
