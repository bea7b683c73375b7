"""What stands in a folder among files and is none: to open it may wait for ever, or never end."""

import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def special_kind(path: Path) -> str | None:
    """What the path leads to, in words, where that is no file to be read to its end; None for a file and for nothing.

    Who names a FIFO on the command line means it (`<(kubectl get …)`); one that is found in a folder nobody named.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # whoever opens it says why not
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")
