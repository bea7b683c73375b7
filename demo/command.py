"""The command line of the demonstration: from nothing to two tables, or to a clean end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from demo import installation, namespaces
from demo.cluster import Cluster, DemoError, current_cluster, lab_cluster
from demo.outcome import shortcomings
from demo.stories import Outcomes, play_both
from demo.table import pressure_table, start_table
from lab import KubeletCertificates, Lab, LabError
from lab.progress import console, step

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_INTERRUPTED = 130
_WIDTH_OF_LOGS = 120


class Where(StrEnum):
    """The two kinds of cluster."""

    LAB = "lab"
    CURRENT = "current"


@app.command()
def demo(
    cluster: Annotated[
        Where,
        typer.Option(envvar="CLUSTER", help="The lab of this project, or the cluster of the present kubectl context."),
    ] = Where.LAB,
    image: Annotated[
        str, typer.Option(envvar="IMAGE", help="The operator's image, which the nodes can pull; only with current.")
    ] = "",
    demo_image: Annotated[
        str, typer.Option(envvar="DEMO_IMAGE", help="The stories' image, which the nodes can pull; only with current.")
    ] = "",
    kubelet_certificates: Annotated[
        KubeletCertificates | None,
        typer.Option(
            envvar="KUBELET_CERTIFICATES",
            help="With self-signed ones the operator gets no counters, as on kind or kubeadm; only with the lab.",
        ),
    ] = None,
) -> None:
    """Show two Deployments being killed by their own liveness probes, and probetuner curing them.

    Exits with 0 when the figures show a cure, 1 when they do not, 2 when the demonstration could not be held.
    """
    began, found = time.monotonic(), None
    try:
        if cluster is Where.LAB:
            found = lab_cluster(Lab(), kubelet_certificates)
        else:
            found = current_cluster(image=image, demo_image=demo_image)
        with _cleared_when_interrupted(found):
            outcomes = _hold(found)
    except (DemoError, LabError) as error:
        _tell(f"The demonstration could not be held to its end: {error}")
        if found is not None:
            _tell(_REMAINS[cluster])
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        _tell(f"Interrupted. {_REMAINS_AFTER_INTERRUPT[cluster]}")
        raise typer.Exit(_INTERRUPTED) from None
    good = _show(outcomes)
    _tell(f"This took {time.monotonic() - began:.0f} s.\n{_TRY_NEXT[cluster]}\n{_REMAINS[cluster]}")
    raise typer.Exit(0 if good else 1)


def _hold(cluster: Cluster) -> Outcomes:
    with step("Removing what an earlier demonstration left"):
        _clear(cluster)
    with step("Installing probetuner with Helm"):
        namespaces.make(cluster, namespaces.OPERATOR)
        installation.install(cluster)
    return play_both(cluster, console)


@contextmanager
def _cleared_when_interrupted(cluster: Cluster) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        with step("Interrupted: removing the demonstration's namespaces, and probetuner"):
            _clear(cluster)
        raise


def _clear(cluster: Cluster) -> None:
    installation.uninstall(cluster)
    namespaces.remove_all(cluster)


def _show(outcomes: Outcomes) -> bool:
    """Print the figures on standard output, and say whether they show a cure."""
    out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS)
    found = []
    for table, outcome in (
        (pressure_table(outcomes.pressure), outcomes.pressure),
        (start_table(outcomes.start), outcomes.start),
    ):
        out.print()
        out.print(table)
        out.print(f"Verdict: {outcome.verdict}. {outcome.reason}", markup=False)
        found += shortcomings(outcome)
    if outcomes.pressure.patched_under_load:
        out.print("The change was rolled out before the first load ended; what failed meanwhile counts as before.")
    for sentence in found:
        out.print(f"Not shown: {sentence}", markup=False)
    return not found


def _tell(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


_LAB_TOOLS = """\
  eval "$(PYTHONPATH=tests .venv/bin/python -m lab env)"   # the lab's kubectl and helm
"""
_LOOK = f"""\
  kubectl get probepolicy -A -o wide
  kubectl describe probepolicy deployment-rng -n {namespaces.RNG}
  kubectl describe deployment rng -n {namespaces.RNG}
  kubectl annotate deployment/NAME -n NAMESPACE probetuner.dev/mode=Recommend   # a workload of your own"""
_TRY_NEXT = {Where.LAB: f"Try next:\n{_LAB_TOOLS}{_LOOK}", Where.CURRENT: f"Try next:\n{_LOOK}"}
_REMAINS = {
    Where.LAB: "The lab is still up, with all of this in it. Take it down with:\n  make cluster-down",
    Where.CURRENT: (
        "Namespaces, workloads and probetuner are still there. Take them down with:\n"
        f"  helm uninstall {installation.RELEASE} -n {namespaces.OPERATOR}\n"
        f"  kubectl delete namespace -l {namespaces.LABEL}"
    ),
}
_REMAINS_AFTER_INTERRUPT = {
    Where.LAB: "Only the lab is left, if it had come up. Take it down with:\n  make cluster-down",
    Where.CURRENT: "Nothing of the demonstration is left in the cluster.",
}
