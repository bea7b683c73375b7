"""Whoever calls a command agrees to what it writes, at a terminal or by --yes."""

import sys

import typer

from probetuner.cli.asking import UnansweredError
from probetuner.report.printable import printable

_MOST_CHARACTERS = 2000


def agree(what: str, *, yes: bool) -> None:
    """Ask before something is written; `what` is what is done, as an infinitive. Raises UnansweredError."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UnansweredError(f"nobody is there to agree to {what}; give --yes")
    if not typer.confirm(f"{printable(what, most=_MOST_CHARACTERS)}?", err=True):
        raise UnansweredError("nothing was written, since you did not agree")
