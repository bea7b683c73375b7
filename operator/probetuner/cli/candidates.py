"""What a shell may complete a word with. Whatever goes wrong gives no candidates, and never a message."""

import asyncio
import sys

import typer

_SECONDS = 2.0
_NO_FILES = ":4"
"""ShellCompDirectiveNoFileComp of cobra, which kubectl expects in the last line (spf13/cobra: completions.go)."""


def workloads_of(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the workloads that have a ProbePolicy in the namespace that is meant."""
    try:
        found = asyncio.run(_workloads(ctx.params.get("context"), ctx.params.get("namespace")))
    except Exception:  # noqa: BLE001 - a shell that completes a word has no place for messages
        return []
    return sorted(word for word in found if word.startswith(incomplete.lower()))


async def _workloads(context: str | None, namespace: str | None) -> set[str]:
    from probetuner.cli.asking import policies_in  # noqa: PLC0415 - the Kubernetes client takes a second to import
    from probetuner.cluster.api import Api  # noqa: PLC0415 - as above
    from probetuner.cluster.connection import connect  # noqa: PLC0415 - as above

    connection = connect(context=context)
    api = Api(connection)
    try:
        async with asyncio.timeout(_SECONDS):
            found = await policies_in(api, namespace or connection.namespace)
    finally:
        api.close()
    return {f"{one.target.kind.lower()}/{one.target.name}" for one in found if one.target is not None}


def main() -> None:
    """Answer kubectl, which runs `kubectl_complete-probetuner` for the words after `kubectl probetuner`."""
    from typer._completion_classes import BashComplete  # noqa: PLC0415 - only a shell asks for it

    from probetuner.cli.main import app  # noqa: PLC0415 - it imports the commands, and they import this module

    *before, incomplete = sys.argv[1:] or [""]
    shell = BashComplete(typer.main.get_command(app), {}, "probetuner", "")
    for item in shell.get_completions(before, incomplete):
        sys.stdout.write(f"{item.value}\n")
    sys.stdout.write(f"{_NO_FILES}\n")
