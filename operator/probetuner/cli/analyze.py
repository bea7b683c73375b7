"""`probetuner analyze`: what is wrong with the probes of whatever it is given."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from probetuner.cli.inputs import read_live, read_subjects
from probetuner.cli.live import Live, Seen
from probetuner.cli.output import Format, write
from probetuner.cli.progress import Bar
from probetuner.cli.telling import Problems, note
from probetuner.cli.words import KUBELETS_HELP, KubeletRoute
from probetuner.diagnosis.finding import Severity
from probetuner.model.problem import InvalidObjectError
from probetuner.report.baseline import Known, only_new, read_baseline
from probetuner.report.gain import gained
from probetuner.report.judge import judge
from probetuner.report.report import Report, WorkloadReport
from probetuner.sources.gathering import Subject
from probetuner.sources.manifests import Tell

app = typer.Typer(add_completion=False)


class Render(StrEnum):
    """Whether folders with a kustomization or a chart are rendered by kubectl, kustomize or helm."""

    AUTO = "auto"
    NEVER = "never"


class FailOn(StrEnum):
    """The least severity of a finding that makes the command fail."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Recordings, folders or files of manifests, dumps of kubectl get -o json; - is standard input. "
        "Nothing is the cluster that your kubeconfig names.",
        show_default=False,
    ),
]


@app.command()
def analyze(
    paths: Paths = None,
    *,
    context: Annotated[str | None, typer.Option(help="The context of the kubeconfig.")] = None,
    namespace: Annotated[list[str] | None, typer.Option("-n", "--namespace", help="Namespaces of the cluster.")] = None,
    all_namespaces: Annotated[bool, typer.Option("-A", "--all-namespaces", help="All namespaces.")] = False,
    selector: Annotated[str | None, typer.Option("-l", "--selector", help="Labels of the workloads.")] = None,
    watch_seconds: Annotated[
        int, typer.Option(min=0, max=86400, help="How long to watch the cluster; 0 looks at it once.")
    ] = 0,
    kubelets: Annotated[KubeletRoute, typer.Option(help=KUBELETS_HELP)] = KubeletRoute.PROXY,
    inspect: Annotated[
        bool,
        typer.Option(
            "--inspect",
            help="Look into running containers for zombies of exec probes: reads /proc by exec, with your own rights.",
        ),
    ] = False,
    render: Annotated[
        Render,
        typer.Option(help="Render folders with kustomization.yaml or Chart.yaml by kubectl, kustomize or helm."),
    ] = Render.AUTO,
    output: Annotated[Format, typer.Option("-o", "--output", help="How to write the report.")] = Format.TABLE,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit 1 for findings of this severity or a worse one.")
    ] = FailOn.WARNING,
    why: Annotated[
        bool,
        typer.Option("--why", help="Say what each judgement rests on, and which settings lost by how much."),
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(help="A report of before (-o json): only what is new since then is told and counts."),
    ] = None,
) -> None:
    """Find out what is wrong with the probes of workloads.

    Exit code 0: nothing found. 1: findings (see --fail-on). 2: something could not be read; the rest was analysed.
    """
    problems = Problems()
    known = _read_baseline(baseline) if baseline else None
    if paths and inspect:
        raise typer.BadParameter("only a live cluster can be looked into; leave the paths out", param_hint="--inspect")
    if why and output is not Format.TABLE:
        raise typer.BadParameter("the reasons are for people: leave -o out", param_hint="--why")
    with Bar() as bar:
        if paths:
            seen = Seen(subjects=read_subjects(paths, problems.tell, bar=bar, render_folders=render is Render.AUTO))
        else:
            live = Live(
                context=context,
                namespaces=tuple(namespace or ()),
                all_namespaces=all_namespaces,
                selector=selector,
                kubelets=kubelets,
            )
            seen = read_live(live, watch_seconds=watch_seconds, inspect=inspect, tell=problems.tell, bar=bar)
        report = _report(seen, problems.tell, bar, explaining=why)
    report = report if known is None else only_new(report, known)
    problems.close()
    for workload in report.workloads:
        if workload.incomplete:
            note(f"{workload.origin.place}: {workload.ref} is not all worked out: {workload.incomplete}")
    write(report, output)
    if not seen.subjects and not problems.count:
        note("there is no Deployment, StatefulSet or DaemonSet in what was given")
    raise typer.Exit(exit_code(report, fail_on, problems=problems.count))


def _read_baseline(path: Path) -> Known:
    try:
        return read_baseline(path)
    except InvalidObjectError as error:
        note(str(error))
        raise typer.Exit(2) from None


def _report(seen: Seen, tell: Tell, bar: Bar, *, explaining: bool) -> Report:
    judged = tuple(_judge_all(seen.subjects, tell, bar, explaining=explaining))
    if seen.before is None:
        return Report(workloads=judged)
    return Report(workloads=judged, gained=gained(tuple(_judge_all(seen.before, tell, bar)), judged))


def _judge_all(
    subjects: Sequence[Subject], tell: Tell, bar: Bar, *, explaining: bool = False
) -> Iterator[WorkloadReport]:
    for subject in bar.each(subjects, "Judging workloads"):
        try:
            yield judge(subject, explaining=explaining)
        except Exception as error:  # noqa: BLE001 - a fault in one workload never stops the others
            fault = f"{type(error).__name__}: {error}"
            tell(f"{subject.origin.place}: {subject.workload.ref} could not be judged, please report this: {fault}")


def exit_code(report: Report, fail_on: FailOn, *, problems: int) -> int:
    """The command's exit code: 2 with any problem, 1 with findings that count, else 0."""
    if problems:
        return 2
    return int(fail_on is not FailOn.NEVER and report.troubles(Severity(fail_on.value)) > 0)
