"""Starting a lab in the right order, with a deadline for every wait, and ending it without a trace."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from lab import cgroups, images
from lab.api import Api
from lab.binaries import binaries
from lab.cache import remove_tree
from lab.certificates import KubeletCertificates, write_certificates
from lab.components import FORWARDER, PROGRAMS
from lab.configuration import write_configuration
from lab.control import request, supervisor_process
from lab.errors import LabError, run
from lab.network import NODE
from lab.pki import write_pki
from lab.versions import Version, read_version, write_version

SUPERVISOR = "supervisor"
READY = "ready.json"  # there once the lab is whole: its ports, and when it became so
_SECONDS_TO_READY = 120.0
_SECONDS_TO_END = 20.0
_LINES_OF_LOG = 15
_WIDTH_OF_LOG = 300


def is_alive(state: Path) -> bool:
    """Whether any of the lab's outermost processes lives: they hold its lock as long as they do."""
    try:
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def answers(state: Path) -> bool:
    """Whether the lab's supervisor is there: it may be dead already while the lab's last processes end."""
    try:
        supervisor_process(state)
    except LabError:
        return False
    return True


def boot(state: Path, version: Version, certificates: KubeletCertificates) -> None:
    """Start the lab with this folder, which must not be there yet, and return when pods can run.

    Raises LabError, with the end of the log of what failed, when a part does not become ready in time. The
    folder with the logs then stays for a look, and nothing runs.
    """
    state.mkdir(mode=0o700, parents=True)  # it holds the keys of the cluster
    (state / "logs").mkdir()
    write_version(state, version)
    write_certificates(state, certificates)
    write_pki(state / "pki")
    try:
        ports = _start_supervisor(state)
        api = Api(port=ports["api_port"], pki=state / "pki")
        _start_components(state, api)
    except BaseException:
        cgroups.end(state)
        raise
    (state / READY).write_text(json.dumps(ports | {"ready_since": time.time()}))


def end(state: Path) -> None:
    """End the lab with this folder, whatever state it is in, and remove all that is left of it.

    Raises LabError when a process of it does not die.
    """
    cgroups.end(state)
    wait_until(lambda: not is_alive(state), f"lab {state.name} does not end", seconds=_SECONDS_TO_END)
    remove_tree(state)


def wait_until(condition: Callable[[], bool], otherwise: str, *, seconds: float) -> None:
    """Wait for a condition. Raises LabError with the words `otherwise` when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{otherwise} within {seconds:.0f} s")
        time.sleep(0.1)


def load_image(state: Path, archive: Path) -> None:
    """Import a docker-archive into the lab's containerd. Raises LabError when that fails."""
    with archive.open("rb") as content:
        _ctr(state, "--namespace=k8s.io", "images", "import", "-", stdin=content)


def _start_supervisor(state: Path) -> dict[str, int]:
    with ExitStack() as open_here:
        listeners = [open_here.enter_context(_loopback_listener()) for _ in range(2)]
        api_port, kubelet_port = (listener.getsockname()[1] for listener in listeners)
        write_configuration(state, api_port=api_port)
        lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        open_here.callback(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _start_keeper(state, lock, [listener.fileno() for listener in listeners])
    _wait_for(state, SUPERVISOR, lambda: answers(state))
    return {"api_port": api_port, "kubelet_port": kubelet_port}


def _loopback_listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _start_keeper(state: Path, lock: int, listeners: list[int]) -> None:
    command = [sys.executable, "-m", "lab.keeper", str(state), str(binaries(read_version(state))), *map(str, listeners)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    with (state / "logs" / f"{SUPERVISOR}.log").open("w") as log:
        started = subprocess.run(
            command,
            pass_fds=(lock, *listeners),
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    if started.returncode:
        raise _with_log(state, SUPERVISOR, "the lab's namespaces cannot be made")


def _start_components(state: Path, api: Api) -> None:
    for component in ("etcd", "containerd", FORWARDER, "apiserver"):
        request(state, do="start", component=component)
    with ThreadPoolExecutor(max_workers=1) as pool:
        loading = pool.submit(_load_own_images, state)
        _wait_for(state, "apiserver", api.ready)
        _wait_for(state, "containerd", lambda: _containerd_answers(state))
        for component in ("controller-manager", "scheduler", "kubelet", "proxy"):
            request(state, do="start", component=component)
        _wait_for(state, "kubelet", lambda: api.node_ready(NODE))
        _wait_for(state, "controller-manager", api.has_default_account)
        loading.result()


def _load_own_images(state: Path) -> None:
    _wait_for(state, "containerd", lambda: _containerd_answers(state))
    for archive in (images.pause_archive(), images.archive(images.DEMO)):
        load_image(state, archive)


def _wait_for(state: Path, component: str, condition: Callable[[], bool]) -> None:
    def ready_or_dead() -> bool:
        return condition() or not is_alive(state) or _has_ended(state, component)

    try:
        wait_until(ready_or_dead, f"{component} did not become ready", seconds=_SECONDS_TO_READY)
    except LabError as error:
        raise _with_log(state, component, str(error)) from error
    if not condition():
        raise _with_log(state, component, f"{component} ended")


def _with_log(state: Path, component: str, what: str) -> LabError:
    log = state / "logs" / f"{component}.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    tail = [line[:_WIDTH_OF_LOG] for line in lines[-_LINES_OF_LOG:]]
    return LabError("\n".join([f"{what}; its log {log} ends with:", *tail]))


def _has_ended(state: Path, component: str) -> bool:
    return component != SUPERVISOR and request(state, do="report")["components"].get(component, "").startswith("ended")


def _containerd_answers(state: Path) -> bool:
    try:
        _ctr(state, "version")
    except LabError:
        return False
    return True


def _ctr(state: Path, *arguments: str, stdin: BinaryIO | None = None) -> None:
    """Run the client of the lab's containerd: its own where it has one, as with the daemon."""
    inside = ("nsenter", f"--target={supervisor_process(state)}", "--mount")
    run([*inside, "ctr", *arguments], stdin=stdin, environment={"PATH": f"{PROGRAMS}:{os.environ['PATH']}"})
