"""The programs of the lab, compiled from Go modules.

One multi-call program is etcd, the control plane, the kubelet, kube-proxy and kubectl. Helm and the pause process come
from the pinned module beside this file, whatever Kubernetes the lab is: with the pinned one they share most of what is
compiled. A version that brings its container runtime gets containerd, its shim, ctr and runc as well.
"""

import functools
import os
import subprocess
from pathlib import Path

from lab.cache import cache_root, key_of, made
from lab.errors import LabError, run
from lab.modules import ENVIRONMENT, HYPER, MODULE, kubernetes_module
from lab.progress import Step, step
from lab.versions import Version, chosen

HELM_VERSION = "v3.19.5"
_CONTAINERD_VERSION = "v2.4.2"
_RUNC_VERSION = "v1.5.2"
_BESIDE = ("./pause", "helm.sh/helm/v3/cmd/helm")
CALLED_BY_NAME = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
)
_CONTAINERD = "github.com/containerd/containerd/v2"
_RUNTIME = tuple(
    f"{_CONTAINERD}/cmd/{name}@{_CONTAINERD_VERSION}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")
)
_RUNC = f"github.com/opencontainers/runc@{_RUNC_VERSION}"
_REPRODUCIBLE = ("-buildvcs=false", "-trimpath")


def binaries(version: Version | None = None) -> Path:
    """Return the folder with kubectl, helm, pause and the servers, compiled first if need be.

    Without a version it is the one that a new lab gets. The first time takes about ten minutes of two cores; afterwards
    the folder is found in the cache, under a key of the Go sources, the modules and the version of Go.
    Raises LabError when the compiler fails.
    """
    return _binaries(version or chosen())


@functools.cache
def _binaries(version: Version) -> Path:
    return made(cache_root() / "binaries" / _key(version), lambda target: _build(version, target))


def packages_of(version: Version) -> list[tuple[Path, tuple[str, ...]]]:
    """Return what is compiled for a Kubernetes: modules' folders, each with its packages."""
    module = kubernetes_module(version)
    if module == MODULE:
        return [(MODULE, (HYPER, *_BESIDE))]
    return [(module, (HYPER,)), (MODULE, _BESIDE)]


def runtime_of(version: Version) -> tuple[str, ...]:
    """Return the programs of the container runtime that are compiled for a Kubernetes, as `go install` takes them."""
    return (*_RUNTIME, _RUNC) if version.brings_runtime else ()


def _key(version: Version) -> str:
    sources = sorted(path for path in MODULE.rglob("*") if path.suffix in {".go", ".mod", ".sum"})
    go = run(["go", "env", "GOVERSION", "GOOS", "GOARCH"], folder=MODULE, environment=ENVIRONMENT)
    return key_of(go, _linked(version), HYPER, *_BESIDE, *runtime_of(version), *sources)


def _linked(version: Version) -> str:
    values = {
        "k8s.io/component-base/version.gitVersion": version.tag,
        "k8s.io/component-base/version.gitMajor": "1",
        "k8s.io/component-base/version.gitMinor": version.minor,
        "k8s.io/client-go/pkg/version.gitVersion": version.tag,
        "helm.sh/helm/v3/internal/version.version": HELM_VERSION,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": version.minor,
        "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": version.minor,
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in values.items())])


def _build(version: Version, target: Path) -> None:
    flags = ("-mod=readonly", *_REPRODUCIBLE, f"-ldflags={_linked(version)}")
    with step("Downloading the Go modules"):
        parts = [(module, packages, _stale(module, packages, flags)) for module, packages in packages_of(version)]
    note = "the first time takes about ten minutes"
    with step(f"Compiling Kubernetes {version}, kubectl and helm", note=note) as compiling:
        for module, packages, stale in parts:
            command = ["go", "build", "-v", *flags, "-o", f"{target}/", *packages]
            _compile(module, command, compiling, packages=stale)
    for name in CALLED_BY_NAME:
        (target / name).symlink_to("hyper")
    if version.brings_runtime:
        _build_runtime(target)


def _stale(module: Path, packages: tuple[str, ...], flags: tuple[str, ...]) -> int:
    listed = run(["go", "list", *flags, "-deps", "-f", "{{.Stale}}", *packages], folder=module, environment=ENVIRONMENT)
    return listed.split().count("true")


def _build_runtime(target: Path) -> None:
    named = f"-ldflags=-s -w -X {_CONTAINERD}/version.Version={_CONTAINERD_VERSION}"
    command = ["go", "install", *_REPRODUCIBLE, named]
    environment = {**ENVIRONMENT, "GOBIN": str(target)}
    with step(f"Compiling containerd {_CONTAINERD_VERSION} and runc {_RUNC_VERSION}"):
        run([*command, *_RUNTIME], environment=environment)
        # runc enters namespaces in C, before Go has threads; and pods' seccomp profiles need libseccomp.
        run([*command, "-tags=seccomp", _RUNC], environment={**environment, "CGO_ENABLED": "1"})


def _compile(module: Path, command: list[str], compiling: Step, *, packages: int) -> None:
    with subprocess.Popen(
        command,
        cwd=module,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as compiler:
        assert compiler.stderr is not None
        said = [line.rstrip() for line in compiling.each(compiler.stderr, of=packages)]
    if compiler.returncode:
        raise LabError("go build failed:\n" + "\n".join(said[-20:]))
