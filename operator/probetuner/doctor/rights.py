"""What the operator must be allowed to do, rule by rule as the chart gives it (deploy/helm/probetuner/templates)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from probetuner.cluster.siblings import lease_of
from probetuner.doctor.installed import Installed
from probetuner.model.shard import Shard

EVERYWHERE = ""
"""The namespace that stands for all of them, in a review of access."""

_OURS = "probetuner.dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Verbs on a resource, in some namespaces; `without` says what does not work where one of them is missing.

    `resource` has its subresource after a slash. `name` is the one object that it is about, empty for all.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    without: str
    namespaces: tuple[str, ...] = (EVERYWHERE,)
    name: str = ""

    def reviews(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Each verb, with the `resourceAttributes` of a review that asks for it."""
        resource, _, subresource = self.resource.partition("/")
        about = {"group": self.group, "resource": resource, "subresource": subresource, "name": self.name}
        for namespace in self.namespaces:
            for verb in self.verbs:
                yield verb, {**about, "verb": verb, "namespace": namespace}

    def rule(self, verbs: tuple[str, ...]) -> Mapping[str, Any]:
        """The rule of a Role or ClusterRole that gives these verbs."""
        named = {"resourceNames": [self.name]} if self.name else {}
        return {"apiGroups": [self.group], "resources": [self.resource], **named, "verbs": list(verbs)}


def needed(installed: Installed) -> tuple[Right, ...]:
    """Everything that this operator must be allowed to do, but to patch workloads (`to_apply`)."""
    watched = installed.watched or (EVERYWHERE,)
    of_lease = (installed.lease.namespace,)
    return (
        Right(group="", resource="namespaces", verbs=("list", "watch"), without="no annotation of a Namespace is seen"),
        Right(group="", resource="nodes", verbs=("list", "watch"), without="no kubelet is found"),
        *(_right(*of, namespaces=watched) for of in _READ),
        *(_right(*of, namespaces=watched) for of in _OWN),
        *_of_itself(installed),
        *_of_kubelets(installed),
        Right(
            group="coordination.k8s.io",
            resource="leases",
            verbs=("list", "create"),
            without="no operator begins to work",
            namespaces=of_lease,
        ),
        *(
            Right(
                group="coordination.k8s.io",
                resource="leases",
                verbs=("get", "update"),
                without="no operator begins to work",
                namespaces=of_lease,
                name=name,
            )
            for name in _leases(installed)
        ),
    )


def to_apply(namespaces: tuple[str, ...]) -> tuple[Right, ...]:
    """What an operator must be allowed to do that applies something in these namespaces."""
    return tuple(
        Right(
            group="apps",
            resource=resource,
            verbs=("patch",),
            without="nothing is applied there, whatever mode is asked for",
            namespaces=namespaces,
        )
        for resource in _WORKLOADS
    )


def to_read_kubelets() -> Right:
    """What the account whose tokens kubelets get must be allowed to do."""
    return Right(group="", resource="nodes/metrics", verbs=("get",), without="kubelets answer with 403")


def _right(group: str, resource: str, verbs: tuple[str, ...], without: str, *, namespaces: tuple[str, ...]) -> Right:
    return Right(group=group, resource=resource, verbs=verbs, without=without, namespaces=namespaces)


_WORKLOADS = ("deployments", "statefulsets", "daemonsets")
_READ = (
    ("", "pods", ("list", "watch"), "no restart and no readiness is seen"),
    ("", "events", ("get", "list", "watch"), "nobody knows why probes failed and who killed"),
    *(("apps", resource, ("get", "list", "watch"), f"no {resource} are served") for resource in _WORKLOADS),
    ("autoscaling", "horizontalpodautoscalers", ("list",), "a single replica is not known to stay one"),
    ("discovery.k8s.io", "endpointslices", ("list",), "no endpoint on trial is told to call a Service"),
)
_ITSELF = (
    ("", "pods", ("list",)),
    ("apps", "deployments", ("get", "list")),
    ("", "events", ("get", "create", "patch")),
)
_OWN = (
    (_OURS, "probepolicies", ("get", "list", "watch", "create", "delete"), "no workload is enrolled"),
    (_OURS, "probepolicies/status", ("patch",), "nothing that was found is shown"),
    (_OURS, "probehistories", ("get", "list", "create", "patch", "delete"), "what was learned is lost at a restart"),
    ("", "events", ("create", "patch"), "no Event tells what was done"),
)


def _leases(installed: Installed) -> list[str]:
    """The Leases of all shards, which have the same rights, and that of the whole cluster, which may pause them."""
    count = installed.shard.count
    shards = (lease_of(installed.lease, Shard(number, count)).name for number in range(1, count + 1))
    return list(dict.fromkeys([installed.lease.name, *shards]))


def _of_itself(installed: Installed) -> tuple[Right, ...]:
    """What an operator of some namespaces needs in its own, where it is not one of them."""
    if not installed.watched or installed.namespace in installed.watched:
        return ()
    without = "the operator does not find its own Deployment, so no Event there tells that counters are missing"
    own = (installed.namespace,)
    return tuple(
        Right(group=group, resource=resource, verbs=verbs, without=without, namespaces=own)
        for group, resource, verbs in _ITSELF
    )


def _of_kubelets(installed: Installed) -> tuple[Right, ...]:
    account = installed.kubelet_account
    if account is None or not installed.asks_kubelets:
        return ()
    return (
        Right(
            group="",
            resource="serviceaccounts/token",
            verbs=("create",),
            without="kubelets are not asked, so there are no counters",
            namespaces=(account.namespace,),
            name=account.name,
        ),
    )
