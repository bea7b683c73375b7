"""How the operator is to run."""

from dataclasses import dataclass
from pathlib import Path

from probetuner.cluster.names import LEASE, NamespacedName
from probetuner.model.mode import Mode
from probetuner.model.shard import WHOLE, Shard

EXCLUDED_NAMESPACES = frozenset(("kube-system", "kube-public", "kube-node-lease"))
"""Where no mode holds by default: a cluster lives by what runs there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `probetuner run` was told.

    `default_mode` is the mode of workloads that nobody speaks for, but for those in `excluded_namespaces`, which are
    served only where they or a ProbePolicy say so. `namespaces` are the only ones that are watched, all where none is
    named; of them the operator serves those of its `shard`. `honours_override_off` is whether the cluster checks who
    sets `spec.overrideOff`. With `dry_run` nothing is written to the cluster. Else it works only while it holds
    `lease`, or that of its shard (`cluster.siblings.lease_of`). `max_rollouts` is how many workloads may be rolled
    out for a change at the same time, in the whole cluster. A shard has its part of them (`Shard.part_of`), a
    namespace half of that (`change.pace.share_of`). While `paused` no change begins; what was begun goes on.
    `api_requests_per_second` bounds what this process asks of the API server, with twice as many at once.
    `mass_kill_share` (0 to 1) of a workload's replicas, killed by liveness within `mass_kill_window_seconds`, has the
    workload handled first. `kubelet_authority` is a file with the CA of the kubelets' certificates, None where it is
    the cluster's own. `kubelet_account` is the service account whose tokens kubelets get; without it none gets any.
    With `asks_kubelets` false no kubelet is asked, and there are events alone.
    """

    default_mode: Mode = Mode.OFF
    namespaces: frozenset[str] = frozenset()
    excluded_namespaces: frozenset[str] = EXCLUDED_NAMESPACES
    honours_override_off: bool = False
    dry_run: bool = False
    http_port: int = 8080
    scrape_interval_seconds: float = 10.0
    max_rollouts: int = 2
    paused: bool = False
    asks_kubelets: bool = True
    kubelet_authority: Path | None = None
    kubelet_insecure_tls: bool = False
    kubelet_account: NamespacedName | None = None
    lease: NamespacedName = LEASE
    shard: Shard = WHOLE
    api_requests_per_second: float = 50.0
    mass_kill_share: float = 0.5
    mass_kill_window_seconds: float = 300.0
