"""Reading a recording: a folder of what an observer of a cluster saw, in the order of receipt.

`meta.json` says what it is, `watch.ndjson.gz` has a line per watch event and `metrics.ndjson.gz` one per scrape of a
kubelet. A recording that was cut short is still worth reading: everything before the damage is given out, and the
damage is named. So it is with one that is larger than any that `probetuner record` makes: a small file may unpack to
more than there is room or time for.
"""

import gzip
import heapq
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from probetuner.model.fields import moment, text
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import section
from probetuner.sources.special import special_kind

FORMAT = "probetuner.dev/recording/v1"
WATCH_FILE, METRICS_FILE, META_FILE = "watch.ndjson.gz", "metrics.ndjson.gz", "meta.json"

_LONGEST_LINE_BYTES = 32 * 1024 * 1024
"""A line holds a kubelet's page of 16 MiB at most, in which JSON writes two characters for each quotation mark."""
_MOST_BYTES = 4 * 1024**3
"""Unpacked, of both files together: a day on a node with a hundred pods is a third of that."""
_MOST_LINES = 10_000_000
_MOST_META_BYTES = 1024 * 1024
_LONGEST_SECONDS = 7 * 86400.0
"""Seven times as long as `probetuner record` records."""
_CHUNK_BYTES = 1024 * 1024
_TOLD_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A watch event; `at` is when it was received (epoch seconds), `change` is ADDED, MODIFIED or DELETED."""

    at: float
    change: str
    object: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A kubelet's answer for a path; `at` is when it was received (epoch seconds).

    `problem` is a sentence on what of the answer is not in the text, None where all of it is.
    """

    at: float
    node: str
    path: str
    text: str
    problem: str | None = None


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
        self._bytes, self._lines = 0, 0

    def records(self) -> Iterator[Record]:
        """All records in the order of receipt, read as they are asked for."""
        self.problems.clear()
        self._bytes, self._lines = 0, 0
        return heapq.merge(
            self._read(WATCH_FILE, _watched), self._read(METRICS_FILE, _scrape), key=lambda record: record.at
        )

    def _read(self, name: str, parse: _Parse) -> Iterator[Record]:
        path = self.folder / name
        number, latest = 0, self.started
        if (kind := special_kind(path)) is not None:
            self._report(f"{path} is {kind} and no file; what it would tell is not known")
            return
        try:
            with gzip.open(path, "rb") as stream:
                for number, line in enumerate(self._unpacked(stream), start=1):
                    record = self._parsed(line, f"{path} line {number}", parse)
                    if record is not None:
                        latest = record.at
                        yield record
            if not path.stat().st_size:  # which gzip takes for a whole one
                self._report(f"{path} is empty: it is cut off before the first line")
            if self._is_too_large():
                self._report(
                    f"{path} is read no further than line {number}: of a recording {_MOST_BYTES >> 30} GiB and "
                    f"{_MOST_LINES:,} lines are read; what came before was"
                )
        except FileNotFoundError:
            self._report(f"{path} is missing; what it would tell is not known")
        except (OSError, EOFError, zlib.error) as error:
            until = f"{datetime.fromtimestamp(latest, UTC):%Y-%m-%d %H:%M:%S} UTC"
            self._report(
                f"{path} ends early after line {number} ({error}): it is cut off at {until}; what came before was read"
            )

    def _unpacked(self, stream: gzip.GzipFile) -> Iterator[bytes]:
        """Give out the lines, cut off at the length that any line has at most, until there was too much of it."""
        while not self._is_too_large() and (line := stream.readline(_LONGEST_LINE_BYTES)):
            self._count(line)
            rest = line
            while not rest.endswith(b"\n") and not self._is_too_large() and (rest := stream.readline(_CHUNK_BYTES)):
                self._count(rest)
            yield line

    def _count(self, unpacked: bytes) -> None:
        self._bytes += len(unpacked)
        self._lines += 1

    def _is_too_large(self) -> bool:
        return self._bytes > _MOST_BYTES or self._lines > _MOST_LINES

    def _parsed(self, line: bytes, place: str, parse: _Parse) -> Record | None:
        if not line.strip():
            return None
        try:
            return self._checked(parse(_object(line, place), place), place)
        except InvalidObjectError as error:
            self._report(f"{error}; the line was left out")
            return None

    def _checked(self, record: Record, place: str) -> Record:
        if not self.started <= record.at <= self.started + _LONGEST_SECONDS:
            raise InvalidObjectError(f"{place}.t", "is no time of this recording")
        return record

    def _report(self, problem: str) -> None:
        if len(self.problems) == _TOLD_PROBLEMS:
            self.problems.append("and more")
        elif len(self.problems) < _TOLD_PROBLEMS:
            self.problems.append(problem)


def _object(content: bytes, place: str) -> Mapping[str, Any]:
    if len(content) >= _LONGEST_LINE_BYTES:
        raise InvalidObjectError(place, f"is longer than {_LONGEST_LINE_BYTES >> 20} MiB")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidObjectError(place, "is not JSON") from None
    if not isinstance(value, Mapping):
        raise InvalidObjectError(place, "is not a JSON object")
    return value


def _meta(folder: Path) -> Mapping[str, Any]:
    path = folder / META_FILE
    if (kind := special_kind(path)) is not None:
        raise InvalidObjectError(str(path), f"is {kind} and no file; is this a recording?")
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_META_BYTES)
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
        problem=text(raw, "problem", place) or None,
    )


def _received(raw: Mapping[str, Any], place: str) -> float:
    at = moment(raw, "t", place)
    if at is None:
        raise InvalidObjectError(place, "has no time of receipt (t)")
    return at
