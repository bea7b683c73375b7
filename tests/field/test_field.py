"""What people have, a dump or one look with their own rights, gets the answer that a sensible engineer would give."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from field.case import Case
from field.kinds import FLAPPING, KINDS, PRESSURE
from field.reports import REPORTS
from support.dumps import Dump
from support.live_api import Cluster, brought_up_to_now, serving
from unit.cli.commands import probetuner

CASES = (*REPORTS, *KINDS)
SECONDS_MOST = 10.0


def test_no_two_cases_have_one_name() -> None:
    """A case that is told to fail is found by its name."""
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_dump_is_judged_as_a_sensible_engineer_would(case: Case) -> None:
    """It says what has to be said and nothing that is plainly wrong, fails where it has to, and takes seconds."""
    piped = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(case.items)}).encode()
    began = time.monotonic()
    done = probetuner("analyze", "-", "-o", "json", piped=piped)
    seconds = time.monotonic() - began

    assert list(case.misses(json.loads(done.stdout))) == []
    assert done.exit_code in ((0, 1) if case.trouble is None else (int(case.trouble),)), done.stderr
    assert seconds < SECONDS_MOST


COUNTED: dict[str, Dump] = {
    "three replicas killed by timeouts": PRESSURE,
    "two of five readiness attempts time out": FLAPPING,
}
EXPIRED = next(case for case in REPORTS if "the kill events have expired" in case.name)


@pytest.mark.parametrize(
    "case", [*(case for case in KINDS if case.name in COUNTED), EXPIRED], ids=lambda case: case.name.replace(" ", "-")
)
def test_one_look_at_a_cluster_says_the_same_with_counters(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counters of a pod's whole life say nothing of the minute before a kill: they prove no lock-up and no health."""
    objects = brought_up_to_now(list(case.items))
    pages = {"node-1": {"/metrics/probes": _counters(objects)}}
    with serving(Cluster(objects=objects, pages=pages), tmp_path) as (api, kubeconfig):
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        done = probetuner("analyze", "-A", "-o", "json")

    assert api.nodes_asked == {"node-1"}
    assert list(case.misses(json.loads(done.stdout))) == []
    assert (done.exit_code, done.stderr) == (1, "")


def _counters(objects: list[dict[str, Any]]) -> str:
    """What the kubelet counted since the pods are there: most attempts passed, one answer in ten in over 250 ms."""
    lines = []
    for pod in (item for item in objects if item["kind"] == "Pod"):
        metadata = pod["metadata"]
        for probe in ("Liveness", "Readiness"):
            labels = (
                f'container="app",namespace="{metadata["namespace"]}",pod="{metadata["name"]}",'
                f'pod_uid="{metadata["uid"]}",probe_type="{probe}"'
            )
            lines += [
                f'prober_probe_total{{{labels},result="{r}"}} {n}' for r, n in (("successful", 25000), ("failed", 160))
            ]
            durations = labels.replace(f',pod_uid="{metadata["uid"]}"', "")
            lines += [
                f'prober_probe_duration_seconds_bucket{{{durations},le="{le}"}} {n}'
                for le, n in (("0.1", 20000), ("0.25", 22500), ("0.5", 24500), ("1", 25000), ("+Inf", 25000))
            ]
    return "\n".join(lines) + "\n"
