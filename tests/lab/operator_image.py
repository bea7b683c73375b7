"""The operator's image, built from the project's own Dockerfile without a registry or a package index inside.

The wheels of the lock files are fetched outside, where the index can be reached, and mounted into the build;
the base and build images come from Debian packages.
"""

import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lab.cache import cache_root, key_of, made
from lab.errors import run
from lab.images import BASE, BUILD, archive
from lab.progress import step

NAME = "localhost/probetuner:dev"
ROOT = Path(__file__).resolve().parents[2]
_LOCKS = ("requirements.lock", "requirements-build.lock")
_SOURCES = ("Dockerfile", ".dockerignore", "pyproject.toml", "README.md", "LICENSE", *_LOCKS)
_VERSION = "1"  # of what this module does with its parts: raise it when that changes


def build(cache: Path | None = None) -> Path:
    """Return the docker-archive of `NAME`, built from this checkout first if it is not in the cache.

    *cache* is the folder to keep it in; left out, the lab's own.
    Raises LabError when the wheels cannot be fetched or the build fails.
    """
    folder = (cache or cache_root()) / "operator"
    base, tools = archive(BASE), archive(BUILD)
    key = key_of(_VERSION, str(base), str(tools), *_sources())
    image = made(folder / "images" / key, lambda target: _build(target, base, tools, _wheels(folder, base)))
    return image / "image.tar"


def _sources() -> Iterator[str | Path]:
    packaged = (path for path in (ROOT / "operator").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for path in sorted([*(ROOT / name for name in _SOURCES), *packaged]):
        yield str(path.relative_to(ROOT))
        yield path


def _wheels(folder: Path, base: Path) -> Path:
    python = _python_version(base)
    key = key_of(_VERSION, python, *(ROOT / name for name in _LOCKS))
    return made(folder / "wheels" / key, lambda target: _fetch(target, python))


def _python_version(archive_path: Path) -> str:
    """Return the version, such as 3.11, of the Python in an image of one layer."""
    with tarfile.open(archive_path) as image:
        layer = image.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=layer) as root:
            links = {str(PurePosixPath("/", member.name)): member.linkname for member in root if member.issym()}
    return links["/usr/bin/python3"].removeprefix("python")


def _fetch(target: Path, python: str) -> None:
    with step("Fetching the wheels of the operator's image"):
        for name in _LOCKS:
            run(
                [
                    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
                    *("--only-binary=:all:", "--python-version", python, "--dest", target, "-r", ROOT / name),
                ]
            )


def _build(target: Path, base: Path, tools: Path, wheels: Path) -> None:
    policy = target / "policy.json"
    policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    buildah: list[str | Path] = [
        "buildah",
        "--root",
        target / "storage",
        "--runroot",
        target / "run",
        "--storage-driver",
        "vfs",
    ]
    trust: list[str | Path] = ["--signature-policy", policy]
    with step(f"Building {NAME} (half a minute)"):
        for image in (base, tools):
            run([*buildah, "pull", *trust, "--quiet", f"docker-archive:{image}"])
        run(
            [
                *(*buildah, "build", *trust, "--quiet", "--pull=never", "--isolation", "chroot"),
                *("--build-arg", f"BASE_IMAGE={BASE.name}", "--build-arg", f"BUILD_IMAGE={BUILD.name}"),
                *("--build-arg", "PIP_NO_INDEX=1", "--build-arg", "PIP_FIND_LINKS=/wheels"),
                *("--volume", f"{wheels}:/wheels:ro", "--tag", NAME, ROOT),
            ]
        )
        run([*buildah, "push", *trust, "--quiet", NAME, f"docker-archive:{target}/image.tar:{NAME}"])
