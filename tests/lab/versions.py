"""Which Kubernetes a lab is: the pinned one, or the one that `LAB_KUBERNETES` names."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

VARIABLE = "LAB_KUBERNETES"
_FILE = "kubernetes-version"
_WRITTEN = re.compile(r"v?1\.(\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release of Kubernetes 1."""

    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read `1.37.2` or `v1.37.2`. Raises LabError for anything else: a release is wanted, not a line of them."""
        if found := _WRITTEN.fullmatch(text):
            return cls(int(found[1]), int(found[2]))
        raise LabError(f"{text!r} is no release of Kubernetes: give all three numbers, as in {VARIABLE}={PINNED}")

    def __str__(self) -> str:
        return f"1.{self.minor}.{self.patch}"

    @property
    def tag(self) -> str:
        """As the module `k8s.io/kubernetes` is tagged; programs name themselves so too."""
        return f"v{self}"

    @property
    def library_tag(self) -> str:
        """As what Kubernetes is made of is tagged: `k8s.io/api` and its kin."""
        return f"v0.{self.minor}.{self.patch}"

    @property
    def brings_runtime(self) -> bool:
        """Whether containerd and runc are built for it, instead of taken from the machine.

        Without the CRI's RuntimeConfig, which came with containerd 2.0, kubelets of 1.36 and 1.37 fall back to their
        own configuration, and count in `kubelet_cri_losing_support` that 1.38 does not (cmd/kubelet/app/server.go,
        getCgroupDriverFromCRI). Their makers try them with containerd 2 only.
        """
        return self.minor >= _CONTAINERD_2

    @property
    def knows_fail_cgroup_v1(self) -> bool:
        """Whether a kubelet has to be told to stay on cgroup v1; earlier ones refuse the field."""
        return self.minor >= _FAIL_CGROUP_V1


PINNED = Version(35, 4)
"""The one in `go/go.mod`, whose modules have their checksums there."""
OLDEST = Version(30, 0)
"""What the programs in `go/hyper` and the servers' flags are written for."""
_CONTAINERD_2 = 36
_FAIL_CGROUP_V1 = 31


def chosen() -> Version:
    """Return the version that a new lab gets. Raises LabError when `LAB_KUBERNETES` names none that it can be."""
    version = Version.parse(text) if (text := os.environ.get(VARIABLE)) else PINNED
    if version < OLDEST:
        raise LabError(f"the lab runs Kubernetes 1.{OLDEST.minor} and later, not {version}: set {VARIABLE} to one")
    return version


def write_version(state: Path, version: Version) -> None:
    """Note in the lab's folder what it runs."""
    (state / _FILE).write_text(f"{version}")


def read_version(state: Path) -> Version:
    """What `write_version` noted; of a lab that is not there, what it would be."""
    noted = state / _FILE
    return Version.parse(noted.read_text()) if noted.exists() else chosen()
