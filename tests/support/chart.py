"""Each value of the chart, turned: what a user may set, for the tests that render it and those that ask a server."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Values = Mapping[str, Any]
"""Values by their dotted paths."""

IMAGE: Values = {"image.repository": "localhost/probetuner"}
EVERYWHERE = "default"
"""A namespace that every cluster has."""

_TOLERATION = {"key": "dedicated", "operator": "Equal", "value": "system", "effect": "NoSchedule"}
_SPREAD = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
_ANTI_AFFINITY = {
    "preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}}}
    ]
}
_PEER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
_EXTRA_OBJECT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "extra", "namespace": "{{ .Release.Namespace }}"},
    "data": {"release": "{{ .Release.Name }}"},
}

TOGGLES: Mapping[str, Values] = {
    "registry": {"image.registry": "registry.example:5000/mirror"},
    "repository": {"image.repository": "localhost/other"},
    "tag": {"image.tag": "1.2.3"},
    "digest": {"image.digest": f"sha256:{'0' * 64}"},
    "pull-policy": {"image.pullPolicy": "Always"},
    "pull-secrets": {"imagePullSecrets": [{"name": "regcred"}]},
    "name": {"nameOverride": "tuner"},
    "full-name": {"fullnameOverride": "tuner"},
    "common-labels": {"commonLabels": {"team": "platform", "app.kubernetes.io/name": "lost"}},
    "common-annotations": {"commonAnnotations": {"example.org/owner": "platform"}},
    "replicas": {"replicas": 2},
    "shards": {"shards": 3, "apply.maxRollouts": 3},
    "lease-namespace": {"leaderElection.namespace": EVERYWHERE},
    "lease-name": {"leaderElection.name": "probetuner-shop"},
    "default-mode": {"defaultMode": "Observe"},
    "watch": {"watch.namespaces": [EVERYWHERE]},
    "excluded": {"watch.excludedNamespaces": ["a", "b"]},
    "apply": {"apply.enabled": True},
    "apply-paused": {"apply.enabled": True, "apply.paused": True},
    "apply-namespaces": {"apply.enabled": True, "apply.namespaces": [EVERYWHERE]},
    "apply-in-watched": {"apply.enabled": True, "watch.namespaces": [EVERYWHERE]},
    "apply-unguarded": {"apply.enabled": True, "apply.admissionGuard": False},
    "max-rollouts": {"apply.maxRollouts": 7},
    "kubelet-none": {"kubelet.source": "none"},
    "kubelet-insecure": {"kubelet.tls": "insecure"},
    "kubelet-ca-config-map": {"kubelet.ca.configMap": "kubelet-ca", "kubelet.ca.key": "bundle.pem"},
    "kubelet-ca-secret": {"kubelet.ca.secret": "kubelet-ca"},
    "kubelet-interval": {"kubelet.scrapeIntervalSeconds": 30},
    "mass-kill": {"massKill.share": 0.25, "massKill.windowSeconds": 60},
    "api": {"api.requestsPerSecond": 10},
    "log": {"logFormat": "text", "logLevel": "debug"},
    "metrics-service": {"metrics.service.enabled": True},
    "network-policy": {"networkPolicy.enabled": True},
    "network-policy-peers": {"networkPolicy.enabled": True, "networkPolicy.metricsFrom": [_PEER]},
    "disruption": {"podDisruptionBudget.enabled": True, "podDisruptionBudget.maxUnavailable": "50%"},
    "no-tests": {"tests.enabled": False},
    "no-roles": {"rbac.create": False},
    "crds-not-kept": {"crds.keep": False},
    "no-crds": {"crds.install": False},
    "account": {"serviceAccount.name": "tuner", "serviceAccount.annotations": {"example.org/role": "tuner"}},
    "no-account": {"serviceAccount.create": False, "serviceAccount.name": "default"},
    "resources": {"resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}},
    "pod-marks": {"podAnnotations": {"example.org/scrape": "no"}, "podLabels": {"tier": "control"}},
    "pod-security": {"podSecurityContext": {"runAsUser": 1000, "fsGroup": 1000}},
    "security": {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
    "openshift": {"openshift.adaptSecurityContext": "force"},
    "nodes": {"nodeSelector": {"disk": "ssd"}},
    "tolerations": {"tolerations": [_TOLERATION]},
    "affinity": {"affinity": {"podAntiAffinity": _ANTI_AFFINITY}},
    "spread": {"topologySpreadConstraints": [_SPREAD]},
    "priority": {"priorityClassName": "system-cluster-critical"},
    "extra-args": {"extraArgs": ["--http-port=8080", "--dry-run"]},
    "extra-env": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}]},
    "extra-volume": {
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    },
    "extra-object": {"extraObjects": [_EXTRA_OBJECT]},
}
"""One way at least in which each value differs from its default, by a name for people."""


def words(values: Values) -> Iterator[str]:
    """The words of a command line that set these values, and the image's."""
    for path, value in {**IMAGE, **values}.items():
        yield from ("--set-json", f"{path}={json.dumps(value)}")
