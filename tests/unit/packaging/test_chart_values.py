"""What each value of the chart does to what is installed."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.chart import EVERYWHERE, IMAGE, TOGGLES
from unit.packaging.charts import (
    NAMESPACE,
    RELEASE,
    Object,
    container_of,
    of_kind,
    pod_of,
    refusal,
    render,
    rules,
    template,
)
from unit.packaging.files import CHART

pytestmark = pytest.mark.cluster  # for helm, which the lab builds; no cluster is asked

DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
SELECTOR = {"app.kubernetes.io/name": "probetuner", "app.kubernetes.io/instance": RELEASE}
EVERYTHING = {
    "apply.enabled": True,
    "metrics.service.enabled": True,
    "networkPolicy.enabled": True,
    "podDisruptionBudget.enabled": True,
    "replicas": 2,
}


def leaves(values: Any, place: tuple[str, ...] = ()) -> Iterator[str]:
    """Each value's dotted path."""
    if isinstance(values, dict) and values:
        for name, inner in values.items():
            yield from leaves(inner, (*place, name))
    else:
        yield ".".join(place)


@pytest.fixture(scope="module")
def default() -> list[Object]:
    """What is installed where nobody sets anything."""
    return render({})


def arguments(objects: list[Object]) -> list[str]:
    return list(container_of(objects)["args"])


def test_the_doctor_runs_as_the_operator_and_only_where_it_is_wanted() -> None:
    """`helm test` has the operator's account and its authority of kubelets; without the value there is nothing."""
    (pod,) = of_kind(render({"kubelet.ca.configMap": "kubelet-ca", "nodeSelector": {"disk": "ssd"}}), "Pod")

    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert pod["spec"]["serviceAccountName"] == RELEASE
    assert pod["spec"]["volumes"] == [{"name": "kubelet-ca", "configMap": {"name": "kubelet-ca"}}]
    assert pod["spec"]["nodeSelector"]["disk"] == "ssd"
    assert pod["spec"]["containers"][0]["args"] == ["doctor", f"--namespace={NAMESPACE}"]
    assert of_kind(render({"tests.enabled": False}), "Pod") == []


def test_each_value_is_tried() -> None:
    """A value that no test sets could do nothing, or harm."""
    tried = {path for toggle in TOGGLES.values() for path in toggle}

    assert [
        leaf for leaf in leaves(DEFAULTS) if not any(leaf == path or leaf.startswith(f"{path}.") for path in tried)
    ] == []


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, toggle in TOGGLES.items() for path in toggle])
def test_a_value_that_is_set_makes_a_difference(name: str, path: str) -> None:
    """None is accepted and ignored: without it, the same toggle gives something else, or is refused."""
    toggle = TOGGLES[name]
    rest = {other: value for other, value in toggle.items() if other != path}

    assert render(toggle)
    assert template(rest).stdout != template(toggle).stdout


def test_a_registry_stands_before_the_repository() -> None:
    """Also with a digest; without one the repository stands as it is."""
    digest = f"sha256:{'0' * 64}"

    assert container_of(render({"image.registry": "mirror.example"}))["image"].startswith(
        f"mirror.example/{IMAGE['image.repository']}:"
    )
    pinned = render({"image.registry": "mirror.example:5000/a", "image.digest": digest})
    assert container_of(pinned)["image"] == f"mirror.example:5000/a/{IMAGE['image.repository']}@{digest}"


def test_common_labels_and_annotations_are_on_every_object() -> None:
    """Those of the chart, by which pods are selected and definitions kept, are not replaced by them."""
    marks = {"commonLabels": {"team": "a", "app.kubernetes.io/name": "lost"}, "commonAnnotations": {"owner": "a"}}
    account = {"serviceAccount.annotations": {"role": "b", "owner": "b"}}
    objects = render({**EVERYTHING, **marks, **account})
    pod = pod_of(objects)["metadata"]["labels"]

    assert {one["metadata"]["labels"]["team"] for one in objects} == {"a"}
    names = {one["kind"]: one["metadata"]["labels"]["app.kubernetes.io/name"] for one in objects}
    assert names.pop("Pod") == "probetuner-doctor", "what `helm test` runs is no pod of the Deployment's"
    assert set(names.values()) == {"probetuner"}
    assert (pod["team"], pod["app.kubernetes.io/name"]) == ("a", "probetuner")
    owners = {(one["kind"], one["metadata"]["name"]): one["metadata"]["annotations"]["owner"] for one in objects}
    assert owners.pop(("ServiceAccount", RELEASE)) == "b"
    assert set(owners.values()) == {"a"}
    assert {
        one["metadata"]["annotations"]["helm.sh/resource-policy"]
        for one in of_kind(objects, "CustomResourceDefinition")
    } == {"keep"}


def test_what_selects_the_pods_never_changes() -> None:
    """A selector cannot be changed after the install, so no value but the names has a part in it."""
    objects = render({"commonLabels": {"team": "a"}, "podLabels": {"tier": "b", "app.kubernetes.io/name": "lost"}})
    (deployment,) = of_kind(objects, "Deployment")

    assert deployment["spec"]["selector"]["matchLabels"] == SELECTOR
    assert pod_of(objects)["metadata"]["labels"] == {**SELECTOR, "team": "a", "tier": "b"}


@pytest.mark.parametrize("values", [{}, EVERYTHING, TOGGLES["openshift"], TOGGLES["kubelet-ca-secret"]])
def test_the_pod_is_one_of_the_restricted_standard(values: dict[str, Any]) -> None:
    """Field by field as Kubernetes' documentation of the Pod Security Standards has it."""
    pod, container = pod_of(render(values))["spec"], container_of(render(values))

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "privileged" not in container["securityContext"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert {kind for volume in pod["volumes"] for kind in volume} <= {"name", "emptyDir", "configMap", "secret"}
    assert "hostPort" not in container["ports"][0]


def test_a_security_context_is_merged_into_the_charts() -> None:
    """A line is replaced, added, or taken out by null; the others stay."""
    context = pod_of(render({"podSecurityContext": {"runAsUser": 1000, "runAsGroup": None, "fsGroup": 2}}))["spec"]

    assert context["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "fsGroup": 2,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_openshift_chooses_the_numbers_of_user_and_groups() -> None:
    """Where the cluster is one, or is said to be; never where that is turned off."""
    on_openshift = "--api-versions=security.openshift.io/v1"
    chosen = {"podSecurityContext.fsGroup": 5, "securityContext.runAsUser": 5}

    def numbers(values: dict[str, Any], *more: str) -> set[str]:
        objects = render({**chosen, **values}, *more)
        contexts = {**pod_of(objects)["spec"]["securityContext"], **container_of(objects)["securityContext"]}
        return set(contexts) & {"runAsUser", "runAsGroup", "fsGroup"}

    assert numbers({}) == {"runAsUser", "runAsGroup", "fsGroup"}
    assert numbers({}, on_openshift) == set()
    assert numbers({"openshift.adaptSecurityContext": "force"}) == set()
    assert numbers({"openshift.adaptSecurityContext": "disabled"}, on_openshift) == {
        "runAsUser",
        "runAsGroup",
        "fsGroup",
    }


def test_the_operator_runs_on_linux_wherever_else_it_is_sent(default: list[Object]) -> None:
    """A node of another system would pull the image and fail."""
    sent = render({"nodeSelector": {"disk": "ssd"}})

    assert pod_of(default)["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert pod_of(sent)["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux", "disk": "ssd"}


def test_pods_are_spread_by_their_own_labels() -> None:
    """A constraint without a selector would count nobody; one with a selector is left as it is."""
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    other = {**spread, "labelSelector": {"matchLabels": {"app": "other"}}}

    (ours, others) = pod_of(render({"topologySpreadConstraints": [spread, other]}))["spec"]["topologySpreadConstraints"]

    assert ours == {**spread, "labelSelector": {"matchLabels": SELECTOR}}
    assert others == other


def test_a_budget_and_a_policy_are_about_the_operators_pods() -> None:
    """Both only when asked for."""
    objects = render(EVERYTHING)
    (budget,), (policy,) = of_kind(objects, "PodDisruptionBudget"), of_kind(objects, "NetworkPolicy")

    assert budget["spec"]["selector"]["matchLabels"] == policy["spec"]["podSelector"]["matchLabels"] == SELECTOR
    assert budget["spec"]["maxUnavailable"] == 1
    assert not {one["kind"] for one in render({})} & {"PodDisruptionBudget", "NetworkPolicy"}


def test_who_may_read_the_metrics_is_said() -> None:
    """By default nobody but the node; what goes out is never limited."""
    peers = TOGGLES["network-policy-peers"]
    (closed,) = of_kind(render({"networkPolicy.enabled": True}), "NetworkPolicy")
    (opened,) = of_kind(render(peers), "NetworkPolicy")

    assert closed["spec"]["policyTypes"] == opened["spec"]["policyTypes"] == ["Ingress"]
    assert closed["spec"]["ingress"] == []
    assert opened["spec"]["ingress"] == [{"from": peers["networkPolicy.metricsFrom"], "ports": [{"port": "http"}]}]


def test_extras_stand_after_what_the_chart_needs(default: list[Object]) -> None:
    """Nothing of the chart's own is replaced by them."""
    extras = {**TOGGLES["extra-args"], **TOGGLES["extra-env"], **TOGGLES["extra-volume"]}
    objects = render(extras)
    container = container_of(objects)

    assert arguments(objects) == [*arguments(default), *extras["extraArgs"]]
    assert container["env"] == extras["extraEnv"]
    assert container["volumeMounts"] == [*container_of(default)["volumeMounts"], *extras["extraVolumeMounts"]]
    assert pod_of(objects)["spec"]["volumes"] == [*pod_of(default)["spec"]["volumes"], *extras["extraVolumes"]]


def test_an_extra_object_is_a_template() -> None:
    """So it can name the release and its namespace."""
    (extra,) = of_kind(render(TOGGLES["extra-object"]), "ConfigMap")

    assert (extra["metadata"]["namespace"], extra["data"]) == (NAMESPACE, {"release": RELEASE})


def test_without_roles_there_is_none() -> None:
    """Whoever turns them off gives them otherwise; accounts, and the fence around the right to patch, stay."""
    objects = render({"rbac.create": False, "apply.enabled": True, "watch.namespaces": [EVERYWHERE]})

    assert not [one["kind"] for one in objects if "Role" in one["kind"]]
    assert {one["metadata"]["name"] for one in of_kind(objects, "ServiceAccount")} == {RELEASE, f"{RELEASE}-kubelet"}
    assert f"{RELEASE}-guard" in [one["metadata"]["name"] for one in objects]


def test_an_operator_that_watches_its_own_namespace_needs_no_role_more_there() -> None:
    """Elsewhere it gets one, by which it finds its own Deployment and posts an Event on it."""
    names = [
        {role["metadata"]["name"] for role in of_kind(render({"watch.namespaces": watched}), "Role")}
        for watched in ([NAMESPACE], ["shop"])
    ]

    assert names[1] - names[0] == {f"{RELEASE}-self"}


def test_watching_some_namespaces_takes_roles_in_these() -> None:
    """Together they give what the ClusterRoles gave, and there is one ClusterRole left: of what has no namespace."""
    everywhere, somewhere = (
        render({"apply.enabled": True}),
        render({"apply.enabled": True, "watch.namespaces": ["shop", "web"]}),
    )
    placed = [role["metadata"]["namespace"] for role in of_kind(somewhere, "Role")]

    assert rules(somewhere, "ClusterRole") == {
        ("", kind, verb) for kind in ("namespaces", "nodes") for verb in ("list", "watch")
    }
    assert rules(somewhere, "ClusterRole") | rules(somewhere, "Role") == rules(everywhere, "ClusterRole") | rules(
        everywhere, "Role"
    )
    assert sorted(placed) == sorted([*["shop", "web"] * 3, "kube-system", NAMESPACE, NAMESPACE])
    assert [word for word in arguments(somewhere) if word.startswith("--watch-namespace")] == [
        "--watch-namespace=shop",
        "--watch-namespace=web",
    ]


def test_any_values_can_be_upgraded_to_any_others() -> None:
    """What an API server lets nobody change of an object depends on no value: the role of a binding (of a name)."""
    roles: dict[tuple[str, str | None, str], set[tuple[str, str]]] = {}
    for toggle in TOGGLES.values():
        for one in render(toggle):
            if "roleRef" in one:
                metadata, role = one["metadata"], one["roleRef"]
                place = (one["kind"], metadata.get("namespace"), metadata["name"])
                roles.setdefault(place, set()).add((role["kind"], role["name"]))

    assert {place: found for place, found in roles.items() if len(found) > 1} == {}


def test_the_right_to_patch_is_given_only_where_it_is_watched() -> None:
    """In the namespaces of apply.namespaces, else in the watched ones; one that is not watched is refused."""
    both = {"apply.enabled": True, "watch.namespaces": ["shop", "web"], "apply.namespaces": ["web"]}
    patching = [
        role for role in of_kind(render(both), "Role") if role["metadata"]["name"].endswith("-apply-namespaced")
    ]

    assert [role["metadata"]["namespace"] for role in patching] == ["web"]
    assert "apply.namespaces has blog, which is not watched" in refusal({**both, "apply.namespaces": ["blog"]})


def test_the_lease_that_is_held_is_the_lease_that_may_be_held() -> None:
    """Its name and namespace are the same in the flag and in the Role."""
    objects = render({"leaderElection.namespace": "shared", "leaderElection.name": "shop"})
    (role,) = [one for one in of_kind(objects, "Role") if one["metadata"]["name"].endswith("-lease")]

    assert "--lease=shared/shop" in arguments(objects)
    assert role["metadata"]["namespace"] == "shared"
    assert [rule.get("resourceNames") for rule in role["rules"]] == [
        None,
        ["shop", *(f"shop-shard-{number}" for number in range(1, 17))],
    ]


def test_each_shard_is_a_deployment_that_selects_its_own_pods() -> None:
    """All with the same account and the same settings; what selects the operator's pods selects those of all."""
    objects = render({**EVERYTHING, "shards": 3, "apply.maxRollouts": 4})
    deployments = of_kind(objects, "Deployment")

    assert [one["metadata"]["name"] for one in deployments] == [f"{RELEASE}-{number}" for number in (1, 2, 3)]
    for number, one in enumerate(deployments, 1):
        labels = one["spec"]["template"]["metadata"]["labels"]
        words = one["spec"]["template"]["spec"]["containers"][0]["args"]
        assert one["spec"]["selector"]["matchLabels"] == {**SELECTOR, "probetuner.dev/shard": str(number)}
        assert labels.items() >= one["spec"]["selector"]["matchLabels"].items()
        assert {f"--shard={number}/3", "--max-rollouts=4"} < set(words)
        assert one["spec"]["replicas"] == 2
    for kind in ("Service", "PodDisruptionBudget"):
        (one,) = of_kind(objects, kind)
        selector = one["spec"]["selector"]
        assert selector.get("matchLabels", selector) == SELECTOR
    assert "--shard" not in " ".join(arguments(render({"shards": 1})))


def test_shards_that_end_may_still_give_their_leases_back() -> None:
    """Up to sixteen, and as many as there are: the Role is changed before their pods are."""

    def held(shards: int) -> list[str]:
        roles = of_kind(render({"shards": shards, "apply.maxRollouts": shards}), "Role")
        (role,) = [one for one in roles if one["metadata"]["name"].endswith("-lease")]
        return list(role["rules"][1]["resourceNames"])

    assert held(1) == held(3) == held(16)
    assert held(20) == [*held(1), *(f"probetuner-shard-{number}" for number in range(17, 21))]


def test_without_kubelets_there_is_no_identity_for_them() -> None:
    """Neither an account nor a right to make tokens, and no flag about them."""
    objects = render({"kubelet.source": "none"})

    assert "--kubelet-source=none" in arguments(objects)
    assert [word for word in arguments(objects) if word.startswith(("--kubelet-account", "--scrape"))] == []
    assert [one for one in objects if one["metadata"]["name"].endswith(("-kubelet", "-token"))] == []


@pytest.mark.parametrize(
    ("values", "source", "key"),
    [
        (TOGGLES["kubelet-ca-config-map"], {"configMap": {"name": "kubelet-ca"}}, "bundle.pem"),
        (TOGGLES["kubelet-ca-secret"], {"secret": {"secretName": "kubelet-ca"}}, "ca.crt"),
    ],
)
def test_the_kubelets_authority_is_mounted_where_it_is_looked_for(
    values: dict[str, Any], source: dict[str, Any], key: str
) -> None:
    """By a ConfigMap or a Secret, under its key."""
    objects = render(values)
    (volume,) = [one for one in pod_of(objects)["spec"]["volumes"] if one["name"] == "kubelet-ca"]
    (mount,) = [one for one in container_of(objects)["volumeMounts"] if one["name"] == "kubelet-ca"]

    assert volume == {"name": "kubelet-ca", **source}
    assert mount["readOnly"] is True
    assert f"--kubelet-ca={mount['mountPath']}/{key}" in arguments(objects)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lease": {"namespace": "shared"}}, "lease.namespace is leaderElection.namespace now"),
        ({"kubelet.insecureTLS": True}, "kubelet.insecureTLS=true is kubelet.tls=insecure now"),
        ({"leaderElection": None}, "upgrade with --reset-then-reuse-values"),
        ({"kubelet.ca": {"configMap": "a", "secret": "b"}}, "both set"),
        ({"kubelet.tls": "insecure", "kubelet.ca.secret": "b"}, "kubelet.ca would mean nothing"),
        ({"image.repository": ""}, "image.repository is required"),
        ({"shards": 3}, "set apply.maxRollouts=3 or more, one for each shard"),
        ({"shards": None}, "upgrade with --reset-then-reuse-values"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_with_a_sentence(values: dict[str, Any], said: str) -> None:
    """Values of an earlier chart too: none is ignored, and the refusal says what to set instead."""
    assert said in refusal(values)
