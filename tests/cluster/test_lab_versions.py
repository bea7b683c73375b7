"""Which Kubernetes a lab is: what may be asked for, and what is built, installed and configured for it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Lab, LabError
from lab.binaries import packages_of, runtime_of
from lab.certificates import KubeletCertificates, write_certificates
from lab.configuration import write_configuration
from lab.modules import MODULE, requirements_of
from lab.requirements import programs_for
from lab.versions import PINNED, VARIABLE, Version, chosen, write_version


@pytest.mark.parametrize("written", ["1.37.2", "v1.37.2"])
def test_a_version_is_read_as_people_and_tags_write_it(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    """With the v of Go's and git's tags or without it."""
    monkeypatch.setenv(VARIABLE, written)

    assert str(chosen()) == "1.37.2"


@pytest.mark.parametrize("written", ["1.37", "2.0.1", "1.37.2-rc.0", "latest", "1.37.2 "])
def test_what_is_no_release_is_refused_with_an_example(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    """A line of releases, another major version and what is not released yet are not guessed at."""
    monkeypatch.setenv(VARIABLE, written)

    with pytest.raises(LabError, match=r"no release of Kubernetes: give all three numbers, as in LAB_KUBERNETES=1\."):
        chosen()


def test_what_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the lab are not written for it."""
    monkeypatch.setenv(VARIABLE, "1.29.14")

    with pytest.raises(LabError, match=r"Kubernetes 1\.30 and later, not 1\.29\.14"):
        chosen()


@pytest.mark.parametrize("written", [None, ""])
def test_nobody_has_to_choose(monkeypatch: pytest.MonkeyPatch, written: str | None) -> None:
    """Without the variable, or with an empty one, a lab is what the module beside it pins."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if written is not None:
        monkeypatch.setenv(VARIABLE, written)

    assert chosen() == PINNED
    assert f"k8s.io/kubernetes {PINNED.tag}\n" in (MODULE / "go.mod").read_text()


def test_the_pinned_one_is_compiled_with_all_that_stands_beside_it() -> None:
    """One module, in which Kubernetes, helm and the pause process share what they have in common."""
    assert packages_of(PINNED) == [(MODULE, ("./hyper", "./pause", "helm.sh/helm/v3/cmd/helm"))]


@pytest.mark.parametrize("version", [Version(30, 14), PINNED])
def test_up_to_1_35_the_machines_runtime_serves(version: Version) -> None:
    """Nothing of it is compiled, and Debian's packages are asked for."""
    assert runtime_of(version) == ()
    assert programs_for(version)["runc"] == "runc"
    assert "gcc" not in programs_for(version)


@pytest.mark.parametrize("version", [Version(36, 3), Version(37, 2)])
def test_from_1_36_on_the_lab_brings_its_runtime(version: Version) -> None:
    """The daemon, its shim and client, and runc; of the machine only a C compiler is wanted for them."""
    built = [package.rpartition("@")[0].rpartition("/")[2] for package in runtime_of(version)]

    assert built == ["containerd", "containerd-shim-runc-v2", "ctr", "runc"]
    assert "containerd" not in programs_for(version)
    assert programs_for(version)["gcc"] == "build-essential"


def test_another_kubernetes_comes_with_the_libraries_and_the_etcd_that_it_names() -> None:
    """Its own libraries have its number; examples, which may not be to be had, are not asked for."""
    release = {
        "Require": [
            {"Path": "github.com/spf13/cobra", "Version": "v1.10.1"},
            {"Path": "go.etcd.io/etcd/client/v3", "Version": "v3.7.0"},
            {"Path": "k8s.io/api", "Version": "v0.0.0"},
            {"Path": "k8s.io/klog/v2", "Version": "v2.140.0"},
            {"Path": "k8s.io/sample-apiserver", "Version": "v0.0.0"},
        ]
    }

    assert requirements_of(Version(37, 2), release) == [
        "k8s.io/kubernetes@v1.37.2",
        "go.etcd.io/etcd/server/v3@v3.7.0",
        "k8s.io/api@v0.37.2",
    ]


@pytest.mark.parametrize(
    ("version", "told"), [(Version(30, 14), False), (Version(31, 0), True), (Version(37, 2), True)]
)
def test_a_kubelet_is_told_to_stay_on_cgroup_v1_where_it_understands(
    tmp_path: Path, version: Version, *, told: bool
) -> None:
    """Later ones would not start on such a machine, earlier ones refuse a field that they do not know."""
    configuration = _kubelet(tmp_path, version)

    assert ("failCgroupV1" in configuration) is told
    assert not configuration.get("failCgroupV1")


def test_a_lab_stays_what_it_was_started_as(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its kubectl is its own, whatever a shell chooses for the next lab; one that is not there is what it would be."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, "1.37.2")
    lab = Lab("here")
    lab.state.mkdir(parents=True)
    write_version(lab.state, PINNED)

    assert lab.version == PINNED
    assert Lab("not-here").version == Version(37, 2)


def _kubelet(state: Path, version: Version) -> dict[str, Any]:
    pki = state / "pki"
    pki.mkdir()
    for name in ("ca", "admin", "kubelet", "controller-manager", "scheduler", "proxy"):
        for kind in ("crt", "key"):
            (pki / f"{name}.{kind}").write_text(name)
    write_version(state, version)
    write_certificates(state, KubeletCertificates.CLUSTER)
    write_configuration(state, api_port=6443)
    found: dict[str, Any] = yaml.safe_load((state / "kubelet.yaml").read_text())
    return found
