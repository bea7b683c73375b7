"""The programs of the lab, compiled from the pinned Go module beside this file.

One multi-call program is etcd, the control plane, the kubelet, kube-proxy and kubectl; helm and the pause
process come from the same module, so that what they share is compiled once.
"""

import functools
import os
import subprocess
from pathlib import Path

from lab.cache import cache_root, key_of, made
from lab.errors import LabError, run
from lab.progress import Step, step

KUBERNETES_VERSION = "v1.35.4"
HELM_VERSION = "v3.19.5"
MODULE = Path(__file__).parent / "go"
PACKAGES = ("./hyper", "./pause", "helm.sh/helm/v3/cmd/helm")
CALLED_BY_NAME = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
)
_MINOR = KUBERNETES_VERSION.split(".")[1]
_LINKED = {
    "k8s.io/component-base/version.gitVersion": KUBERNETES_VERSION,
    "k8s.io/component-base/version.gitMajor": "1",
    "k8s.io/component-base/version.gitMinor": _MINOR,
    "k8s.io/client-go/pkg/version.gitVersion": KUBERNETES_VERSION,
    "helm.sh/helm/v3/internal/version.version": HELM_VERSION,
    "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": _MINOR,
    "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": _MINOR,
}
_LDFLAGS = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in _LINKED.items())])
_FLAGS = ("-mod=readonly", "-buildvcs=false", "-trimpath", f"-ldflags={_LDFLAGS}")
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}


@functools.cache
def binaries() -> Path:
    """Return the folder with kubectl, helm, pause and the servers, compiled first if need be.

    The first time takes about ten minutes of two cores; afterwards the folder is found in the cache, under
    a key of the Go sources, the pinned modules and the version of Go.
    Raises LabError when the compiler fails.
    """
    return made(cache_root() / "binaries" / _key(), _build)


def _key() -> str:
    sources = sorted(path for path in MODULE.rglob("*") if path.suffix in {".go", ".mod", ".sum"})
    version = run(["go", "env", "GOVERSION", "GOOS", "GOARCH"], folder=MODULE, environment=_ENVIRONMENT)
    return key_of(version, _LDFLAGS, *PACKAGES, *sources)


def _build(target: Path) -> None:
    with step("Downloading the pinned Go modules"):
        stale = _stale()
    with step("Compiling Kubernetes, kubectl and helm", note="the first time takes about ten minutes") as compiling:
        _compile(target, compiling, packages=stale)
    for name in CALLED_BY_NAME:
        (target / name).symlink_to("hyper")


def _stale() -> int:
    listed = run(
        ["go", "list", *_FLAGS, "-deps", "-f", "{{.Stale}}", *PACKAGES],
        folder=MODULE,
        environment=_ENVIRONMENT,
    )
    return listed.split().count("true")


def _compile(target: Path, compiling: Step, *, packages: int) -> None:
    with subprocess.Popen(
        ["go", "build", "-v", *_FLAGS, "-o", f"{target}/", *PACKAGES],
        cwd=MODULE,
        env={**os.environ, **_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as compiler:
        assert compiler.stderr is not None
        said = [line.rstrip() for line in compiling.each(compiler.stderr, of=packages)]
    if compiler.returncode:
        raise LabError("go build failed:\n" + "\n".join(said[-20:]))
