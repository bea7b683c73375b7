"""What a lab could leave on the machine, gathered so that before and after can be compared."""

from dataclasses import dataclass
from pathlib import Path

from lab import Lab, cgroups
from lab.errors import run

# Where a careless node writes: a lab must bring its own.
_PLACES = (
    "/run",
    "/run/netns",
    "/run/containerd",
    "/var/lib",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log",
    "/etc/cni",
)
_NODE_SETTINGS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The parts of the machine that a lab must leave as they were."""

    mounts: frozenset[str]
    interfaces: frozenset[str]
    places: frozenset[str]
    settings: tuple[str, ...]


def machine(lab: Lab) -> Machine:
    """Look at the machine; of the mounts, at those that are the lab's or lie where a node has its own."""
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    watched = (str(lab.state), "/run", "/var/lib/kubelet", "/var/lib/containerd", "/sys/fs/cgroup", "/proc/sys")
    return Machine(
        mounts=frozenset(point for point in points if point.startswith(watched)),
        interfaces=frozenset(run(["ip", "-brief", "link"]).split("\n")),
        places=frozenset(str(path) for place in _PLACES for path in Path(place).glob("*")),
        settings=tuple((Path("/proc/sys") / name).read_text() for name in _NODE_SETTINGS),
    )


def processes(lab: Lab) -> frozenset[tuple[int, str]]:
    """Return all that runs in the lab, pods included, by process id and start time, which no other process shares."""
    return frozenset((process, _start_time(process)) for process in cgroups.processes(lab.state))


def alive(wanted: frozenset[tuple[int, str]]) -> bool:
    """Whether any of these processes still lives."""
    return any(start and _start_time(process) == start for process, start in wanted)


def groups(lab: Lab) -> list[Path]:
    """Return the lab's cgroups that are there."""
    return [path for hierarchy in cgroups.hierarchies() if (path := cgroups.group(hierarchy, lab.state)).exists()]


def _start_time(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""  # it has ended
