"""What a lab's namespaces look like from inside, laid out by their first process before anything starts.

Nothing here is seen outside, and the kernel takes all of it away with the last process:

- /run is the lab's own, so that containerd's socket has the path where the kubelet's cAdvisor looks for it
  (https://github.com/google/cadvisor: without it container metrics come without names), and so that no
  socket, lock or network namespace of the machine is within reach;
- /var is a throw-away layer over the machine's, for /var/log/pods, /var/lib/cni and the like;
- /sys/fs/cgroup shows the lab's groups as if they were the whole machine's;
- the kernel settings that the kubelet insists on writing, which belong to the machine, are shadowed by files.
"""

import socket
from pathlib import Path

from lab import cgroups
from lab.components import PROGRAMS, STATE
from lab.errors import run
from lab.network import NODE, make_network

_STAGE = Path("/run/cgroup")
_SHADOWS = Path("/run/sysctl")
# https://github.com/kubernetes/kubernetes: pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables
_SYSCTLS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def lay_out(*, state: Path, programs: Path) -> None:
    """Make the inside of the lab around this process. Raises LabError when a mount or the network fails."""
    hierarchies = cgroups.hierarchies()
    _own_run(state, programs)
    _own_var()
    _own_cgroups(state, hierarchies)
    _shadow_sysctls()
    _keep_layers_off_overlayfs(state)
    run(["mount", "--make-rshared", "/"])  # volumes mounted by the kubelet must reach the containers
    socket.sethostname(NODE)
    make_network()


def _own_run(state: Path, programs: Path) -> None:
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run"])
    for source, target in ((state, STATE), (programs, PROGRAMS)):
        target.mkdir()
        run(["mount", "--bind", source, target])
    Path("/run/lock").mkdir()


def _own_var() -> None:
    upper, work = Path("/run/var/upper"), Path("/run/var/work")
    for folder in (upper, work):
        folder.mkdir(parents=True)
    run(["mount", "-t", "overlay", "-o", f"lowerdir=/var,upperdir={upper},workdir={work}", "var", "/var"])


def _own_cgroups(state: Path, hierarchies: list[Path]) -> None:
    links = {path.name: path.readlink() for path in cgroups.ROOT.iterdir() if path.is_symlink()}
    places = [(point, _STAGE / point.relative_to(cgroups.ROOT)) for point in hierarchies]
    for point, stage in places:
        stage.mkdir(parents=True)
        run(["mount", "--bind", cgroups.group(point, state), stage])
    run(["umount", "--recursive", "--lazy", cgroups.ROOT])
    if cgroups.ROOT not in hierarchies:
        run(["mount", "-t", "tmpfs", "-o", "mode=755", "cgroup", cgroups.ROOT])
    for point, stage in places:
        point.mkdir(exist_ok=True)
        run(["mount", "--move", stage, point])
    for link, target in links.items():
        (cgroups.ROOT / link).symlink_to(target)


def _shadow_sysctls() -> None:
    for name, value in _SYSCTLS.items():
        shadow = _SHADOWS / name
        shadow.parent.mkdir(parents=True, exist_ok=True)
        shadow.write_text(f"{value}\n")
        run(["mount", "--bind", shadow, Path("/proc/sys") / name])


def _keep_layers_off_overlayfs(state: Path) -> None:
    """Put containerd's layers into memory where the state is on overlayfs, on which overlayfs cannot stand."""
    if run(["stat", "--file-system", "--format=%T", state]).strip() == "overlayfs":
        (STATE / "containerd").mkdir(exist_ok=True)
        run(["mount", "-t", "tmpfs", "layers", STATE / "containerd"])
