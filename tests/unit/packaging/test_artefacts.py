"""What `make release` makes: the same files each time, and each of them good for what it is there for."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from support.chart import words
from unit.packaging.charts import NAMESPACE, RELEASE, helm, render
from unit.packaging.files import ROOT, lock_pins

VERSION = "0.1.0"
URL = "https://releases.example/v0.1.0"
EPOCH = 1_700_000_000
PARTS = (".gitignore", "operator", "deploy", "pyproject.toml", "README.md", "LICENSE", "requirements.lock")


def make(
    checkout: Path, output: Path, *more: str, umask: int = 0o022, zone: str = "UTC"
) -> subprocess.CompletedProcess[str]:
    """Make a release of a checkout, as `make release` does."""
    command = [sys.executable, "-m", "release", VERSION, "--output", str(output), "--url", URL, *more]
    settings = {"PYTHONPATH": str(checkout / "deploy"), "SOURCE_DATE_EPOCH": str(EPOCH), "TZ": zone}
    return subprocess.run(
        command,
        cwd=output.parent,
        env={**os.environ, **settings},
        umask=umask,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of this checkout."""
    output = tmp_path_factory.mktemp("release") / "dist"
    done = make(ROOT, output)
    assert done.returncode == 0, done.stderr
    assert sorted(map(Path, done.stdout.split())) == sorted(output.iterdir())
    return output


def one(made: Path, ending: str) -> Path:
    (found,) = made.glob(f"*{ending}")
    return found


@pytest.mark.slow
def test_the_same_sources_make_the_same_files(made: Path, tmp_path: Path) -> None:
    """Byte for byte, from another folder without git, with other times and modes of files, umask and time zone."""
    checkout = tmp_path / "elsewhere"
    for part in PARTS:
        source, target = ROOT / part, checkout / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    for path in checkout.rglob("*.md"):
        path.chmod(0o600)

    done = make(checkout, tmp_path / "dist", umask=0o077, zone="Asia/Kathmandu")

    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "dist").iterdir()} == {
        path.name: path.read_bytes() for path in made.iterdir()
    }


def test_the_checksums_are_those_of_all_files(made: Path) -> None:
    """In the form that `sha256sum --check` reads."""
    lines = [line.split("  ") for line in (made / "SHA256SUMS").read_text().splitlines()]

    assert {name: digest for digest, name in lines} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made.iterdir() if path.name != "SHA256SUMS"
    }


@pytest.mark.cluster  # for helm, which the lab builds
def test_the_packaged_chart_renders_what_the_folder_does(made: Path) -> None:
    """Helm takes it for a chart, with its README."""
    chart = one(made, ".tgz")
    command = [str(helm()), "template", RELEASE, str(chart), "--namespace", NAMESPACE, *words({})]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = subprocess.run([helm(), "show", "readme", chart], capture_output=True, text=True, check=True)

    assert [document for document in yaml.safe_load_all(done.stdout) if document] == render({})
    assert shown.stdout.strip() == (ROOT / "deploy/helm/probetuner/README.md").read_text().strip()


def test_the_bill_has_each_pin_and_is_valid(made: Path) -> None:
    """By the official schema, with the licence of each package that is installed here, and the wheel's own hash."""
    text = one(made, ".cdx.json").read_text()
    bill: dict[str, Any] = json.loads(text)
    pins = {canonicalize_name(name): version for name, (version, _) in lock_pins(ROOT / "requirements.lock").items()}
    references = {component["bom-ref"] for component in bill["components"]} | {"pkg:pypi/probetuner@0.1.0"}
    (own,) = [needs["dependsOn"] for needs in bill["dependencies"] if needs["ref"] == "pkg:pypi/probetuner@0.1.0"]

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert {component["name"]: component["version"] for component in bill["components"]} == pins
    assert {
        reference for needs in bill["dependencies"] for reference in (needs["ref"], *needs["dependsOn"])
    } == references
    assert any(reference.startswith("pkg:pypi/kopf@") for reference in own)
    assert bill["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(one(made, ".whl").read_bytes()).hexdigest()}
    ]


def test_the_plugins_manifest_leads_to_its_archive(made: Path) -> None:
    """Under the address that was given, with the right hash; the program in it can be run."""
    archive = one(made, "kubectl-probetuner-0.1.0.tar.gz")
    spec = yaml.safe_load(one(made, ".krew.yaml").read_text())["spec"]
    (platform,) = spec["platforms"]
    with tarfile.open(archive) as packed:
        program = packed.getmember(platform["bin"])

    assert (spec["version"], platform["uri"]) == ("v0.1.0", f"{URL}/{archive.name}")
    assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert program.mode & 0o111
    assert len(spec["shortDescription"]) <= 50


class Plugin:
    """The plugin as krew unpacks it; what it needs besides is in this environment, so that nothing is fetched."""

    def __init__(self, made: Path, folder: Path, *, lock: str = "") -> None:
        with tarfile.open(one(made, "kubectl-probetuner-0.1.0.tar.gz")) as packed:
            packed.extractall(folder / "store", filter="data")
        (folder / "store" / "requirements.lock").write_text(lock)
        self.cache, self._link = folder / "a cache", folder / "bin" / "kubectl-probetuner"
        self._link.parent.mkdir()
        self._link.symlink_to(folder / "store" / "kubectl-probetuner")

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call it by the link that krew makes."""
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(self.cache),
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "PIP_NO_INDEX": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        return subprocess.run(
            [self._link, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.mark.slow
def test_the_plugin_installs_itself_once(made: Path, tmp_path: Path) -> None:
    """The first call says so and does what it was called for; the next only does that."""
    plugin = Plugin(made, tmp_path)
    first, second = plugin("--version"), plugin("explain", "crash")

    assert (first.returncode, first.stdout) == (0, f"probetuner {VERSION}\n"), first.stderr
    assert "the first call installs what it needs" in first.stderr
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.startswith("# crash")
    assert [path.name for path in (plugin.cache / "probetuner").iterdir()] == [f"kubectl-{VERSION}"]


@pytest.mark.slow
def test_a_plugin_that_cannot_install_itself_leaves_nothing(made: Path, tmp_path: Path) -> None:
    """It says what cannot be had, and the next call tries again."""
    plugin = Plugin(made, tmp_path, lock=f"nowhere-to-be-had==1.0 --hash=sha256:{'0' * 64}\n")
    done = plugin("--version")

    assert done.returncode == 2
    assert "requirements.lock cannot be had" in done.stderr
    assert list((plugin.cache / "probetuner").iterdir()) == []


@pytest.mark.parametrize(
    ("version", "is_there", "said"),
    [("9.9.9", False, "VERSION is '9.9.9', and the sources say 0.1.0"), (VERSION, True, "is not empty")],
)
def test_what_cannot_be_released_is_refused(tmp_path: Path, version: str, *, is_there: bool, said: str) -> None:
    """Another version than the sources', and a folder that holds something else."""
    output = tmp_path / "dist"
    if is_there:
        output.mkdir()
        (output / "old").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "release", version, "--output", str(output)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "deploy"), "SOURCE_DATE_EPOCH": str(EPOCH)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
