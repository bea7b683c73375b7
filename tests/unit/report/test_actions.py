"""Actions say which probe they are about, in every form of the report and in the status."""

from dataclasses import replace
from typing import Any

import pytest

from probetuner.facts.fact import Fact
from probetuner.report.document import write_document
from probetuner.report.judge import judge
from probetuner.report.page import write_html
from probetuner.report.patches import write_patches
from probetuner.report.plain import write_plain
from probetuner.report.report import Report
from probetuner.report.terminal import write_terminal
from probetuner.sources.gathering import Subject
from probetuner.sources.manifests import Origin
from support.application import App, Spell
from support.facts import remember
from support.scene import WORK, Scene, asks
from support.stage import Stage
from support.stories import flapping, slow_starters
from support.workloads import LIVENESS, container, deployment

RUSHES = tuple(Spell(begin=at, end=at + 120, mode="slow", seconds=3.0) for at in (400, 1000))
ONE = Scene(liveness=asks(WORK), apps=(App(handles_term=0, spells=RUSHES),), seconds=1300)
BOTH = replace(ONE, readiness=asks(WORK, period_seconds=5))


def reported(scene: Scene) -> Report:
    subject = Subject(workload=scene.workload, history=scene.history(), origin=Origin(place="here"), exposed=True)
    return Report(workloads=(judge(subject),))


def actions(report: Report) -> list[dict[str, Any]]:
    (workload,) = write_document(report)["workloads"]
    found: list[dict[str, Any]] = workload["containers"][0]["actions"]
    return found


def test_two_actions_of_one_name_are_told_apart() -> None:
    """Both probes ask what queues, and both are given more time: table, page and patch say which is which."""
    report = reported(BOTH)

    assert [(action["name"], action["probe"]) for action in actions(report)] == [
        ("raise-timeout", "liveness"),
        ("raise-timeout", "readiness"),
    ]
    for written in (write_plain(report), write_terminal(report), write_html(report), write_patches(report)):
        assert "raise-timeout(liveness)" in written
        assert "raise-timeout(readiness)" in written


def test_a_name_that_stands_for_one_probe_stands_alone() -> None:
    """In the table; the document names the probe all the same."""
    report = reported(ONE)

    assert [(action["name"], action["probe"]) for action in actions(report)] == [("raise-timeout", "liveness")]
    assert "→ raise-timeout: " in write_plain(report)


@pytest.mark.parametrize(
    ("field", "facts", "name", "probe"),
    [
        ("readinessProbe", tuple(flapping()), "raise-timeout", "readiness"),
        ("livenessProbe", tuple(slow_starters()), "add-startup-probe", "startup"),
    ],
)
def test_a_status_names_the_probe_too(field: str, facts: tuple[Fact, ...], name: str, probe: str) -> None:
    """As the schema has it, which the stage checks."""
    probes: dict[str, Any] = {field: LIVENESS}
    stage = Stage(live=deployment(container(**probes)), history=remember(facts))

    stage.turn()

    assert (name, probe) in [(one["name"], one["probe"]) for one in stage.status["recommendation"]["actions"]]
