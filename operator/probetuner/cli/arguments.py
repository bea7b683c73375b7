"""The arguments and options that the commands about policies share."""

from enum import StrEnum
from typing import Annotated

import typer

from probetuner.cli.candidates import workloads_of


class AnswerFormat(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


Workload = Annotated[
    str,
    typer.Argument(
        metavar="KIND/NAME",
        help="deployment/NAME, statefulset/NAME or daemonset/NAME.",
        autocompletion=workloads_of,
    ),
]
Namespace = Annotated[
    str | None,
    typer.Option("-n", "--namespace", help="The namespace. [default: that of the context]", show_default=False),
]
Everywhere = Annotated[bool, typer.Option("-A", "--all-namespaces", help="All namespaces.")]
Context = Annotated[str | None, typer.Option(help="The context of the kubeconfig.")]
Output = Annotated[AnswerFormat, typer.Option("-o", "--output", help="How to write the answer.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before something is written.")]
