"""What is promised of the measurement beside a real API server: it serves what is there, and counts what was asked."""

import json
import time
import urllib.request
import zlib
from dataclasses import replace
from typing import Any

from bench.scale.fleet import Fleet
from bench.scale.kubelets import kubelets
from bench.scale.live.requests import requests_by_verb

FLEET = Fleet(workloads=1, nodes=2, pods_each=2)


def test_kubelets_name_the_uids_that_the_server_gave() -> None:
    """Each node has a port of its own, and tells of its own pods."""
    fleet = replace(FLEET, began=time.time(), uids=["first-uid", "second-uid"])
    with kubelets(fleet.nodes) as served:
        served.serve(fleet)
        pages = [_read(port, "/metrics/probes").decode() for port in served.ports]

    assert ["first-uid" in page for page in pages] == [True, False]
    assert ["second-uid" in page for page in pages] == [False, True]


def test_metrics_are_served_as_by_metrics_server() -> None:
    """Of all pods at once, with a time that goes on."""
    with kubelets(FLEET.nodes) as served:
        served.serve(FLEET)
        discovered = json.loads(_read(served.metrics_port, "/apis/metrics.k8s.io/v1beta1"))
        found = json.loads(_read(served.metrics_port, "/apis/metrics.k8s.io/v1beta1/pods"))

    assert discovered["groupVersion"] == found["apiVersion"] == "metrics.k8s.io/v1beta1"
    assert [item["metadata"]["name"][-5:] for item in found["items"]] == ["00000", "00001"]
    assert found["items"][0]["containers"][0]["usage"].keys() == {"cpu", "memory"}


def test_requests_are_counted_once_and_by_who_asked() -> None:
    """A watch when it begins, all else when it is answered; what keeps a Lease is told apart."""
    log = [
        _entry("list"),
        _entry("watch", stage="ResponseStarted"),
        _entry("watch"),
        _entry("patch"),
        _entry("update", resource="leases"),
        _entry("patch", user="somebody"),
        _entry("patch", at="2026-02-02T02:41:00.000000Z"),
    ]
    began = 1_770_000_000.0  # 2026-02-02T02:40:00Z

    counted = requests_by_verb(log, "admin", since=began, until=began + 60.0)

    assert counted == {"list": 1, "watch": 1, "patch": 1, "lease": 1}


def _entry(verb: str, **of: str) -> str:
    entry: dict[str, Any] = {
        "verb": verb,
        "stage": of.get("stage", "ResponseComplete"),
        "user": {"username": of.get("user", "admin")},
        "objectRef": {"resource": of.get("resource", "pods")},
        "requestReceivedTimestamp": of.get("at", "2026-02-02T02:40:30.000000Z"),
    }
    return json.dumps(entry)


def _read(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        body: bytes = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return zlib.decompress(body, 16 + zlib.MAX_WBITS) if packed else body
