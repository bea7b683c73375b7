"""`probetuner explain`: what a finding means."""

import sys
from importlib import import_module
from typing import Annotated

import typer

from probetuner.cli.telling import note
from probetuner.diagnosis.finding import FindingName
from probetuner.explanations import explain as page_about

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    finding: Annotated[
        str | None, typer.Argument(help="The name of a finding; without one, all are listed.", show_default=False)
    ] = None,
) -> None:
    """Explain a finding: when it is found, what to do about it, and what it is not."""
    if finding is None:
        width = max(len(name.value) for name in FindingName)
        for name in FindingName:
            typer.echo(f"{name.value:{width}}  {page_about(name).summary}")
    elif finding in list(FindingName):
        _print(page_about(FindingName(finding)).text)
    else:
        note(f"there is no finding of the name {finding}; probetuner explain lists them all")
        raise typer.Exit(2)


def _print(text: str) -> None:
    if not sys.stdout.isatty():
        typer.echo(text, nl=False)
        return
    console = import_module("rich.console").Console(width=100)
    console.print(import_module("rich.markdown").Markdown(text))
