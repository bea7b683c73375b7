"""`probetuner record`: a live cluster into a recording."""

import time
from pathlib import Path
from typing import Annotated

import typer

from probetuner.cli.cluster import find_target, records_of
from probetuner.cli.inputs import Live
from probetuner.cli.telling import Problems, note
from probetuner.cli.words import KUBELETS_HELP, KubeletRoute
from probetuner.cluster.connection import NoClusterError
from probetuner.sources.live import DEFINING, NODES, RECORDED, TELLING, LiveError
from probetuner.sources.recorder import write_recording
from probetuner.sources.scraping import SCRAPE_SECONDS, NodeMetrics

app = typer.Typer(add_completion=False)

_RESOURCES = (NODES, *DEFINING, *RECORDED, *TELLING)


@app.command()
def record(
    folder: Annotated[Path, typer.Argument(help="Where to write the recording; it must not be there yet.")],
    *,
    seconds: Annotated[int, typer.Option(min=1, max=86400, help="How long to record.")] = 300,
    namespace: Annotated[list[str] | None, typer.Option("-n", "--namespace", help="Namespaces to record.")] = None,
    context: Annotated[str | None, typer.Option(help="The context of the kubeconfig.")] = None,
    kubelets: Annotated[KubeletRoute, typer.Option(help=KUBELETS_HELP)] = KubeletRoute.PROXY,
) -> None:
    """Record what happens in namespaces of a cluster, to analyze it elsewhere or later.

    A recording holds pods, workloads, Services and events whole, with the values of their env. Look at it before you
    share it.
    """
    problems = Problems()
    try:
        target = find_target(Live(context=context, namespaces=tuple(namespace or ()), kubelets=kubelets))
        version = target.cluster.version()
        metrics = NodeMetrics(target.cluster, target.direct, target.scope, problems.tell)
        count = write_recording(
            folder,
            records_of(target, _RESOURCES, metrics, seconds=seconds, tell=problems.tell),
            kubernetes=version,
            namespaces=target.scope.namespaces,
            started=time.time(),
            seconds=SCRAPE_SECONDS,
        )
    except (NoClusterError, LiveError) as problem:
        note(str(problem))
        raise typer.Exit(2) from None
    except OSError as problem:
        note(f"{folder} cannot be written: {problem.strerror or problem}")
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        note(f"interrupted; what was recorded so far is in {folder}")
        raise typer.Exit(2) from None
    problems.close()
    note(f"{count} records in {folder}; probetuner analyze {folder} reads them")
    raise typer.Exit(2 if problems.count else 0)
