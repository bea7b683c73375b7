"""Writing a recording, as `recording` reads it.

What was received is on disk a few seconds later and can be read from there, however the process ends: the compressed
stream is flushed to a whole byte (zlib's Z_SYNC_FLUSH), and `meta.json` is replaced as a whole.
"""

import gzip
import json
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from probetuner.sources.recording import FORMAT, META_FILE, METRICS_FILE, WATCH_FILE, Record, Scrape

_FLUSH_SECONDS = 3.0


def write_recording(
    folder: Path,
    records: Iterable[Record | None],
    *,
    kubernetes: str,
    namespaces: Iterable[str],
    started: float,
    seconds: float,
) -> int:
    """Write the records into the folder, which must not be there yet, and return how many there were.

    None is no record, and a time to flush what there is. `started` is epoch seconds, `seconds` the time between
    scrapes. Raises OSError.
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
        watch, metrics = (
            stack.enter_context(gzip.GzipFile(folder / name, "wb")) for name in (WATCH_FILE, METRICS_FILE)
        )
        stack.callback(lambda: _write_meta(folder, {**meta, "ended": _time(latest)}))
        flushed_at = _flush(watch, metrics)
        for record in records:
            if record is not None:
                latest, count = max(latest, record.at), count + 1
                target = metrics if isinstance(record, Scrape) else watch
                target.write((json.dumps(_line(record, latest)) + "\n").encode())
            if time.monotonic() >= flushed_at + _FLUSH_SECONDS:
                flushed_at = _flush(watch, metrics)
    return count


def _flush(*files: gzip.GzipFile) -> float:
    """Hand all that was received to the file system, so that it can be read from there, and return when that was."""
    for file in files:
        file.flush()
    return time.monotonic()


def _write_meta(folder: Path, meta: Mapping[str, Any]) -> None:
    fresh = folder / f"{META_FILE}.new"
    fresh.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
    fresh.replace(folder / META_FILE)


def _line(record: Record, at: float) -> dict[str, Any]:
    if isinstance(record, Scrape):
        told = {"t": _time(at), "node": record.node, "path": record.path, "text": record.text}
        return told if record.problem is None else {**told, "problem": record.problem}
    metadata = {name: value for name, value in (record.object.get("metadata") or {}).items() if name != "managedFields"}
    return {"t": _time(at), "type": record.change, "object": {**record.object, "metadata": metadata}}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
