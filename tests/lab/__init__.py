"""A real one-node Kubernetes in namespaces of its own, without Docker: `Lab(name).up()`, `.down()`."""

from lab.certificates import KubeletCertificates
from lab.errors import LabError
from lab.lab import Lab

__all__ = ["KubeletCertificates", "Lab", "LabError"]
