"""What the doctor finds of a cluster on loopback, what it says mends it, and what it admits not to know."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.client import ApiClient
from typer.testing import Result

from probetuner.cli.doctor_table import write_table
from probetuner.cluster.connection import connect
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.checkup import Checkup
from probetuner.doctor.installed import read_installed
from probetuner.doctor.lease import check_lease
from probetuner.doctor.server import SPEC_FIELDS, STATUS_FIELDS
from probetuner.sources.failing import Failure
from probetuner.sources.live import LiveCluster, LiveError
from support.kubelets import Kubelet, Signed, a_node, listening, sign
from support.live_api import Cluster, LiveApi, serving
from unit.cli.commands import probetuner
from unit.packaging.files import CHART, ROOT

Json = dict[str, Any]
OPERATOR = "system:serviceaccount:probetuner-system:probetuner"
KUBELET = "system:serviceaccount:probetuner-system:probetuner-kubelet"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/probetuner"
OURS = "/apis/probetuner.dev/v1alpha1"
SCHEMA = json.loads((ROOT / "docs" / "checkup.schema.json").read_text())


def operator(namespace: str = "probetuner-system", name: str = "probetuner", *flags: str, ready: int = 1) -> Json:
    """A Deployment as the chart makes it."""
    arguments = [
        "run",
        "--excluded-namespace=kube-system",
        f"--kubelet-account={namespace}/{name}-kubelet",
        *(flags or ("--lease=kube-system/probetuner",)),
    ]
    pod = {"serviceAccountName": name, "containers": [{"name": "operator", "args": arguments}]}
    return {
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name, "labels": {"app.kubernetes.io/instance": "ours"}},
        "spec": {"replicas": 1, "template": {"spec": pod}},
        "status": {"availableReplicas": ready},
    }


def lease(
    holder: str = "probetuner-6bd9-x7k2p_1a2b3c4d", *, seconds_ago: float = 1.0, now: datetime | None = None
) -> Json:
    """A Lease that was renewed so long ago."""
    renewed = (now or datetime.now(UTC)) - timedelta(seconds=seconds_ago)
    return {"spec": {"holderIdentity": holder, "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}


def policies(*said: tuple[str, str, str], namespace: str = "shop", mode: str = "Recommend") -> Json:
    """Policies, each with the status, reason and message of the condition CountersAvailable."""
    return {
        "items": [
            {
                "metadata": {"namespace": namespace, "name": f"p{number}"},
                "status": {
                    "mode": mode,
                    "conditions": [
                        {"type": "CountersAvailable", "status": status, "reason": reason, "message": message}
                    ],
                },
            }
            for number, (status, reason, message) in enumerate(said)
        ]
    }


FINE = ("True", "KubeletsAnswer", "")


def definitions() -> Json:
    """The definitions as the API server describes them."""
    (version,) = yaml.safe_load((ROOT / "crds" / "probetuner.dev_probepolicies.yaml").read_text())["spec"]["versions"]
    return {"components": {"schemas": {"dev.probetuner.v1alpha1.ProbePolicy": version["schema"]["openAPIV3Schema"]}}}


def documents(**changed: Json | None) -> dict[str, Json | None]:
    """What a healthy cluster answers, but for what is changed."""
    return {
        "/version": changed.get("version", {"gitVersion": "v1.37.0"}),
        OURS: changed.get("served", {"resources": [{"name": "probepolicies"}, {"name": "probehistories"}]}),
        f"/openapi/v3{OURS}": changed.get("schema", definitions()),
        f"{OURS}/probepolicies": changed.get("policies", policies(FINE)),
        LEASE: changed.get("lease", lease()),
        "/apis/autoscaling.k8s.io/v1": changed.get("autoscaling"),
        "/apis/argoproj.io/v1alpha1": changed.get("argo"),
    }


NODES = [{"kind": "Node", "metadata": {"name": f"node-{number}"}} for number in (1, 2)]


def healthy(*objects: Json, **changed: Json | None) -> Cluster:
    """A cluster on which all is well, with these objects in place of the operator's Deployment and two nodes."""
    pages = {f"node-{number}": {"/metrics/probes": 'prober_probe_total{a="b"} 1\n'} for number in (1, 2)}
    return Cluster(objects=list(objects) or [operator(), *NODES], documents=documents(**changed), pages=pages)


Examine = Callable[..., Json]


@pytest.fixture
def consult(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[LiveApi, Result]]]:
    """Has the doctor examine a cluster; a connection may be changed in what `seen` says of it."""
    with ExitStack() as served:

        def examine(cluster: Cluster, *arguments: str, **seen: Any) -> tuple[LiveApi, Result]:
            api, kubeconfig = served.enter_context(serving(cluster, tmp_path))
            monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
            monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
            monkeypatch.setattr(
                "probetuner.cli.doctor.connect", lambda *, context: replace(connect(context=context), **seen)
            )
            return api, probetuner("doctor", *arguments)

        yield examine


Consult = Callable[..., tuple[LiveApi, Result]]


def checks(done: Result, area: str) -> list[Json]:
    """The answers about something, from a document that keeps to its schema."""
    printed = json.loads(done.stdout)
    jsonschema.validate(printed, SCHEMA)
    return [check for check in printed["checks"] if check["area"] == area]


def the_one(done: Result, area: str) -> Json:
    """The only answer about something."""
    (found,) = checks(done, area)
    return found


def test_a_healthy_cluster_is_said_to_be_one(consult: Consult) -> None:
    """Each question has a line, nothing is wrong, and whose rights were asked is said."""
    _, done = consult(healthy())

    assert done.exit_code == 0, done.stdout
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines if line[:5].strip() in ("ok", "note")] == [
        "api-server",
        "definitions",
        "operator",
        "permissions",
        "permissions",
        "kubelets",
        "counters",
        "lease",
        "namespaces",
    ]
    assert f"{OPERATOR} may do all" in done.stdout
    assert "by SubjectAccessReview" in done.stdout
    assert f"0 wrong, 0 could not be asked, of 9. Rights of {OPERATOR} were asked." in lines


def test_nothing_is_written_anywhere(consult: Consult) -> None:
    """Of what is posted all are reviews, which the API server answers and does not keep."""
    api, _ = consult(healthy())

    posted = {path for path in api.asked if path.endswith("reviews")}
    assert posted == {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    }


@pytest.mark.parametrize(
    ("user", "missing", "said", "rule"),
    [
        pytest.param(
            OPERATOR,
            ("watch", "pods"),
            f"{OPERATOR} may not watch pods: no restart and no readiness is seen",
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]},
            id="to read",
        ),
        pytest.param(
            OPERATOR,
            ("patch", "probepolicies/status"),
            f"{OPERATOR} may not patch probepolicies/status: nothing that was found is shown",
            {"apiGroups": ["probetuner.dev"], "resources": ["probepolicies/status"], "verbs": ["patch"]},
            id="to write its own",
        ),
        pytest.param(
            OPERATOR,
            ("create", "serviceaccounts/token"),
            "may not create serviceaccounts/token probetuner-kubelet in probetuner-system: kubelets are not asked",
            {
                "apiGroups": [""],
                "resources": ["serviceaccounts/token"],
                "resourceNames": ["probetuner-kubelet"],
                "verbs": ["create"],
            },
            id="to make a token",
        ),
        pytest.param(
            KUBELET,
            ("get", "nodes/metrics"),
            f"{KUBELET} may not get nodes/metrics: kubelets answer with 403",
            {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
            id="of the other account",
        ),
    ],
)
def test_a_permission_that_is_missing_is_named_with_its_rule(
    consult: Consult, user: str, missing: tuple[str, str], said: str, rule: Json
) -> None:
    """The sentence says whose it is and what does not work without it; the rule can be put into a role as it is."""
    _, done = consult(replace(healthy(), lacking={user: [missing]}), "-o", "json")
    wrong = [check for check in checks(done, "permissions") if check["state"] == "wrong"]

    assert done.exit_code == 1
    (found,) = wrong
    assert said in found["message"]
    assert found["rule"] == rule
    assert found["values"] == [ChartValue.RULES]
    assert "helm upgrade" in found["step"]


def test_rights_to_patch_are_missed_where_a_workload_asks_for_apply(consult: Consult) -> None:
    """Nobody in mode Apply: a note. Somebody: wrong, in that namespace, with the value that gives the right."""
    patches = [("patch", resource) for resource in ("deployments", "statefulsets", "daemonsets")]
    _, done = consult(replace(healthy(), lacking={OPERATOR: patches}), "-o", "json")
    assert done.exit_code == 0
    assert [check["state"] for check in checks(done, "permissions")] == ["ok", "note"]

    _, done = consult(
        replace(healthy(policies=policies(FINE, mode="Apply")), lacking={OPERATOR: patches}), "-o", "json"
    )
    found = checks(done, "permissions")
    assert done.exit_code == 1
    assert [check["values"][0] for check in found] == [ChartValue.APPLY] * 3
    assert f"{OPERATOR} may not patch deployments in shop" in found[0]["message"]


def test_rights_that_may_not_be_asked_are_not_known(consult: Consult) -> None:
    """A modest person's own rights are no answer for the operator; what they lack themselves is no fault of it."""
    cluster = replace(healthy(), forbidden=("subjectaccessreviews",), lacking={"modest": [("list", "nodes")]})
    api, done = consult(cluster, "-o", "json")
    found = the_one(done, "permissions")

    assert (done.exit_code, found["state"]) == (2, "unknown")
    assert f"the rights of {OPERATOR} were not asked" in found["message"]
    assert "yours were, modest: they lack list nodes" in found["message"]
    assert "kubectl exec -n probetuner-system deploy/probetuner -- probetuner doctor" in found["step"]
    assert json.loads(done.stdout)["rightsOf"]["by"] == "SelfSubjectAccessReview"
    assert api.asked["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] > 20


def test_the_operator_itself_asks_for_its_own_rights(consult: Consult) -> None:
    """In its pod it needs no right to ask for others'."""
    cluster = replace(healthy(), user=OPERATOR, forbidden=("subjectaccessreviews",))
    _, done = consult(replace(cluster, lacking={OPERATOR: [("list", "nodes")]}), "-o", "json")

    (wrong,) = (check for check in checks(done, "permissions") if check["state"] == "wrong")
    assert wrong["message"] == f"{OPERATOR} may not list nodes: no kubelet is found"


@pytest.mark.parametrize(
    ("changed", "area", "said", "value"),
    [
        pytest.param({"version": {"gitVersion": "v1.28.3"}}, "api-server", "is older than 1.29", None, id="old"),
        pytest.param({"served": None}, "definitions", "not installed", ChartValue.DEFINITIONS, id="no definitions"),
        pytest.param(
            {"served": {"resources": [{"name": "probepolicies"}]}},
            "definitions",
            "not installed: probehistories.probetuner.dev",
            ChartValue.DEFINITIONS,
            id="one definition",
        ),
        pytest.param(
            {"policies": policies(FINE, ("False", "CertificatesNotTrusted", "node-1 does not prove who it is"))},
            "counters",
            "lacks counters for 1 of 2 policies (CertificatesNotTrusted): node-1 does not prove who it is",
            ChartValue.INSECURE_KUBELETS,
            id="what the operator says",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_value(
    consult: Consult, changed: Json, area: str, said: str, value: str | None
) -> None:
    """The exit code is 1, and the first value is the one that usually mends it."""
    _, done = consult(healthy(**changed), "-o", "json")
    found = the_one(done, area)

    assert (done.exit_code, found["state"]) == (1, "wrong")
    assert said in found["message"]
    assert found["values"][:1] == ([value] if value else [])


def test_definitions_that_are_older_than_the_program_are_told_by_their_fields(consult: Consult) -> None:
    """The server drops what it does not know, without a word: `crds.install=false` and an upgrade make that."""
    schema = definitions()
    del schema["components"]["schemas"]["dev.probetuner.v1alpha1.ProbePolicy"]["properties"]["status"]["properties"][
        "source"
    ]
    _, done = consult(healthy(schema=schema), "-o", "json")

    assert "older definitions, which drop status.source" in the_one(done, "definitions")["message"]
    assert done.exit_code == 1


def test_all_fields_of_the_definitions_are_asked_for() -> None:
    """One that is added and not asked for would be dropped by older definitions without a word."""
    known = definitions()["components"]["schemas"]["dev.probetuner.v1alpha1.ProbePolicy"]["properties"]

    assert known["spec"]["properties"].keys() == SPEC_FIELDS
    assert known["status"]["properties"].keys() == STATUS_FIELDS


class Leases(LiveCluster):
    """Gives these Leases, one after the other and the last one for ever; None where there is none."""

    def __init__(self, *leases: Json | None) -> None:
        super().__init__(cast("ApiClient", None))
        self._leases = list(leases)

    def get(self, path: str) -> Json:
        """Answer for a Lease."""
        assert path == LEASE
        found = self._leases.pop(0) if self._leases[1:] else self._leases[0]
        if found is None:
            raise LiveError("there is none", failure=Failure.BROKEN, status=404)
        return found


NOW = datetime.now(UTC)
DEAD = lease("probetuner-old_1", seconds_ago=300.0, now=NOW)


@pytest.mark.parametrize(
    ("seen", "ready", "state", "said", "waits"),
    [
        pytest.param([DEAD], 1, "wrong", "did not renew it for 300 s: no operator works", 5, id="not renewed"),
        pytest.param([DEAD], 0, "wrong", "did not renew it for 300 s: no operator works", 1, id="nobody to take it"),
        pytest.param([None], 1, "wrong", "is not there", 5, id="no lease"),
        pytest.param([lease("")], 1, "wrong", "nobody holds it now", 5, id="given back"),
        pytest.param([lease("")], 0, "wrong", "nobody holds it now", 0, id="given back and nobody to take it"),
        pytest.param(
            [DEAD, lease("probetuner-old_1", seconds_ago=298.0, now=NOW)],
            1,
            "ok",
            "held by probetuner-old_1 (Deployment probetuner-system/probetuner), renewed while it was looked at",
            1,
            id="by a clock that is behind",
        ),
        pytest.param(
            [DEAD, DEAD, DEAD, lease("probetuner-new_2", now=NOW)], 1, "ok", "held by probetuner-new_2", 3, id="taken"
        ),
        pytest.param([None, lease("probetuner-new_2", now=NOW)], 1, "ok", "held by probetuner-new_2", 1, id="made"),
    ],
)
def test_a_lease_is_waited_for_as_long_as_an_operator_may_take_to_take_it(
    seen: list[Json | None], ready: int, state: str, said: str, waits: int
) -> None:
    """Clocks of machines differ, so one that is renewed is held; and whoever was just installed waits for it itself."""
    waited: list[float] = []
    one = read_installed(operator(ready=ready))
    assert one is not None

    found = check_lease(Leases(*seen), one.lease, [one], now=NOW.timestamp, wait=waited.append)

    assert said in found.message
    assert (found.state, waited) == (state, [4.0] * waits)
    assert (ChartValue.LEASE_NAMESPACE in found.values) == (state == "wrong")


@pytest.mark.parametrize("names", [("probetuner", "probetuner-two"), ("probetuner-two", "probetuner")])
def test_the_holder_is_the_operator_of_the_longest_name_that_fits(names: tuple[str, str]) -> None:
    """A pod of the one has a name that begins with that of the other, too."""
    now = datetime.now(UTC)
    seen = Leases(lease("probetuner-two-6bd9-x7k2p_1a2b3c4d", now=now))
    both = [one for name in names if (one := read_installed(operator(name=name))) is not None]

    found = check_lease(seen, both[0].lease, both, now=now.timestamp, wait=lambda _: None)

    assert "(Deployment probetuner-system/probetuner-two)" in found.message


def test_an_operator_that_does_not_run_is_told(consult: Consult) -> None:
    """With where to look; and without any, that is no fault of a cluster that has none yet."""
    _, done = consult(healthy(operator(ready=0), *NODES), "-o", "json")
    found = the_one(done, "operator")
    assert (done.exit_code, found["state"], found["values"]) == (1, "wrong", [ChartValue.IMAGE])
    assert "kubectl logs -n probetuner-system deploy/probetuner" in found["step"]

    gone = operator(ready=0)
    gone["spec"]["replicas"] = 0
    _, done = consult(healthy(gone, *NODES), "-o", "json")
    assert (done.exit_code, the_one(done, "operator")["values"]) == (1, [ChartValue.REPLICAS])

    _, done = consult(healthy(*NODES, lease=None), "-o", "json")
    assert (done.exit_code, the_one(done, "operator")["state"]) == (0, "note")
    assert json.loads(done.stdout)["operator"] is None
    _, done = consult(healthy(*NODES, lease=None), "-n", "elsewhere")
    assert done.exit_code == 1


def test_a_lease_that_pauses_all_is_told(consult: Consult) -> None:
    """It is no fault, and why nothing begins is not left to be guessed."""
    paused = {"metadata": {"annotations": {"probetuner.dev/paused": "true"}}, **lease()}
    _, done = consult(healthy(lease=paused), "-o", "json")

    found = the_one(done, "lease")
    assert (found["state"], "has no change begin" in found["message"]) == ("note", True)
    assert "resume --all" in found["step"]
    assert done.exit_code == 0


def test_a_second_operator_is_told_and_is_wrong_by_another_lease(consult: Consult) -> None:
    """By the same Lease one stands by; by two both patch."""
    _, done = consult(healthy(operator(), operator("other", "second"), *NODES), "-o", "json")
    assert "Deployment other/second runs the operator too; one of them stands by" in the_one(done, "others")["message"]
    assert done.exit_code == 0

    _, done = consult(healthy(operator(), operator("other", "second", "--lease=other/x"), *NODES), "-o", "json")
    found = the_one(done, "others")
    assert (done.exit_code, found["values"]) == (1, [ChartValue.LEASE_NAMESPACE])
    assert "both work at once" in found["message"]
    assert json.loads(done.stdout)["operator"]["namespace"] == "probetuner-system"


def shard(text: str, *, ready: int = 1, namespace: str = "probetuner-system") -> Json:
    """The Deployment of a shard, as the chart makes it."""
    name = f"probetuner-{text.partition('/')[0]}"
    return operator(namespace, name, "--lease=kube-system/probetuner", f"--shard={text}", ready=ready)


@pytest.mark.slow
def test_the_lease_of_each_shard_is_looked_at(consult: Consult) -> None:
    """And its Deployment; that of the whole cluster, which nobody holds, pauses all of them."""
    leases = {f"{LEASE}-shard-{number}": lease(f"probetuner-{number}-6bd9-x7k2p_1") for number in (1, 2)}
    dead = {f"{LEASE}-shard-3": lease("probetuner-3-6bd9-x7k2p_1", seconds_ago=300.0)}
    paused = {"metadata": {"annotations": {"probetuner.dev/paused": "true"}}, "spec": {}}
    cluster = healthy(*(shard(f"{number}/3", ready=number != 3) for number in (3, 1, 2)), *NODES, lease=paused)
    _, done = consult(replace(cluster, documents={**cluster.documents, **leases, **dead}), "-o", "json")

    assert [check["state"] for check in checks(done, "operator")] == ["ok", "ok", "wrong"]
    first, second, third, pause = checks(done, "lease")
    assert [check["state"] for check in (first, second, third, pause)] == ["ok", "ok", "wrong", "note"]
    assert (
        "probetuner-shard-2 is held by probetuner-2-6bd9-x7k2p_1 (Deployment probetuner-system/probetuner-2)"
        in (second["message"])
    )
    assert "probetuner-shard-3 is held by probetuner-3-6bd9-x7k2p_1, which did not renew it" in third["message"]
    assert "has no shard begin a change" in pause["message"]
    assert checks(done, "others") == []
    assert json.loads(done.stdout)["operator"]["shards"] == 3


def test_a_shard_that_nobody_runs_is_told(consult: Consult) -> None:
    """Its namespaces are served by nobody; one that two run stands by, and two numbers of shards do not go together."""
    leases = {f"{LEASE}-shard-{number}": lease(f"probetuner-{number}-6bd9-x7k2p_1") for number in (1, 2)}

    def found(*operators: Json) -> Result:
        cluster = healthy(*operators, *NODES)
        return consult(replace(cluster, documents={**cluster.documents, **leases}), "-o", "json")[1]

    missing = checks(found(shard("1/3"), shard("2/3")), "operator")[-1]
    assert (missing["state"], "no Deployment runs shard 3 of 3" in missing["message"]) == ("wrong", True)

    twice = found(shard("1/2"), shard("2/2"), shard("2/2", namespace="other"))
    assert (
        "one of them stands by, since both want Lease kube-system/probetuner-shard-2"
        in (the_one(twice, "others")["message"])
    )
    assert twice.exit_code == 0

    mixed = found(shard("1/2"), shard("2/2"), operator("other", "second"))
    assert (the_one(mixed, "others")["state"], mixed.exit_code) == ("wrong", 1)
    assert "stand by until none of the other works" in the_one(mixed, "others")["message"]


def test_what_else_changes_workloads_is_a_note(consult: Consult) -> None:
    """VPA and Argo Rollouts are told by the kinds that are served, and nothing is wrong with them."""
    _, done = consult(
        healthy(
            autoscaling={"resources": [{"name": "verticalpodautoscalers"}]},
            argo={"resources": [{"name": "rollouts"}]},
        ),
        "-o",
        "json",
    )

    assert [check["message"].split(" is installed")[0] for check in checks(done, "others")] == [
        "VerticalPodAutoscaler",
        "Argo Rollouts",
    ]
    assert done.exit_code == 0


def test_an_annotation_that_does_not_hold_is_told(consult: Consult) -> None:
    """A Namespace that is excluded and asks for a mode gets none: that is said with the value."""
    metadata = {"name": "kube-system", "annotations": {"probetuner.dev/mode": "Apply"}}
    _, done = consult(healthy(operator(), *NODES, {"kind": "Namespace", "metadata": metadata}), "-o", "json")
    first, second = checks(done, "namespaces")

    assert first["message"].startswith("excluded: kube-system;")
    assert "Namespace kube-system says Apply, which does not hold" in second["message"]
    assert second["values"] == [ChartValue.EXCLUDED_NAMESPACES]


def test_by_the_proxy_certificates_are_not_known(consult: Consult) -> None:
    """The API server is not who asks later: without a word of the operator's that is no yes, and the pod is named."""
    _, done = consult(healthy(policies=policies()), "-o", "json")
    asked, unknown = checks(done, "kubelets")

    assert asked["message"].startswith("2 of 2 nodes (node-1, node-2) give their counters to the API server, 2 series")
    assert (done.exit_code, unknown["state"]) == (2, "unknown")
    assert "kubectl exec -n probetuner-system deploy/probetuner -- probetuner doctor" in unknown["step"]


@pytest.mark.slow
def test_a_node_that_is_away_is_named_and_the_others_are_asked(consult: Consult) -> None:
    """All nodes are of interest: that four of a kind fail leaves the others in, whatever `analyze` would do."""
    nodes = [{"kind": "Node", "metadata": {"name": f"n{number:02}"}} for number in range(40)]
    cluster = replace(healthy(operator(), *nodes), away=[f"n{number:02}" for number in range(4)], held=17)
    api, done = consult(cluster, "-o", "json")
    away, there = sorted(checks(done, "kubelets"), key=lambda check: len(check["nodes"]))

    assert done.exit_code == 1
    assert away["nodes"] == ["n00", "n01", "n02", "n03"]
    assert away["message"].startswith("4 of 40 nodes (n00, n01, n02, n03) do not answer")
    assert len(there["nodes"]) == 36
    assert api.at_once == 16


def test_nodes_without_end_are_not_waited_for_without_end(consult: Consult) -> None:
    """After 48 of a kind the others are left, and that is said of them."""
    names = [f"n{number:03}" for number in range(300)]
    nodes = [{"kind": "Node", "metadata": {"name": name}} for name in names]
    api, done = consult(replace(healthy(operator(), *nodes), away=names), "-o", "json")
    states = {check["state"]: len(check["nodes"]) for check in checks(done, "kubelets")}

    assert states["wrong"] == len(api.nodes_asked) <= 48 + 16
    assert states["wrong"] + states["unknown"] == 300


@pytest.fixture(scope="module")
def clusters_own(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """A certificate that the cluster's authority signed."""
    return sign(tmp_path_factory.mktemp("cluster"), authority="kubernetes")


@pytest.fixture(scope="module")
def self_made(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """A certificate that a kubelet made for itself."""
    return sign(tmp_path_factory.mktemp("self"), authority="node-1-ca@1764555958")


def test_a_kubelet_that_is_asked_itself_shows_whose_certificate_it_serves(
    consult: Consult, clusters_own: Signed
) -> None:
    """As the operator asks: with a token of its other account, and only who proves who they are gets it."""
    with listening(Kubelet(signed=clusters_own)) as kubelet:
        cluster = healthy(operator(), kubelet.node("node-1"), policies=policies())
        _, done = consult(cluster, "--kubelets", "direct", "-o", "json", authority_file=str(clusters_own.authority))
    found = the_one(done, "kubelets")
    (node,) = json.loads(done.stdout)["nodes"]

    assert (done.exit_code, found["state"]) == (0, "ok")
    assert "1 series of probes; their certificates are signed by kubernetes" in found["message"]
    assert set(kubelet.tokens) == {"Bearer of-the-kubelet-account"}
    assert node["certificate"]["issuer"] == "kubernetes"
    assert node["certificate"]["names"] == ["127.0.0.1", "node-1"]


@pytest.mark.parametrize(("status", "state"), [(200, "note"), (401, "wrong")])
def test_what_the_operator_said_before_it_was_mended_is_wrong_no_more(
    consult: Consult, clusters_own: Signed, status: int, state: str
) -> None:
    """Right after a value was set policies still tell of the time before; where each kubelet answers that is past."""
    said = policies(("False", "CertificatesNotTrusted", "node-1 does not prove who it is"))
    with listening(Kubelet(signed=clusters_own, status=status)) as kubelet:
        cluster = healthy(operator(), kubelet.node("node-1"), policies=said)
        _, done = consult(cluster, "--kubelets", "direct", "-o", "json", authority_file=str(clusters_own.authority))
    found = the_one(done, "counters")

    assert (found["state"], done.exit_code) == (state, int(state == "wrong"))
    assert bool(found["values"]) == (state == "wrong")


def test_a_certificate_that_the_kubelet_made_is_told_with_the_value(
    consult: Consult, clusters_own: Signed, self_made: Signed
) -> None:
    """It gets no token; with the value that believes it, it is asked, and that anybody may answer is said."""
    with listening(Kubelet(signed=self_made)) as kubelet:
        nodes, trusted = [kubelet.node("node-1")], {"authority_file": str(clusters_own.authority)}
        _, done = consult(healthy(operator(), *nodes), "--kubelets", "direct", "-o", "json", **trusted)
        found, tokens = the_one(done, "kubelets"), list(kubelet.tokens)
        insecure = operator(
            "probetuner-system", "probetuner", "--lease=kube-system/probetuner", "--kubelet-insecure-tls"
        )
        _, mended = consult(healthy(insecure, *nodes), "--kubelets", "direct", "-o", "json", **trusted)

    assert (done.exit_code, found["state"]) == (1, "wrong")
    assert "does not prove who it is (unable to get local issuer certificate); the kubelet" in found["message"]
    assert "the kubelet signed it itself (node-1-ca@1764555958), for 127.0.0.1, node-1" in found["message"]
    assert found["values"][0] == ChartValue.INSECURE_KUBELETS
    assert tokens == []
    assert mended.exit_code == 0
    assert "certificates are not checked" in the_one(mended, "kubelets")["message"]


def test_a_certificate_of_another_authority_is_one_to_be_named(
    consult: Consult, clusters_own: Signed, tmp_path: Path
) -> None:
    """What an authority signed is believed where that authority is named; only what nobody signed needs more."""
    of_others = sign(tmp_path / "others", authority="openshift-kube-apiserver-operator")
    with listening(Kubelet(signed=of_others)) as kubelet:
        cluster = healthy(operator(), kubelet.node("node-1"))
        _, done = consult(cluster, "--kubelets", "direct", "-o", "json", authority_file=str(clusters_own.authority))

    assert the_one(done, "kubelets")["values"] == [ChartValue.KUBELET_AUTHORITY, ChartValue.INSECURE_KUBELETS]


def test_an_operator_that_is_to_ask_no_kubelet_is_not_blamed_for_it(consult: Consult) -> None:
    """No kubelet is asked, and what the conditions say of counters is what was wanted."""
    blind = operator("probetuner-system", "probetuner", "--lease=kube-system/probetuner", "--kubelet-source=none")
    api, done = consult(healthy(blind, *NODES, policies=policies(("False", "KubeletsNotAsked", "none"))), "-o", "json")

    assert api.nodes_asked == set()
    assert (done.exit_code, the_one(done, "kubelets")["values"]) == (0, [ChartValue.KUBELET_SOURCE])
    assert checks(done, "counters") == []


def test_an_operator_of_some_namespaces_needs_its_rights_there(consult: Consult) -> None:
    """And in its own namespace those by which it finds its Deployment."""
    few = operator("probetuner-system", "probetuner", "--lease=kube-system/probetuner", "--watch-namespace=shop")
    shop = {f"{OURS}/namespaces/shop/probepolicies": policies(FINE)}
    cluster = replace(healthy(few, *NODES), lacking={OPERATOR: [("list", "pods")]})
    _, done = consult(replace(cluster, documents={**cluster.documents, **shop}), "-o", "json")
    missing = [check["message"] for check in checks(done, "permissions") if check["state"] == "wrong"]

    in_shop, at_home = missing
    assert in_shop == f"{OPERATOR} may not list pods in shop: no restart and no readiness is seen"
    assert at_home.startswith(f"{OPERATOR} may not list pods in probetuner-system: the operator does not find its own")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "said", "step"),
    [
        (401, "take no token (HTTP 401)", "authentication.webhook"),
        (403, "refuse (HTTP 403)", "helm upgrade"),
        (404, "no such page", "the kubelet's log"),
        (500, "give no counters", "the kubelet's log"),
    ],
)
def test_each_no_of_a_kubelet_has_its_own_next_step(
    consult: Consult, clusters_own: Signed, status: int, said: str, step: str
) -> None:
    """401 is the kubelet's configuration, 403 a rule, 404 a kubelet without the page."""
    with listening(Kubelet(signed=clusters_own, status=status)) as kubelet:
        cluster = healthy(operator(), kubelet.node("node-1"))
        _, done = consult(cluster, "--kubelets", "direct", "-o", "json", authority_file=str(clusters_own.authority))
    found = the_one(done, "kubelets")

    assert (done.exit_code, found["state"]) == (1, "wrong")
    assert said in found["message"]
    assert step in found["step"]
    assert (found["rule"] is not None) == (status == 403)


@pytest.mark.slow
def test_a_kubelet_that_is_paused_is_named_within_seconds(consult: Consult, clusters_own: Signed) -> None:
    """Something listens and says nothing: that takes no longer than it takes to ask, and the next node is asked."""
    with socket.create_server(("127.0.0.1", 0)) as mute, listening(Kubelet(signed=clusters_own)) as kubelet:
        nodes = (a_node("paused", mute.getsockname()[1]), kubelet.node("node-1"))
        began = time.monotonic()
        _, done = consult(
            healthy(operator(), *nodes), "--kubelets", "direct", authority_file=str(clusters_own.authority)
        )

    assert time.monotonic() - began < 10.0
    assert "1 of 2 nodes (paused) do not answer" in done.stdout
    assert "1 of 2 nodes (node-1) give /metrics/probes and /metrics/cadvisor" in done.stdout
    assert done.exit_code == 1


def test_a_deployment_that_only_looks_like_the_operator_gets_no_token_of_others(
    consult: Consult, clusters_own: Signed
) -> None:
    """A tenant may name any account in a Deployment: none is made a token of that is not in its own namespace."""
    impostor = operator("tenant", "probetuner")
    arguments = impostor["spec"]["template"]["spec"]["containers"][0]["args"]
    arguments[2] = "--kubelet-account=kube-system/all-powerful"
    with listening(Kubelet(signed=clusters_own)) as kubelet:
        api, done = consult(
            healthy(impostor, kubelet.node("node-1")),
            "--kubelets",
            "direct",
            authority_file=str(clusters_own.authority),
        )

    assert not any(path.endswith("/token") for path in api.asked)
    assert set(kubelet.tokens) == {"Bearer t"}
    assert "the bearer token of user u of context here goes to the kubelet of each node" in done.stderr


def test_in_a_pod_the_operators_own_token_goes_to_no_kubelet(consult: Consult, clusters_own: Signed) -> None:
    """Where no token of the other account can be made, kubelets are not asked, and that is told as not known."""
    with listening(Kubelet(signed=clusters_own)) as kubelet:
        cluster = replace(healthy(operator(), kubelet.node("node-1")), forbidden=("token",))
        _, done = consult(cluster, "-o", "json", in_cluster=True, namespace="probetuner-system")
    found = the_one(done, "kubelets")

    assert kubelet.tokens == []
    assert (done.exit_code, found["state"]) == (2, "unknown")
    assert "there is no token to show to kubelets" in found["message"]


def test_the_table_ends_with_the_command_that_mends(consult: Consult) -> None:
    """All values that are wanted, in one `helm upgrade` of the release that was found."""
    _, done = consult(
        healthy(served=None, policies=policies(("False", "CertificatesNotTrusted", "no proof"))),
    )

    assert done.stdout.splitlines()[-1] == (
        "helm upgrade ours CHART -n probetuner-system --reset-then-reuse-values "
        f"--set {ChartValue.DEFINITIONS} --set {ChartValue.INSECURE_KUBELETS}"
    )
    assert "missing rule" not in done.stdout


def test_an_api_server_that_is_away_is_one_sentence(consult: Consult, tmp_path: Path) -> None:
    """Nothing is asked in vain after that; the exit code says that nothing could be asked."""
    cluster = healthy()
    _, done = consult(replace(cluster, last="version"))

    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert tmp_path.exists()


def test_whatever_a_cluster_says_is_harmless_for_a_terminal(consult: Consult) -> None:
    """Names and messages of strangers stand in one line, without what a terminal would obey."""
    evil = ("False", "Evil", "\x1b[2J\nok      everything is well")
    _, done = consult(healthy(policies=policies(evil)))

    assert "\x1b" not in done.stdout
    assert not any(line.startswith("ok      everything") for line in done.stdout.splitlines())


def test_every_value_that_is_named_is_one_of_the_chart() -> None:
    """What the doctor says to set can be set."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for value in ChartValue:
        place = values
        for name in value.value.partition("=")[0].split("."):
            assert name in place, value
            place = place[name]


def test_at_a_terminal_it_is_the_same_in_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every answer with what mends it, and nothing of strangers that the terminal would obey."""
    evil = Check(
        area=Area.COUNTERS,
        state=State.WRONG,
        message="none \x1b[2J\nok everything is well",
        values=(ChartValue.INSECURE_KUBELETS,),
        step="look at the log",
        rule={"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]},
    )
    found = Checkup(server="s", version="v1.37.0", operator=None, asked=None, checks=(evil,), nodes=())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    write_table(found)
    shown = capsys.readouterr().out

    assert "\x1b[2J" not in shown
    assert "none �[2J ok everything is well" in shown
    for told in (ChartValue.INSECURE_KUBELETS, 'missing rule: {"apiGroups"', "look at the log", "1 wrong, 0 could not"):
        assert told in shown


@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["--lease=", "--lease=a/b", "--kubelet-account=x", "--kubelet-ca="])
    )
)
def test_whatever_a_deployment_is_told_is_read_or_left(arguments: list[str]) -> None:
    """Anybody can make a Deployment that begins like the operator's: it is one, or none, and ends nothing."""
    raw = operator()
    raw["spec"]["template"]["spec"]["containers"][0]["args"] = ["run", *arguments]

    found = read_installed(raw)

    assert found is None or found.lease.name
