"""What the lab needs of the machine: checked before anything else, installed where that is possible."""

import os
import re
import shutil
from pathlib import Path

from lab.configuration import cni_plugins
from lab.errors import LabError, run
from lab.progress import step
from lab.versions import Version

_PACKAGE_OF = {
    "iptables": "iptables",
    "iptables-restore": "iptables",
    "ip": "iproute2",
    "sysctl": "procps",
    "mmdebstrap": "mmdebstrap",
    "openssl": "openssl",
    "buildah": "buildah",
}
_RUNTIME = {"containerd": "containerd", "ctr": "containerd", "runc": "runc"}
# To compile runc: C, and what its pkg-config has to find.
_TO_COMPILE_RUNTIME = {"gcc": "build-essential", "pkg-config": "pkg-config"}
_SECCOMP_PACKAGE = "libseccomp-dev"
_CNI_PACKAGE = "containernetworking-plugins"
_GO = "golang-go"
_OLDEST_GO = (1, 21)  # the first that fetches the version which a module asks for by itself


def require(version: Version) -> None:
    """Make sure that everything a lab of this Kubernetes needs is there, as root on Debian by installing it.

    What is already there is used, whoever provided it: Docker's own containerd serves as well as Debian's.
    Raises LabError with the exact command for a person otherwise.
    """
    if os.geteuid():
        raise LabError("the lab makes namespaces and mounts, which needs root: run the command again with sudo")
    if missing := _missing(version):
        _install(missing)
    if still := _missing(version):
        raise LabError(f"still missing after the installation: {_named(still)}")


def programs_for(version: Version) -> dict[str, str]:
    """Return the programs of the machine that a lab of this Kubernetes calls, each with its Debian package."""
    return _PACKAGE_OF | (_TO_COMPILE_RUNTIME if version.brings_runtime else _RUNTIME)


def _missing(version: Version) -> set[str]:
    packages = {package for program, package in programs_for(version).items() if not shutil.which(program)}
    if version.brings_runtime and not _has_seccomp():
        packages.add(_SECCOMP_PACKAGE)
    if not cni_plugins():
        packages.add(_CNI_PACKAGE)
    if not _go_is_new_enough():
        packages.add(_GO)
    return packages


def _has_seccomp() -> bool:
    try:
        run(["pkg-config", "--exists", "libseccomp"])
    except LabError:
        return False
    return True


def _go_is_new_enough() -> bool:
    if not shutil.which("go"):
        return False
    return _version(run(["go", "version"], folder=Path("/"))) >= _OLDEST_GO


def _version(said: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else (0,)


def _install(packages: set[str]) -> None:
    command = f"apt-get install --yes --no-install-recommends {_named(packages)}"
    if not shutil.which("apt-get"):
        raise LabError(f"missing: {_named(packages)} (the names of Debian's packages). Install them and try again")
    with step(f"Installing Debian packages: {_named(packages)}"):
        run(["apt-get", "update"])
        if _GO in packages and _version(run(["apt-cache", "show", "--no-all-versions", _GO])) < _OLDEST_GO:
            raise LabError(
                f"Go {_dotted(_OLDEST_GO)} or later is missing and this Debian's is older: install Go from Debian's "
                "backports or its makers, put it on PATH and try again"
            )
        try:
            run(command.split(), environment={"DEBIAN_FRONTEND": "noninteractive"})
        except LabError as error:
            raise LabError(f"installing what is missing failed; try it by hand: {command}\n{error}") from error


def _named(packages: set[str]) -> str:
    return " ".join(sorted(packages))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
