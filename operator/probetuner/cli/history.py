"""`probetuner history`: what was changed of a workload, and what came of it."""

import typer

from probetuner.change.record import Change, write_change
from probetuner.change.times import to_text
from probetuner.cli.answers import write_json, write_rows
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Workload
from probetuner.cli.asking import ask
from probetuner.cli.naming import command
from probetuner.cli.telling import note
from probetuner.cli.why import standing_in

app = typer.Typer(add_completion=False)

_COLUMNS = ("DECIDED", "ID", "CHANGE", "ASKED BY", "STATE", "REASON")


@app.command()
def history(
    workload: Workload,
    *,
    namespace: Namespace = None,
    context: Context = None,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Show the latest changes of a workload that the operator made, the newest first, with their verdicts."""
    standing = ask(context, lambda api, here: standing_in(api, workload, namespace or here))
    changes, ref = standing.changes, standing.ref
    if output is AnswerFormat.JSON:
        write_json("Changes", {"object": str(ref), "items": [write_change(change) for change in changes]})
    elif changes:
        write_rows([_COLUMNS, *map(_row, changes)])
    if not changes:
        note(f"nothing was changed of {ref}; {command('why', ref)} tells what was found")
    arrived = next((change for change in changes if not change.was_dropped), None)
    if arrived is not None and arrived.is_carried:
        note(f"to have the latest change undone: {command('rollback', ref, arrived.id)}")


def state_of(change: Change) -> str:
    """Where a change stands, in a word or two."""
    if change.reverted_at is not None:
        return "put back by somebody"
    if change.was_dropped:
        return "not applied"
    if change.verdict is not None:
        return f"{change.verdict}, being undone" if change.to_be_undone else str(change.verdict)
    return "sending" if change.applied_at is None else "verifying"


def _row(change: Change) -> tuple[str, ...]:
    asked = "approval" if change.approved else "mode Apply"
    return (to_text(change.decided_at), change.id, change.summary, asked, state_of(change), change.reason)
