"""A kubelet's pages as long and as wordy as real ones: some 4.4 KB of probes and 11 KB of cgroups for each pod."""

from collections.abc import Callable

from bench.scale.fleet import Fleet, container_id, namespace_of, pod_name

_BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
_QUICKER = (0.7, 0.9, 0.97, *[1.0] * 9)
"""Shares of attempts that are answered within each bound."""

_OF_CONTAINERS = (
    "container_blkio_device_usage_total",
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "container_cpu_cfs_throttled_seconds_total",
    "container_cpu_load_average_10s",
    "container_cpu_system_seconds_total",
    "container_cpu_usage_seconds_total",
    "container_cpu_user_seconds_total",
    "container_file_descriptors",
    "container_fs_inodes_total",
    "container_fs_reads_bytes_total",
    "container_fs_usage_bytes",
    "container_fs_writes_bytes_total",
    "container_last_seen",
    "container_memory_cache",
    "container_memory_failcnt",
    "container_memory_max_usage_bytes",
    "container_memory_rss",
    "container_memory_usage_bytes",
    "container_memory_working_set_bytes",
    "container_processes",
    "container_sockets",
    "container_spec_memory_limit_bytes",
    "container_start_time_seconds",
    "container_threads",
    "container_ulimits_soft",
)
_COUNTED: dict[str, Callable[[int], int]] = {
    "container_cpu_cfs_periods_total": lambda age: age * 10,
    "container_cpu_cfs_throttled_periods_total": lambda age: age // 50,
    "container_processes": lambda _: 3,
    "container_threads": lambda _: 24,
}
"""What a container of that age (seconds) is told to have, of the families that are read."""
_OF_PODS = ("container_cpu_cfs_periods_total", "container_memory_working_set_bytes", "container_processes")
_NETWORK = ("container_network_receive_bytes_total", "container_network_transmit_bytes_total")
_CGROUPS_SECONDS = 10


class Node:
    """The kubelet of a node."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        enrolled, others = fleet.on(number)
        self._fleet, self._pods = fleet, (*enrolled, *others)

    def probes(self, at: float) -> bytes:
        """`/metrics/probes`."""
        lines = ["# TYPE prober_probe_duration_seconds histogram"]
        totals = ["# TYPE prober_probe_total counter"]
        for pod in self._pods:
            passed, failed = self._fleet.attempts(pod, at)
            workload = self._fleet.workload(pod)
            of = f'container="app",namespace="{namespace_of(workload)}",pod="{pod_name(pod, workload)}"'
            for kind, not_passed in (("Liveness", failed), ("Readiness", 0)):
                many = passed + not_passed
                labels = f'{of},probe_type="{kind}"'
                lines += [
                    f'prober_probe_duration_seconds_bucket{{{labels},le="{bound}"}} {int(many * share)}'
                    for bound, share in zip(_BOUNDS, _QUICKER, strict=True)
                ]
                lines.append(f"prober_probe_duration_seconds_sum{{{labels}}} {many * 0.004}")
                lines.append(f"prober_probe_duration_seconds_count{{{labels}}} {many}")
                counted = f'{of},pod_uid="{self._fleet.uid(pod)}",probe_type="{kind}"'
                totals.append(f'prober_probe_total{{{counted},result="successful"}} {many - not_passed}')
                if not_passed:
                    totals.append(f'prober_probe_total{{{counted},result="failed"}} {not_passed}')
        start = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1.7e+09"
        return "\n".join((*lines, *totals, start, "")).encode()

    def cgroups(self, at: float) -> bytes:
        """`/metrics/cadvisor`; its values are as old as the last look at the cgroups."""
        looked_at = at - at % _CGROUPS_SECONDS
        stamp = int(looked_at * 1000)
        labels = [self._labels(pod, looked_at) for pod in self._pods]
        age = int(looked_at - self._fleet.began) + 1000
        lines: list[str] = []
        for family in _OF_CONTAINERS:
            lines.append(f"# TYPE {family} gauge")
            value = _COUNTED[family](age) if family in _COUNTED else 1.2345678e07
            if family in _OF_PODS:
                lines += [f"{family}{{{of_pod}}} {value} {stamp}" for _, of_pod in labels]
            lines += [f"{family}{{{of_container}}} {value} {stamp}" for of_container, _ in labels]
        for family in _NETWORK:
            lines += [f'{family}{{interface="eth0",{of_pod}}} 987654321 {stamp}' for _, of_pod in labels]
        return ("\n".join(lines) + "\n").encode()

    def _labels(self, pod: int, at: float) -> tuple[str, str]:
        """What names the cgroup of the pod's container, and that of the pod."""
        workload = self._fleet.workload(pod)
        killed = sum(when <= at for when in self._fleet.kills(pod))
        path, cgroup = f"/kubepods/burstable/pod{self._fleet.uid(pod)}", container_id(pod, killed)
        of = f'namespace="{namespace_of(workload)}",pod="{pod_name(pod, workload)}"'
        image = "registry.example/team/checkout@sha256:" + "5e" * 16
        return (
            f'container="app",id="{path}/{cgroup}",image="{image}",name="{cgroup}",{of}',
            f'container="",id="{path}",image="",name="",{of}',
        )
