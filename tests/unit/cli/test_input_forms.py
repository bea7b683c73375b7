"""`analyze` reads the same objects in every form in which people have them, and pods of any owner."""

import copy
import json
from typing import Any

import pytest
import yaml

from unit.cli.commands import findings, probetuner, report
from unit.cli.manifests import BROKEN, deployment, probe
from unit.facts.objects import clock, pod, running, status, terminated

_LIVENESS = {**probe("/healthz", initialDelaySeconds=10), "failureThreshold": 3, "periodSeconds": 10}
_REFUSED = (
    'Liveness probe failed: Get "http://10.1.0.9:8080/healthz": dial tcp 10.1.0.9:8080: connect: connection refused'
)


def _slow_start(
    *, owner: dict[str, Any] | None = None, uid: str = "uid-1", labels: dict[str, str] | None = None
) -> dict[str, Any]:
    """A pod that its liveness probe killed 35 s after its start, as nobody listened yet, and that came up then."""
    shown = status(running(100), life="life-1", restarts=1, ready=True, last={**terminated("life-0", 0, 65)})
    raw = pod(shown, uid=uid)
    raw["apiVersion"] = "v1"
    raw["spec"]["containers"] = [
        {"name": "app", "image": "web:1", "livenessProbe": _LIVENESS, "readinessProbe": probe()}
    ]
    raw["metadata"]["ownerReferences"] = [] if owner is None else [{"controller": True, **owner}]
    if labels is not None:
        raw["metadata"]["labels"] = labels
    if not uid:
        del raw["metadata"]["uid"]
    return raw


def _event(
    reason: str, message: str, *, count: int, first: float, last: float, kind: str = "Warning"
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "shop", "name": f"web-5d4f-abcde.{reason.lower()}"},
        "involvedObject": {
            "kind": "Pod",
            "namespace": "shop",
            "name": "web-5d4f-abcde",
            "uid": "uid-1",
            "fieldPath": "spec.containers{app}",
        },
        "reason": reason,
        "message": message,
        "type": kind,
        "count": count,
        "firstTimestamp": clock(first),
        "lastTimestamp": clock(last),
        "source": {"component": "kubelet"},
    }


_EVENTS = [
    _event("Unhealthy", _REFUSED, count=3, first=15, last=35),
    _event(
        "Killing",
        "Container app failed liveness probe, will be restarted",
        count=1,
        first=35,
        last=35,
        kind="Normal",
    ),
]
_WEB = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f"}
_DUMP = [deployment(replicas=1, livenessProbe=_LIVENESS, readinessProbe=probe()), _slow_start(owner=_WEB), *_EVENTS]


def _newer(event: dict[str, Any]) -> dict[str, Any]:
    """The same event as events.k8s.io/v1 shows it (events/v1 conversion.go)."""
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": event["metadata"],
        "regarding": event["involvedObject"],
        "note": event["message"],
        "reason": event["reason"],
        "type": event["type"],
        "reportingController": "kubelet",
        "deprecatedCount": event["count"],
        "deprecatedFirstTimestamp": event["firstTimestamp"],
        "deprecatedLastTimestamp": event["lastTimestamp"],
    }


def _in_series(event: dict[str, Any]) -> dict[str, Any]:
    """The same event as a newer writer counts it, which names itself in reportingComponent alone."""
    changed = {**event, "source": {}, "reportingComponent": "kubelet", "eventTime": event["firstTimestamp"]}
    changed["series"] = {"count": event["count"], "lastObservedTime": event["lastTimestamp"]}
    return {**changed, "count": None, "firstTimestamp": None, "lastTimestamp": None}


def _newly_reported(event: dict[str, Any]) -> dict[str, Any]:
    """The same event with its source where newer clusters have it alone."""
    return {**{key: value for key, value in event.items() if key != "source"}, "reportingComponent": "kubelet"}


def _lines(objects: list[Any]) -> bytes:
    return "\n".join(json.dumps(entry) for entry in objects).encode()


_FORMS = {
    "List": json.dumps({"apiVersion": "v1", "kind": "List", "items": _DUMP}).encode(),
    "List in YAML": yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": _DUMP}).encode(),
    "YAML stream": yaml.safe_dump_all(_DUMP).encode(),
    "array": json.dumps(_DUMP).encode(),
    "JSON lines": _lines(_DUMP),
    "concatenated JSON": "\n".join(json.dumps(entry, indent=2) for entry in _DUMP).encode(),
    "Lists one after another": _lines([{"kind": "List", "items": _DUMP[:1]}, {"kind": "List", "items": _DUMP[1:]}]),
    "events.k8s.io/v1": _lines([*_DUMP[:2], *map(_newer, _EVENTS)]),
    "events by reportingComponent": _lines([*_DUMP[:2], *map(_newly_reported, _EVENTS)]),
    "events in series": _lines([*_DUMP[:2], *map(_in_series, _EVENTS)]),
}


@pytest.mark.parametrize("form", _FORMS)
def test_the_same_objects_give_the_same_report_in_every_form(form: str) -> None:
    """Findings, actions and the patch do not depend on how the objects were written down."""
    expected = report("-", piped=_FORMS["List"])

    assert "liveness-kill-during-startup" in findings(expected, "Deployment/web", "app")
    assert report("-", piped=_FORMS[form]) == expected
    assert probetuner("analyze", "-", piped=_FORMS[form]).exit_code == 1


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (_WEB, "Deployment/web"),
        (None, "Pod/web-5d4f-abcde"),
        ({"apiVersion": "batch/v1", "kind": "Job", "name": "import"}, "Job/import"),
        ({"apiVersion": "core.strimzi.io/v1", "kind": "StrimziPodSet", "name": "kafka"}, "StrimziPodSet/kafka"),
        ({"apiVersion": "apps.kruise.io/v1", "kind": "StatefulSet", "name": "db"}, "StatefulSet.apps.kruise.io/db"),
        ({"apiVersion": "v1", "kind": "Node", "name": "node-1"}, "Pod/web-5d4f-abcde"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_pod_is_judged_whoever_owns_it(owner: dict[str, Any] | None, name: str) -> None:
    """Without its workload a pod is judged by its own spec: the same finding, advice, and no patch for the owner."""
    printed = report("-", piped=_lines([_slow_start(owner=owner), *_EVENTS]))

    assert "liveness-kill-during-startup" in findings(printed, name, "app")
    (workload,) = printed["workloads"]
    assert workload["patch"] == {}
    assert workload["containers"][0]["actions"]


@pytest.mark.parametrize(
    ("kind", "owner", "labels", "name"),
    [
        ("ReplicaSet", "web-5d4f", {"rollouts-pod-template-hash": "5d4f"}, "Rollout/web"),
        ("ReplicationController", "web-3", {"deploymentconfig": "web"}, "DeploymentConfig/web"),
        ("ReplicaSet", "web", {"app": "web"}, "ReplicaSet/web"),
        ("ReplicationController", "web", {"app": "web"}, "ReplicationController/web"),
    ],
)
def test_a_pod_is_named_by_what_made_its_controller(kind: str, owner: str, labels: dict[str, str], name: str) -> None:
    """Labels tell of Argo Rollouts and DeploymentConfigs; where they tell nothing, the controller itself is named."""
    made_by = {"apiVersion": "apps/v1" if kind == "ReplicaSet" else "v1", "kind": kind, "name": owner}
    printed = report("-", piped=_lines([_slow_start(owner=made_by, labels=labels), *_EVENTS]))

    assert "liveness-kill-during-startup" in findings(printed, name, "app")


@pytest.mark.parametrize("given", [[_slow_start(owner=_WEB)], _DUMP[:2]], ids=["the pod alone", "with its Deployment"])
def test_a_pod_without_events_shows_how_it_ended_and_no_more(given: list[Any]) -> None:
    """137 is neither a crash nor a kill for memory, and that it came up then is no health."""
    printed = report("-", piped=_lines(given))
    found = findings(printed, "Deployment/web", "app")

    assert not found & {"crash", "oom-killed", "liveness-kill-of-lockup", "probe-never-succeeds", "healthy"}
    assert "137" in json.dumps(printed["workloads"][0]["containers"][0]["findings"])


def test_how_many_replicas_an_unknown_owner_wants_is_not_known() -> None:
    """One pod in a dump does not make a single replica of its workload."""
    printed = report("-", piped=_lines([_slow_start(owner=_WEB)]))

    assert "single-replica-readiness" not in findings(printed, "Deployment/web", "app")


def test_a_missing_workload_is_named_with_what_to_add() -> None:
    """Pods of a Deployment that is not given say which command gives it too; other owners have none to add."""
    said = probetuner("analyze", "-", piped=_lines([_slow_start(owner=_WEB)])).stderr
    of_a_job = {"apiVersion": "batch/v1", "kind": "Job", "name": "import"}

    assert "Deployment/shop/web: judged by the specs of pods; add deploy,sts,ds" in said
    assert "deploy,sts,ds" not in probetuner("analyze", "-", piped=_lines([_slow_start(owner=of_a_job)])).stderr


@pytest.mark.parametrize("others", [[], _DUMP[:1]], ids=["events alone", "with the Deployment"])
def test_kills_of_pods_that_were_not_given_are_told(others: list[Any]) -> None:
    """Events that prove a kill are no success: the kill is told, and the command that gives the pods too."""
    result = probetuner("analyze", "-", piped=_lines([*others, *_EVENTS]))

    assert result.exit_code == 2
    assert "1 kill of container app by its liveness probe" in result.stderr
    assert "shop/web-5d4f-abcde" in result.stderr
    assert "kubectl -n shop get deploy,sts,ds,pods,events -o json" in result.stderr


def test_events_of_pods_that_are_gone_are_a_note() -> None:
    """A dump of a cluster has events of pods that a rollout has replaced: they are told and are no error."""
    gone = copy.deepcopy(_EVENTS[1])
    gone["involvedObject"] |= {"name": "web-old", "uid": "uid-0"}
    gone["metadata"]["name"] = "web-old.killing"
    result = probetuner("analyze", "-", piped=_lines([*_DUMP, gone]))

    assert result.exit_code == 1
    assert "shop/web-old" in result.stderr


def test_what_says_nothing_of_probes_is_counted() -> None:
    """What was left out is said once, with how much of what."""
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": str(n)}} for n in range(3)]
    result = probetuner("analyze", "-", piped=_lines([*_DUMP, *maps]))

    assert result.stderr.count("says nothing of probes") == 1
    assert "3 ConfigMap" in result.stderr
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "text",
    [
        b"Name:             web-5d4f-abcde\nNamespace:        shop\nPriority:         0\n",
        b"LAST SEEN   TYPE      REASON      OBJECT    MESSAGE\n2m   Warning   Unhealthy   pod/web   Liveness failed\n",
        b"NAMESPACE   NAME   READY   STATUS\nshop   web   1/1   Running\n",
    ],
    ids=["describe", "get events", "get pods"],
)
def test_text_for_people_gets_the_command_to_give_instead(text: bytes) -> None:
    """What kubectl prints for people cannot be read back: one sentence says what to give."""
    result = probetuner("analyze", "-", piped=text)

    assert result.exit_code == 2
    assert "kubectl get deploy,sts,ds,pods,events -o json" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_dump_that_breaks_off_is_judged_as_far_as_it_goes() -> None:
    """JSON that was cut off is told, and what could be read of it is judged."""
    result = probetuner("analyze", "-", "-o", "json", piped=_lines(_DUMP) + b'\n{"kind": "Pod", "meta')

    assert result.exit_code == 2
    assert "the rest was left out" in result.stderr
    assert json.loads(result.stdout) == report("-", piped=_FORMS["List"])


@pytest.mark.parametrize(
    ("version", "kind", "name"),
    [
        ("batch/v1", "Job", "Job/web"),
        ("apps/v1", "ReplicaSet", "ReplicaSet/web"),
        ("argoproj.io/v1alpha1", "Rollout", "Rollout/web"),
        ("apps.openshift.io/v1", "DeploymentConfig", "DeploymentConfig/web"),
        ("apps.kruise.io/v1alpha1", "CloneSet", "CloneSet/web"),
        ("serving.knative.dev/v1", "Service", "Service.serving.knative.dev/web"),
    ],
)
def test_other_objects_that_make_pods_are_judged_by_their_template(version: str, kind: str, name: str) -> None:
    """A probe that cannot work is found in whatever makes the pods; nobody is patched for it."""
    printed = report("-", piped=_lines([{**deployment(**BROKEN), "apiVersion": version, "kind": kind}]))

    assert "port-not-declared" in findings(printed, name, "app")
    assert printed["workloads"][0]["patch"] == {}
