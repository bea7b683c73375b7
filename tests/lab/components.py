"""The servers of a lab: how each is called, inside the lab's namespaces.

Paths are those that `lab.isolation` lays out. The order is the one in which they are started.
"""

import os
import shutil
import sys
from pathlib import Path

from lab.certificates import KubeletCertificates, read_certificates
from lab.network import API_PORT, KUBELET_PORT, NODE, NODE_ADDRESS, POD_RANGE, SERVICE_RANGE

STATE = Path("/run/lab")
PROGRAMS = Path("/run/programs")
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")
FORWARDER = "forwarder"
# By the number under which the forwarder gets the listening socket; far from those that are open anyway.
_FORWARDED = {100: API_PORT, 101: KUBELET_PORT}
_PKI = STATE / "pki"
_ETCD = "http://127.0.0.1:2379"


def _etcd() -> list[str]:
    return [
        f"{PROGRAMS}/etcd",
        f"--data-dir={STATE}/etcd",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",  # nothing in a lab outlives the machine
    ]


def _apiserver() -> list[str]:
    return [
        f"{PROGRAMS}/kube-apiserver",
        f"--etcd-servers={_ETCD}",
        f"--bind-address={NODE_ADDRESS}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={_PKI}/apiserver.crt",
        f"--tls-private-key-file={_PKI}/apiserver.key",
        f"--client-ca-file={_PKI}/ca.crt",
        f"--service-account-key-file={_PKI}/sa.pub",
        f"--service-account-signing-key-file={_PKI}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--kubelet-client-certificate={_PKI}/apiserver-kubelet.crt",
        f"--kubelet-client-key={_PKI}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        *_kubelet_authority(),
        *_aggregation(),
    ]


def _kubelet_authority() -> list[str]:
    """As kubeadm does: without an authority that signed them the API server takes whatever kubelets serve."""
    signed = read_certificates(STATE) is KubeletCertificates.CLUSTER
    return [f"--kubelet-certificate-authority={_PKI}/ca.crt"] if signed else []


def _aggregation() -> list[str]:
    return [
        f"--requestheader-client-ca-file={_PKI}/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={_PKI}/front-proxy.crt",
        f"--proxy-client-key-file={_PKI}/front-proxy.key",
    ]


def _controller_manager() -> list[str]:
    return [
        f"{PROGRAMS}/kube-controller-manager",
        f"--kubeconfig={STATE}/controller-manager.kubeconfig",
        f"--service-account-private-key-file={_PKI}/sa.key",
        f"--root-ca-file={_PKI}/ca.crt",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--cert-dir={STATE}/controller-manager",
    ]


def _scheduler() -> list[str]:
    kubeconfig = f"{STATE}/scheduler.kubeconfig"
    return [
        f"{PROGRAMS}/kube-scheduler",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
    ]


def _containerd() -> list[str]:
    found = shutil.which("containerd", path=f"{PROGRAMS}:{os.environ['PATH']}")  # its own goes first, if it has one
    return [found or "containerd", f"--config={STATE}/containerd.toml"]


def _kubelet() -> list[str]:
    return [
        f"{PROGRAMS}/kubelet",
        f"--config={STATE}/kubelet.yaml",
        f"--kubeconfig={STATE}/kubelet.kubeconfig",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
        f"--root-dir={STATE}/kubelet",
        f"--cert-dir={STATE}/kubelet-pki",  # where it puts the certificate that it makes itself
    ]


def _proxy() -> list[str]:
    return [
        f"{PROGRAMS}/kube-proxy",
        f"--kubeconfig={STATE}/proxy.kubeconfig",
        f"--hostname-override={NODE}",
        f"--cluster-cidr={POD_RANGE}",
        "--proxy-mode=iptables",
        # 0 leaves the connection tracking limits alone, which belong to the whole machine
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ]


def _forwarder() -> list[str]:
    routes = [f"{descriptor}={NODE_ADDRESS}:{port}" for descriptor, port in _FORWARDED.items()]
    return [sys.executable, "-m", "lab.forwarder", *routes]


def handed_descriptors(listeners: list[int]) -> dict[int, int]:
    """Return under which number the forwarder gets each listening socket: the API's, then the kubelet's."""
    return dict(zip(listeners, _FORWARDED, strict=True))


COMPONENTS = {
    "etcd": _etcd,
    "containerd": _containerd,
    FORWARDER: _forwarder,
    "apiserver": _apiserver,
    "controller-manager": _controller_manager,
    "scheduler": _scheduler,
    "kubelet": _kubelet,
    "proxy": _proxy,
}
