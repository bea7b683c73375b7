"""The certificates of a lab: one authority, and who signs in to what, made with openssl.

Names and groups are those that Kubernetes' built-in RBAC rules know:
https://kubernetes.io/docs/setup/best-practices/certificates/
"""

from dataclasses import dataclass
from pathlib import Path

from lab.errors import run
from lab.network import NODE, NODE_ADDRESS, SERVICE_ADDRESS

_CONFIGURATION = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
_ELLIPTIC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    file: str
    subject: str
    alternative_names: str = ""


_IDENTITIES = (
    _Identity(
        file="apiserver",
        subject="/CN=kube-apiserver",
        alternative_names="DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,"
        f"IP:127.0.0.1,IP:{SERVICE_ADDRESS},IP:{NODE_ADDRESS}",
    ),
    _Identity(
        file="kubelet",
        subject=f"/O=system:nodes/CN=system:node:{NODE}",
        alternative_names=f"DNS:{NODE},IP:{NODE_ADDRESS},IP:127.0.0.1",
    ),
    _Identity(file="admin", subject="/O=system:masters/CN=admin"),
    _Identity(file="controller-manager", subject="/CN=system:kube-controller-manager"),
    _Identity(file="scheduler", subject="/CN=system:kube-scheduler"),
    _Identity(file="proxy", subject="/CN=system:kube-proxy"),
    _Identity(file="apiserver-kubelet", subject="/O=system:masters/CN=kube-apiserver-kubelet-client"),
    _Identity(file="front-proxy", subject="/CN=front-proxy-client"),
)


def write_pki(folder: Path) -> None:
    """Write ca.crt and ca.key, NAME.crt and NAME.key of every identity, and the service accounts' sa.key, sa.pub.

    Raises LabError when openssl fails.
    """
    folder.mkdir()
    configuration = folder / "openssl.cnf"
    configuration.write_text(_CONFIGURATION)
    request = ["openssl", "req", "-x509", *_ELLIPTIC, "-config", str(configuration)]
    authority = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=probetuner-lab", "-extensions", "authority"]
    run([*request, *authority], folder=folder)
    for identity in _IDENTITIES:
        run([*request, *_signed(identity)], folder=folder)
    run(["openssl", "genpkey", "-algorithm", "EC", *_ELLIPTIC[2:4], "-out", "sa.key"], folder=folder)
    run(["openssl", "pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub"], folder=folder)


def _signed(identity: _Identity) -> list[str]:
    files = ["-keyout", f"{identity.file}.key", "-out", f"{identity.file}.crt", "-subj", identity.subject]
    names = ["-addext", f"subjectAltName={identity.alternative_names}"] if identity.alternative_names else []
    return [*files, "-CA", "ca.crt", "-CAkey", "ca.key", "-extensions", "leaf", *names]
