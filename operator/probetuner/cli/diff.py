"""`probetuner diff`: a workload as it is against what is recommended."""

from typing import Any

import typer

from probetuner.cli.answers import write_json, write_text
from probetuner.cli.arguments import AnswerFormat, Context, Namespace, Output, Workload
from probetuner.cli.asking import ask
from probetuner.cli.differing import Difference, difference_in
from probetuner.cli.naming import approval, command
from probetuner.cli.telling import note
from probetuner.cluster.api import Api

app = typer.Typer(add_completion=False)


@app.command()
def diff(
    workload: Workload,
    *,
    namespace: Namespace = None,
    context: Context = None,
    output: Output = AnswerFormat.TABLE,
) -> None:
    """Show what the recommendation would change of a workload, as `diff -u` does.

    Exit code 0: nothing. 1: something, as with kubectl diff. 2: it could not be asked.
    """

    async def look(api: Api, here: str) -> Difference:
        return await difference_in(api, workload, namespace or here)

    found = ask(context, look)
    ref = found.standing.ref
    if output is AnswerFormat.JSON:
        write_json("Difference", _document(found))
    else:
        write_text(found.text)
    if not found.text:
        note(f"{ref} is as the patch would make it; {command('history', ref)} shows what was changed")
        return
    own = f"with your own rights: {command('apply', ref)}"
    identity = found.standing.identity
    note(f"to have it done and watched: {approval(ref, identity)}; {own}" if identity else own)
    raise typer.Exit(1)


def _document(found: Difference) -> dict[str, Any]:
    ref = found.standing.ref
    return {
        "object": str(ref),
        "id": found.standing.identity,
        "before": found.before,
        "after": found.after,
        "patch": found.patch,
    }
