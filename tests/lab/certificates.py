"""Who signs what a lab's kubelet serves: the lab's authority, or the kubelet itself."""

from enum import StrEnum
from pathlib import Path

_FILE = "kubelet-certificates"


class KubeletCertificates(StrEnum):
    """SELF_SIGNED is what kind, kubeadm, minikube and Talos leave kubelets with, and then nobody can check them."""

    CLUSTER = "cluster"
    SELF_SIGNED = "self-signed"


def write_certificates(state: Path, certificates: KubeletCertificates) -> None:
    """Note it in the lab's folder."""
    (state / _FILE).write_text(certificates)


def read_certificates(state: Path) -> KubeletCertificates:
    """What `write_certificates` noted."""
    return KubeletCertificates((state / _FILE).read_text())
