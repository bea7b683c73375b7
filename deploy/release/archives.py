"""Archives that are the same byte for byte whoever packs the same files, whenever and wherever."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in an archive."""

    content: bytes
    executable: bool = False


def pack(target: Path, entries: Mapping[str, Entry], *, epoch: int) -> None:
    """Write a .tar.gz of the entries by their names; every time in it is `epoch`, in seconds.

    Nobody owns the files, and neither their order nor their modes are those of any file system.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, entry in sorted(entries.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(entry.content), epoch, 0o755 if entry.executable else 0o644
            archive.addfile(info, io.BytesIO(entry.content))
    # Without a file name in the header, which gzip would take from the target.
    with (
        target.open("wb") as stream,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=stream, mtime=epoch) as compressed,
    ):
        compressed.write(packed.getvalue())
