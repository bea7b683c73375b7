"""What `analyze` was given, to what is to be judged: told apart by what it is, not by what it is called."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from probetuner.cli.live import Live, Seen
from probetuner.cli.progress import Bar
from probetuner.cli.telling import note
from probetuner.diagnosis.wording import first_of
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadRef
from probetuner.sources.dump import gather_objects
from probetuner.sources.gathering import Subject
from probetuner.sources.manifests import Given, Tell, files_in, read_bounded, read_content, read_file
from probetuner.sources.observation import gather_records
from probetuner.sources.recording import META_FILE, Recording
from probetuner.sources.rendering import Build, builds_in, render

STDIN = Path("-")
_MOST_NAMED = 5


def read_live(live: Live, *, watch_seconds: int, inspect: bool, tell: Tell, bar: Bar) -> Seen:
    """Look at a live cluster once, and then for some seconds or into its containers, if asked to."""
    from probetuner.cli.cluster import read_cluster  # noqa: PLC0415 - the Kubernetes client takes a second to import

    return read_cluster(live, watch_seconds=watch_seconds, inspect=inspect, tell=tell, bar=bar)


def read_subjects(paths: Sequence[Path], tell: Tell, *, bar: Bar, render_folders: bool = True) -> list[Subject]:
    """Read recordings, each by itself, and everything else together, so that a Service may stand in another file."""
    recordings = [path for path in paths if is_recording(path)]
    others = [path for path in paths if path not in recordings]
    subjects = [subject for path in recordings for subject in read_recording(path, tell)]
    if others:
        given = _objects(others, tell, bar, render_folders=render_folders)
        found = gather_objects(given, tell, note=note, now=time.time()).subjects()
        subjects += found
        _note_missing([subject.workload.ref for subject in found if not subject.defined])
    return subjects


def _note_missing(refs: Sequence[WorkloadRef]) -> None:
    """Say of which workloads only pods were given, where the workload itself would make a patch possible."""
    named = [str(ref) for ref in refs if ref.followed]
    if named:
        note(
            f"{first_of(named, _MOST_NAMED)}: judged by the specs of pods; "
            "add deploy,sts,ds to what kubectl gets, to have patches too"
        )


def is_recording(path: Path) -> bool:
    """Whether this is a folder that says it is a recording, or looks like one whose meta data is lost."""
    return path.is_dir() and any((path / name).exists() for name in (META_FILE, "watch.ndjson.gz"))


def read_recording(path: Path, tell: Tell) -> list[Subject]:
    """Read a recording as far as it can be read."""
    try:
        recording = Recording(path)
    except InvalidObjectError as error:
        tell(str(error))
        return []
    gathering = gather_records(recording.records(), watched_since=recording.started, place=str(path), tell=tell)
    for problem in recording.problems:
        tell(problem)
    return gathering.subjects()


def _objects(paths: Sequence[Path], tell: Tell, bar: Bar, *, render_folders: bool) -> Iterator[Given]:
    files: list[tuple[Path, bool]] = []
    foreign = _Foreign()
    for path in paths:
        built: set[Path] = set()
        for build in builds_in(path) if path.is_dir() else ():
            yield from _rendered(build, built, tell, render_folders=render_folders)
        try:
            files += [(file, path.is_dir()) for file in files_in(path, tell) if file not in built]
        except InvalidObjectError as error:
            tell(str(error))
    for file, from_folder in bar.each(files, "Reading manifests"):
        if file == STDIN:
            yield from read_content(read_bounded(sys.stdin.buffer), "standard input", tell)
        else:
            yield from read_file(file, tell, foreign=foreign.count if from_folder else None)
    foreign.close()


def _rendered(build: Build, built: set[Path], tell: Tell, *, render_folders: bool) -> Iterator[Given]:
    """The objects of a folder that has to be rendered; where it is not, the command that renders it is told.

    The files of a kustomization are then read as they are, those of a chart are no manifests.
    """
    try:
        content, command = render(build) if render_folders else (None, "")
    except InvalidObjectError as error:
        content, why = None, str(error)
    else:
        why = f"{build.folder} has to be rendered"
    if content is not None:
        built |= build.covers
        note(f"rendered {build.folder} with `{command}`")
        yield from read_content(content, f"`{command}`", tell)
        return
    if not build.may_be_read:
        built |= build.covers
    note(f"{why}; to judge what it makes: {build.advice} | probetuner analyze -")


class _Foreign:
    """Counts documents in folders that are no Kubernetes objects, and tells their number in the end."""

    def __init__(self) -> None:
        self._first, self._count = "", 0

    def count(self, problem: str) -> None:
        self._first, self._count = self._first or problem, self._count + 1

    def close(self) -> None:
        if self._count:
            more = f", and {self._count - 1} more" if self._count > 1 else ""
            note(f"{self._first.removesuffix('; it was left out')}{more}")
