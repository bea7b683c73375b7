"""probetuner on the cluster, installed and uninstalled with its own Helm chart."""

import json
from pathlib import Path

from demo import namespaces
from demo.cluster import Cluster, DemoError
from lab import LabError

RELEASE = "probetuner"
CHART = Path(__file__).resolve().parents[1] / "deploy" / "helm" / "probetuner"
SELECTOR = "app.kubernetes.io/name=probetuner"
_SECONDS_TO_READY = 180
_LINES = 40
_STORIES_AT_ONCE = 20


def install(cluster: Cluster, *, namespace: str = namespaces.OPERATOR) -> None:
    """Install the chart with the permission to patch, and wait until the operator is ready.

    Raises DemoError when the cluster has a probetuner already, since a second one only stands by, and when the
    operator does not become ready.
    """
    for release in json.loads(cluster.helm("list", "--all", "--all-namespaces", "--output=json")):
        if release["chart"].startswith("probetuner-"):
            raise DemoError(
                f"this cluster has probetuner already, as {release['name']} in namespace {release['namespace']}, and "
                f"one of two only stands by: `helm uninstall {release['name']} -n {release['namespace']}` first"
            )
    settings = (f"--set={name}={value}" for name, value in _values(cluster).items())
    where = (f"--namespace={namespace}", "--wait", f"--timeout={_SECONDS_TO_READY}s")
    try:
        cluster.helm("install", RELEASE, str(CHART), *where, *settings)
    except LabError as error:
        raise DemoError(f"{error}\nThe operator's last words:\n{last_words(cluster, namespace=namespace)}") from error


def uninstall(cluster: Cluster, *, namespace: str = namespaces.OPERATOR) -> None:
    """Uninstall what `install` installed, if it is there, its resource definitions with it."""
    cluster.helm("uninstall", RELEASE, f"--namespace={namespace}", "--wait", "--ignore-not-found")


def last_words(cluster: Cluster, *, namespace: str = namespaces.OPERATOR) -> str:
    """The end of the operator's log, or why there is none."""
    try:
        return cluster.kubectl("logs", f"--namespace={namespace}", f"--selector={SELECTOR}", f"--tail={_LINES}")
    except LabError as error:
        return str(error)


def _values(cluster: Cluster) -> dict[str, str]:
    return {
        **_image_values(cluster.operator_image),
        "image.pullPolicy": cluster.pull_policy,
        "apply.enabled": "true",
        "apply.maxRollouts": str(_STORIES_AT_ONCE),
        "crds.keep": "false",
        "logFormat": "text",
    }


def _image_values(image: str) -> dict[str, str]:
    repository, _, digest = image.partition("@")
    if digest:
        return {"image.repository": repository, "image.digest": digest}
    repository, _, tag = image.rpartition(":")
    if not repository or "/" in tag:
        raise DemoError(f"IMAGE is {image!r}, without a tag: give it as REGISTRY/NAME:TAG")
    return {"image.repository": repository, "image.tag": tag}
