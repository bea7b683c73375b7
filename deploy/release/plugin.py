"""The plugin for kubectl: an archive, and the manifest by which krew installs it."""

import hashlib
from pathlib import Path
from typing import Any

import yaml

from release.archives import Entry, pack

_LAUNCHER = Path(__file__).with_name("kubectl-probetuner")
_DESCRIPTION = (
    "Finds out which restarts and flaps of your workloads their probes caused, and recommends better probes: from one "
    "look at the cluster, a recording, a dump or manifests. Its Helm chart installs the operator, which watches for "
    "longer."
)
_CAVEATS = (
    "It needs Python 3.11 or later with venv. "
    "The first call installs the packages that it needs into your cache folder."
)


def pack_plugin(target: Path, *, wheel: Path, lock: bytes, licence: bytes, version: str, epoch: int) -> None:
    """Pack the launcher with what it installs at its first call."""
    launcher = _LAUNCHER.read_bytes().replace(b"VERSION", version.encode())
    entries = {
        "kubectl-probetuner": Entry(content=launcher, executable=True),
        wheel.name: Entry(content=wheel.read_bytes()),
        "requirements.lock": Entry(content=lock),
        "LICENSE": Entry(content=licence),
    }
    pack(target, entries, epoch=epoch)


def manifest(archive: Path, *, url: str, version: str) -> str:
    """Return the manifest by which krew installs the packed plugin, which will be found below *url*."""
    body: dict[str, Any] = {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "probetuner"},
        "spec": {
            "version": f"v{version}",
            "shortDescription": "Tell what probes did to workloads, and tune them",
            "description": _DESCRIPTION,
            "caveats": _CAVEATS,
            "platforms": [
                {
                    "selector": {"matchExpressions": [{"key": "os", "operator": "In", "values": ["darwin", "linux"]}]},
                    "uri": f"{url}/{archive.name}" if url else archive.name,
                    "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
                    "bin": "kubectl-probetuner",
                }
            ],
        },
    }
    return yaml.safe_dump(body, sort_keys=False, width=120)
