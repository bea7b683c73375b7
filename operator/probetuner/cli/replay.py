"""`probetuner replay`: other settings over a recording."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from probetuner.cli.settings import Setting, SettingError, parse_settings, with_settings
from probetuner.cli.telling import Problems, note
from probetuner.facts.fact import Fact
from probetuner.model.container import Container
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import Workload
from probetuner.report.columns import align
from probetuner.report.printable import printable
from probetuner.sources.gathering import Gathering
from probetuner.sources.observation import read_records
from probetuner.sources.recording import Recording
from probetuner.tuning.budget import Budget, TooMuchToReplayError
from probetuner.tuning.replay.forecast import Forecast, Span, forecast
from probetuner.tuning.replay.reconstruct import signals

app = typer.Typer(add_completion=False)

_HEADER = ("WORKLOAD", "CONTAINER", "PROBES", "KILLS", "RESTARTS", "FLAPS", "UNREADY-SECONDS", "UNKNOWN")
_MOST_STEPS = 20_000_000
"""For each container: some minutes, and enough for a day of ten pods."""
_EXAMPLE = "for example --set liveness.timeoutSeconds=5, or --set liveness=none"


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="A recording, as `probetuner record` writes it.")],
    *,
    settings: Annotated[list[str], typer.Option("--set", metavar="SETTING", help=f"A setting to try; {_EXAMPLE}.")],
    container: Annotated[str | None, typer.Option(help="Only containers of this name.")] = None,
) -> None:
    """Forecast what other probe settings would have made of a recording.

    Two lines per container: as it was, and as it would have been. A range stands where the kubelet's own chance, or
    what nobody asked the container at the time, decides; UNKNOWN is the share of attempts of the second kind.
    """
    problems = Problems()
    try:
        asked = parse_settings(settings)
        rows = list(_rows(recording, asked, only=container, problems=problems))
    except (SettingError, InvalidObjectError) as problem:
        note(str(problem))
        raise typer.Exit(2) from None
    problems.close()
    typer.echo(align([_HEADER, *rows]), nl=False)
    if not rows:
        note(f"{recording} shows no container from its first start on, which a replay needs")
    raise typer.Exit(2 if problems.count else 0)


def _rows(
    folder: Path, settings: Sequence[Setting], *, only: str | None, problems: Problems
) -> Iterator[tuple[str, ...]]:
    recording = Recording(folder)
    gathering = Gathering(watched_since=recording.started)
    facts = list(read_records(gathering, recording.records(), place=str(folder), tell=problems.tell))
    for problem in recording.problems:
        problems.tell(problem)
    for subject in gathering.subjects():
        mine = [fact for fact in facts if fact.pod.workload == subject.workload.ref]
        for container in subject.workload.containers:
            if only in (None, container.name):
                try:
                    yield from _replayed(subject.workload, container, mine, settings)
                except TooMuchToReplayError as error:
                    problems.tell(f"{subject.workload.ref}/{container.name} is not replayed: {error}")


def _replayed(
    workload: Workload, container: Container, facts: Sequence[Fact], settings: Sequence[Setting]
) -> Iterator[tuple[str, ...]]:
    found = signals(facts, container).values()
    if not found:
        return
    ref, budget = workload.ref, Budget(_MOST_STEPS)
    where = (printable(f"{ref.kind}/{ref.namespace}/{ref.name}"), printable(container.name))
    for words, tried in (("as-recorded", ()), ("as-set", settings)):
        probes = with_settings(container, tried)
        after = forecast(found, container, probes, grace_seconds=workload.grace_seconds, budget=budget)
        yield (*where, words, *_figures(after))


def _figures(after: Forecast) -> Iterator[str]:
    for span in (after.kills, after.restarts, after.flaps, after.unready_seconds):
        yield _written(span)
    yield f"{after.unknown_share:.0%}"


def _written(span: Span) -> str:
    least, most = round(span.least), round(span.most)
    return str(least) if least == most else f"{least}..{most}"
