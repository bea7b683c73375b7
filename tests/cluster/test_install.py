"""The real operator, installed and uninstalled by Helm on a cluster of this module's own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from cluster.charts import CHART, NAMESPACE, RELEASE, values
from cluster.operator_process import wait_for
from lab import Lab, LabError, operator_image

pytestmark = pytest.mark.cluster

OPERATOR, KUBELET = RELEASE, f"{RELEASE}-kubelet"
KEEP_NOTHING = "crds.keep=false"
NEVER = [
    ("get", "nodes/metrics"),
    ("create", "serviceaccounts/token"),
    ("update", "probepolicies.probetuner.dev"),
    ("get", "secrets"),
    ("get", "nodes/proxy"),
    ("create", "pods/exec"),
    ("delete", "pods"),
    ("update", "deployments.apps"),
    ("delete", "deployments.apps"),
    ("deletecollection", "probepolicies.probetuner.dev"),
]
# Those come and go by themselves.
PASSING = {"events", "events.events.k8s.io", "leases.coordination.k8s.io"}
POLICY = {
    "apiVersion": "probetuner.dev/v1alpha1",
    "kind": "ProbePolicy",
    "metadata": {"name": "mine", "namespace": "default"},
    "spec": {"targetRef": {"kind": "Deployment", "name": "nowhere"}},
}


@pytest.fixture(scope="module")
def bare(lab: Lab) -> Iterator[Lab]:
    """A cluster that has the operator's image and a namespace for it, and nothing of ours else."""
    own = Lab(f"{lab.name}-install")
    own.up()
    own.load_image(operator_image.build())
    own.kubectl("create", "namespace", NAMESPACE)
    own.kubectl("wait", "--for=create", "serviceaccount/default", "-n", NAMESPACE, "--timeout=30s")
    yield own
    own.down()


@contextmanager
def installed(lab: Lab, *settings: str) -> Iterator[None]:
    """The operator installed and ready; uninstalled in the end, and all that it had gone."""
    try:
        helm(lab, "install", *settings)
        yield
    finally:
        lab.helm("uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--cascade=foreground", "--timeout=300s")
        if KEEP_NOTHING in settings:
            lab.kubectl("wait", "--for=delete", "apiservice/v1alpha1.probetuner.dev", "--timeout=60s")


def helm(lab: Lab, command: str, *settings: str) -> None:
    """Install or upgrade, and wait until the operator is ready; a failure tells what the pod said."""
    try:
        lab.helm(command, RELEASE, str(CHART), "-n", NAMESPACE, "--wait", "--timeout=180s", *values(*settings))
    except LabError as failure:
        failure.add_note(lab.kubectl("get", "events", "-n", NAMESPACE))
        failure.add_note(lab.kubectl("logs", "-n", NAMESPACE, "--tail=20", f"deployment/{RELEASE}"))
        raise


def everything(lab: Lab) -> set[str]:
    """Each object in the cluster, as namespace, kind and name."""
    kinds = set(lab.kubectl("api-resources", "--verbs=list", "-o", "name").split()) - PASSING
    listed = json.loads(lab.kubectl("get", ",".join(sorted(kinds)), "--all-namespaces", "-o", "json"))
    return {
        f"{each['metadata'].get('namespace', '')}/{each['kind']}/{each['metadata']['name']}" for each in listed["items"]
    }


def may(lab: Lab, verb: str, resource: str, *, account: str = OPERATOR, namespace: str = "") -> bool:
    """Whether the API server lets an account of the release do that, in all namespaces or in one."""
    user = f"system:serviceaccount:{NAMESPACE}:{account}"
    rules = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": {**attributes(verb, resource), "namespace": namespace}},
    }
    answer = lab.kubectl("create", "-o", "json", "-f", "-", input=yaml.safe_dump(rules))
    return bool(json.loads(answer)["status"]["allowed"])


def attributes(verb: str, resource: str) -> dict[str, str]:
    """A request as the API server's authorizers see it; *resource* is `name.group/subresource`."""
    whole, _, subresource = resource.partition("/")
    name, _, group = whole.partition(".")
    return {"verb": verb, "group": group, "resource": name, "subresource": subresource}


def test_installed_operator_is_ready_and_leaves_nothing(bare: Lab) -> None:
    """`helm install --wait` succeeds, the operator runs unharmed, and `helm uninstall` leaves nothing at all."""
    before = everything(bare)

    with installed(bare, KEEP_NOTHING):
        pods = json.loads(bare.kubectl("get", "pods", "-n", NAMESPACE, "-o", "json"))["items"]
        bare.kubectl("create", "-f", "-", input=yaml.safe_dump(POLICY))

    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods] == [0]
    assert everything(bare) - before == set()


def test_kept_definitions_are_all_that_stays(bare: Lab) -> None:
    """By default only the CRDs and what users wrote stay, and a second install takes them over."""
    before = everything(bare)

    with installed(bare):
        bare.kubectl("create", "-f", "-", input=yaml.safe_dump(POLICY))
    kept = everything(bare) - before
    with installed(bare, KEEP_NOTHING):
        pass

    assert kept == {
        "/APIService/v1alpha1.probetuner.dev",  # the API server's own, made from the definitions
        "/CustomResourceDefinition/probehistories.probetuner.dev",
        "/CustomResourceDefinition/probepolicies.probetuner.dev",
        "default/ProbePolicy/mine",
    }
    assert everything(bare) - before == set()


def test_operator_may_do_what_it_must_and_no_more(bare: Lab) -> None:
    """The API server itself says what the service account may: read, write its own, patch only when allowed to."""
    must = [("watch", "nodes"), ("watch", "pods"), ("list", "deployments.apps")]
    change = ("patch", "deployments.apps")

    with installed(bare, KEEP_NOTHING):
        before = [may(bare, *request) for request in (*must, change)]
        helm(bare, "upgrade", KEEP_NOTHING, "apply.enabled=true", "apply.namespaces={default}")
        somewhere = [may(bare, *change, namespace=namespace) for namespace in ("default", "kube-public", "")]
        helm(bare, "upgrade", KEEP_NOTHING, "apply.enabled=true")
        after = [may(bare, *request) for request in (*must, change)]
        too_much = [request for request in NEVER if may(bare, *request)]
        of_kubelets = [may(bare, *request, account=KUBELET) for request in (("get", "nodes/metrics"), *must, change)]

    assert before == [True, True, True, False]
    assert somewhere == [True, False, False]
    assert after == [True, True, True, True]
    assert too_much == []
    assert of_kubelets == [True, False, False, False, False]


def test_the_doctor_in_its_pod_finds_nothing_wrong(bare: Lab) -> None:
    """What NOTES.txt names first ends with 0 on a healthy cluster, and so does `helm test`, which runs the same."""
    with installed(bare, KEEP_NOTHING):
        said = bare.kubectl("exec", "-n", NAMESPACE, f"deploy/{RELEASE}", "--", "probetuner", "doctor")
        try:
            tested = bare.helm("test", RELEASE, "-n", NAMESPACE, "--timeout=120s")
        except LabError as failed:
            failed.add_note(bare.kubectl("logs", "-n", NAMESPACE, f"pod/{RELEASE}-doctor"))
            raise

    assert "0 wrong, 0 could not be asked" in said
    assert "give /metrics/probes and /metrics/cadvisor" in said
    assert "Succeeded" in tested


def test_kubelets_that_refuse_are_told_on_its_own_deployment(bare: Lab) -> None:
    """One Warning Event after a minute, beside the condition; and to the doctor something is wrong."""
    with installed(bare, KEEP_NOTHING):
        bare.kubectl("delete", "clusterrolebinding", KUBELET)
        # It runs a pod on the node, and is served since it says so itself.
        bare.kubectl("annotate", "deployment", RELEASE, "-n", NAMESPACE, "probetuner.dev/mode=Observe")
        about = f"involvedObject.kind=Deployment,involvedObject.name={RELEASE},reason=NoCounters"
        told = wait_for(
            lambda: json.loads(
                bare.kubectl("get", "events", "-n", NAMESPACE, f"--field-selector={about}", "-o", "json")
            )["items"],
            "the Event",
            seconds=180,
        )
        policy = json.loads(bare.kubectl("get", "probepolicy", f"deployment-{RELEASE}", "-n", NAMESPACE, "-o", "json"))
        with pytest.raises(LabError) as wrong:
            bare.kubectl("exec", "-n", NAMESPACE, f"deploy/{RELEASE}", "--", "probetuner", "doctor")

    (event,) = told
    assert event["type"] == "Warning"
    assert event["message"].startswith("KubeletsRefuse: no counters from 1 of 1 nodes that run served pods: ")
    (counters,) = (one for one in policy["status"]["conditions"] if one["type"] == "CountersAvailable")
    assert (counters["status"], counters["reason"]) == ("False", "KubeletsRefuse")
    assert policy["status"]["source"] == "EventsOnly"
    assert "exit code 1" in str(wrong.value)


def test_an_operator_of_some_namespaces_is_ready_with_roles_in_these(bare: Lab) -> None:
    """It lists and watches what it needs, may see and change nothing of any other namespace, and leaves nothing."""
    before = everything(bare)
    requests = [("list", "pods"), ("watch", "deployments.apps"), ("patch", "deployments.apps")]

    with installed(bare, KEEP_NOTHING, "watch.namespaces={default}", "apply.enabled=true"):
        watched = [may(bare, *request, namespace="default") for request in requests]
        others = [may(bare, *request, namespace=namespace) for request in requests for namespace in ("kube-public", "")]

    assert watched == [True, True, True]
    assert not any(others)
    assert everything(bare) - before == set()


def test_upgrades_rollbacks_and_other_names_lose_nothing(bare: Lab, tmp_path: Path) -> None:
    """From the packaged chart of an older version: what was set stays set, and what people wrote stays written."""
    bare.helm("package", str(CHART), "--version=0.0.9", f"--destination={tmp_path}")
    where, flags = ("-n", NAMESPACE), ("--wait", "--timeout=180s")
    other = f"{RELEASE}-two"
    try:
        bare.helm("install", RELEASE, str(tmp_path / "probetuner-0.0.9.tgz"), *where, *flags, *values("replicas=2"))
        bare.kubectl("create", "-f", "-", input=json.dumps(POLICY))
        made = _written(bare)
        bare.helm("upgrade", RELEASE, str(CHART), *where, *flags, "--reset-then-reuse-values")
        upgraded = json.loads(bare.helm("get", "values", RELEASE, *where, "-o", "json")), _written(bare)
        bare.helm("rollback", RELEASE, "1", *where, *flags)
        rolled_back = bare.helm("list", *where, "-o", "json"), _written(bare)
        bare.helm("uninstall", RELEASE, *where, "--wait", "--cascade=foreground", "--timeout=300s")
        with pytest.raises(LabError, match="invalid ownership metadata"):
            bare.helm("install", other, str(CHART), *where, *flags, *values())
        bare.helm("install", other, str(CHART), *where, *flags, *values(), "--take-ownership")
        kept = _written(bare)
    finally:
        for release in (RELEASE, other):
            bare.helm("uninstall", release, *where, "--ignore-not-found", "--wait", "--cascade=foreground")
        bare.kubectl(
            "delete", "crd", "--ignore-not-found", "probepolicies.probetuner.dev", "probehistories.probetuner.dev"
        )

    assert upgraded[0]["replicas"] == 2
    assert "probetuner-0.0.9" in rolled_back[0]
    assert made == upgraded[1] == rolled_back[1] == kept


def _written(lab: Lab) -> str:
    """The identity of what somebody wrote, which changes when it is made again."""
    return lab.kubectl("get", "probepolicy", "mine", "-n", "default", "-o", "jsonpath={.metadata.uid}{.spec}")
