"""The configuration files of a lab's servers, and the kubeconfig for people."""

import base64
import json
from pathlib import Path
from typing import Any

import yaml

from lab.certificates import KubeletCertificates, read_certificates
from lab.components import CONTAINERD_SOCKET, STATE
from lab.images import PAUSE
from lab.network import API_PORT, DNS_ADDRESS, NODE_ADDRESS, POD_RANGE
from lab.versions import Version, read_version

_CNI_PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
# The second form: containerd 1 knows no later one, and containerd 2 translates it.
_CONTAINERD = """
version = 2
root = "{state}/containerd"
state = "/run/containerd/state"
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true  # CAP_SYS_RESOURCE may be missing
  sandbox_image = "{pause}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_plugins}"
    conf_dir = "{state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
_INTERNAL = ("controller-manager", "scheduler", "proxy", "kubelet")


def cni_plugins() -> Path | None:
    """Return the folder where this machine has the CNI plugins, if it has them."""
    return next((folder for folder in _CNI_PLUGINS if (folder / "bridge").exists()), None)


def write_configuration(state: Path, *, api_port: int) -> None:
    """Write all files into the lab's folder; `api_port` is where the machine's loopback leads to the API."""
    for user in _INTERNAL:
        server = f"https://{NODE_ADDRESS}:{API_PORT}"
        _write(state / f"{user}.kubeconfig", _kubeconfig(state.name, server, state / "pki", user))
    outside = _kubeconfig(state.name, f"https://127.0.0.1:{api_port}", state / "pki", "admin")
    (state / "kubeconfig").touch(mode=0o600)
    _write(state / "kubeconfig", outside)
    _write(state / "kubelet.yaml", _kubelet(read_version(state), read_certificates(state)))
    (state / "cni").mkdir()
    (state / "cni" / "10-lab.conflist").write_text(json.dumps(_cni()))
    (state / "containerd.toml").write_text(
        _CONTAINERD.format(state=STATE, socket=CONTAINERD_SOCKET, pause=PAUSE, cni_plugins=cni_plugins())
    )


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False))


def _kubeconfig(lab: str, server: str, pki: Path, user: str) -> dict[str, Any]:
    def embedded(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    name = f"probetuner-lab-{lab}"
    credentials = {
        "client-certificate-data": embedded(f"{user}.crt"),
        "client-key-data": embedded(f"{user}.key"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": embedded("ca.crt")}}],
        "users": [{"name": name, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def _kubelet(version: Version, certificates: KubeletCertificates) -> dict[str, Any]:
    pki = STATE / "pki"
    files = {"tlsCertFile": f"{pki}/kubelet.crt", "tlsPrivateKeyFile": f"{pki}/kubelet.key"}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        **(files if certificates is KubeletCertificates.CLUSTER else {}),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        **({"failCgroupV1": False} if version.knows_fail_cgroup_v1 else {}),
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        # Nobody answers there. Without the setting each sync of a pod emits MissingClusterDNS, which uses up
        # the pod's budget of Warning events and hides the probes' own.
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "maxPods": 250,
    }


def _cni() -> dict[str, Any]:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": f"{STATE}/addresses",
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "lab", "plugins": [bridge, portmap]}
