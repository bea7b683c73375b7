"""What the image is made from."""

import re
import tomllib
from importlib.metadata import requires

import yaml
from packaging.requirements import Requirement

from unit.packaging.files import CHART, ROOT, lock_pins


def test_build_pins_are_the_development_pins() -> None:
    """The wheel in the image is built by the same pinned back end as on a developer's machine."""
    build = lock_pins(ROOT / "requirements-build.lock")
    development = lock_pins(ROOT / "requirements-dev.lock")

    assert build == {name: development[name] for name in build}


def test_build_pins_are_whole() -> None:
    """The build pins are the back end that pyproject.toml asks for and all that it needs, each with hashes."""
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    pins = lock_pins(ROOT / "requirements-build.lock")

    assert pins.keys() == set().union(*(needed_by(requirement) for requirement in required))
    assert all(hashes for _, hashes in pins.values())


def needed_by(requirement: str) -> set[str]:
    """The package that is required and, of those installed here, every package that it needs."""
    parsed = Requirement(requirement)
    if parsed.marker and not parsed.marker.evaluate({"extra": ""}):
        return set()
    return {parsed.name}.union(*(needed_by(inner) for inner in requires(parsed.name) or ()))


def test_nothing_imports_what_the_image_leaves_out() -> None:
    """The image is built without the client's asynchronous twin, so no module of ours may import it."""
    importing = re.compile(
        r"^\s*(import kubernetes\.aio|from kubernetes\.aio|from kubernetes import .*\baio\b)", re.MULTILINE
    )

    assert [path for path in (ROOT / "operator").rglob("*.py") if importing.search(path.read_text())] == []


def test_copied_files_pass_the_ignore_file() -> None:
    """What the Dockerfile copies from the checkout is let through by .dockerignore, and nothing else is."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert {name for words in copies for name in words.split()} == allowed


def test_labels_say_what_the_project_says() -> None:
    """Who finds the image in a registry sees its description and licence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', (ROOT / "Dockerfile").read_text()))

    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
    }


def test_versions_agree() -> None:
    """The chart installs by default the image of the version that this checkout is."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert (chart["version"], chart["appVersion"]) == (version, version)
