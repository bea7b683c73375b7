"""The operator as it is installed: what its Deployment says of how it runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probetuner.cluster.names import LEASE, NamespacedName
from probetuner.cluster.siblings import lease_of
from probetuner.model.fields import objects
from probetuner.model.problem import InvalidObjectError
from probetuner.model.shard import WHOLE, Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A Deployment that runs the operator.

    `release` is the name of the Helm release, empty where none made it. `account` is its service account. `lease` is
    that of the whole cluster, also where it serves a `shard` of the namespaces (`own_lease`). `watched` are the only
    namespaces that it watches, none for all. `kubelet_account` is whose tokens kubelets get, None where they get
    none; `authority_file` is where in its pod their authority is, None for the cluster's own. `wanted` and
    `available` count replicas.
    """

    namespace: str
    name: str
    release: str
    account: str
    lease: NamespacedName
    shard: Shard
    excluded: frozenset[str]
    watched: tuple[str, ...]
    kubelet_account: NamespacedName | None
    asks_kubelets: bool
    verifies: bool
    authority_file: str | None
    wanted: int
    available: int

    def __str__(self) -> str:
        return f"Deployment {self.namespace}/{self.name}"

    @property
    def own_lease(self) -> NamespacedName:
        """The Lease that it has to hold to work."""
        return lease_of(self.lease, self.shard)

    @property
    def user(self) -> str:
        """How the API server calls it."""
        return user_of(NamespacedName(namespace=self.namespace, name=self.account))


def user_of(account: NamespacedName) -> str:
    """How the API server calls the bearer of a service account's token."""
    return f"system:serviceaccount:{account.namespace}:{account.name}"


def read_installed(raw: Mapping[str, Any]) -> Installed | None:
    """Read a Deployment; None where it does not run the operator, or says nonsense of how it does.

    It is known by its command, which no value of the chart changes: `run` with a Lease.
    """
    spec = raw.get("spec") or {}
    template = (spec.get("template") or {}).get("spec") or {}
    arguments = next(_commands(template), None)
    if arguments is None:
        return None
    metadata = raw.get("metadata") or {}
    try:
        return Installed(
            namespace=str(metadata["namespace"]),
            name=str(metadata["name"]),
            release=str((metadata.get("labels") or {}).get("app.kubernetes.io/instance") or ""),
            account=str(template.get("serviceAccountName") or "default"),
            lease=_place(_last(arguments, "--lease")) or LEASE,
            shard=Shard.parse(_last(arguments, "--shard") or str(WHOLE)),
            excluded=frozenset(_all(arguments, "--excluded-namespace")),
            watched=tuple(sorted(_all(arguments, "--watch-namespace"))),
            kubelet_account=_place(_last(arguments, "--kubelet-account")),
            asks_kubelets=_last(arguments, "--kubelet-source") != "none",
            verifies="--kubelet-insecure-tls" not in arguments,
            authority_file=_last(arguments, "--kubelet-ca"),
            wanted=int(spec.get("replicas", 1)),
            available=int((raw.get("status") or {}).get("availableReplicas") or 0),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _commands(template: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    try:
        containers = objects(template, "containers", "Deployment.spec.template.spec")
    except InvalidObjectError:
        return
    for container in containers:
        arguments = [str(word) for word in container.get("args") or ()]
        if arguments[:1] == ["run"] and any(word.startswith("--lease=") for word in arguments):
            yield arguments


def _all(arguments: Sequence[str], option: str) -> Iterator[str]:
    return (word.partition("=")[2] for word in arguments if word.startswith(f"{option}="))


def _last(arguments: Sequence[str], option: str) -> str | None:
    found = list(_all(arguments, option))
    return found[-1] if found else None


def _place(text: str | None) -> NamespacedName | None:
    return None if text is None else NamespacedName.parse(text)
