"""The chart as tests render it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lab import Lab

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "probetuner"
RELEASE = "probetuner"
NAMESPACE = "probetuner-system"
IMAGE = ("image.repository=localhost/probetuner", "image.tag=dev", "image.pullPolicy=Never")

Object = dict[str, Any]


def values(*settings: str) -> Iterator[str]:
    """The words that set each value, the image's first."""
    for setting in (*IMAGE, *settings):
        yield from ("--set", setting)


def render(lab: Lab, *settings: str) -> list[Object]:
    """The objects that an install with these values makes."""
    text = lab.helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *values(*settings))
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Those of one kind."""
    return [each for each in objects if each["kind"] == kind]


def rules(objects: list[Object]) -> Iterator[tuple[str, str, str]]:
    """Each permission that is given, as API group, resource and verb."""
    for role in of_kind(objects, "ClusterRole"):
        for rule in role["rules"]:
            yield from (
                (group, resource, verb)
                for group in rule["apiGroups"]
                for resource in rule["resources"]
                for verb in rule["verbs"]
            )
