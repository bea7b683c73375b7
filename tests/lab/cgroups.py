"""The control groups of a lab: one of its own in every hierarchy, and nothing of it anywhere else.

A lab's processes and pods all live below `probetuner-lab-NAME-HASH`, which a cgroup namespace makes their root.
So two kubelets never see each other's pods, and the machine can tell, and end, all that belongs to a lab. The
hash is of the lab's folder: two users' labs of one name are two labs, and so are a machine's and a container's.
Version 1 hierarchies and the unified version 2 are both served.
"""

import os
import signal
import time
from pathlib import Path

from lab.cache import key_of
from lab.errors import LabError

ROOT = Path("/sys/fs/cgroup")
_PREFIX = "probetuner-lab-"
_PROCESSES_OF_LAB = "init"  # version 2 allows no processes in a group that has children with controllers
_SECONDS_TO_END = 20.0


def hierarchies() -> list[Path]:
    """Return where the cgroup hierarchies of this machine are mounted.

    Raises LabError when there are none.
    """
    mounts = (line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines())
    points = [Path(left.split()[4]) for left, right in mounts if right.split()[0] in {"cgroup", "cgroup2"}]
    below = [point for point in points if point.is_relative_to(ROOT)]
    if not below:
        raise LabError(f"no cgroup hierarchy is mounted below {ROOT}: the kubelet needs them")
    return below


def group(hierarchy: Path, state: Path) -> Path:
    """Return the group of the lab with this folder in one hierarchy."""
    place = state.parent.stat()
    return hierarchy / f"{_PREFIX}{state.name}-{key_of(str(state), f'{place.st_dev}:{place.st_ino}')}"


def create(state: Path) -> None:
    """Make the lab's groups. Raises OSError where this process may not."""
    for hierarchy in hierarchies():
        top = group(hierarchy, state)
        _enable_controllers(hierarchy)
        for folder in (top, top / _PROCESSES_OF_LAB):
            folder.mkdir(exist_ok=True)
            _inherit_cpuset(folder)


def enter(state: Path) -> None:
    """Move this process to the top of the lab's groups, as which a new cgroup namespace then takes them."""
    for hierarchy in hierarchies():
        (group(hierarchy, state) / "cgroup.procs").write_text("0")


def step_down(state: Path) -> None:
    """Move this process to where the lab's own processes live, so that the top is free for the pods' groups."""
    for hierarchy in hierarchies():
        (group(hierarchy, state) / _PROCESSES_OF_LAB / "cgroup.procs").write_text("0")
        _enable_controllers(group(hierarchy, state))


def names(root: Path) -> set[str]:
    """Return the labs with folders in `root` that have groups, dead ones too, whether the folder is there or not."""
    found = {path for hierarchy in hierarchies() for path in hierarchy.glob(f"{_PREFIX}*")}
    named = {path.name.removeprefix(_PREFIX).rpartition("-")[0] for path in found}
    return {name for name in named if any(group(path.parent, root / name) == path for path in found)}


def processes(state: Path) -> set[int]:
    """Return the process ids of all that runs in the lab, pods included."""
    found: set[int] = set()
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(group(hierarchy, state)):
            try:
                found.update(int(line) for line in (Path(folder) / "cgroup.procs").read_text().split())
            except OSError:
                continue  # a pod's group that went away while we looked
    return found


def end(state: Path) -> None:
    """Kill all that runs in the lab and remove its groups.

    Raises LabError when something does not die within 20 seconds.
    """
    deadline = time.monotonic() + _SECONDS_TO_END
    while running := processes(state):
        if time.monotonic() > deadline:
            raise LabError(f"processes {sorted(running)} of lab {state.name} do not die")
        for process in running:
            _kill(process)
        time.sleep(0.05)
    while not remove(state):
        if time.monotonic() > deadline:
            raise LabError(f"the cgroups of lab {state.name} cannot be removed: something still uses them")
        time.sleep(0.05)


def remove(state: Path) -> bool:
    """Remove the lab's groups bottom-up; False when one is still in use."""
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(group(hierarchy, state), topdown=False):
            try:
                Path(folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                return False
    return True


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _enable_controllers(folder: Path) -> None:
    """Let the groups below one of version 2 have all its controllers; version 1 knows no such thing."""
    if not (ROOT / "cgroup.controllers").exists():
        return
    enabled = (folder / "cgroup.subtree_control").read_text().split()
    missing = set((folder / "cgroup.controllers").read_text().split()) - set(enabled)
    if missing:
        (folder / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in sorted(missing)))


def _inherit_cpuset(folder: Path) -> None:
    """Give a version 1 cpuset group its parent's processors and memory: an empty one takes no process."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if (folder.parent / "cgroup.subtree_control").exists() or not (folder / file).exists():
            continue
        (folder / file).write_text((folder.parent / file).read_text())
