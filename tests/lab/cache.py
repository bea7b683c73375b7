"""Results of long steps, kept outside the checkout under a key of what they were made from."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError


def cache_root() -> Path:
    """Where everything lies that can be made again: `$XDG_CACHE_HOME/probetuner/lab`."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state_root() -> Path:
    """Where each lab that is up has its folder: `$XDG_STATE_HOME/probetuner/lab`."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def key_of(*parts: str | bytes | Path) -> str:
    """A short key that changes when any of the parts does; a Path stands for the content of its file."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part
        content = content.encode() if isinstance(content, str) else content
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:16]


def made(path: Path, make: Callable[[Path], None]) -> Path:
    """Return `path`, first made by `make(folder)` if it is not there.

    `make` fills an empty folder, which takes the name `path` only when it is whole. Two processes
    that want the same path make it once: the second one waits for the first.
    """
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(path.name + ".lock")):
        if not path.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
            try:
                make(unfinished)
                unfinished.chmod(0o755)
                unfinished.rename(path)
            finally:
                remove_tree(unfinished)
    return path


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that is in it, but never what is mounted below it.

    Raises LabError, and removes nothing, when anything is mounted there.
    """
    if not folder.exists():
        return
    mounted = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    below = [point for point in mounted if Path(point).is_relative_to(folder.resolve())]
    if below:
        raise LabError(f"{below[0]} is still mounted: unmount it, then remove {folder}")
    shutil.rmtree(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever has it; the kernel lets go when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _xdg(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / fallback) / "probetuner" / "lab"
