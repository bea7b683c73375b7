"""What `analyze` was given, to what is to be judged: told apart by what it is, not by what it is called."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from probetuner.cli.progress import each
from probetuner.cli.telling import note
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadRef
from probetuner.sources.dump import gather_objects
from probetuner.sources.gathering import Subject
from probetuner.sources.manifests import Given, Tell, files_in, read_bounded, read_content, read_file
from probetuner.sources.observation import gather_records
from probetuner.sources.recording import META_FILE, Recording

STDIN = Path("-")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A live cluster and where in it to look: the kubeconfig's own context and namespace where nothing is said."""

    context: str | None = None
    namespaces: tuple[str, ...] = ()
    all_namespaces: bool = False
    selector: str | None = None


def read_live(live: Live, *, watch_seconds: int, inspect: bool, tell: Tell) -> list[Subject]:
    """Look at a live cluster once, or for some seconds; and then into its containers, if asked to."""
    from probetuner.cli.cluster import read_cluster  # noqa: PLC0415 - the Kubernetes client takes a second to import

    return read_cluster(live, watch_seconds=watch_seconds, inspect=inspect, tell=tell)


def read_subjects(paths: Sequence[Path], tell: Tell) -> list[Subject]:
    """Read recordings, each by itself, and everything else together, so that a Service may stand in another file."""
    recordings = [path for path in paths if is_recording(path)]
    others = [path for path in paths if path not in recordings]
    subjects = [subject for path in recordings for subject in read_recording(path, tell)]
    if others:
        found = gather_objects(_objects(others, tell), tell, note=note).subjects()
        subjects += found
        _note_missing([subject.workload.ref for subject in found if not subject.defined])
    return subjects


def _note_missing(refs: Sequence[WorkloadRef]) -> None:
    """Say of which workloads only pods were given, where the workload itself would make a patch possible."""
    named = [str(ref) for ref in refs if ref.followed]
    if named:
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        note(
            f"{', '.join(named[:_MOST_NAMED])}{more}: judged by the specs of pods; "
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
    gathering = gather_records(recording.records(), since=recording.started, place=str(path), tell=tell)
    for problem in recording.problems:
        tell(problem)
    return gathering.subjects()


def _objects(paths: Sequence[Path], tell: Tell) -> Iterator[Given]:
    files: list[Path] = []
    for path in paths:
        try:
            files += files_in(path)
        except InvalidObjectError as error:
            tell(str(error))
    for file in each(files, "Reading manifests"):
        if file == STDIN:
            yield from read_content(read_bounded(sys.stdin.buffer), "standard input", tell)
        else:
            yield from read_file(file, tell)
