"""The operator as a process beside the lab, as a developer runs it, and the waiting for what it does."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from lab import Lab, LabError
from lab.control import supervisor_process
from lab.network import API_PORT, NODE_ADDRESS

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], what: str | Callable[[], str], *, seconds: float = 30.0) -> Found:
    """Look until something is found, and return it; fails with `what` was missed when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds:.0f} s")
        time.sleep(0.2)
    return found


class OperatorProcess:
    """`probetuner run` with these flags, in the lab's network; `log` is where it logs to.

    It runs in the lab's network because only there the kubelet is reached, and nothing else is. It is an
    administrator, but for a *kubeconfig* that says otherwise. It has a Lease of its own, unless a flag names another: a
    test that kills one operator and starts the next knows that the first is dead, and need not wait for its Lease.
    """

    def __init__(self, lab: Lab, log: Path, *flags: str, kubeconfig: Path | None = None) -> None:
        self._log = log
        self._network = network_of(lab)
        content = (kubeconfig or lab.kubeconfig).read_text()
        kubeconfig = log.with_suffix(".kubeconfig")
        kubeconfig.write_text(re.sub("server: .*", f"server: https://{NODE_ADDRESS}:{API_PORT}", content))
        lease = f"--lease=default/operator-{uuid4().hex[:8]}"
        command = [
            Path(sys.executable).with_name("probetuner"),
            "run",
            "--http-port=0",
            "--log-format=json",
            lease,
            *flags,
        ]
        with log.open("a") as stream:
            self._process = subprocess.Popen(
                ["nsenter", f"--net={self._network}", *map(str, command)],
                env={**os.environ, "KUBECONFIG": str(kubeconfig)},
                stderr=stream,
            )

    def wait_ready(self) -> None:
        """Wait until its first lists are done."""
        wait_for(
            lambda: self.page("/readyz")[0] == 200,
            lambda: f"the operator is ready; it said {self._log.read_text()}",
            seconds=60,
        )

    def page(self, path: str) -> tuple[int, str]:
        """Return the status and the text of one of its pages; 0 when it does not answer."""
        port = next((line["port"] for line in self.lines() if line["event"] == "probetuner runs"), None)
        return (0, "") if port is None else within(self._network, lambda: _get(f"http://127.0.0.1:{port}{path}"))

    def metric(self, series: str) -> float:
        """Return the value of one of its series, 0 when there is none."""
        lines = (line.rpartition(" ") for line in self.page("/metrics")[1].splitlines())
        return next((float(value) for name, _, value in lines if name == series), 0.0)

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged, a dict a line."""
        return read_log(self._log)

    def most_bytes(self) -> int:
        """Return how much memory it has held at most until now, 0 when it has ended."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except FileNotFoundError:
            return 0
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return 1024 * int(found.group(1)) if found else 0

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        self._process.terminate()
        return self._process.wait(timeout=30)

    def wait(self) -> int:
        """Wait until it ends by itself and return its exit code."""
        return self._process.wait(timeout=30)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait(timeout=10)


class Space:
    """A namespace of one test, and what is in it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self.name = name

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002 - as the lab calls it
        """Run kubectl in the namespace."""
        return self._lab.kubectl("-n", self.name, *arguments, input=input)

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return an object, None when there is none."""
        try:
            found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json", "--show-managed-fields"))
        except LabError as problem:
            if "NotFound" in str(problem):
                return None
            raise
        return found

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind."""
        return [line.partition("/")[2] for line in self.kubectl("get", kind, "-o", "name").split()]

    def apply(self, manifest: dict[str, Any]) -> None:
        """Create or change an object as `kubectl apply` does."""
        self.kubectl("apply", "-f", "-", input=json.dumps(manifest))

    def create(self, manifest: dict[str, Any]) -> None:
        """Create an object, without the annotation in which `kubectl apply` keeps all of it."""
        self.kubectl("create", "-f", "-", input=json.dumps(manifest))

    def status(self, policy: str) -> dict[str, Any]:
        """Return the status of a ProbePolicy, empty when there is none yet."""
        return (self.get("probepolicy", policy) or {}).get("status") or {}

    def condition(self, policy: str, kind: str) -> dict[str, Any]:
        """Return a condition of a ProbePolicy, empty when there is none."""
        conditions = self.status(policy).get("conditions") or []
        return next((condition for condition in conditions if condition["type"] == kind), {})


def deployment(name: str, mode: str | None = None, *, replicas: int = 0, node: str | None = None) -> dict[str, Any]:
    """Return a Deployment with a liveness probe; without replicas nothing runs, which is enough for most tests."""
    spec: dict[str, Any] = {
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {
                "name": "web",
                "image": "localhost/probetuner-demo:1",
                "imagePullPolicy": "Never",
                "command": ["python3", "-m", "http.server", "8000"],
                "livenessProbe": {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1},
            }
        ],
    }
    if node is not None:
        spec["nodeName"] = node
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {"probetuner.dev/mode": mode} if mode is not None else {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name[:63]}},
            "template": {"metadata": {"labels": {"app": name[:63]}}, "spec": spec},
        },
    }


def policy(name: str, workload: str, mode: str | None = None) -> dict[str, Any]:
    """Return a ProbePolicy of the user's for a Deployment."""
    target = {"targetRef": {"kind": "Deployment", "name": workload}}
    return {
        "apiVersion": "probetuner.dev/v1alpha1",
        "kind": "ProbePolicy",
        "metadata": {"name": name},
        "spec": target if mode is None else {**target, "mode": mode},
    }


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def read_log(log: Path) -> list[dict[str, Any]]:
    """Return what an operator has logged, a dict a line."""
    whole = log.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def network_of(lab: Lab) -> Path:
    """Return the network namespace of a lab, for `within`."""
    return Path(f"/proc/{supervisor_process(lab.state)}/ns/net")


def within(network: Path, call: Callable[[], Found]) -> Found:
    """Call something in a network namespace, which a thread can enter for itself."""

    def entered() -> Found:
        with network.open() as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0):
                raise OSError(ctypes.get_errno(), f"{network} cannot be entered")
        return call()

    with ThreadPoolExecutor(max_workers=1) as fresh:
        return fresh.submit(entered).result()
