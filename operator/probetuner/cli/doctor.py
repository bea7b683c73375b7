"""`probetuner doctor`: whether the operator can see and do what it needs, and what mends what it cannot."""

import asyncio
import json
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from probetuner.cli.cluster import direct_to_kubelets
from probetuner.cli.doctor_table import write_table
from probetuner.cli.progress import Bar
from probetuner.cli.telling import note
from probetuner.cli.words import KubeletRoute
from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection, NoClusterError, connect
from probetuner.cluster.errors import ApiError
from probetuner.cluster.names import NamespacedName
from probetuner.cluster.tokens import AccountToken
from probetuner.doctor.checkup import Checkup, Examination, TokenError
from probetuner.doctor.document import document
from probetuner.doctor.installed import Installed
from probetuner.sources.kubelet import KubeletAccess
from probetuner.sources.live import LiveCluster, LiveError

app = typer.Typer(add_completion=False)


class CheckupFormat(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    JSON = "json"


@app.command()
def doctor(
    *,
    namespace: Annotated[
        str | None,
        typer.Option(
            "-n", "--namespace", help="Where the operator is; left out, it is looked for.", show_default=False
        ),
    ] = None,
    context: Annotated[str | None, typer.Option(help="The context of the kubeconfig.")] = None,
    kubelets: Annotated[
        KubeletRoute | None,
        typer.Option(
            help="Ask the kubelets directly, with the short-lived token that the operator shows them (with your own, "
            "where you may make none), or by the API server's proxy. Left out: direct in a pod, else proxy.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        CheckupFormat, typer.Option("-o", "--output", help="How to write the answer.")
    ] = CheckupFormat.TABLE,
) -> None:
    """Find out whether the operator can see and do what it needs on this cluster.

    Asked are: the API server's version; the definitions and whether they are as new as this program; each permission of
    the operator; the kubelet of each node (is it reached, whose certificate does it serve, does it give its counters);
    who holds the Lease; excluded namespaces; and what else is there (another operator, VPA, Argo Rollouts). Nothing is
    changed. What is wrong is told with the value of the chart that mends it.

    The operator's own pod sees what the operator sees, so begin there:

        kubectl exec -n probetuner-system deploy/probetuner -- probetuner doctor

    Elsewhere it asks with your own rights. What they do not show is told as unknown: whether the operator's rights are
    enough takes create on subjectaccessreviews, and only its pod knows whether it believes the kubelets' certificates.

    Exit code 0: nothing is wrong. 1: something is wrong. 2: nothing is wrong as far as it could be asked, but something
    could not be.
    """
    try:
        connection = connect(context=context)
        with Bar() as bar:
            checkup = _examine(connection, namespace, kubelets, bar)
    except (NoClusterError, LiveError) as problem:
        note(str(problem))
        raise typer.Exit(2) from None
    if output is CheckupFormat.JSON:
        sys.stdout.write(json.dumps(document(checkup), indent=2) + "\n")
    else:
        write_table(checkup)
    raise typer.Exit(checkup.exit_code)


def _examine(connection: Connection, namespace: str | None, route: KubeletRoute | None, bar: Bar) -> Checkup:
    def wait(seconds: float) -> None:
        bar.begin("Waiting for the Lease to be renewed", total=1)
        time.sleep(seconds)
        bar.step()

    route = route or (KubeletRoute.DIRECT if connection.in_cluster else KubeletRoute.PROXY)
    examination = Examination(
        LiveCluster(connection.client),
        server=connection.server,
        home=connection.namespace,
        only=namespace,
        access=lambda operator: _access(connection, operator, route),
        now=time.time,
        wait=wait,
        begin=lambda total: bar.begin("Asking kubelets", total=total),
        step=bar.step,
    )
    return examination.run()


def _access(connection: Connection, operator: Installed | None, route: KubeletRoute) -> KubeletAccess | None:
    """As whom kubelets are asked, None where the API server is asked in their place. Raises TokenError."""
    own = direct_to_kubelets(connection, route)
    if own is None:
        return None
    account = None if operator is None else operator.kubelet_account
    # A Deployment that only looks like the operator must not have a token made of an account elsewhere.
    if operator is not None and account is not None and account.namespace == operator.namespace:
        try:
            token = asyncio.run(_token_of(connection, account))
        except ApiError as problem:
            if connection.in_cluster:
                raise TokenError(f"there is no token to show to kubelets: {problem}") from None
        else:
            return _as_operator(connection, operator, token)
    if connection.in_cluster:
        raise TokenError("the operator names no account whose tokens kubelets may see (--kubelet-account)")
    note(f"{own.shown} goes to the kubelet of each node")
    return own.access


async def _token_of(connection: Connection, account: NamespacedName) -> str:
    """A short-lived token of that account. Raises ApiError."""
    return await AccountToken(Api(connection), account, clock=time.monotonic).current()


def _as_operator(connection: Connection, operator: Installed, token: str) -> KubeletAccess:
    """As the operator asks kubelets: its token, and what it believes of their certificates."""

    async def bearer_token() -> str:
        return token

    authority = operator.authority_file if connection.in_cluster else None
    if authority is not None and not Path(authority).is_file():
        raise TokenError(f"the authority of the kubelets' certificates, {authority}, is not in this pod")
    return KubeletAccess(
        bearer_token=bearer_token, authority_file=authority or connection.authority_file, verify=operator.verifies
    )
