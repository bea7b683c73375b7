"""`probetuner rollback`: the latest change of a workload is to be undone."""

from typing import Annotated

import typer

from probetuner.change.record import Change
from probetuner.cli.answers import write_json
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Workload, Yes
from probetuner.cli.asking import UnansweredError, annotate, ask
from probetuner.cli.consent import agree
from probetuner.cli.history import state_of
from probetuner.cli.naming import command
from probetuner.cli.standing import Standing
from probetuner.cli.telling import note
from probetuner.cli.why import standing_in
from probetuner.cluster.api import Api
from probetuner.cluster.workloads import path_of
from probetuner.model.mode import ROLLBACK_ANNOTATION, Mode

app = typer.Typer(add_completion=False)


@app.command()
def rollback(
    workload: Workload,
    identity: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The id of the latest change, to be sure.", show_default=False)
    ] = None,
    *,
    namespace: Namespace = None,
    context: Context = None,
    yes: Yes = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Have the operator undo the latest change of a workload, whatever its verdict was.

    The wish is the annotation probetuner.dev/rollback of the workload. The old values are put back as after a verdict
    against a change: written down first, tried in a dry run, and seen to be back. The change is not recommended again.
    """

    async def write(api: Api, here: str) -> tuple[Standing, Change]:
        standing = await standing_in(api, workload, namespace or here)
        change = _latest(standing, identity)
        agree(f"have {change.summary} ({change.id}) of {standing.ref} undone, which replaces its pods", yes=yes)
        await annotate(api, path_of(standing.ref), {ROLLBACK_ANNOTATION: change.id})
        return standing, change

    standing, change = ask(context, write)
    ref = standing.ref
    if output is AnswerFormat.JSON:
        write_json("Rollback", {"object": str(ref), "id": change.id, "asked": True})
    note(f"{change.summary} of {ref} is to be undone; {command('history', ref)} shows when it is")
    if standing.status.get("mode") == Mode.APPLY:
        note(f"something else may be applied after the cool-down; {command('pause', ref)} has nothing begin")


def _latest(standing: Standing, identity: str | None) -> Change:
    """The change that can be undone. Raises UnansweredError where there is none, or another one was meant."""
    ref, changes = standing.ref, standing.changes
    latest = next((change for change in changes if not change.was_dropped), None)
    if latest is None:
        raise UnansweredError(f"nothing was changed of {ref}; {command('why', ref)} tells what was found")
    if identity not in (None, latest.id):
        raise UnansweredError(
            f"{identity} is not the latest change of {ref}, which is {latest.id}, and only that can be undone; "
            f"{command('history', ref)} shows all"
        )
    if latest.is_gone or latest.to_be_undone:
        raise UnansweredError(f"{latest.id} is {state_of(latest)} already; {command('history', ref)} shows it")
    if standing.status.get("mode") not in (Mode.RECOMMEND, Mode.APPLY):
        raise UnansweredError(
            f"mode of {ref} is {standing.status.get('mode')}, in which nothing is written; "
            f"{command('mode', ref, 'Recommend')} first"
        )
    return latest
