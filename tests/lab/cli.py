"""The lab on the command line."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from lab import images
from lab.binaries import binaries
from lab.certificates import KubeletCertificates
from lab.lab import Lab
from lab.progress import console
from lab.requirements import require
from lab.status import known_labs, status
from lab.versions import chosen

Name = Annotated[str, typer.Option(help="Which lab: several live side by side.")]
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A real one-node Kubernetes in namespaces of its own, without Docker.",
)
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


@app.command()
def up(
    name: Name = "main",
    kubelet_certificates: Annotated[
        KubeletCertificates | None, typer.Option(help="Who signs what the kubelet serves; the cluster by itself.")
    ] = None,
) -> None:
    """Bring a lab up; what is missing is installed or built first, which takes long only once."""
    build()
    lab = Lab(name)
    console.print(f"Lab {name} is up." if lab.up(kubelet_certificates) else f"Lab {name} is up already.")
    console.print(f'Use it: eval "$(python -m lab env --name {name})"', markup=False)


@app.command()
def down(
    name: Name = "main",
    *,
    every: Annotated[bool, typer.Option("--all", help="Every lab on this machine.")] = False,
) -> None:
    """End a lab and leave nothing of it."""
    for each in known_labs() if every else [name]:
        Lab(each).down()
        console.print(f"Lab {each} is down.")


@app.command("status")
def show_status() -> None:
    """Show the labs, how they do and the ways into them."""
    for line in status():
        typer.echo(line)


@app.command(context_settings=_PASSED_ON)
def kubectl(context: typer.Context, name: Name = "main") -> None:
    """Run kubectl against a lab; what follows is kubectl's own."""
    _become("kubectl", Lab(name), context.args)


@app.command(context_settings=_PASSED_ON)
def helm(context: typer.Context, name: Name = "main") -> None:
    """Run helm against a lab; what follows is helm's own."""
    _become("helm", Lab(name), context.args)


@app.command("load-image")
def load_image(archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], name: Name = "main") -> None:
    """Import an image from a docker-archive tar into a lab."""
    Lab(name).load_image(archive)


@app.command()
def env(name: Name = "main") -> None:
    """Print the shell commands that point kubectl and helm at a lab."""
    lab = Lab(name)
    for variable, value in lab.environment().items():
        typer.echo(f"export {variable}={value}")
    typer.echo(f'export PATH="{lab.binaries}:$PATH"')


@app.command()
def build() -> None:
    """Make the programs and images that a lab needs, and start nothing."""
    require(chosen())
    with ThreadPoolExecutor() as pool:
        making = [pool.submit(images.archive, image) for image in images.ALL]
        binaries()
        images.pause_archive()
        for made in making:
            made.result()


def _become(program: str, lab: Lab, arguments: list[str]) -> None:
    os.execve(lab.binaries / program, [program, *arguments], {**os.environ, **lab.environment()})
