"""`probetuner pause` and `probetuner resume`: no change begins at a workload, in a namespace, or anywhere."""

from dataclasses import dataclass
from typing import Annotated

import typer

from probetuner.cli.answers import write_json
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Yes
from probetuner.cli.asking import UnansweredError, annotate, annotations_of, ask, parse_ref, read_workload
from probetuner.cli.candidates import workloads_of
from probetuner.cli.consent import agree
from probetuner.cli.naming import named, program
from probetuner.cli.telling import note
from probetuner.cluster.api import Api
from probetuner.cluster.errors import NotFoundError, StatusError
from probetuner.cluster.names import LEASE, NamespacedName
from probetuner.cluster.workloads import path_of
from probetuner.model.pausing import PAUSED_ANNOTATION, says_paused

app = typer.Typer(add_completion=False)

_Target = Annotated[
    str | None,
    typer.Argument(metavar="[KIND/NAME]", help="One workload.", show_default=False, autocompletion=workloads_of),
]
_Everything = Annotated[
    bool, typer.Option("--all", "-A", help="All workloads of the cluster, by the operator's Lease.")
]
_Lease = Annotated[str, typer.Option(metavar="NAMESPACE/NAME", help="The Lease that the operator works by, for --all.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What is paused: its name, where it is, and the words after the verb that name it."""

    name: str
    path: str
    words: str


@app.command()
def pause(
    workload: _Target = None,
    *,
    namespace: Namespace = None,
    everything: _Everything = False,
    lease: _Lease = str(LEASE),
    context: Context = None,
    yes: Yes = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Have no change begin: at one workload (KIND/NAME), in a namespace (-n alone), or anywhere (--all).

    What was begun is watched and, where it made things worse, undone. It is the annotation probetuner.dev/paused.
    """
    place = _write(workload, namespace, context, lease, everything=everything, paused=True, yes=yes, output=output)
    note(f"no change begins at {place.name}; undos go on. {program()} resume {place.words} lets changes begin again")


@app.command()
def resume(
    workload: _Target = None,
    *,
    namespace: Namespace = None,
    everything: _Everything = False,
    lease: _Lease = str(LEASE),
    context: Context = None,
    yes: Yes = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Let changes begin again where `pause` was called: KIND/NAME, -n alone, or --all."""
    place = _write(workload, namespace, context, lease, everything=everything, paused=False, yes=yes, output=output)
    note(f"changes may begin again at {place.name}; {program()} status shows what waits")


def _write(
    workload: str | None,
    namespace: str | None,
    context: str | None,
    lease: str,
    *,
    everything: bool,
    paused: bool,
    yes: bool,
    output: AnswerFormat,
) -> _Place:
    async def write(api: Api, here: str) -> _Place:
        place = await _place(api, workload, namespace, here, lease=lease, everything=everything)
        agree(f"{'have no change begin' if paused else 'let changes begin again'} at {place.name}", yes=yes)
        try:
            await annotate(api, place.path, {PAUSED_ANNOTATION: "true" if paused else None})
        except NotFoundError:
            raise UnansweredError(
                f"there is no {place.name}; for --all, --lease names the Lease that the operator works by "
                f"({program()} doctor shows it)"
            ) from None
        if workload is not None and not paused:
            await _tell_if_paused_above(api, namespace or here)
        return place

    place = ask(context, write)
    if output is AnswerFormat.JSON:
        write_json("Pause", {"object": place.name, "paused": paused})
    return place


async def _place(
    api: Api, workload: str | None, namespace: str | None, here: str, *, lease: str, everything: bool
) -> _Place:
    if everything:
        if workload is not None or namespace is not None:
            raise UnansweredError("--all is the whole cluster: leave out KIND/NAME and -n, or leave out --all")
        try:
            place = NamespacedName.parse(lease)
        except ValueError as problem:
            raise UnansweredError(f"--lease: {problem}") from None
        path = f"/apis/coordination.k8s.io/v1/namespaces/{place.namespace}/leases/{place.name}"
        return _Place(name=f"Lease {place}, for all of the cluster", path=path, words="--all")
    if workload is None:
        if namespace is None:
            raise UnansweredError("say where: KIND/NAME for one workload, -n NAMESPACE for a namespace, or --all")
        return _Place(name=f"Namespace {namespace}", path=f"/api/v1/namespaces/{namespace}", words=f"-n {namespace}")
    ref = parse_ref(workload, namespace or here)
    await read_workload(api, ref)
    return _Place(name=str(ref), path=path_of(ref), words=f"{named(ref)} -n {ref.namespace}")


async def _tell_if_paused_above(api: Api, namespace: str) -> None:
    """A workload that goes on is still held up by its Namespace; who may not read that is not told."""
    try:
        found = await api.get(f"/api/v1/namespaces/{namespace}")
    except StatusError:
        return
    if says_paused(annotations_of(found).get(PAUSED_ANNOTATION)):
        note(f"Namespace {namespace} is paused as a whole; {program()} resume -n {namespace} lets its workloads go on")
