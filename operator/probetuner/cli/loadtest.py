"""`probetuner loadtest`: a bounded load on one workload, and what its probes say of it meanwhile."""

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from probetuner.cli.arguments import Context, Namespace
from probetuner.cli.load import Asked, load
from probetuner.cli.load_table import write_table
from probetuner.cli.telling import note
from probetuner.cli.words import KUBELETS_HELP, KubeletRoute
from probetuner.loadtest.image import INSTALLED_AS
from probetuner.loadtest.plan import MOST_CONCURRENCY, MOST_REQUESTS, MOST_SECONDS, MOST_TIMEOUT_SECONDS
from probetuner.loadtest.result import Result, document

app = typer.Typer(add_completion=False)


class LoadFormat(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSON = "json"


@app.command()
def loadtest(
    target: Annotated[
        str,
        typer.Argument(
            metavar="KIND/NAME",
            help="deployment/NAME, statefulset/NAME, daemonset/NAME or service/NAME of this cluster, and nothing else.",
        ),
    ],
    *,
    namespace: Namespace = None,
    context: Context = None,
    port: Annotated[
        str | None,
        typer.Option(help="The Service's port, by number or name; where there is no Service, the container's."),
    ] = None,
    path: Annotated[str, typer.Option(help="What to GET.")] = "/",
    concurrency: Annotated[
        int, typer.Option("-c", "--concurrency", min=1, max=MOST_CONCURRENCY, help="Requests at a time.")
    ] = 10,
    steps: Annotated[
        str | None, typer.Option(help="Rising concurrency instead of -c, such as 1,2,5,10,20, to find the knee.")
    ] = None,
    requests: Annotated[
        int,
        typer.Option("-r", "--requests", min=1, max=MOST_REQUESTS, help="The most requests in each step; -n of ab."),
    ] = 1000,
    seconds: Annotated[int, typer.Option(min=1, max=MOST_SECONDS, help="The most seconds for each step.")] = 60,
    timeout_seconds: Annotated[
        float, typer.Option(min=0.1, max=MOST_TIMEOUT_SECONDS, help="When a request has failed for want of an answer.")
    ] = 30.0,
    abort_error_share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="End when more than this share of the last requests failed; 1 never does."),
    ] = 0.5,
    abort_on_kill: Annotated[
        bool, typer.Option("--abort-on-kill/--no-abort-on-kill", help="End when the kubelet kills for a probe.")
    ] = True,
    image: Annotated[
        str | None, typer.Option(help="The image of the client; left out, that of the operator's own Deployment.")
    ] = None,
    kubelets: Annotated[KubeletRoute, typer.Option(help=KUBELETS_HELP)] = KubeletRoute.PROXY,
    operator: Annotated[
        str, typer.Option(metavar="NAMESPACE/NAME", help="The operator's Deployment, whose image the client takes.")
    ] = INSTALLED_AS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the Job that would be made, and make nothing.")
    ] = False,
    output: Annotated[LoadFormat, typer.Option("-o", "--output", help="How to write the result.")] = LoadFormat.TABLE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the load is sent.")] = False,
) -> None:
    """Send a bounded load to one workload of the cluster, and find out at which load its probes begin to lie.

    A probe lies when it fails while requests are answered. The load is sent by a Job in the workload's namespace, with
    the operator's image; it is removed afterwards, also when you interrupt it.

    Exit code 0: the probes bore it. 1: a probe lied, a container was killed or ended, or too many requests failed.
    2: the load could not be sent to its end.

    As ab -c 10 -n 1000: probetuner loadtest deployment/rng -n shop --path /1 -c 10 -r 1000
    """
    asked = Asked(
        target=target,
        namespace=namespace,
        context=context,
        port=port,
        path=path,
        concurrency=_rising(steps) if steps is not None else (concurrency,),
        requests=requests,
        seconds=seconds,
        timeout_seconds=timeout_seconds,
        abort_error_share=abort_error_share,
        abort_on_kill=abort_on_kill,
        image=image,
        kubelets=kubelets,
        operator=operator,
        dry_run=dry_run,
        agreed=yes,
    )
    raise typer.Exit(load(asked, _WRITERS[output]))


def _rising(steps: str) -> tuple[int, ...]:
    words = [word.strip() for word in steps.split(",")]
    if not all(word.isascii() and word.isdecimal() and len(word) < _DIGITS for word in words):
        note(f"--steps {steps!r} is no list of whole numbers; write it like 1,2,5,10,20")
        raise typer.Exit(2)
    return tuple(map(int, words))


def _write_json(result: Result) -> None:
    sys.stdout.write(json.dumps(document(result), indent=2) + "\n")


_DIGITS = 6
_WRITERS = {LoadFormat.TABLE: write_table, LoadFormat.JSON: _write_json}
