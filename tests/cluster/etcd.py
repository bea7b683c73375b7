"""Asking the lab's etcd directly, through its gateway for JSON (etcd: Documentation, dev-guide, api_grpc_gateway)."""

import json
import urllib.request
from typing import Any

from cluster.operator_process import network_of, within
from lab import Lab

_GATEWAY = "http://127.0.0.1:2379/v3/kv"


def compact(lab: Lab) -> int:
    """Forget all versions of objects but the present ones, as etcd does by itself in time; returns the revision."""
    network = network_of(lab)
    revision = within(network, lambda: _ask("range", {"key": "AA=="}))["header"]["revision"]
    within(network, lambda: _ask("compaction", {"revision": revision, "physical": True}))
    return int(revision)


def _ask(what: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(f"{_GATEWAY}/{what}", data=json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
