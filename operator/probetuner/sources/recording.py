"""Reading a recording: a folder of what an observer of a cluster saw, in the order of receipt.

`meta.json` says what it is, `watch.ndjson.gz` has a line per watch event and `metrics.ndjson.gz` one per scrape of a
kubelet. A recording that was cut short is still worth reading: everything before the damage is given out, and the
damage is named.
"""

import gzip
import heapq
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probetuner.model.fields import moment, text
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import section

FORMAT = "probetuner.dev/recording/v1"
WATCH_FILE, METRICS_FILE, META_FILE = "watch.ndjson.gz", "metrics.ndjson.gz", "meta.json"

_LONGEST_LINE_BYTES = 64 * 1024 * 1024
_TOLD_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A watch event; `at` is when it was received (epoch seconds), `change` is ADDED, MODIFIED or DELETED."""

    at: float
    change: str
    object: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A kubelet's answer for a path; `at` is when it was received (epoch seconds)."""

    at: float
    node: str
    path: str
    text: str


Record = Watched | Scrape
_Parse = Callable[[Mapping[str, Any], str], Record]


class Recording:
    """A recording on disk. Times are epoch seconds; `kubernetes` is the version that was recorded, as it gave it.

    `problems` has a sentence for each thing that could not be read so far; it is complete once `records` is exhausted.
    """

    def __init__(self, folder: Path) -> None:
        """Read the meta data. Raises InvalidObjectError when the folder is not a recording."""
        meta = _meta(folder)
        place = str(folder / META_FILE)
        started = moment(meta, "started", place)
        if started is None:
            raise InvalidObjectError(place, "has no start time; without it nobody knows what was new")
        self.folder = folder
        self.started = started
        self.ended = moment(meta, "ended", place)
        self.kubernetes = text(meta, "kubernetes", place)
        self.namespace = text(meta, "namespace", place)
        self.problems: list[str] = []

    def records(self) -> Iterator[Record]:
        """All records in the order of receipt, read as they are asked for."""
        self.problems.clear()
        return heapq.merge(
            self._read(WATCH_FILE, _watched), self._read(METRICS_FILE, _scrape), key=lambda record: record.at
        )

    def _read(self, name: str, parse: _Parse) -> Iterator[Record]:
        path = self.folder / name
        number = 0
        try:
            with gzip.open(path, "rb") as lines:
                for number, line in enumerate(_lines(lines), start=1):
                    record = self._parsed(line, f"{path} line {number}", parse)
                    if record is not None:
                        yield record
        except FileNotFoundError:
            self._report(f"{path} is missing; what it would tell is not known")
        except (OSError, EOFError, zlib.error) as error:
            self._report(f"{path} ends early after line {number} ({error}); what came before was read")

    def _parsed(self, line: bytes, place: str, parse: _Parse) -> Record | None:
        try:
            return parse(_object(line, place), place)
        except InvalidObjectError as error:
            self._report(f"{error}; the line was left out")
            return None

    def _report(self, problem: str) -> None:
        if len(self.problems) == _TOLD_PROBLEMS:
            self.problems.append("and more")
        elif len(self.problems) < _TOLD_PROBLEMS:
            self.problems.append(problem)


def _object(content: bytes, place: str) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidObjectError(place, "is not JSON") from None
    if not isinstance(value, Mapping):
        raise InvalidObjectError(place, "is not a JSON object")
    return value


def _lines(stream: gzip.GzipFile) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_LINE_BYTES):
        if line.strip():
            yield line


def _meta(folder: Path) -> Mapping[str, Any]:
    path = folder / META_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidObjectError(str(path), f"cannot be read ({error.strerror}); is this a recording?") from None
    meta = _object(content, str(path))
    if meta.get("format") != FORMAT:
        raise InvalidObjectError(str(path), f"does not say that its format is {FORMAT}")
    return meta


def _watched(raw: Mapping[str, Any], place: str) -> Watched:
    return Watched(at=_received(raw, place), change=text(raw, "type", place), object=section(raw, "object", place))


def _scrape(raw: Mapping[str, Any], place: str) -> Scrape:
    return Scrape(
        at=_received(raw, place),
        node=text(raw, "node", place),
        path=text(raw, "path", place),
        text=text(raw, "text", place),
    )


def _received(raw: Mapping[str, Any], place: str) -> float:
    at = moment(raw, "t", place)
    if at is None:
        raise InvalidObjectError(place, "has no time of receipt (t)")
    return at
