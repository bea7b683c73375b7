"""The cluster that the stories play on: the lab, or the one that kubectl points at."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab import KubeletCertificates, Lab, LabError, images, operator_image
from lab.errors import run


class DemoError(Exception):
    """What kept the demonstration from its end, in a sentence for a person, with the next step where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """How to reach a cluster, and what its pods run. `pull_policy` is Kubernetes' imagePullPolicy."""

    kubectl_program: str
    helm_program: str
    operator_image: str
    demo_image: str
    pull_policy: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return what it printed. Raises LabError with its words when it fails."""
        return run([self.kubectl_program, *arguments], stdin=stdin, environment=self.environment)

    def helm(self, *arguments: str) -> str:
        """Run helm and return what it printed. Raises LabError with its words when it fails."""
        return run([self.helm_program, *arguments], environment=self.environment)

    def get(self, *arguments: str) -> Any:
        """Return the JSON that `kubectl get` gives."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def apply(self, documents: Iterable[Mapping[str, Any]], *, namespace: str) -> None:
        """Have these objects in the namespace."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.kubectl("apply", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(listed))


def lab_cluster(lab: Lab, certificates: KubeletCertificates | None = None) -> Cluster:
    """Bring the lab up if it is not, with the operator's image of this checkout in it."""
    lab.up(certificates)
    lab.load_image(operator_image.build())
    return of_lab(lab)


def of_lab(lab: Lab) -> Cluster:
    """Take a lab that is up as it is, whether or not it has the operator's image."""
    return Cluster(
        kubectl_program=str(lab.binaries / "kubectl"),
        helm_program=str(lab.binaries / "helm"),
        operator_image=operator_image.NAME,
        demo_image=images.DEMO.name,
        pull_policy="Never",
        environment=lab.environment(),
    )


def current_cluster(*, image: str, demo_image: str) -> Cluster:
    """Take the cluster of the present kubectl context. Raises DemoError when something for it is missing."""
    if not image or not demo_image:
        raise DemoError(_HOW_TO_GIVE_IMAGES)
    cluster = Cluster(
        kubectl_program=_program("kubectl"),
        helm_program=_program("helm"),
        operator_image=image,
        demo_image=demo_image,
        pull_policy="IfNotPresent",
    )
    try:
        cluster.kubectl("get", "namespace", "default", "--request-timeout=10s")
    except LabError as error:
        raise DemoError(f"the present kubectl context reaches no cluster: {error}") from error
    return cluster


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DemoError(f"{name} is not on PATH: install it, or run without CLUSTER=current")
    return found


_HOW_TO_GIVE_IMAGES = """\
CLUSTER=current needs two images that the nodes of your cluster can pull, given as IMAGE and DEMO_IMAGE:

  docker build -t REGISTRY/probetuner:dev . && docker push REGISTRY/probetuner:dev
  docker build -t REGISTRY/probetuner-demo:1 demo && docker push REGISTRY/probetuner-demo:1
  make demo CLUSTER=current IMAGE=REGISTRY/probetuner:dev DEMO_IMAGE=REGISTRY/probetuner-demo:1"""
