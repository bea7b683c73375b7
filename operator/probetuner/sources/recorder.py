"""Writing a recording, as `recording` reads it."""

import gzip
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from probetuner.sources.recording import FORMAT, META_FILE, METRICS_FILE, WATCH_FILE, Record, Scrape


def write_recording(
    folder: Path,
    records: Iterable[Record],
    *,
    kubernetes: str,
    namespaces: Iterable[str],
    started: float,
    seconds: float,
) -> int:
    """Write the records into the folder, which must not be there yet, and return how many there were.

    `started` is epoch seconds, `seconds` the time between scrapes. What was written before an interruption can be read.
    Raises OSError.
    """
    folder.mkdir(parents=True)
    meta = {
        "format": FORMAT,
        "kubernetes": kubernetes,
        "namespace": ",".join(namespaces),
        "started": _time(started),
        "scrapeIntervalSeconds": seconds,
    }
    _write_meta(folder, meta)
    count, latest = 0, started
    with ExitStack() as stack:
        watch = stack.enter_context(gzip.open(folder / WATCH_FILE, "wt", encoding="utf-8"))
        metrics = stack.enter_context(gzip.open(folder / METRICS_FILE, "wt", encoding="utf-8"))
        stack.callback(lambda: _write_meta(folder, {**meta, "ended": _time(latest)}))
        for record in records:
            latest = max(latest, record.at)
            count += 1
            target = metrics if isinstance(record, Scrape) else watch
            target.write(json.dumps(_line(record, latest)) + "\n")
    return count


def _write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    (folder / META_FILE).write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")


def _line(record: Record, at: float) -> dict[str, Any]:
    if isinstance(record, Scrape):
        told = {"t": _time(at), "node": record.node, "path": record.path, "text": record.text}
        return told if record.problem is None else {**told, "problem": record.problem}
    metadata = {name: value for name, value in (record.object.get("metadata") or {}).items() if name != "managedFields"}
    return {"t": _time(at), "type": record.change, "object": {**record.object, "metadata": metadata}}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
