"""The Go modules that the lab's programs come from: the pinned one, and those of another Kubernetes."""

import json
import shutil
from pathlib import Path
from typing import Any

from lab.cache import cache_root, key_of, made
from lab.errors import LabError, run
from lab.progress import step
from lab.versions import PINNED, Version

MODULE = Path(__file__).parent / "go"
HYPER = "./hyper"
ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}
_KUBERNETES = "k8s.io/kubernetes"
_ETCD, _ETCD_CLIENT = "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/client/v3"
_STAGED = "v0.0.0"  # how Kubernetes requires the libraries that live in its own repository
_EXAMPLES = "k8s.io/sample-"  # staged too, used by none of its programs, and not always to be had
_FORM = "1"  # of what `_resolve` does: raise it when that changes


def kubernetes_module(version: Version) -> Path:
    """Return the folder of the Go module that has `HYPER` with this Kubernetes.

    The pinned one lies beside this file with its checksums. Another is resolved once into the cache, with the libraries
    and the etcd that the release itself names; Go's checksum database vouches for them, where it is in use.
    Raises LabError when there is no such release.
    """
    if version == PINNED:
        return MODULE
    sources = sorted((MODULE / HYPER).glob("*.go"))
    key = key_of(version.tag, *sources, _FORM)
    return made(cache_root() / "modules" / key, lambda folder: _resolve(version, folder))


def requirements_of(version: Version, release: dict[str, Any]) -> list[str]:
    """Return what a module of this Kubernetes requires, from the release's own go.mod as `go mod edit -json` has it."""
    required = {each["Path"]: each["Version"] for each in release["Require"]}
    staged = [path for path, tag in required.items() if tag == _STAGED and not path.startswith(_EXAMPLES)]
    return [
        f"{_KUBERNETES}@{version.tag}",
        f"{_ETCD}@{required[_ETCD_CLIENT]}",
        *(f"{path}@{version.library_tag}" for path in staged),
    ]


def _resolve(version: Version, folder: Path) -> None:
    with step(f"Resolving the Go modules of Kubernetes {version}"):
        release = _release(version)
        shutil.copytree(MODULE / HYPER, folder / HYPER)
        (folder / "go.mod").write_text(f"module probetuner.dev/lab\n\ngo {release['Go']}\n")
        required = [f"-require={each}" for each in requirements_of(version, release)]
        run(["go", "mod", "edit", *required], folder=folder, environment=ENVIRONMENT)
        # Only what is compiled: `go mod tidy` would want the tests of every dependency too.
        run(["go", "list", "-mod=mod", "-deps", HYPER], folder=folder, environment=ENVIRONMENT)


def _release(version: Version) -> dict[str, Any]:
    wanted = f"{_KUBERNETES}@{version.tag}"
    try:
        found = json.loads(run(["go", "mod", "download", "-json", wanted], environment=ENVIRONMENT, folder=Path("/")))
    except LabError as error:
        raise LabError(f"there is no Go module {wanted}; choose another LAB_KUBERNETES\n{error}") from error
    release: dict[str, Any] = json.loads(run(["go", "mod", "edit", "-json", found["GoMod"]], environment=ENVIRONMENT))
    return release
