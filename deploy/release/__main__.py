"""Make what a release consists of, the same byte for byte each time.

    python -m release VERSION [--output DIR] [--url URL]

`SOURCE_DATE_EPOCH` is the time that stands in it; left out, that of the last commit.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from release.chart import package
from release.plugin import manifest, pack_plugin
from release.sbom import bill_of

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "probetuner"
LOCK = ROOT / "requirements.lock"


class ReleaseError(Exception):
    """No release can be made; the text says what to do."""


def release(version: str, output: Path, *, url: str, epoch: int) -> list[Path]:
    """Fill the folder *output* with the release and return its files; it must be empty or not there yet.

    *url* is where they will be found, without a slash at the end; empty, the manifest of the plugin names the file
    alone. Raises ReleaseError.
    """
    _check(version, output)
    output.mkdir(parents=True, exist_ok=True)
    sources = _built(ROOT, "sdist", output, epoch)
    with tempfile.TemporaryDirectory() as scratch:
        # The wheel is built from the sources that are handed out, so that they are known to be enough for it.
        with tarfile.open(sources) as archive:
            archive.extractall(scratch, filter="data")
        wheel = _built(Path(scratch, f"probetuner-{version}"), "wheel", output, epoch)
    package(CHART, output / f"probetuner-chart-{version}.tgz", epoch=epoch)
    bill = bill_of(wheel, LOCK.read_text(), name="probetuner", version=version, epoch=epoch)
    (output / f"probetuner-{version}.cdx.json").write_text(bill)
    plugin = output / f"kubectl-probetuner-{version}.tar.gz"
    licence = (ROOT / "LICENSE").read_bytes()
    pack_plugin(plugin, wheel=wheel, lock=LOCK.read_bytes(), licence=licence, version=version, epoch=epoch)
    (output / "probetuner.krew.yaml").write_text(manifest(plugin, url=url, version=version))
    made = sorted(output.iterdir())
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (output / "SHA256SUMS").write_text(sums)
    return [*made, output / "SHA256SUMS"]


def _check(version: str, output: Path) -> None:
    stands = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if version != stands:
        raise ReleaseError(
            f"VERSION is {version!r}, and the sources say {stands}: set it in pyproject.toml and in the chart's "
            "Chart.yaml (version and appVersion), and run make setup"
        )
    if output.exists() and any(output.iterdir()):
        raise ReleaseError(f"{output} is not empty: remove it, or name another with --output")


def _built(folder: Path, target: str, output: Path, epoch: int) -> Path:
    """Have hatchling build the target of the project in that folder; return the file."""
    before = set(output.iterdir())
    done = subprocess.run(  # noqa: S603 - our own back end, on our own sources
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(output.resolve())],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"hatchling could not build the {target}: {done.stdout}{done.stderr}")
    (made,) = set(output.iterdir()) - before
    return made


def _epoch() -> int:
    """The time of the release, in seconds: SOURCE_DATE_EPOCH, else that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
        given = done.stdout.strip()
    if not given.isdecimal():
        raise ReleaseError("this is no git checkout, so set SOURCE_DATE_EPOCH to the seconds that are to stand in it")
    return int(given)


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release", description="Make what a release consists of.")
    parser.add_argument("version", help="as pyproject.toml has it")
    parser.add_argument("--output", type=Path, help="the folder to fill (default: dist/VERSION)")
    parser.add_argument("--url", default="", help="where the files will be found, for the manifest of the plugin")
    told = parser.parse_args(arguments)
    output = told.output or ROOT / "dist" / told.version
    try:
        made = release(told.version, output, url=told.url.rstrip("/"), epoch=_epoch())
    except ReleaseError as problem:
        sys.stderr.write(f"release: {problem}\n")
        return 2
    sys.stdout.writelines(f"{path}\n" for path in made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
