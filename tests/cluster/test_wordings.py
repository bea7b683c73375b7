"""What a real kubelet and its runtime say of probes is read as what was done: the check for each new Kubernetes."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.lab_pods import pod
from lab import Lab
from probetuner.facts import messages
from probetuner.facts.fact import FailureCause
from probetuner.facts.messages import Attempt, Kill, Outcome
from probetuner.model.probe import Exec, Grpc, Handler, HttpGet, ProbeType, TcpSocket

pytestmark = pytest.mark.cluster

_NAMESPACE = "wordings"
_SECONDS = 120.0
_SLEEP = ("sleep", "600")
_WEB = ("python3", "-m", "http.server", "8080")
_SILENT = ("python3", "-c", "import socket, time; s = socket.create_server(('', 8080)); time.sleep(600)")
_CURT = (
    "python3",
    "-c",
    "import socket\ns = socket.create_server(('', 8080))\nwhile True: s.accept()[0].close()",
)
Json = dict[str, Any]


def _get(**fields: Any) -> Json:
    return {"httpGet": {"port": 8080, "path": "/", **fields}}


def _exec(*command: str) -> Json:
    return {"exec": {"command": list(command)}}


FAILURES: dict[str, tuple[tuple[str, ...], Json, type[Handler], FailureCause]] = {
    "get-refused": (_SLEEP, _get(), HttpGet, FailureCause.REFUSED),
    "get-absent": (_WEB, _get(path="/absent"), HttpGet, FailureCause.HTTP_STATUS),
    "get-silent": (_SILENT, _get(), HttpGet, FailureCause.TIMEOUT),
    "get-curt": (_CURT, _get(), HttpGet, FailureCause.RESET),
    "get-plain": (_WEB, _get(scheme="HTTPS"), HttpGet, FailureCause.TLS),
    "tcp-refused": (_SLEEP, {"tcpSocket": {"port": 8080}}, TcpSocket, FailureCause.REFUSED),
    "grpc-refused": (_SLEEP, {"grpc": {"port": 8080}}, Grpc, FailureCause.TIMEOUT),
    "exec-exit": (_SLEEP, _exec("sh", "-c", "echo no; exit 3"), Exec, FailureCause.EXEC_EXIT),
    "exec-slow": (_SLEEP, _exec("sleep", "5"), Exec, FailureCause.EXEC_TIMEOUT),
}
"""By pod: what runs there, how its readiness probe asks, and why that fails."""
ERRORS = {"exec-nothing": _exec("/absent"), "get-nowhere": _get(port="absent")}
"""By pod: probes whose attempts cannot be made."""
KILLS = {"killed-alive": ProbeType.LIVENESS, "killed-starting": ProbeType.STARTUP}
"""By pod: the probe that kills."""


@pytest.fixture(scope="module")
def said(lab: Lab) -> Iterator[dict[str, list[Json]]]:
    """The events of each pod about its probe, when what is expected was said, or when the time is over."""
    lab.kubectl("create", "namespace", _NAMESPACE)
    manifests = [_pod(name, "readinessProbe", asked, command=runs) for name, (runs, asked, _, _) in FAILURES.items()]
    manifests += [_pod(name, "readinessProbe", asked) for name, asked in ERRORS.items()]
    manifests += [_pod(name, f"{probe.lower()}Probe", _exec("false")) for name, probe in KILLS.items()]
    lab.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
    deadline = time.monotonic() + _SECONDS
    while True:  # after the deadline the tests tell what is missing
        heard = _heard(lab)
        if all(_expected(*each) for each in heard.items()) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    yield heard
    lab.kubectl("delete", "namespace", _NAMESPACE)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_read_with_its_cause(said: dict[str, list[Json]], name: str) -> None:
    """Each kind of handler, failed for each reason that can be made on one node."""
    assert _outcomes(said[name]) == {Outcome.FAILED}, said[name]
    assert _expected(name, said[name]), said[name]


@pytest.mark.parametrize("name", ERRORS)
def test_an_attempt_that_could_not_be_made_is_no_failure(said: dict[str, list[Json]], name: str) -> None:
    """The runtime's own words of it, or the kubelet's."""
    assert _outcomes(said[name]) == {Outcome.ERRORED}, said[name]


@pytest.mark.parametrize("name", KILLS)
def test_a_kill_names_its_probe(said: dict[str, list[Json]], name: str) -> None:
    """The event that a restart is put down to."""
    assert _expected(name, said[name]), said[name]


def test_every_event_names_its_container(said: dict[str, list[Json]]) -> None:
    """By the path of its field: since 1.35 nothing else says which one it was."""
    for name, events in said.items():
        assert {messages.container_of(event["involvedObject"]["fieldPath"]) for event in events} == {name}


def _pod(name: str, probe: str, asked: Json, *, command: tuple[str, ...] = _SLEEP) -> Json:
    fields = {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1, **asked}
    made = pod(name, command=command, container={probe: fields})
    made["metadata"]["namespace"] = _NAMESPACE
    return made


def _heard(lab: Lab) -> dict[str, list[Json]]:
    heard: dict[str, list[Json]] = {name: [] for name in (*FAILURES, *ERRORS, *KILLS)}
    for event in json.loads(lab.kubectl("get", "events", "-n", _NAMESPACE, "-o", "json"))["items"]:
        if event["reason"] in ("Unhealthy", "Killing"):
            heard[event["involvedObject"]["name"]].append(event)
    return heard


def _expected(name: str, events: list[Json]) -> bool:
    """Whether what the pod is there for was said; before its server listens another failure may come first."""
    meanings = [messages.read(event["reason"], event["message"]) for event in events]
    if name in KILLS:
        return Kill(probe=KILLS[name]) in meanings
    outputs = [each.output for each in meanings if isinstance(each, Attempt)]
    if name in ERRORS:
        return bool(outputs)
    *_, handler, cause = FAILURES[name]
    return cause in {messages.failure_cause(output, handler=handler) for output in outputs}


def _outcomes(events: list[Json]) -> set[Outcome | None]:
    meanings = [messages.read(event["reason"], event["message"]) for event in events]
    return {each.outcome if isinstance(each, Attempt) else None for each in meanings}
