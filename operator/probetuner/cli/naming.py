"""How this program is called, for messages that name the next command."""

import sys
from pathlib import Path

from probetuner.model.workload import WorkloadRef

_AS_PLUGIN = "kubectl-probetuner"


def program() -> str:
    """Return what to type to call this program again."""
    return "kubectl probetuner" if Path(sys.argv[0]).name == _AS_PLUGIN else "probetuner"


def command(verb: str, ref: WorkloadRef, *more: str) -> str:
    """Return the command that does something about a workload."""
    return " ".join((program(), verb, named(ref), *more, "-n", ref.namespace))


def approval(ref: WorkloadRef, identity: str) -> str:
    """Return the command that approves a recommendation."""
    return f"{program()} approve {identity} -n {ref.namespace}"


def named(ref: WorkloadRef) -> str:
    """Return a workload as commands take it."""
    return f"{ref.kind.lower()}/{ref.name}"
