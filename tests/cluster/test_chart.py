"""What the chart renders, as Helm and a real API server see it."""

from collections.abc import Iterator

import pytest
import yaml

from cluster.charts import CHART, RELEASE, Object, of_kind, permitted, render, rules, values
from lab import Lab, LabError
from support.chart import TOGGLES, words

pytestmark = pytest.mark.cluster

EVERYTHING = (
    "apply.enabled=true",
    "metrics.service.enabled=true",
    "networkPolicy.enabled=true",
    "podDisruptionBudget.enabled=true",
    "crds.keep=false",
    "defaultMode=Observe",
    "replicas=2",
)
KUBELET = f"{RELEASE}-kubelet"
POLICY = "ValidatingAdmissionPolicy"
PATCHING = {("apps", kind, "patch") for kind in ("deployments", "statefulsets", "daemonsets")}
READING = {"get", "list", "watch"}
WRITING = {"create", "update", "patch", "delete", "deletecollection"}
CRDS = CHART.parents[2] / "crds"


@pytest.mark.parametrize("settings", [(), EVERYTHING], ids=["defaults", "everything"])
def test_chart_passes_the_strict_lint(lab: Lab, settings: tuple[str, ...]) -> None:
    """`helm lint --strict` finds nothing."""
    assert "0 chart(s) failed" in lab.helm("lint", "--strict", str(CHART), *values(*settings))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("defaultmode=Off", "'defaultmode' not allowed"),
        ("image.repositry=x", "'repositry' not allowed"),
        ("apply.enable=true", "'enable' not allowed"),
        ("defaultMode=Auto", "must be one of 'Off', 'Observe', 'Recommend', 'Apply'"),
        ("serviceAccount.create=false", "/serviceAccount/name"),
        ("image.repository=", "image.repository is required: build the image"),
    ],
)
def test_bad_value_is_refused(lab: Lab, setting: str, said: str) -> None:
    """Helm refuses a typing error or a missing value and says which."""
    with pytest.raises(LabError) as refusal:
        render(lab, setting)

    assert said in str(refusal.value)


@pytest.mark.parametrize("settings", [(), EVERYTHING], ids=["defaults", "everything"])
def test_no_dangerous_permission_is_given(lab: Lab, settings: tuple[str, ...]) -> None:
    """Nothing on Secrets, no wildcard, no way into pods or around the kubelet's own authorization."""
    objects = render(lab, *settings)
    roles = [*of_kind(objects, "ClusterRole"), *of_kind(objects, "Role")]
    given = [permission for role in roles for permission in permitted(role)]

    assert given
    assert not [rule for rule in given if "*" in "".join(rule)]
    assert not {resource for _, resource, _ in given} & {"secrets", "nodes/proxy", "pods/exec", "pods/attach"}
    assert not {verb for _, _, verb in given} & {"deletecollection", "impersonate", "escalate", "bind"}


def test_kubelets_see_an_identity_that_reads_their_metrics_and_nothing_else(lab: Lab) -> None:
    """The operator cannot read them by itself: it makes tokens of that identity, and of no other."""
    objects = render(lab, *EVERYTHING)
    (maker,) = [role for role in of_kind(objects, "Role") if ("", "serviceaccounts/token", "create") in permitted(role)]

    assert list(rules(objects, KUBELET)) == [("", "nodes/metrics", "get")]
    assert "nodes/metrics" not in {resource for _, resource, _ in rules(objects)}
    assert [rule["resourceNames"] for rule in maker["rules"]] == [[KUBELET]]
    assert f"--kubelet-account=probetuner-system/{KUBELET}" in arguments(objects)


def test_one_operator_works_in_a_cluster_however_many_there_are(lab: Lab) -> None:
    """One replica or two, under whatever name and in whatever namespace: all are after the same Lease."""
    several = render(lab, "replicas=2")
    for objects in (render(lab), several, render(lab, "fullnameOverride=other")):
        role = next(role for role in of_kind(objects, "Role") if role["metadata"]["name"].endswith("-lease"))
        assert "--lease=kube-system/probetuner" in arguments(objects)
        assert role["metadata"]["namespace"] == "kube-system"
        assert [(rule["verbs"], rule.get("resourceNames")) for rule in role["rules"]] == [
            (["list", "create"], None),
            (["get", "update"], ["probetuner", *(f"probetuner-shard-{index}" for index in range(1, 17))]),
        ]

    (one,), (two,) = (of_kind(objects, "Deployment") for objects in (render(lab), several))
    assert (one["spec"]["replicas"], one["spec"]["strategy"]["type"]) == (1, "Recreate")
    assert (two["spec"]["replicas"], two["spec"]["strategy"]["type"]) == (2, "RollingUpdate")
    assert "--lease=shared/probetuner" in arguments(render(lab, "leaderElection.namespace=shared"))


def test_what_a_cluster_lives_by_is_in_no_default_mode(lab: Lab) -> None:
    """The namespaces of Kubernetes and the release's own are left out, also where others are named instead."""

    def excluded(*settings: str) -> list[str]:
        words = arguments(render(lab, *settings))
        return [word.partition("=")[2] for word in words if word.startswith("--excluded-namespace=")]

    assert excluded() == ["kube-system", "kube-public", "kube-node-lease", "probetuner-system"]
    assert excluded("watch.excludedNamespaces={a,b}") == ["a", "b", "probetuner-system"]
    assert excluded("watch.excludedNamespaces=null") == ["probetuner-system"]


def test_users_get_no_more_than_they_need(lab: Lab) -> None:
    """Who may view or edit a namespace may view or edit the policies in it; status and histories are the operator's."""
    objects = render(lab)
    to = "rbac.authorization.k8s.io/aggregate-to-"
    added = {
        name: {
            permission
            for role in of_kind(objects, "ClusterRole")
            if role["metadata"]["labels"].get(f"{to}{name}") == "true"
            for permission in permitted(role)
        }
        for name in ("view", "edit", "admin")
    }

    reading = {("probetuner.dev", kind, verb) for kind in ("probepolicies", "probehistories") for verb in READING}
    writing = {("probetuner.dev", "probepolicies", verb) for verb in ("create", "update", "patch", "delete")}
    assert added == {"view": reading, "edit": reading | writing, "admin": reading | writing}


def test_without_apply_nothing_of_a_users_can_be_written(lab: Lab) -> None:
    """The default install is read-only outside its own objects, its Lease and Events."""
    written = {(group, resource) for group, resource, verb in rules(render(lab)) if verb in WRITING}
    ours = {("", "serviceaccounts/token"), ("coordination.k8s.io", "leases"), ("", "events")}

    assert {(group, resource) for group, resource in written if group != "probetuner.dev"} == ours


def test_apply_adds_one_verb_on_workloads(lab: Lab) -> None:
    """What apply.enabled adds is to patch the three kinds of workloads, and nothing else."""
    added = set(rules(render(lab, "apply.enabled=true"))) - set(rules(render(lab)))

    assert added == PATCHING


def test_the_right_to_patch_can_be_given_in_some_namespaces_only(lab: Lab) -> None:
    """Then there is a RoleBinding in each of them, and none for the cluster."""
    objects = render(lab, "apply.enabled=true", "apply.namespaces={shop,web}")
    bindings = [each for each in objects if each["kind"].endswith("Binding")]
    giving = [each for each in bindings if each.get("roleRef", {}).get("name") == f"{RELEASE}-apply-namespaced"]

    assert [(each["kind"], each["metadata"].get("namespace")) for each in giving] == [
        ("RoleBinding", "shop"),
        ("RoleBinding", "web"),
    ]


def test_the_right_to_patch_comes_with_a_fence(lab: Lab) -> None:
    """The fence is around this release's operator, is there unless it is turned off, and its lack is never silent."""
    objects = render(lab, "apply.enabled=true")
    (guard,) = [one for one in of_kind(objects, POLICY) if one["metadata"]["name"].endswith("-guard")]
    (binding,) = [one for one in of_kind(objects, f"{POLICY}Binding") if one["metadata"]["name"].endswith("-guard")]

    assert guard["spec"]["matchConditions"][0]["expression"] == (
        "request.userInfo.username == 'system:serviceaccount:probetuner-system:probetuner'"
    )
    assert (guard["spec"]["failurePolicy"], binding["spec"]["validationActions"]) == ("Fail", ["Deny"])
    assert binding["spec"]["policyName"] == guard["metadata"]["name"]
    assert "-guard" not in str(render(lab))
    assert "-guard" not in str(render(lab, "apply.enabled=true", "apply.admissionGuard=false"))
    with pytest.raises(LabError, match="admissionGuard=false"):
        before_admission_policies(lab, "apply.enabled=true")


def test_an_override_is_honoured_only_where_it_is_checked(lab: Lab) -> None:
    """The flag and the admission policy come together, or neither does."""
    flag, name = "--honour-override-off", f"{RELEASE}-override-off"
    for objects, there in ((render(lab), True), (before_admission_policies(lab), False)):
        assert (flag in arguments(objects)) is there
        assert (name in [one["metadata"]["name"] for one in of_kind(objects, POLICY)]) is there


def test_unsigned_kubelet_certificates_are_taken_only_when_asked_for(lab: Lab) -> None:
    """The operator checks the kubelets' certificates unless the user says otherwise."""
    flag = "--kubelet-insecure-tls"

    assert flag not in str(render(lab))
    assert flag in str(render(lab, "kubelet.tls=insecure"))


def test_service_comes_only_when_asked_for(lab: Lab) -> None:
    """The metrics Service is a choice, and leads to the port that the pod serves."""
    (service,) = of_kind(render(lab, "metrics.service.enabled=true"), "Service")
    (deployment,) = of_kind(render(lab), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]

    assert of_kind(render(lab), "Service") == []
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]


def test_definitions_are_the_source_of_truth(lab: Lab) -> None:
    """The CRDs that Helm installs are those of crds/, kept on uninstall unless told otherwise."""
    definitions = [yaml.safe_load(path.read_text()) for path in CRDS.glob("*.yaml")]
    kept = of_kind(render(lab), "CustomResourceDefinition")
    dropped = of_kind(render(lab, "crds.keep=false"), "CustomResourceDefinition")

    assert {crd["metadata"]["name"]: crd["spec"] for crd in kept} == {
        crd["metadata"]["name"]: crd["spec"] for crd in definitions
    }
    assert {crd["metadata"]["annotations"]["helm.sh/resource-policy"] for crd in kept} == {"keep"}
    assert not any(crd["metadata"].get("annotations") for crd in dropped)
    assert of_kind(render(lab, "crds.install=false"), "CustomResourceDefinition") == []


def test_digest_wins_over_the_tag(lab: Lab) -> None:
    """An image that is pinned by its digest is run as pinned; without any, the chart's own version is."""
    digest = f"sha256:{'0' * 64}"

    assert image(render(lab, f"image.digest={digest}")) == f"localhost/probetuner@{digest}"
    assert image(render(lab, "image.tag=")) == f"localhost/probetuner:{version()}"


def image(objects: list[Object]) -> str:
    """The image of the operator's only container."""
    (deployment,) = of_kind(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def arguments(objects: list[Object]) -> list[str]:
    """What the operator is started with."""
    (deployment,) = of_kind(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


def before_admission_policies(lab: Lab, *settings: str) -> list[Object]:
    """What an install makes on a Kubernetes that has no admission policies yet."""
    text = lab.helm("template", RELEASE, str(CHART), "--kube-version=1.29.5", *values(*settings))
    return [document for document in yaml.safe_load_all(text) if document]


def version() -> str:
    """The version of the chart's application."""
    return str(yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"])


@pytest.fixture
def restricted(lab: Lab) -> Iterator[str]:
    """A namespace that admits only pods that meet the restricted Pod Security Standard."""
    name = "chart-restricted"
    lab.kubectl("create", "namespace", name)
    lab.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    lab.kubectl("delete", "namespace", name)


def test_pod_meets_the_restricted_standard(lab: Lab, restricted: str) -> None:
    """The operator's pod is admitted where only unprivileged pods are."""
    (deployment,) = of_kind(render(lab), "Deployment")
    template = deployment["spec"]["template"]
    account = {"serviceAccountName": "default"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "operator", "namespace": restricted, "labels": template["metadata"]["labels"]},
        "spec": {**template["spec"], **account},
    }

    said = lab.kubectl("create", "--dry-run=server", "-f", "-", input=yaml.safe_dump(pod))

    assert "pod/operator created" in said


def test_every_object_is_accepted_by_the_server(lab: Lab, restricted: str) -> None:
    """The API server accepts whatever the chart renders, without an unknown field."""
    objects = rendered(lab, restricted, *values(*EVERYTHING))

    assert accepted(lab, objects) == len(objects) == len(render(lab, *EVERYTHING))


@pytest.mark.parametrize("name", TOGGLES)
def test_what_a_value_makes_is_accepted_by_the_server(lab: Lab, restricted: str, name: str) -> None:
    """Each value turned once: what it renders other than the defaults do has no unknown field, and is valid."""
    default = rendered(lab, restricted, *words({}))
    changed = [each for each in rendered(lab, restricted, *words(TOGGLES[name])) if each not in default]

    # A value that only leaves something out changes nothing that could be refused.
    assert not changed or accepted(lab, changed) == len(changed)


def rendered(lab: Lab, namespace: str, *settings: str) -> list[Object]:
    """What an install into that namespace makes, but that a pod has an account that is there: ours is not made here."""
    text = lab.helm("template", RELEASE, str(CHART), "--namespace", namespace, *settings)
    objects: list[Object] = [document for document in yaml.safe_load_all(text) if document]
    for pod in of_kind(objects, "Pod"):
        pod["spec"]["serviceAccountName"] = "default"
    return objects


def accepted(lab: Lab, objects: list[Object]) -> int:
    """How many of these the server would take; raises LabError when it refuses one, or a field of one."""
    text = yaml.safe_dump_all(objects)
    return len(lab.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=text).splitlines())


def test_notes_teach_the_first_commands(lab: Lab) -> None:
    """What Helm says after an install is how to enrol a workload and read what was found."""
    said = lab.helm("install", RELEASE, str(CHART), "--dry-run=client", *values())
    notes = said.partition("NOTES:")[2]

    commands = [line.strip() for line in notes.splitlines() if line.startswith("  ")]
    assert commands[0].startswith("kubectl exec -n default deploy/probetuner -- probetuner doctor")
    assert "kubectl annotate deployment/NAME -n NAMESPACE probetuner.dev/mode=Recommend" in notes
    assert "kubectl get probepolicy" in notes
    assert "It has no permission to change any workload." in notes
    assert "helm upgrade probetuner CHART -n default --reset-then-reuse-values" in notes
