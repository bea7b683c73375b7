"""The container images of the lab, made from Debian packages without any registry.

`DEMO` runs the workloads of the demo and the tests, `BASE` is what the operator's image stands on, `BUILD` is
`BASE` with what installs Python packages, `PAUSE` holds the namespaces of every pod.
"""

import tarfile
from dataclasses import dataclass
from pathlib import Path

from lab.archive import write_archive
from lab.binaries import binaries
from lab.cache import cache_root, key_of, made
from lab.errors import LabError, run
from lab.progress import step


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianImage:
    """An image of the named packages, what they need, and nothing that only people read.

    `name` is the reference that pods use; they set `imagePullPolicy: Never`, since no registry serves it.
    `bare` images have no shell, no package manager, and none of what Debian counts as essential: the packages
    are unpacked, and nothing of theirs is run. `commands` then finish the root file system, which is `$1`.
    """

    name: str
    packages: tuple[str, ...]
    bare: bool = False
    commands: tuple[str, ...] = ()


PAUSE = "localhost/pause:1"
_NO_CACHES = 'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/lib/dpkg/*-old "$1"/var/log/*'
DEMO = DebianImage(
    name="localhost/probetuner-demo:1",
    packages=("python3", "python3-flask", "redis-server", "redis-tools", "tini", "procps"),
    commands=(_NO_CACHES,),
)
BUILD = DebianImage(
    name="localhost/probetuner-build:1",
    packages=("python3", "ca-certificates", "python3-venv", "python3-pip"),
    commands=(_NO_CACHES,),
)
BASE = DebianImage(
    name="localhost/probetuner-base:1",
    packages=("python3", "ca-certificates", "base-files", "base-passwd"),
    bare=True,
    commands=(
        # What the packages' own scripts would have done, as far as a Python program notices.
        'cat "$1"/usr/share/ca-certificates/mozilla/*.crt > "$1"/etc/ssl/certs/ca-certificates.crt',
        'cp "$1"/usr/share/base-passwd/passwd.master "$1"/etc/passwd',
        'cp "$1"/usr/share/base-passwd/group.master "$1"/etc/group',
        'echo "hosts: files dns" > "$1"/etc/nsswitch.conf',
        # What a Python program does not use.
        'rm -rf "$1"/usr/lib/python3*/test "$1"/usr/lib/python3*/lib2to3 "$1"/usr/lib/python3*/pydoc_data',
        'rm -rf "$1"/usr/lib/*/gconv "$1"/usr/lib/*/perl*',
        'find "$1"/usr/share -mindepth 1 -maxdepth 1 ! -name ca-certificates ! -name python3 -exec rm -rf {} +',
        'chroot "$1" python3 -I -m compileall -q --invalidation-mode unchecked-hash',
        'find "$1"/usr/bin "$1"/usr/sbin ! -type d ! -name "python3*" -delete',
    ),
)
ALL = (DEMO, BUILD, BASE)
# Its mounts die with it: a killed mmdebstrap would leave the machine's /proc, /sys and /dev/shm mounted in its folder.
_UNSEEN = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_VERSION = "5"  # of what this module does with its parts: raise it when that changes
_NOT_PERL = ("usr-is-merged",)  # else `usrmerge` is chosen for it, which brings 50 MB of Perl
_UNREAD = ("doc", "info", "locale", "man", "lintian")


def archive(image: DebianImage) -> Path:
    """Return the docker-archive of an image, made first (a minute or two) if it is not in the cache.

    Raises LabError when Debian's packages cannot be had.
    """
    key = key_of(_suite(), image.name, *image.packages, *image.commands, _VERSION)
    folder = made(cache_root() / "images" / key, lambda folder: _bootstrap(image, folder))
    return folder / "image.tar"


def pause_archive() -> Path:
    """Return the docker-archive of `PAUSE`, whose only file is the pause process, the same with every Kubernetes."""
    pause = binaries() / "pause"
    return made(cache_root() / "images" / key_of(pause, _VERSION), lambda folder: _pause(pause, folder)) / "image.tar"


def _pause(program: Path, folder: Path) -> None:
    layer = folder / "root.tar"
    with tarfile.open(layer, "w") as out:
        out.add(program, "pause")
    write_archive(name=PAUSE, layer=layer, archive=folder / "image.tar", entrypoint=["/pause"])
    layer.unlink()


def _bootstrap(image: DebianImage, folder: Path) -> None:
    layer = folder / "root.tar"
    with step(f"Making {image.name}", note="from Debian packages, a minute or two"):
        run(
            [
                *_UNSEEN,
                "mmdebstrap",
                f"--variant={'extract' if image.bare else 'minbase'}",
                f"--include={','.join((*image.packages, *(() if image.bare else _NOT_PERL)))}",
                "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
                *(f"--dpkgopt=path-exclude=/usr/share/{kind}/*" for kind in _UNREAD),
                *(f"--{'extract' if image.bare else 'customize'}-hook={command}" for command in image.commands),
                _suite(),
                layer,
                *_mirrors(),
            ],
            environment={"TMPDIR": str(folder)},
        )
        write_archive(name=image.name, layer=layer, archive=folder / "image.tar")
    layer.unlink()


def _suite() -> str:
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if codename := release.get("VERSION_CODENAME"):
        return codename.strip('"')
    raise LabError("/etc/os-release names no VERSION_CODENAME: the images are made on Debian and its kin")


def _mirrors() -> list[Path]:
    """Return the machine's own list of Debian's mirrors; without one mmdebstrap knows the usual one."""
    lists = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
    return [path for path in lists if path.is_file() and path.stat().st_size][:1]
