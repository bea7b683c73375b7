"""What somebody else put into a folder neither holds the command line up nor takes all memory."""

import gzip
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from hostile.tenants import BEGAN, clock, event, pod, workload
from probetuner.cli.inputs import read_recording
from probetuner.sources import recording as recordings
from probetuner.sources.recording import METRICS_FILE, WATCH_FILE, Recording
from unit.cli.commands import findings, probetuner
from unit.cli.manifests import BROKEN, deployment

pytestmark = pytest.mark.timeout(60)


def _special(folder: Path) -> dict[Path, str]:
    """Things in a folder that are no files, with what they are called."""
    os.mkfifo(folder / "a.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "b.json"))
    (folder / "c.yml").symlink_to("/dev/zero")
    return {folder / "a.yaml": "a FIFO", folder / "b.json": "a socket", folder / "c.yml": "a device"}


def test_what_is_no_file_is_left_out_with_a_word(tmp_path: Path) -> None:
    """A FIFO that nobody writes to, a socket and a device among manifests: each is named, the manifest is judged."""
    special = _special(tmp_path)
    (tmp_path / "good.json").write_text(json.dumps(deployment(**BROKEN)))
    (tmp_path / "linked.json").symlink_to(tmp_path / "good.json")
    result = probetuner("analyze", tmp_path, "-o", "json")

    assert "port-not-declared" in findings(json.loads(result.stdout), "Deployment/web", "app")
    assert result.stderr.splitlines() == [
        f"probetuner: {path} is {kind} and no file; it was left out" for path, kind in special.items()
    ]
    assert result.exit_code == 2


def test_a_fifo_that_somebody_names_is_read() -> None:
    """`probetuner analyze <(kubectl get …)` is a FIFO with a name."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(deployment(**BROKEN)).encode())
    os.close(writing)
    try:
        result = probetuner("analyze", f"/dev/fd/{reading}", "-o", "json")
    finally:
        os.close(reading)

    assert "port-not-declared" in findings(json.loads(result.stdout), "Deployment/web", "app")
    assert result.stderr == ""


def _recorded(folder: Path, watched: list[str], scraped: list[str] | None = None) -> Path:
    """A recording with these lines."""
    folder.mkdir()
    meta = {"format": "probetuner.dev/recording/v1", "started": clock(0)}
    (folder / "meta.json").write_text(json.dumps(meta))
    for name, lines in ((WATCH_FILE, watched), (METRICS_FILE, scraped or [])):
        (folder / name).write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return folder


def _line(raw: dict[str, Any], at: str) -> str:
    return json.dumps({"t": at, "type": "ADDED", "object": raw})


@pytest.mark.parametrize("name", ["meta.json", WATCH_FILE, METRICS_FILE])
def test_a_fifo_in_a_recording_holds_nothing_up(tmp_path: Path, name: str) -> None:
    """It is named, and what else is there is read."""
    folder = _recorded(tmp_path / "r", [_line(workload("blue"), clock(1))])
    (folder / name).unlink()
    os.mkfifo(folder / name)
    result = probetuner("analyze", folder)

    assert f"{folder / name} is a FIFO and no file" in result.stderr
    assert result.exit_code == 2


def test_a_recording_that_unpacks_without_end_is_read_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bound is checked while it is read; what came before it counts, and that there is more is said."""
    monkeypatch.setattr(recordings, "_MOST_BYTES", 1024 * 1024)
    folder = _recorded(tmp_path / "r", [_line(workload("blue"), clock(1))])
    with gzip.open(folder / WATCH_FILE, "ab") as more:
        more.writelines([b" " * 1000 + b"\n"] * 100_000)
    recording = Recording(folder)

    assert len(list(recording.records())) == 1
    assert [problem.startswith(f"{folder / WATCH_FILE} is read no further than line") for problem in recording.problems]
    assert recording._bytes < 1.1 * 1024 * 1024


def test_a_recording_of_empty_lines_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines cost time however short they are."""
    monkeypatch.setattr(recordings, "_MOST_LINES", 1000)
    recording = Recording(_recorded(tmp_path / "r", [""] * 100_000))

    assert list(recording.records()) == []
    assert "is read no further than line 1001" in recording.problems[0]


def test_an_endless_line_is_left_out_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than any is named once, however long it is."""
    monkeypatch.setattr(recordings, "_LONGEST_LINE_BYTES", 4096)
    monkeypatch.setattr(recordings, "_CHUNK_BYTES", 1024)
    folder = _recorded(tmp_path / "r", ["[" * 1024 * 1024, _line(workload("blue"), clock(1))])
    recording = Recording(folder)

    assert len(list(recording.records())) == 1
    assert recording.problems == [f"{folder / WATCH_FILE} line 1 is longer than 0 MiB; the line was left out"]


def test_a_line_that_was_received_at_another_time_is_left_out(tmp_path: Path) -> None:
    """The recorder's clock is the one that all is measured by: what it cannot have written is not believed."""
    lines = [_line(workload("blue"), at) for at in (clock(1), "9999-12-31T23:59:59Z", clock(-7200))]
    recording = Recording(_recorded(tmp_path / "r", lines))

    assert [record.at for record in recording.records()] == [BEGAN + 1]
    assert [problem.split(".t ")[1] for problem in recording.problems] == [
        "is no time of this recording; the line was left out"
    ] * 2


def test_what_a_recording_holds_is_believed_by_its_own_clock(tmp_path: Path) -> None:
    """An Event of the year 9999 in a recording hides none of those after it."""
    lines = [_line(workload("blue"), clock(1)), _line(pod("blue"), clock(10))]
    lines.append(_line(event("blue", "absurd", at="9999-12-31T23:59:59Z"), clock(20)))
    lines += [_line(event("blue", f"e{number}", at=clock(30 + number)), clock(30 + number)) for number in range(30)]
    (subject,) = read_recording(_recorded(tmp_path / "r", lines), tell=pytest.fail)

    assert sum(run.failures for entry in subject.history.containers for run in entry.runs) == 31
    assert all(entry.last_seen_at <= BEGAN + 60 for entry in subject.history.containers)
