"""What was asked, and what came of it: one sentence each, with what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What came of a question: `unknown` where it could not be asked, `note` where nothing is to be mended."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Area(StrEnum):
    """What a question is about, in the order in which they are told."""

    API_SERVER = "api-server"
    DEFINITIONS = "definitions"
    OPERATOR = "operator"
    PERMISSIONS = "permissions"
    KUBELETS = "kubelets"
    COUNTERS = "counters"
    LEASE = "lease"
    NAMESPACES = "namespaces"
    OTHERS = "others"


class ChartValue(StrEnum):
    """The values of the chart that mend something, as `helm upgrade --set` takes them."""

    DEFINITIONS = "crds.install=true"
    INSECURE_KUBELETS = "kubelet.tls=insecure"
    KUBELET_AUTHORITY = "kubelet.ca.configMap=NAME"
    KUBELET_SOURCE = "kubelet.source=kubelet"
    LEASE_NAMESPACE = "leaderElection.namespace=NAMESPACE"
    APPLY = "apply.enabled=true"
    APPLY_NAMESPACES = "apply.namespaces={NAMESPACE}"
    NO_ADMISSION_GUARD = "apply.admissionGuard=false"
    EXCLUDED_NAMESPACES = "watch.excludedNamespaces={NAMESPACE}"
    REPLICAS = "replicas=1"
    RULES = "rbac.create=true"
    IMAGE = "image.repository=REGISTRY/probetuner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The answer to one question.

    `values` are those of the chart that mend it, the first is the usual one; `step` is what to do besides, or where no
    value mends it. `rule` is a rule for a Role or ClusterRole that is missing. `nodes` are those that it is about.
    """

    area: Area
    state: State
    message: str
    values: tuple[ChartValue, ...] = ()
    step: str = ""
    rule: Mapping[str, Any] | None = None
    nodes: tuple[str, ...] = ()
