"""The chart as tests render it."""

import json
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


def permissions(lab: Lab, *settings: str) -> list[Object]:
    """What such an install makes to say who may do what: accounts, roles, bindings and admission policies."""
    return [each for each in render(lab, *settings) if each["kind"] in _PERMITTING]


def give(lab: Lab, objects: list[Object]) -> None:
    """Make the objects, or make them again."""
    lab.kubectl("apply", "-f", "-", input=json.dumps({"kind": "List", "apiVersion": "v1", "items": objects}))


def take(lab: Lab, objects: list[Object]) -> None:
    """Delete the objects."""
    for each in objects:
        where = [f"--namespace={each['metadata']['namespace']}"] if "namespace" in each["metadata"] else []
        lab.kubectl("delete", "--ignore-not-found", each["kind"], each["metadata"]["name"], *where)


def rules(objects: list[Object], account: str = RELEASE) -> Iterator[tuple[str, str, str]]:
    """Each permission that an account is given anywhere, as API group, resource and verb."""
    given = {
        (binding["roleRef"]["kind"], binding["roleRef"]["name"])
        for kind in ("ClusterRoleBinding", "RoleBinding")
        for binding in of_kind(objects, kind)
        if account in [subject["name"] for subject in binding["subjects"]]
    }
    for kind in ("ClusterRole", "Role"):
        for role in of_kind(objects, kind):
            if (kind, role["metadata"]["name"]) in given:
                yield from permitted(role)


def permitted(role: Object) -> Iterator[tuple[str, str, str]]:
    """Each permission of a role, as API group, resource and verb."""
    for rule in role["rules"]:
        yield from (
            (group, resource, verb)
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        )


_PERMITTING = (
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
