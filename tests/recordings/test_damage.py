"""A damaged recording is read as far as it goes, and its damage is named by file and line."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probetuner.model.problem import InvalidObjectError
from probetuner.sources.recording import METRICS_FILE, WATCH_FILE, Recording, Scrape, Watched

WHOLE = Path(__file__).parent / "10-healthy"
WATCHED, SCRAPES = 88, 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole recording to damage."""
    return Path(shutil.copytree(WHOLE, tmp_path / "recording"))


def count(recording: Recording) -> tuple[int, int]:
    records = list(recording.records())
    return sum(isinstance(r, Watched) for r in records), sum(isinstance(r, Scrape) for r in records)


def test_a_whole_recording_is_read_in_the_order_of_receipt() -> None:
    """Watch events and scrapes come merged by time, with nothing to complain of."""
    recording = Recording(WHOLE)
    times = [record.at for record in recording.records()]

    assert times == sorted(times)
    assert count(recording) == (WATCHED, SCRAPES)
    assert recording.problems == []
    assert (recording.kubernetes, recording.namespace) == ("v1.35.4", "pub-10")


def test_a_truncated_file_gives_what_came_before(folder: Path) -> None:
    """Most lines before the cut are there, and those of the other file all are."""
    path = folder / WATCH_FILE
    path.write_bytes(path.read_bytes()[:-500])
    recording = Recording(folder)
    watched, scrapes = count(recording)

    assert WATCHED // 2 < watched < WATCHED
    assert scrapes == SCRAPES
    (problem,) = recording.problems
    assert problem.startswith(f"{path} ends early after line {watched} ")


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        (b"{ half a line", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"\xff\xfe", "is not JSON"),
        (b'{"type": "ADDED", "object": {}}', "has no time of receipt"),
        (b'{"t": "noon", "type": "ADDED", "object": {}}', "is not an RFC 3339 time"),
        (b'{"t": "2026-01-01T00:00:00Z", "type": "ADDED", "object": 7}', "is not an object"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_bad_line_is_named_and_left_out(folder: Path, line: bytes, trouble: str) -> None:
    """The lines around it are read; the sentence has the file, the line and what is wrong."""
    path = folder / WATCH_FILE
    lines = gzip.decompress(path.read_bytes()).splitlines()
    path.write_bytes(gzip.compress(b"\n".join([*lines[:5], line, *lines[5:]])))
    recording = Recording(folder)

    assert count(recording) == (WATCHED, SCRAPES)
    (problem,) = recording.problems
    assert problem.startswith(f"{path} line 6")
    assert trouble in problem


def test_a_missing_file_is_named(folder: Path) -> None:
    """Without scrapes the watch events are still worth reading."""
    (folder / METRICS_FILE).unlink()
    recording = Recording(folder)

    assert count(recording) == (WATCHED, 0)
    assert recording.problems == [f"{folder / METRICS_FILE} is missing; what it would tell is not known"]


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "does not say that its format is probetuner.dev/recording/v1"),
        (json.dumps({"format": "probetuner.dev/recording/v1"}), "has no start time"),
    ],
)
def test_a_folder_that_is_no_recording_is_refused(folder: Path, content: str | None, trouble: str) -> None:
    """One sentence says what is missing, before anything is read."""
    path = folder / "meta.json"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)

    with pytest.raises(InvalidObjectError, match=trouble) as refusal:
        Recording(folder)
    assert str(path) in str(refusal.value)


def test_the_list_of_problems_is_bounded(folder: Path) -> None:
    """A file of garbage does not become a list as long as the file."""
    (folder / WATCH_FILE).write_bytes(gzip.compress(b"x\n" * 10_000))
    recording = Recording(folder)
    list(recording.records())

    assert len(recording.problems) == 21


@given(content=st.binary(max_size=200), packed=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_bytes_are_survived(folder: Path, *, content: bytes, packed: bool) -> None:
    """Whatever stands in the file, the other file is read and nothing is raised."""
    (folder / WATCH_FILE).write_bytes(gzip.compress(content) if packed else content)

    assert count(Recording(folder))[1] == SCRAPES
