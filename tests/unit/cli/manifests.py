"""Manifests to analyse."""

from typing import Any

import yaml


def deployment(name: str = "web", *, replicas: int = 2, **container: Any) -> dict[str, Any]:
    """A Deployment with one container; what is given is put into the container."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "web:1", **container}]},
            },
        },
    }


def service(name: str = "web") -> dict[str, Any]:
    """A Service in front of the Deployment of that name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    }


def probe(path: str = "/", **numbers: Any) -> dict[str, Any]:
    """An HTTP probe of port 8080."""
    return {"httpGet": {"path": path, "port": 8080}, **numbers}


BROKEN: dict[str, Any] = {"livenessProbe": {"httpGet": {"path": "/", "port": "nowhere"}}}
"""A container whose probe names a port that it does not have: a critical finding that a manifest alone shows."""


def stream(*documents: Any) -> bytes:
    """The documents as a stream of YAML."""
    return yaml.safe_dump_all(documents, explicit_start=True).encode()
