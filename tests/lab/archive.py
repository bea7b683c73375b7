"""A root file system as a container image: one layer in the docker-archive format.

The format is Docker's `docker save` one: manifest.json names a config and the layers, whose diff_ids are
the SHA-256 of the uncompressed tar. containerd imports it, buildah pulls it as `docker-archive:PATH`.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def write_archive(*, name: str, layer: Path, archive: Path, entrypoint: Sequence[str] = ()) -> None:
    """Write `archive`, an image called `name` whose only layer is the tar file `layer`."""
    with layer.open("rb") as content:
        diff_id = hashlib.file_digest(content, "sha256").hexdigest()
    config = _json(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Env": [_PATH], "Entrypoint": list(entrypoint) or None},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
            "history": [{"created_by": "probetuner lab"}],
        }
    )
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = _json([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}])
    with tarfile.open(archive, "w") as out:
        _add(out, config_name, config)
        out.add(layer, "layer.tar")
        _add(out, "manifest.json", manifest)


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _add(out: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    out.addfile(member, io.BytesIO(content))
