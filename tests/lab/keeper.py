"""The outermost process of a lab: it starts the supervisor in namespaces of its own and clears up after it.

The supervisor is process 1 of its process namespace, so whatever ends it ends all that runs in the lab, and
with the last process the kernel removes the lab's mounts and interfaces. Only the empty cgroups stay, which
are removed here. When this process is killed the supervisor is killed with it, and the next `up` or
`down` of the lab removes the groups.

Called as `python -m lab.keeper STATE PROGRAMS API_DESCRIPTOR KUBELET_DESCRIPTOR`.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from lab import cgroups

_CLONE_NEWCGROUP = 0x02000000
_PR_SET_PDEATHSIG = 1
_SECONDS_TO_CLEAR = 10.0
_NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc")


def _become_supervisor(state: Path, arguments: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    cgroups.enter(state)
    if libc.unshare(_CLONE_NEWCGROUP):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "cgroup namespace")
    cgroups.step_down(state)
    supervisor = (sys.executable, "-m", "lab.supervisor", *arguments)
    os.execvp("unshare", ("unshare", *_NAMESPACES, *supervisor))


def _clear(state: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_CLEAR
    while not cgroups.remove(state) and time.monotonic() < deadline:
        time.sleep(0.05)


def main() -> None:
    """Leave whoever called, start the supervisor, wait for its end, clear up."""
    state = Path(sys.argv[1])
    cgroups.create(state)
    if os.fork():
        return  # the caller goes on at once, and is no parent that would have to wait for us
    os.setsid()
    child = os.fork()
    if not child:
        _become_supervisor(state, sys.argv[1:])
    os.waitpid(child, 0)
    _clear(state)


if __name__ == "__main__":
    main()
