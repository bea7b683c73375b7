"""Process 1 of a lab: it lays out the namespaces, starts and signals the components, and reaps.

It answers one request per connection on a socket in the lab's folder, a line of JSON each way:
`{"do": "start", "component": NAME}`, `{"do": "signal", "component": NAME, "signal": "SIGSTOP"}` and
`{"do": "report"}`. A component that ended is not started again: that would hide what a test asked for.

Called as `python -m lab.supervisor STATE PROGRAMS API_DESCRIPTOR KUBELET_DESCRIPTOR` in new namespaces.
"""

import fcntl
import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from lab.components import COMPONENTS, FORWARDER, PROGRAMS, STATE, handed_descriptors
from lab.isolation import lay_out

CONTROL = "control"
_SECONDS_PER_REQUEST = 2.0


class Supervisor:
    """The components' processes, by name."""

    def __init__(self, listeners: list[int]) -> None:
        self._listeners = listeners
        self._running: dict[str, int] = {}
        self._ended: dict[str, int] = {}

    def start(self, component: str) -> None:
        """Start a component that is not running; its output is appended to logs/NAME.log."""
        if component in self._running:
            return
        self._ended.pop(component, None)
        handed = handed_descriptors(self._listeners) if component == FORWARDER else {}
        self._running[component] = _spawn(component, handed)

    def signal(self, component: str, name: str) -> None:
        """Send a signal to a component, if it runs."""
        if component in self._running:
            os.kill(self._running[component], signal.Signals[name])

    def report(self) -> dict[str, str]:
        """Return each component's state: `running`, `paused`, or `ended` with its exit code."""
        ended = {name: f"ended with {code}" for name, code in self._ended.items()}
        return ended | {name: _state(process) for name, process in self._running.items()}

    def reap(self) -> None:
        """Take note of every process that ended: components, and the orphans that came to process 1."""
        names = {process: name for name, process in self._running.items()}
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            if name := names.get(process):
                del self._running[name]
                self._ended[name] = os.waitstatus_to_exitcode(status)


def _spawn(component: str, handed: dict[int, int]) -> int:
    argv = COMPONENTS[component]()
    log = STATE / "logs" / f"{component}.log"
    return os.posix_spawn(
        argv[0],
        argv,
        _environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            *((os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in handed.items()),
        ],
        setsid=True,
        setsigdef=[signal.SIGPIPE],
    )


def _state(process: int) -> str:
    status = Path(f"/proc/{process}/stat").read_text()
    return "paused" if status.rpartition(")")[2].split()[0] in "Tt" else "running"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    path = f"{PROGRAMS}:{os.environ['PATH']}"
    return kept | {"PATH": path, "HOME": str(STATE), "TMPDIR": str(STATE / "tmp")}


def answer(supervisor: Supervisor, request: dict[str, str]) -> dict[str, Any]:
    """Carry out one request and return the reply; a request that cannot be is answered with `error`."""
    match request:
        case {"do": "start", "component": component} if component in COMPONENTS:
            supervisor.start(component)
        case {"do": "signal", "component": component, "signal": name} if component in COMPONENTS:
            supervisor.signal(component, name)
        case {"do": "report"}:
            return {"components": supervisor.report()}
        case _:
            return {"error": f"no such request: {request}; components are {', '.join(COMPONENTS)}"}
    return {}


def serve(supervisor: Supervisor) -> None:
    """Answer requests and reap, for ever."""
    wake, alarm = socket.socketpair()
    for end in (wake, alarm):
        end.settimeout(0)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(alarm.fileno())
    control = socket.socket(socket.AF_UNIX)
    control.bind(str(STATE / CONTROL))
    control.listen()
    selector = selectors.DefaultSelector()
    selector.register(wake, selectors.EVENT_READ)
    selector.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is wake:
                wake.recv(4096)
                supervisor.reap()
            else:
                _converse(supervisor, control.accept()[0])


def _converse(supervisor: Supervisor, connection: socket.socket) -> None:
    connection.settimeout(_SECONDS_PER_REQUEST)
    with connection, connection.makefile("rw") as lines:
        try:
            reply = answer(supervisor, json.loads(lines.readline()))
            lines.write(json.dumps(reply) + "\n")
            lines.flush()
        except (OSError, ValueError) as error:
            print(f"a request was not served: {error}", flush=True)


def main() -> None:
    """Lay out the lab's inside and serve."""
    state, programs, *listeners = sys.argv[1:]
    for listener in listeners:
        fcntl.fcntl(int(listener), fcntl.F_SETFD, fcntl.FD_CLOEXEC)  # only the forwarder gets them
    lay_out(state=Path(state), programs=Path(programs))
    os.chdir(STATE)
    (STATE / "tmp").mkdir(exist_ok=True)
    serve(Supervisor([int(listener) for listener in listeners]))


if __name__ == "__main__":
    main()
