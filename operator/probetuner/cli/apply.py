"""`probetuner apply`: the patch of a recommendation, sent by whoever calls this."""

from typing import Annotated

import typer

from probetuner.cli.answers import write_json, write_text
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Workload, Yes
from probetuner.cli.asking import FIELD_MANAGER, UnansweredError, ask
from probetuner.cli.consent import agree
from probetuner.cli.differing import Difference, difference_in
from probetuner.cli.naming import command, named
from probetuner.cli.telling import note
from probetuner.cluster.api import STRATEGIC_MERGE, Api
from probetuner.cluster.errors import ConflictError
from probetuner.cluster.workloads import path_of

app = typer.Typer(add_completion=False)


@app.command()
def apply(
    workload: Workload,
    *,
    namespace: Namespace = None,
    context: Context = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Have the API server try the patch, and write nothing.")
    ] = False,
    yes: Yes = False,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Apply the recommendation of a workload yourself, by your own rights, where the operator may not or does not.

    What is sent is status.patch of the ProbePolicy, if it is of probes, commands and reapers and of nothing else, and
    onto the very workload that is shown, or not at all. It is tried in a dry run of the server first. No brake of the
    operator holds for it (cool-down, windows, pause), and the operator does not undo it: `approve` has both.
    """

    async def write(api: Api, here: str) -> Difference:
        found = await difference_in(api, workload, namespace or here)
        ref = found.standing.ref
        if not found.text:
            raise UnansweredError(f"{ref} is as the patch would make it; nothing was written")
        if output is AnswerFormat.TABLE:
            write_text(found.text)
        refused = found.standing.refused
        if refused is not None:
            note(f"the operator does not apply it ({refused.reason}): {refused.message}")
        if not dry_run:
            agree(f"patch {ref} like this, which replaces its pods", yes=yes)
        await _send(api, found, dry_run=dry_run)
        return found

    found = ask(context, write)
    ref = found.standing.ref
    if output is AnswerFormat.JSON:
        content = {"object": str(ref), "id": found.standing.identity, "patch": found.patch, "applied": not dry_run}
        write_json("Application", content)
    if dry_run:
        note(f"the API server takes the patch; nothing was written. {command('apply', ref)} writes it")
        return
    note(f"{ref} is patched; kubectl rollout status {named(ref)} -n {ref.namespace} shows the rollout")
    note(f"to take it back: kubectl rollout undo {named(ref)} -n {ref.namespace}")


async def _send(api: Api, found: Difference, *, dry_run: bool) -> None:
    path, ref = path_of(found.standing.ref), found.standing.ref
    body = {**found.patch, "metadata": {"resourceVersion": found.version}}
    query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
    try:
        await api.write("PATCH", path, body, query=[*query, ("dryRun", "All")], content_type=STRATEGIC_MERGE)
        if not dry_run:
            await api.write("PATCH", path, body, query=query, content_type=STRATEGIC_MERGE)
    except ConflictError:
        raise UnansweredError(f"{ref} has changed meanwhile; nothing was written: {command('apply', ref)}") from None
