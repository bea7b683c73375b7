"""The operator's image, built from the project's own Dockerfile without a registry or a package index inside.

The wheels of the lock files are fetched outside, where the index can be reached, and mounted into the build;
the base and build images come from Debian packages.
"""

import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab.cache import cache_root, key_of, locked, made
from lab.errors import run
from lab.images import BASE, BUILD, archive
from lab.progress import step

NAME = "localhost/probetuner:dev"
ROOT = Path(__file__).resolve().parents[2]
_LOCKS = ("requirements.lock", "requirements-build.lock")
_OTHERS = ("Dockerfile", ".dockerignore", "pyproject.toml", "README.md", "LICENSE", *_LOCKS)
_VERSION = "1"  # of what this module does with its parts: raise it when that changes
_LARGEST_STORAGE_BYTES = 6 * 1024**3
_KEPT_IMAGES = 5  # each is 150 MB, and every changed line makes one


def build(cache: Path | None = None) -> Path:
    """Return the docker-archive of `NAME`, built from this checkout first if it is not in the cache.

    *cache* is the folder to keep it in; left out, the lab's own.
    Raises LabError when the wheels cannot be fetched or the build fails.
    """
    folder = (cache or cache_root()) / "operator"
    sources, base, tools = _sources(), archive(BASE), archive(BUILD)
    key = key_of(_VERSION, str(base), str(tools), *(part for source in sources.items() for part in source))

    def make(target: Path) -> None:
        wheels = _wheels(folder, sources, _python_version(base))
        storage = folder / "storage" / key_of(_VERSION, str(base), str(tools))
        with locked(storage.with_suffix(".lock")), step(f"Building {NAME} (up to a minute)"):
            _build(target, sources, images=(base, tools), wheels=wheels, storage=storage)

    image = made(folder / "images" / key, make) / "image.tar"
    _forget_old(folder / "images")
    return image


def _sources() -> dict[str, bytes]:
    """Read what the image is made of at once: a file that is edited during the build belongs to the next one."""
    packaged = (path for path in (ROOT / "operator").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    paths = sorted([*(ROOT / name for name in _OTHERS), *packaged])
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}


def _wheels(folder: Path, sources: Mapping[str, bytes], python: str) -> Path:
    def fetch(target: Path) -> None:
        with step("Fetching the wheels of the operator's image"):
            for name in _LOCKS:
                _download(sources[name], target, python)

    return made(folder / "wheels" / key_of(_VERSION, python, *(sources[name] for name in _LOCKS)), fetch)


def _download(lock: bytes, target: Path, python: str) -> None:
    with tempfile.NamedTemporaryFile(suffix=".lock") as file:
        file.write(lock)
        file.flush()
        run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
                *("--only-binary=:all:", "--python-version", python, "--dest", target, "-r", file.name),
            ]
        )


def _python_version(archive_path: Path) -> str:
    """Return the version, such as 3.11, of the Python in an image of one layer."""
    with tarfile.open(archive_path) as image:
        layer = image.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=layer) as root:
            links = {str(PurePosixPath("/", member.name)): member.linkname for member in root if member.issym()}
    return links["/usr/bin/python3"].removeprefix("python")


def _build(target: Path, sources: Mapping[str, bytes], *, images: Sequence[Path], wheels: Path, storage: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        context, trust = Path(scratch, "context"), Path(scratch, "policy.json")
        for name, content in sources.items():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_bytes(content)
        trust.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        buildah = _Buildah(storage=storage, running=Path(scratch, "run"), trust=trust)
        if not storage.exists():
            for image in images:
                buildah("pull", f"docker-archive:{image}")
        buildah(
            *("build", "--layers", "--pull=never", "--isolation", "chroot", "--tag", NAME),
            *("--build-arg", f"BASE_IMAGE={BASE.name}", "--build-arg", f"BUILD_IMAGE={BUILD.name}"),
            *("--build-arg", "PIP_NO_INDEX=1", "--build-arg", "PIP_FIND_LINKS=/wheels"),
            *("--volume", f"{wheels}:/wheels:ro", str(context)),
        )
        buildah("push", NAME, f"docker-archive:{target / 'image.tar'}:{NAME}")
    _bound(storage)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Buildah:
    """buildah with a storage of its own, so that the machine's images are neither seen nor changed."""

    storage: Path
    running: Path
    trust: Path

    def __call__(self, command: str, *arguments: str) -> None:
        """Run a command in a mount namespace, which takes the storage's mounts with it when it ends."""
        storage = ("--root", str(self.storage), "--runroot", str(self.running), "--storage-driver", "overlay")
        private = ("unshare", "--mount", "--propagation", "private")
        run([*private, "buildah", *storage, command, "--signature-policy", str(self.trust), "--quiet", *arguments])


def _forget_old(images: Path) -> None:
    built = sorted(images.glob("*/image.tar"), key=lambda image: image.stat().st_mtime)
    for image in built[:-_KEPT_IMAGES]:
        shutil.rmtree(image.parent, ignore_errors=True)


def _bound(storage: Path) -> None:
    """Throw away the storage with its finished layers when it has grown large; the next build starts afresh."""
    if sum(path.lstat().st_size for path in storage.rglob("*")) > _LARGEST_STORAGE_BYTES:
        shutil.rmtree(storage)


if __name__ == "__main__":
    print(build())
