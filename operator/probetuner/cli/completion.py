"""`probetuner completion`: what a shell reads to complete words of this program."""

from enum import StrEnum
from typing import Annotated

import typer
from typer._completion_shared import get_completion_script

from probetuner.cli.answers import write_text
from probetuner.cli.words import COMPLETE_VARIABLE

app = typer.Typer(add_completion=False)

_FOR_KUBECTL = """
# For `kubectl probetuner` kubectl itself asks kubectl_complete-probetuner, which is installed beside this program.
"""


class Shell(StrEnum):
    """The shells whose words can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="The shell that reads it.")]) -> None:
    """Print the lines by which a shell completes commands, options and workloads of this program.

    bash: source <(probetuner completion bash)
    zsh:  source <(probetuner completion zsh)
    fish: probetuner completion fish | source
    """
    script = get_completion_script(prog_name="probetuner", complete_var=COMPLETE_VARIABLE, shell=shell.value)
    write_text(f"{script}\n{_FOR_KUBECTL}")
