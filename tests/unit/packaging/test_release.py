"""What a release consists of: a source distribution, the wheel that is built from it, and what that installs."""

import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest
import typer

from probetuner.cli.main import app
from probetuner.diagnosis.finding import FindingName
from unit.packaging.files import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
"""


def call(*command: str | Path, cwd: Path, typed: str = "") -> str:
    """What a command prints; it must succeed."""
    words, environment = [str(word) for word in command], {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        words, cwd=cwd, env=environment, input=typed, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, as the build back end makes it of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (archive,) = folder.iterdir()
    return archive


@pytest.fixture(scope="module")
def installed(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with the wheel of these sources, and the packages that it needs."""
    folder = tmp_path_factory.mktemp("release")
    call(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, sources, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    call(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=folder)
    (packages,) = (folder / "fresh" / "lib").glob("python3.*/site-packages")
    # The packages that probetuner needs are those of this environment, but its editable install of probetuner is not
    # seen: only the .pth files of an environment's own folder are read.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    commands = folder / "fresh" / "bin"
    call(*PIP, "--python", commands / "python", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    found = call(commands / "python", "-c", "import probetuner.cli; print(probetuner.cli.__file__)", cwd=folder)
    assert Path(found.strip()).is_relative_to(packages)
    return commands


def test_the_sources_hold_every_page(sources: Path) -> None:
    """The page about each finding is a file of the source distribution, once."""
    with tarfile.open(sources) as archive:
        names = [Path(name).name for name in archive.getnames() if name.endswith(".md")]

    assert sorted(names) == sorted([*(f"{finding.value}.md" for finding in FindingName), "README.md"])


@pytest.mark.slow
def test_every_command_of_an_installed_release_tells_its_options(installed: Path, tmp_path: Path) -> None:
    """Under both names, and for each command."""
    group = typer.main.get_command(app)
    names = group.list_commands(typer.Context(group))  # type: ignore[attr-defined]  # it is a group: it has commands

    assert {"analyze", "record", "replay", "loadtest", "explain", "run", "status", "pause", "completion"} <= set(names)
    for program in ("probetuner", "kubectl-probetuner"):
        assert "Usage" in call(installed / program, "--help", cwd=tmp_path)
    each = f"for name in {names!r}: app([name, '--help'], prog_name='probetuner', standalone_mode=False)"
    told = call(installed / "python", "-c", f"from probetuner.cli.main import app\n{each}", cwd=tmp_path)
    assert all(f"probetuner {name}" in told for name in names)


def test_an_installed_release_explains_every_finding(installed: Path, tmp_path: Path) -> None:
    """One by its name, and all in the list, which reads each page."""
    listed = call(installed / "probetuner", "explain", cwd=tmp_path)

    assert [line.split()[0] for line in listed.splitlines()] == [name.value for name in FindingName]
    assert call(installed / "probetuner", "explain", "crash", cwd=tmp_path).startswith("# crash")


def test_an_installed_release_writes_a_page(installed: Path, tmp_path: Path) -> None:
    """It has what every format of a report needs."""
    written = call(installed / "probetuner", "analyze", "-", "-o", "html", cwd=tmp_path, typed=MANIFEST)

    assert "<style>" in written
