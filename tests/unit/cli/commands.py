"""The command line, called as a user calls it."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from probetuner.cli.main import app

RECORDINGS = Path(__file__).parents[2] / "recordings"


def probetuner(*arguments: str | Path, piped: bytes = b"") -> Result:
    """Call probetuner; what it prints is not printed on a terminal. An exception that escapes it fails the test."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=piped)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def report(*arguments: str | Path, piped: bytes = b"") -> dict[str, Any]:
    """What `analyze -o json` prints of this."""
    printed: dict[str, Any] = json.loads(probetuner("analyze", *arguments, "-o", "json", piped=piped).stdout)
    return printed


def findings(printed: dict[str, Any], workload: str, container: str) -> set[str]:
    """The names of the findings about a container in a report; the workload is written Kind/name."""
    return {finding["name"] for finding in _container(printed, workload, container)["findings"]}


def actions(printed: dict[str, Any], workload: str, container: str) -> set[str]:
    """The names of the actions for a container in a report."""
    return {action["name"] for action in _container(printed, workload, container)["actions"]}


def _container(printed: dict[str, Any], workload: str, container: str) -> dict[str, Any]:
    return next(
        entry
        for one in printed["workloads"]
        if f"{one['kind']}/{one['name']}" == workload
        for entry in one["containers"]
        if entry["name"] == container
    )
