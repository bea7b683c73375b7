"""What the chart renders, as Helm and a real API server see it."""

from collections.abc import Iterator

import pytest
import yaml

from cluster.charts import CHART, RELEASE, Object, of_kind, render, rules, values
from lab import Lab, LabError

pytestmark = pytest.mark.cluster

EVERYTHING = (
    "apply.enabled=true",
    "metrics.service.enabled=true",
    "crds.keep=false",
    "defaultMode=Observe",
    "replicas=2",
)
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
    given = list(rules(render(lab, *settings)))

    assert given
    assert not [rule for rule in given if "*" in "".join(rule)]
    assert not {resource for _, resource, _ in given} & {"secrets", "nodes/proxy", "pods/exec", "pods/attach"}
    assert not {verb for _, _, verb in given} & {"deletecollection", "impersonate", "escalate", "bind"}


def test_replicas_stand_by_for_each_other_by_a_lease(lab: Lab) -> None:
    """More than one get a Lease, the right to that one alone, and a rolling update; one gets neither."""
    (alone,), (several,) = (of_kind(render(lab, *values), "Deployment") for values in ((), ("replicas=2",)))
    (role,) = of_kind(render(lab, "replicas=2"), "Role")

    assert (alone["spec"]["replicas"], alone["spec"]["strategy"]["type"]) == (1, "Recreate")
    assert not of_kind(render(lab), "Role")
    assert (several["spec"]["replicas"], several["spec"]["strategy"]["type"]) == (2, "RollingUpdate")
    args = several["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--lease=probetuner" in args
    assert not [word for word in alone["spec"]["template"]["spec"]["containers"][0]["args"] if "lease" in word]
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in role["rules"]] == [
        (["create"], None),
        (["get", "update"], ["probetuner"]),
    ]


def test_without_apply_nothing_of_a_users_can_be_written(lab: Lab) -> None:
    """The default install is read-only outside its own objects and Events."""
    written = {(group, resource) for group, resource, verb in rules(render(lab)) if verb in WRITING}

    assert {resource for group, resource in written if group != "probetuner.dev"} == {"events"}


def test_apply_adds_one_verb_on_workloads(lab: Lab) -> None:
    """What apply.enabled adds is to patch the three kinds of workloads, and nothing else."""
    added = set(rules(render(lab, "apply.enabled=true"))) - set(rules(render(lab)))

    assert added == {("apps", kind, "patch") for kind in ("deployments", "statefulsets", "daemonsets")}


def test_unsigned_kubelet_certificates_are_taken_only_when_asked_for(lab: Lab) -> None:
    """The operator checks the kubelets' certificates unless the user says otherwise."""
    flag = "--kubelet-insecure-tls"

    assert flag not in str(render(lab))
    assert flag in str(render(lab, "kubelet.insecureTLS=true"))


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
    text = lab.helm("template", RELEASE, str(CHART), "--namespace", restricted, *values(*EVERYTHING))

    said = lab.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=text)

    assert len(said.splitlines()) == len(render(lab, *EVERYTHING))


def test_notes_teach_the_first_commands(lab: Lab) -> None:
    """What Helm says after an install is how to enrol a workload and read what was found."""
    said = lab.helm("install", RELEASE, str(CHART), "--dry-run=client", *values())
    notes = said.partition("NOTES:")[2]

    assert "kubectl annotate deployment/NAME -n NAMESPACE probetuner.dev/mode=Recommend" in notes
    assert "kubectl get probepolicy" in notes
    assert "It has no permission to change any workload." in notes
