"""The chart as a package.

`helm package` writes the time of packing into the archive, so the same chart is never the same file twice
(helm: pkg/chartutil/save.go). What Helm reads from this archive is the same.
"""

from fnmatch import fnmatch
from pathlib import Path

from release.archives import Entry, pack


def package(chart: Path, target: Path, *, epoch: int) -> None:
    """Pack the chart in that folder, but for what its .helmignore names."""
    lines = (chart / ".helmignore").read_text().splitlines()
    ignored = [line for line in lines if line and not line.startswith("#")]
    files = [
        path for path in chart.rglob("*") if path.is_file() and not any(fnmatch(path.name, one) for one in ignored)
    ]
    entries = {f"{chart.name}/{path.relative_to(chart).as_posix()}": Entry(content=path.read_bytes()) for path in files}
    pack(target, entries, epoch=epoch)
