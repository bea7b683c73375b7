"""What the doctor asks for is what the chart gives: neither knows of a right that the other does not."""

import re

from probetuner.doctor.installed import read_installed
from probetuner.doctor.rights import Right, needed, to_apply, to_read_kubelets
from unit.packaging.files import CHART

_RULE = re.compile(
    r"- apiGroups: \[(?P<groups>.*)\]\n"
    r"\s*resources: \[(?P<resources>.*)\]\n"
    r"(?:\s*resourceNames: .*\n)?"
    r"\s*verbs: \[(?P<verbs>.*)\]\n"
)
_OF_USERS = "rbac-users.yaml"


def _words(text: str) -> list[str]:
    return [word.strip().strip('"') for word in text.split(",")]


def given() -> set[tuple[str, str, str]]:
    """Each API group, resource and verb in a rule of the chart's for the operator and its other account."""
    return {
        (group, resource, verb)
        for path in (CHART / "templates").glob("rbac-*.yaml")
        if path.name != _OF_USERS
        for rule in _RULE.finditer(path.read_text())
        for group in _words(rule["groups"])
        for resource in _words(rule["resources"])
        for verb in _words(rule["verbs"])
    }


def asked() -> set[tuple[str, str, str]]:
    """Each that the doctor asks for."""
    installed = read_installed(
        {
            "metadata": {"namespace": "ours", "name": "probetuner"},
            "spec": {
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "args": [
                                    "run",
                                    "--lease=kube-system/probetuner",
                                    "--kubelet-account=ours/probetuner-kubelet",
                                ]
                            }
                        ]
                    }
                }
            },
        }
    )
    assert installed is not None
    rights: list[Right] = [*needed(installed), *to_apply(("",)), to_read_kubelets()]
    return {(right.group, right.resource, verb) for right in rights for verb in right.verbs}


def test_the_doctor_asks_for_exactly_what_the_chart_gives() -> None:
    """A rule that is added to the chart, or taken from it, is one that the doctor knows of."""
    assert asked() == given()
