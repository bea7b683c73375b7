"""The chart as helm renders it without a cluster."""

import functools
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.binaries import binaries
from support.chart import Values, words
from unit.packaging.files import CHART

RELEASE, NAMESPACE = "probetuner", "probetuner-system"

Object = Mapping[str, Any]


@functools.cache
def helm() -> Path:
    """Return helm: the one on PATH, else that of the lab, which is built first where it is missing."""
    on_path = shutil.which("helm")
    return Path(on_path) if on_path else binaries() / "helm"


def template(values: Values, *more: str) -> subprocess.CompletedProcess[str]:
    """Render the chart with these values; what helm answers."""
    return _template(*words(values), *more)


@functools.cache
def _template(*settings: str) -> subprocess.CompletedProcess[str]:
    command = [str(helm()), "template", RELEASE, str(CHART), "--namespace", NAMESPACE, *settings]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def render(values: Values, *more: str) -> list[Object]:
    """Return the objects that an install with these values makes."""
    done = template(values, *more)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def refusal(values: Values) -> str:
    """Return what helm says to values that are refused."""
    done = template(values)
    assert done.returncode != 0, done.stdout
    return done.stderr


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Those of one kind."""
    return [each for each in objects if each["kind"] == kind]


def pod_of(objects: list[Object]) -> Object:
    """The pod template of the operator."""
    (deployment,) = of_kind(objects, "Deployment")
    template: Object = deployment["spec"]["template"]
    return template


def container_of(objects: list[Object]) -> Object:
    """The operator's only container."""
    (container,) = pod_of(objects)["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def rules(objects: list[Object], kind: str) -> set[tuple[str, str, str]]:
    """Each permission that roles of a kind give to the operator itself, as API group, resource and verb."""
    bound = {
        (binding["roleRef"]["name"], binding["metadata"].get("namespace"))
        for binding in of_kind(objects, f"{kind}Binding")
        if [subject["name"] for subject in binding["subjects"]] == [RELEASE]
    }
    return {
        (group, resource, verb)
        for role in of_kind(objects, kind)
        if (role["metadata"]["name"], role["metadata"].get("namespace")) in bound
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
