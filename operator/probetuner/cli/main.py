"""The command line. Each command is imported when it is called, so that none waits for what another needs."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from probetuner.cli.telling import note
from probetuner.cli.words import COMPLETE_VARIABLE, KubeletSource, LogFormat, LogLevel
from probetuner.cluster.names import NamespacedName, parse_namespace
from probetuner.model.mode import Mode
from probetuner.model.shard import Shard

_MODULES = {name: name for name in ("doctor", "status", "why", "diff", "history", "approve", "apply", "rollback")}
_MODULES |= {"pause": "pausing", "resume": "pausing"}
_MODULES |= {name: name for name in ("mode", "analyze", "record", "replay", "loadtest", "explain", "completion")}
"""The module of each command that is loaded when it is asked for, in the order in which they are listed."""


class _Commands(TyperGroup):
    """The commands of this module, and those that are loaded with their module when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*_MODULES, *super().list_commands(ctx)]

    def _main_shell_completion(self, ctx_args: Any, prog_name: str, complete_var: str | None = None) -> None:
        """Make typer's shells known, which it does by itself only with options of its own for completion."""
        if COMPLETE_VARIABLE in os.environ:
            completion = import_module("typer.completion")
            completion.completion_init()
        super()._main_shell_completion(ctx_args, prog_name, complete_var)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _MODULES:
            return super().get_command(ctx, cmd_name)
        command = typer.main.get_command(import_module(f"probetuner.cli.{_MODULES[cmd_name]}").app)
        if isinstance(command, TyperGroup):
            command = command.commands[cmd_name]
        command.name = cmd_name
        assert command.callback is not None
        command.callback = _telling_faults(command.callback)
        return command


def _telling_faults(command: Callable[..., Any]) -> Callable[..., Any]:
    """A fault of our own ends as one sentence too: whoever analyses a folder cannot do anything with a traceback."""

    def run_telling(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as fault:  # noqa: BLE001 - the last place before the user
            place = extract_tb(fault.__traceback__)[-1]
            where = f"{Path(place.filename).name} line {place.lineno}"
            note(f"this is a fault of probetuner, please report it: {type(fault).__name__}: {fault} ({where})")
            raise typer.Exit(2) from None

    return run_telling


app = typer.Typer(
    cls=_Commands,
    name="probetuner",
    help=(
        "Finds out which restarts and flaps Kubernetes probes caused, and tunes the probes.\n\n"
        "Workloads say how far it may go with the annotation probetuner.dev/mode "
        "(Off, Observe, Recommend or Apply), on themselves or on their Namespace."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer passes the flag's value
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - it loads a mail parser, and is rarely wanted

        typer.echo(f"probetuner {version('probetuner')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


@app.command()
def run(
    *,
    default_mode: Annotated[
        Mode, typer.Option(help="The mode of workloads that no ProbePolicy and no annotation speaks for.")
    ] = Mode.OFF,
    watch_namespace: Annotated[
        list[str] | None,
        typer.Option(
            help="The only namespace that is watched; may be given several times. [default: all]",
            show_default=False,
        ),
    ] = None,
    excluded_namespace: Annotated[
        list[str] | None,
        typer.Option(
            help="A namespace without a default mode, where only workloads are served that say so or have a "
            "ProbePolicy that does; may be given several times. [default: kube-system, kube-public, kube-node-lease]",
            show_default=False,
        ),
    ] = None,
    honour_override_off: Annotated[
        bool,
        typer.Option(
            "--honour-override-off",
            help="Let spec.overrideOff of a ProbePolicy lift a workload's own Off. Only where the cluster checks who "
            "sets it, as the chart's admission policy does.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing to the cluster; log what would be written.")
    ] = False,
    http_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where /livez, /readyz and /metrics are; 0 takes a free port.")
    ] = 8080,
    scrape_interval_seconds: Annotated[
        float, typer.Option(min=1.0, max=300.0, help="How often each kubelet is asked for its counters.")
    ] = 10.0,
    max_rollouts: Annotated[
        int,
        typer.Option(min=1, help="How many workloads in the cluster may be rolled out for a change at once."),
    ] = 2,
    paused: Annotated[
        bool, typer.Option("--paused", help="Begin no change of a workload; what was begun is verified and undone.")
    ] = False,
    kubelet_source: Annotated[
        KubeletSource,
        typer.Option(help="Where the counters of probes come from; with none there are events alone."),
    ] = KubeletSource.KUBELET,
    kubelet_ca: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The CA of the kubelets' certificates, if not the cluster's."),
    ] = None,
    kubelet_insecure_tls: Annotated[
        bool, typer.Option("--kubelet-insecure-tls", help="Believe whoever answers at a node's address.")
    ] = False,
    kubelet_account: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE/NAME",
            help="The service account whose short-lived tokens kubelets get; they never get a token of the operator's.",
        ),
    ] = None,
    lease: Annotated[
        str,
        typer.Option(
            metavar="NAMESPACE/NAME",
            help="Work only while holding this Lease. All operators of a cluster must name the same.",
        ),
    ] = "kube-system/probetuner",
    shard: Annotated[
        str,
        typer.Option(
            metavar="INDEX/COUNT",
            help="Serve only this share of the namespaces, such as 2/5, by a Lease of its own. Another operator serves "
            "each other share; one begins only when none of another count works.",
        ),
    ] = "1/1",
    api_requests_per_second: Annotated[
        float, typer.Option(min=1.0, help="How many requests the API server gets at most; twice as many at once.")
    ] = 50.0,
    mass_kill_share: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Liveness that kills more than this share of the replicas is seen to first."
        ),
    ] = 0.5,
    mass_kill_window_seconds: Annotated[
        float, typer.Option(min=1.0, help="The time within which these are counted.")
    ] = 300.0,
    log_format: Annotated[LogFormat, typer.Option(help="How the log is written, to standard error.")] = LogFormat.TEXT,
    log_level: Annotated[LogLevel, typer.Option(help="The least important messages that are logged.")] = LogLevel.INFO,
) -> None:
    """Run the operator.

    Inside a cluster it uses its pod's service account, elsewhere the kubeconfig that KUBECONFIG names.
    It watches until SIGTERM or Ctrl-C, and saves what it learned before it ends.

    Try it without risk: probetuner run --default-mode Recommend --dry-run
    """
    from probetuner.cli.run import run_operator  # noqa: PLC0415 - the operator's libraries take a second to import
    from probetuner.controller.options import EXCLUDED_NAMESPACES, Options  # noqa: PLC0415 - as above

    options = Options(
        default_mode=default_mode,
        namespaces=frozenset(_namespace(each) for each in watch_namespace or ()),
        excluded_namespaces=EXCLUDED_NAMESPACES if excluded_namespace is None else frozenset(excluded_namespace),
        honours_override_off=honour_override_off,
        dry_run=dry_run,
        http_port=http_port,
        scrape_interval_seconds=scrape_interval_seconds,
        max_rollouts=max_rollouts,
        paused=paused,
        asks_kubelets=kubelet_source is KubeletSource.KUBELET,
        kubelet_authority=kubelet_ca,
        kubelet_insecure_tls=kubelet_insecure_tls,
        kubelet_account=None if kubelet_account is None else _place(kubelet_account, "--kubelet-account"),
        lease=_place(lease, "--lease"),
        shard=_shard(shard, max_rollouts),
        api_requests_per_second=api_requests_per_second,
        mass_kill_share=mass_kill_share,
        mass_kill_window_seconds=mass_kill_window_seconds,
    )
    raise typer.Exit(run_operator(options, log_format=log_format, log_level=log_level))


def _namespace(text: str) -> str:
    try:
        return parse_namespace(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--watch-namespace") from None


def _shard(text: str, max_rollouts: int) -> Shard:
    try:
        shard = Shard.parse(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--shard") from None
    if max_rollouts < shard.count:
        sentence = f"{max_rollouts} cannot be divided among {shard.count} shards; give each one at least"
        raise typer.BadParameter(sentence, param_hint="--max-rollouts")
    return shard


def _place(text: str, option: str) -> NamespacedName:
    try:
        return NamespacedName.parse(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint=option) from None
